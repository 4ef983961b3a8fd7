/* Rounding of the convolution algorithms: for each pass, the error against sums in double
 * precision, rms and largest, relative to the rms of the results. 3x3 with stride 1 in blocked
 * layout; inputs are as after a rectified unit, weights and gradients normal.
 *
 *   build/helpers/bench-accuracy */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "base/error.h"
#include "base/random.h"
#include "kern/conv/algorithm.h"
#include "square_conv.h"

static const struct shape {
    const char *name;
    size_t n, c, size, k;
} shapes[] = {
    {"resnet20 16 @32", 8, 16, 32, 16},    {"resnet18 64 @56", 2, 64, 56, 64},
    {"resnet18 256 @14", 4, 256, 14, 256}, {"vgg16 512 @28", 1, 512, 28, 512},
    {"small 64 @6", 32, 64, 6, 64},
};

static const struct cnn_conv_algorithm *const algorithms[] = {
#define CNN_CONV_ALGORITHM(name) &cnn_conv_##name,
#include "kern/conv/algorithms.def"
#undef CNN_CONV_ALGORITHM
};

enum { SAMPLES = 400 };

struct test {
    struct cnn_conv g;
    struct cnn_tensor x, y, w; /* x also takes dx, y dy, w dw */
};

/* Element (n, c, i, j) of a tensor; NULL outside. */
static real *at(const struct cnn_tensor *t, size_t n, size_t c, size_t i, size_t j)
{
    if (i >= t->h || j >= t->w)
        return NULL;
    return (real *)t->data + cnn_tensor_place(t, ((n * t->c + c) * t->h + i) * t->w + j);
}

static double product(const real *a, const real *b)
{
    return a && b ? (double)*a * (double)*b : 0;
}

/* The exact value of element (n, c, i, j) of what the pass writes, from tensors that hold the rest.
 */
static double exact(const struct test *t, enum cnn_conv_pass pass, size_t n, size_t c, size_t i,
                    size_t j)
{
    double sum = 0;
    if (pass == CNN_CONV_WEIGHT) {
        for (size_t m = 0; m < t->x.n; m++)
            for (size_t p = 0; p < t->y.h * t->y.w; p++) {
                size_t row = p / t->y.w, column = p % t->y.w;
                sum += product(at(&t->x, m, c, row + i - 1, column + j - 1),
                               at(&t->y, m, n, row, column));
            }
        return sum;
    }
    for (size_t other = 0; other < (pass == CNN_CONV_DATA ? t->y.c : t->x.c); other++)
        for (size_t r = 0; r < 3; r++)
            for (size_t s = 0; s < 3; s++)
                sum += pass == CNN_CONV_DATA ? product(at(&t->w, other, c, r, s),
                                                       at(&t->y, n, other, i + 1 - r, j + 1 - s))
                                             : product(at(&t->w, c, other, r, s),
                                                       at(&t->x, n, other, i + r - 1, j + s - 1));
    return sum;
}

static double normal(struct cnn_random *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += cnn_random_range(r, 0, 1);
    return sum;
}

static struct cnn_tensor filled(struct cnn_backend *b, struct cnn_tensor t, int rectified)
{
    struct cnn_random r;
    cnn_random_start(&r, 1, t.n + t.c);
    t.data = b->ops->alloc(b, (cnn_tensor_elements(&t) + 16) * sizeof(real));
    if (!t.data)
        exit(1);
    for (size_t i = 0; i < cnn_tensor_elements(&t); i++)
        ((real *)t.data)[i] = 0;
    for (size_t i = 0; i < cnn_tensor_count(&t); i++) {
        double v = normal(&r);
        size_t plane = i / (t.h * t.w), pixel = i % (t.h * t.w);
        *at(&t, plane / t.c, plane % t.c, pixel / t.w, pixel % t.w) =
            (real)(rectified && v < 0 ? 0 : v);
    }
    return t;
}

