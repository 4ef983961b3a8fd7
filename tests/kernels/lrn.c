/* Local response normalisation against plain loops in double precision. */
#include "kernels/rig.h"

struct lrn_case {
    struct cnn_lrn g;
    struct cnn_tensor x, y, dy, dx;
    real *scale, *work;
};

/* Samples, channels, height, width, size; and the exponent, and whether within. */
static const struct {
    size_t n, c, h, w, size;
    double beta;
    int within;
} cases[] = {
    {1, 1, 1, 1, 1, 0.75, 0}, {3, 5, 4, 3, 5, 0.75, 0},   {2, 70, 7, 9, 5, 0.75, 0},
    {2, 33, 5, 5, 4, 0.6, 0}, {2, 70, 15, 15, 3, 0.5, 0}, {2, 3, 2, 3, 9, 1, 0},
    {1, 1, 1, 1, 3, 0.75, 1}, {3, 20, 9, 7, 5, 0.75, 1},  {2, 3, 2, 3, 7, 0.4, 1},
};
enum { CASES = sizeof cases / sizeof *cases };

static struct lrn_case case_of(int i)
{
    struct cnn_layout layout = layout_of(i);
    int k = i / LAYOUTS;
    struct lrn_case l = {.g = {cases[k].size, 0.7, cases[k].beta, 1.3, cases[k].within}};
    l.x = tensor_in(layout, cases[k].n, cases[k].c, cases[k].h, cases[k].w, INPUT);
    size_t bytes = K(lrn_work)(&queues[MOST_THREADS], &l.g, &l.x);
    l.work = buffer_new(bytes, SCRATCH);
    return l;
}

static struct cnn_tensor like_x(const struct lrn_case *l, enum kind kind)
{
    return tensor_in(l->x.layout, l->x.n, l->x.c, l->x.h, l->x.w, kind);
}

enum { MOST = 81 };

/* The neighbours of element a (canonical places), and how many there are. */
static size_t neighbours(const struct lrn_case *l, size_t a, size_t near[MOST])
{
    size_t h = l->x.h, w = l->x.w, hw = h * w, count = 0, size = l->g.size, half = size / 2;
    size_t row = a % hw / w, column = a % w, channel = a / hw % l->x.c;
    for (size_t i = 0; i < (l->g.within ? size : 1); i++)
        for (size_t j = 0; j < size; j++) {
            size_t r = row + i - half, c = column + j - half, k = channel + j - half;
            if (l->g.within && r < h && c < w)
                near[count++] = a - a % hw + r * w + c;
            if (!l->g.within && k < l->x.c)
                near[count++] = a + (k - channel) * hw;
        }
    return count;
}

static double factor(const struct cnn_lrn *g)
{
    return g->alpha / (double)(g->within ? g->size * g->size : g->size);
}

static double *scales(const struct lrn_case *l, const double *x)
{
    size_t count = cnn_tensor_count(&l->x), near[MOST];
    double *s = zeros(count);
    for (size_t a = 0; a < count; a++) {
        s[a] = l->g.k;
        for (size_t i = neighbours(l, a, near); i; i--)
            s[a] += factor(&l->g) * x[near[i - 1]] * x[near[i - 1]];
    }
    return s;
}

static void forward_run(struct cnn_queue *q, void *context)
{
    struct lrn_case *l = context;
    K(lrn_forward)(q, &l->g, &l->x, &l->y, l->scale, l->work);
}

static void backward_run(struct cnn_queue *q, void *context)
{
    struct lrn_case *l = context;
    K(lrn_backward)(q, &l->g, &l->x, &l->dy, l->scale, &l->dx, l->work);
}

void test_lrn_work(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * CASES; i++) {
        struct lrn_case l = case_of(i);
        assert_true(K(lrn_work)(&queues[1], &l.g, &l.x) <=
                    K(lrn_work)(&queues[MOST_THREADS], &l.g, &l.x));
        buffers_free();
    }
}

void test_lrn_forward(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS * CASES; i++) {
        struct lrn_case l = case_of(i / 2);
        size_t count = cnn_tensor_count(&l.x);
        l.y = like_x(&l, OUTPUT);
        if (i % 2)
            l.scale = numbers(cnn_tensor_elements(&l.x), OUTPUT);
        run_all(forward_run, &l);
        double *x = values_of(&l.x), *s = scales(&l, x);
        struct cnn_tensor kept = l.x;
        kept.data = l.scale;
        for (size_t k = 0; k < count; k++)
            x[k] *= pow(s[k], -l.g.beta);
        expect_tensor("y", &l.y, x, 1e-6);
        for (size_t k = 0; l.scale && k < count; k++)
            assert_true(fabs(value_at(&kept, k) - s[k]) <= 1e-6 * s[k]);
        free(x);
        free(s);
        buffers_free();
    }
}

void test_lrn_backward(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * CASES; i++) {
        struct lrn_case l = case_of(i);
        size_t count = cnn_tensor_count(&l.x), near[MOST];
        l.dy = gradient_in(l.x.layout, l.x.n, l.x.c, l.x.h, l.x.w);
        l.dx = like_x(&l, OUTPUT);
        l.scale = positive(cnn_tensor_elements(&l.x));
        double *x = values_of(&l.x), *s = scales(&l, x), *dx = zeros(count);
        for (size_t k = 0; k < count; k++)
            l.scale[cnn_tensor_place(&l.x, k)] = (real)s[k];
        run_all(backward_run, &l);
        for (size_t a = 0; a < count; a++) {
            double dy = value_at(&l.dy, a) * pow(s[a], -l.g.beta);
            dx[a] += dy;
            for (size_t j = neighbours(&l, a, near); j; j--)
                dx[near[j - 1]] -= 2 * l.g.beta * factor(&l.g) * x[near[j - 1]] * dy * x[a] / s[a];
        }
        expect_tensor("dx", &l.dx, dx, 2e-6);
        free(x);
        free(s);
        free(dx);
        buffers_free();
    }
}
