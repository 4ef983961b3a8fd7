/* What share of a GPU's matrix rate convolutions reach: forward passes in bfloat16 of the layers of
 * VGG-16 and ResNets that have 256 channels and more.
 *
 *   build/helpers/bench-gpu_conv [NAME [BATCH [MATRIX [SECONDS]]]]
 *
 * NAME: the layers whose names contain it (all). The matrix rate is that of products of MATRIX
 * (8192) rows, columns and terms, the better of a dense layer, which also converts its weights, and
 * of a pointwise convolution of weights that are packed beforehand, as those of all layers here
 * are. Each figure is the median of runs of many calls without a wait between them, SECONDS (0.3)
 * together. The data are random, and stay in the GPU's cache between calls where they fit it, as a
 * layer's input does in a net. A line for each layer, in two ways: the convolution alone, and with
 * bias and rectification, as nets run it in inference:
 *
 *   name  TFLOP/s  per cent of the matrix rate  TFLOP/s  per cent
 *
 * The first line is the matrix rate itself; its second figure is the dense layer's.
 *
 * 69 is the status where there is no GPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "square_conv.h"

/* Square images and kernels, padded to keep their size. */
static const struct shape {
    const char *name;
    size_t c, size, k, kernel, stride;
} shapes[] = {
    {"vgg conv3_2 3x3", 256, 56, 256, 3, 1},         {"vgg conv4_1 3x3", 256, 28, 512, 3, 1},
    {"vgg conv4_2 3x3", 512, 28, 512, 3, 1},         {"vgg conv5_1 3x3", 512, 14, 512, 3, 1},
    {"resnet layer3 3x3", 256, 14, 256, 3, 1},       {"resnet layer4 3x3", 512, 7, 512, 3, 1},
    {"resnet down4 3x3/2", 256, 14, 512, 3, 2},      {"resnet50 in3 1x1", 1024, 14, 256, 1, 1},
    {"resnet50 out3 1x1", 256, 14, 1024, 1, 1},      {"resnet50 in4 1x1", 2048, 7, 512, 1, 1},
    {"resnet50 out4 1x1", 512, 7, 2048, 1, 1},       {"resnet50 short3 1x1/2", 512, 28, 1024, 1, 2},
    {"resnet50 short4 1x1/2", 1024, 14, 2048, 1, 2},
};

enum { RUNS = 7 };

struct bench {
    struct cnn_backend *b;
    double seconds;
    float *numbers; /* (most) random, in host memory */
    size_t most;
    int failed;
};

/* A layer; the convolution's fields are unused in a product of matrices. */
struct layer {
    struct cnn_conv g;
    struct cnn_tensor x, y, w, bias; /* (n, c, h, w), (n, k, oh, ow), (k, c, r, s), (k) */
    void *packed, *work;
    const struct cnn_epilogue *e;
    int biased;
};

typedef void call(struct cnn_backend *b, struct layer *l);

static void convolve(struct cnn_backend *b, struct layer *l)
{
    b->kernels->conv_forward(&b->queue, &l->g, &l->x, &l->w, l->biased ? &l->bias : NULL, l->packed,
                             l->e, &l->y, l->work);
}

static void multiply(struct cnn_backend *b, struct layer *l)
{
    b->kernels->dense_forward(&b->queue, &l->x, &l->w, NULL, NULL, &l->y, l->work);
}

static void *room(struct bench *t, size_t bytes)
{
    void *p = t->b->ops->alloc(t->b, bytes + 64);
    if (!p)
        t->failed = 1;
    return p;
}

/* Random numbers, as many as the largest tensor that was asked for has. */
static const float *draws(struct bench *t, size_t count)
{
    struct cnn_random r;
    if (count <= t->most)
        return t->numbers;
    free(t->numbers);
    t->numbers = cnn_calloc(count, sizeof *t->numbers);
    t->most = t->numbers ? count : 0;
    t->failed |= !t->numbers;
    cnn_random_start(&r, 1, 0);
    for (size_t i = 0; i < t->most; i++)
        t->numbers[i] = (float)cnn_random_range(&r, -1, 1);
    return t->numbers;
}

static void fill_values(struct bench *t, struct cnn_tensor *x)
{
    const float *numbers = draws(t, cnn_tensor_count(x));
    x->data = room(t, t->b->ops->tensor_bytes(t->b, x));
    if (!t->failed)
        t->b->ops->upload_values(t->b, x, numbers);
}