static void run(struct cnn_queue *q, const struct test *t, const struct cnn_conv_algorithm *a,
                const struct cnn_conv_case *c, real *work, real *packed, real *out)
{
    struct cnn_conv_run r = {.q = q, .n = t->g.batch, .w = t->w.data, .work = work};
    if (c->pass == CNN_CONV_FORWARD) {
        r.x = t->x.data;
        r.y = out;
        if (a->packed) {
            a->pack(q, c, t->w.data, packed);
            r.w = packed;
        }
        a->forward(c, &r);
    } else if (c->pass == CNN_CONV_DATA) {
        r.dy = t->y.data;
        r.dx = out;
        a->backward_data(c, &r);
    } else {
        r.x = t->x.data;
        r.dy = t->y.data;
        r.dw = out;
        a->backward_weight(c, &r);
    }
}

static void measure(struct cnn_backend *b, const struct test *t, enum cnn_conv_pass pass,
                    const struct cnn_conv_algorithm *a)
{
    struct cnn_conv_case c = {&t->g, pass, t->x.layout, t->y.layout};
    struct cnn_tensor to = pass == CNN_CONV_FORWARD ? t->y : pass == CNN_CONV_DATA ? t->x : t->w;
    double error = 0, size = 0, most = 0;
    if (a->cost(&c) < 0)
        return;
    size_t bytes = (a->work(&c, 1) + 16) * sizeof(real);
    size_t packed_bytes = ((a->packed ? a->packed(&c) : 0) + 16) * sizeof(real);
    real *work = b->ops->alloc(b, bytes), *packed = b->ops->alloc(b, packed_bytes);
    real *out = calloc(cnn_tensor_elements(&to), sizeof *out);
    struct cnn_random r;
    if (!work || !packed || !out)
        exit(1);
    run(&b->queue, t, a, &c, work, packed, out);
    to.data = out;
    cnn_random_start(&r, 2, pass);
    for (int s = 0; s < SAMPLES; s++) {
        size_t n = (size_t)cnn_random_below(&r, to.n), ch = (size_t)cnn_random_below(&r, to.c);
        size_t i = (size_t)cnn_random_below(&r, to.h), j = (size_t)cnn_random_below(&r, to.w);
        double want = exact(t, pass, n, ch, i, j), off = (double)*at(&to, n, ch, i, j) - want;
        error += off * off;
        size += want * want;
        most = fmax(most, fabs(off));
    }
    printf("  %-16s rms %.1e  largest %.1e\n", a->name, sqrt(error / size),
           most / sqrt(size / SAMPLES));
    b->ops->free(b, work);
    b->ops->free(b, packed);
    free(out);
}

int main(void)
{
    static const char *const passes[] = {"forward", "data", "weight"};
    struct cnn_backend *b;
    if (cnn_backend_open("cpu", 1, &b)) {
        fprintf(stderr, "%s\n", cnn_error_message());
        return 1;
    }
    struct cnn_layout block = {CNN_TYPE_REAL, CNN_ORDER_BLOCKS, cnn_isa()->lanes};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *s = &shapes[i];
        struct square square = {s->n, s->c, s->size, s->k, 3, 1, 1, 1};
        struct test t = {.g = square_conv(&square)};
        t.x = filled(b, square_x(&t.g, block), 1);
        t.y = filled(b, square_y(&t.g, block), 0);
        t.w = filled(b, square_w(&t.g), 0);
        for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++) {
            printf("%s, %s\n", s->name, passes[pass]);
            for (size_t a = 0; a < sizeof algorithms / sizeof *algorithms; a++)
                measure(b, &t, (enum cnn_conv_pass)pass, algorithms[a]);
        }
        b->ops->free(b, t.x.data);
        b->ops->free(b, t.y.data);
        b->ops->free(b, t.w.data);
    }
    cnn_backend_close(b);
    return 0;
}