static void fill_parameter(struct bench *t, struct cnn_tensor *w)
{
    const float *numbers = draws(t, cnn_tensor_count(w));
    w->data = room(t, cnn_tensor_count(w) * sizeof(real));
    if (!t->failed)
        t->b->ops->upload(t->b, w, numbers);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds that so many calls take, one after the other. */
static double time_calls(struct bench *t, call *f, struct layer *l, long calls)
{
    double begin = cnn_seconds();
    for (long i = 0; i < calls; i++)
        f(t->b, l);
    t->failed |= t->b->ops->sync(t->b) != 0;
    return cnn_seconds() - begin;
}

/* Floating-point operations in a second, in units of 1e12; a call makes so many. */
static double rate(struct bench *t, call *f, struct layer *l, double operations)
{
    double took[RUNS];
    long calls = 1;
    if (t->failed || t->b->ops->sync(t->b)) {
        t->failed = 1;
        return 0;
    }
    time_calls(t, f, l, 2); /* the first call sets up what later ones use */
    while (!t->failed && calls < 1 << 20 && time_calls(t, f, l, calls) < t->seconds / (2 * RUNS))
        calls *= 2;
    for (int i = 0; i < RUNS; i++)
        took[i] = t->failed ? 1 : time_calls(t, f, l, calls) / (double)calls;
    qsort(took, RUNS, sizeof *took, by_value);
    return 1e-12 * operations / took[RUNS / 2];
}

static void free_layer(struct bench *t, struct layer *l)
{
    void *all[] = {l->x.data, l->y.data, l->w.data, l->bias.data, l->packed, l->work};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i])
            t->b->ops->free(t->b, all[i]);
}

static double matrix_rate(struct bench *t, size_t n)
{
    struct cnn_tensor x = cnn_tensor_plain(n, n, 1, 1, NULL), w = x;
    x.layout.type = t->b->layout.type;
    struct layer l = {.x = x, .y = x, .w = w};
    fill_values(t, &l.x);
    fill_parameter(t, &l.w);
    l.y.data = room(t, t->b->ops->tensor_bytes(t->b, &l.y));
    l.work = room(t, t->b->kernels->dense_work(&t->b->queue, n, n, n));
    double terms = (double)n, found = rate(t, multiply, &l, 2 * terms * terms * terms);
    free_layer(t, &l);
    return found;
}

static struct layer open_layer(struct bench *t, const struct shape *s, size_t n)
{
    const struct cnn_kernels *k = t->b->kernels;
    struct cnn_queue *q = &t->b->queue;
    struct square square = {n, s->c, s->size, s->k, s->kernel, s->stride, s->kernel / 2, 1};
    struct layer l = {.g = square_conv(&square)};
    l.x = square_x(&l.g, t->b->layout);
    l.y = square_y(&l.g, t->b->layout);
    l.w = square_w(&l.g);
    l.bias = cnn_tensor_plain(1, s->k, 1, 1, NULL);
    fill_values(t, &l.x);
    fill_parameter(t, &l.w);
    fill_parameter(t, &l.bias);
    l.y.data = room(t, t->b->ops->tensor_bytes(t->b, &l.y));
    l.packed = room(t, k->conv_packed(q, &l.g, &l.x, &l.y));
    l.work = room(t, k->conv_work(q, &l.g, &l.x, &l.y));
    if (!t->failed)
        k->conv_pack(q, &l.g, &l.x, &l.y, &l.w, l.packed);
    return l;
}

/* The convolution alone, then with what follows it in inference. */
static void layer_rates(struct bench *t, const struct shape *s, size_t n, double found[2])
{
    static const struct cnn_epilogue rectify = {.activate = 1, .f = CNN_RELU};
    struct layer l = open_layer(t, s, n);
    double operations = square_operations(&l.g);
    found[0] = rate(t, convolve, &l, operations);
    l.biased = 1;
    l.e = &rectify;
    found[1] = rate(t, convolve, &l, operations);
    free_layer(t, &l);
}

static void report_all(struct bench *t, const char *name, size_t batch, size_t matrix)
{
    struct shape pointwise = {"", matrix, 1, matrix, 1, 1};
    double dense = matrix_rate(t, matrix), conv[2];
    layer_rates(t, &pointwise, matrix, conv);
    double peak = dense > conv[0] ? dense : conv[0];
    if (!t->failed)
        printf("matrix %zu\t%.4g\t100\t%.4g\t%.1f\n", matrix, peak, dense, 100 * dense / peak);
    for (size_t i = 0; !t->failed && i < sizeof shapes / sizeof *shapes; i++) {
        if (!strstr(shapes[i].name, name))
            continue;
        layer_rates(t, &shapes[i], batch, conv);
        if (!t->failed)
            printf("%s\t%.4g\t%.1f\t%.4g\t%.1f\n", shapes[i].name, conv[0], 100 * conv[0] / peak,
                   conv[1], 100 * conv[1] / peak);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    struct bench t = {.seconds = argc > 4 ? atof(argv[4]) : 0.3};
    long batch = argc > 2 ? strtol(argv[2], NULL, 10) : 64;
    long matrix = argc > 3 ? strtol(argv[3], NULL, 10) : 8192;
    if (argc > 5 || batch < 1 || matrix < 1) {
        fprintf(stderr, "Usage: bench-gpu_conv [NAME [BATCH [MATRIX [SECONDS]]]]\n");
        return -CNN_EUSAGE;
    }
    int rc = cnn_backend_open("cuda", 0, &t.b);
    if (!rc)
        rc = cnn_backend_set_precision(t.b, CNN_PRECISION_BF16);
    if (!rc) {
        report_all(&t, argc > 1 ? argv[1] : "", (size_t)batch, (size_t)matrix);
        rc = t.failed ? cnn_error_code() : 0;
    }
    if (rc)
        fprintf(stderr, "bench-gpu_conv: %s\n", cnn_error_message());
    free(t.numbers);
    cnn_backend_close(t.b);
    return -rc;
}
