/* Speed of the convolution algorithms on shapes of well-known nets, in GFLOP/s (a multiply-add is
 * two), for each algorithm that can do a pass; and the time that the kernels of one LeNet-5
 * training step take.
 *
 *   build/helpers/bench-kernels [THREADS [WORD]]       only shapes whose name contains WORD */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/backend.h"
#include "base/error.h"
#include "base/random.h"
#include "kern/conv_algorithm.h"

static const struct shape {
    const char *name;
    size_t n, c, size, k, kernel, stride, pad, groups;
} shapes[] = {
    {"lenet5 conv1", 64, 1, 28, 6, 5, 1, 2, 1},
    {"lenet5 conv2", 64, 6, 14, 16, 5, 1, 0, 1},
    {"lenet conv2", 64, 20, 12, 50, 5, 1, 0, 1},
    {"cifar7k conv1", 64, 3, 32, 10, 3, 1, 1, 1},
    {"cifar7k conv2", 64, 10, 32, 10, 3, 1, 1, 1},
    {"cifar7k conv4", 64, 10, 16, 10, 3, 1, 1, 1},
    {"cifar7k conv6", 64, 10, 8, 10, 3, 1, 1, 1},
    {"resnet20 conv1", 128, 3, 32, 16, 3, 1, 1, 1},
    {"resnet20 layer1", 128, 16, 32, 16, 3, 1, 1, 1},
    {"resnet20 down2", 128, 16, 32, 32, 3, 2, 1, 1},
    {"resnet20 layer2", 128, 32, 16, 32, 3, 1, 1, 1},
    {"resnet20 layer3", 128, 64, 8, 64, 3, 1, 1, 1},
    {"resnet18 conv1", 8, 3, 224, 64, 7, 2, 3, 1},
    {"resnet18 layer1", 8, 64, 56, 64, 3, 1, 1, 1},
    {"resnet18 layer2", 8, 128, 28, 128, 3, 1, 1, 1},
    {"resnet18 down3", 8, 128, 28, 256, 3, 2, 1, 1},
    {"resnet18 short3", 8, 128, 28, 256, 1, 2, 0, 1},
    {"resnet18 layer3", 8, 256, 14, 256, 3, 1, 1, 1},
    {"resnet18 layer4", 8, 512, 7, 512, 3, 1, 1, 1},
    {"vgg16 conv1_1", 2, 3, 224, 64, 3, 1, 1, 1},
    {"vgg16 conv1_2", 2, 64, 224, 64, 3, 1, 1, 1},
    {"vgg16 conv3_2", 2, 256, 56, 256, 3, 1, 1, 1},
    {"pointwise", 16, 64, 56, 256, 1, 1, 0, 1},
    {"depthwise", 16, 128, 28, 128, 3, 1, 1, 128},
    {"grouped", 16, 128, 28, 128, 3, 1, 1, 4},
    {"resnet18 one", 1, 256, 14, 256, 3, 1, 1, 1},
};

static const struct cnn_conv_algorithm *const algorithms[] = {
#define CNN_CONV_ALGORITHM(name) &cnn_conv_##name,
#include "kern/conv_algorithms.def"
#undef CNN_CONV_ALGORITHM
};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static real *numbers(struct cnn_backend *b, size_t count)
{
    real *x = b->ops->alloc(b, (count + 16) * sizeof *x);
    struct cnn_random r;
    cnn_random_start(&r, 1, count);
    for (size_t i = 0; x && i < count; i++)
        x[i] = (real)cnn_random_range(&r, -1, 1);
    return x;
}

struct bench {
    struct cnn_backend *b;
    struct cnn_conv g;
    size_t n;
    real *x, *y, *w, *work;
};

static struct cnn_conv geometry(const struct shape *s)
{
    size_t out = (s->size + 2 * s->pad - s->kernel) / s->stride + 1;
    return (struct cnn_conv){.in_c = s->c,
                             .in_h = s->size,
                             .in_w = s->size,
                             .out_c = s->k,
                             .out_h = out,
                             .out_w = out,
                             .kh = s->kernel,
                             .kw = s->kernel,
                             .stride_h = s->stride,
                             .stride_w = s->stride,
                             .dilation_h = 1,
                             .dilation_w = 1,
                             .groups = s->groups,
                             .pad_top = s->pad,
                             .pad_left = s->pad,
                             .pad_bottom = s->pad,
                             .pad_right = s->pad};
}

/* One call of pass by algorithm a, or by the library's choice where a is NULL. */
static void call(struct bench *t, const struct cnn_conv_algorithm *a, enum cnn_conv_pass pass)
{
    struct cnn_queue *q = &t->b->queue;
    const struct cnn_conv *g = &t->g;
    struct cnn_tensor x = {t->n, g->in_c, g->in_h, g->in_w, CNN_LAYOUT_PLAIN, t->x};
    struct cnn_tensor y = {t->n, g->out_c, g->out_h, g->out_w, CNN_LAYOUT_PLAIN, t->y};
    struct cnn_tensor w = {g->out_c, g->in_c / g->groups, g->kh, g->kw, CNN_LAYOUT_PLAIN, t->w};
    if (pass == CNN_CONV_FORWARD && a)
        a->forward(q, g, t->n, t->x, t->w, NULL, t->y, t->work);
    else if (pass == CNN_CONV_FORWARD)
        cnn_cpu_conv_forward(q, g, &x, &w, NULL, &y, t->work);
    else if (pass == CNN_CONV_DATA && a)
        a->backward_data(q, g, t->n, t->y, t->w, t->x, t->work);
    else if (pass == CNN_CONV_DATA)
        cnn_cpu_conv_backward_data(q, g, &y, &w, &x, t->work);
    else if (a)
        a->backward_weight(q, g, t->n, t->x, t->y, t->w, t->work);
    else
        cnn_cpu_conv_backward_weight(q, g, &x, &y, &w, t->work);
}

static void measure(struct bench *t, const struct cnn_conv_algorithm *a, enum cnn_conv_pass pass)
{
    const struct cnn_conv *g = &t->g;
    double flops = 2.0 * (double)(t->n * g->out_h * g->out_w) *
                   (double)(g->out_c * g->in_c / g->groups * g->kh * g->kw);
    size_t threads = (size_t)cnn_queue_threads(&t->b->queue);
    if (a && a->cost(g, pass) < 0) {
        printf("       -");
        return;
    }
    size_t bytes = a ? a->work(g, pass, t->n, threads) * sizeof(real)
                     : cnn_cpu_conv_work(&t->b->queue, g, t->n);
    t->work = t->b->ops->alloc(t->b, bytes + 64);
    double best = 1e9, start = now();
    for (int i = 0; i < 3 || (now() - start < 0.12 && i < 1000); i++) {
        double begin = now();
        call(t, a, pass);
        double took = now() - begin;
        best = took < best ? took : best;
    }
    t->b->ops->free(t->b, t->work);
    printf(" %7.1f", flops / best * 1e-9);
    fflush(stdout);
}

static void bench_shape(struct cnn_backend *b, const struct shape *s)
{
    struct bench t = {.b = b, .g = geometry(s), .n = s->n};
    t.x = numbers(b, s->n * s->c * s->size * s->size);
    t.y = numbers(b, s->n * s->k * t.g.out_h * t.g.out_w);
    t.w = numbers(b, s->k * s->c / s->groups * s->kernel * s->kernel);
    printf("%-16s", s->name);
    for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++) {
        measure(&t, NULL, (enum cnn_conv_pass)pass);
        printf(" |");
        for (int i = 0; i < ALGORITHMS && pass != CNN_CONV_DATA; i++)
            measure(&t, algorithms[i], (enum cnn_conv_pass)pass);
        printf("%s", pass == CNN_CONV_WEIGHT ? "\n" : " |");
    }
    b->ops->free(b, t.x);
    b->ops->free(b, t.y);
    b->ops->free(b, t.w);
}

/* Buffers of a LeNet-5 step, forward and backward; gradients lie beside the values. */
struct lenet {
    struct cnn_tensor v[9], d[9]; /* input, conv1, pool1, conv2, pool2, fc1, fc2, fc3, loss */
    struct cnn_tensor w[5], dw[5], b[5], db[5];
    void *argmax[2], *work;
    struct cnn_targets t;
};

static struct cnn_tensor tensor(struct cnn_backend *b, size_t n, size_t c, size_t h, size_t w)
{
    return (struct cnn_tensor){n, c, h, w, CNN_LAYOUT_PLAIN, numbers(b, n * c * h * w)};
}

static void lenet_step(struct cnn_backend *b, struct lenet *l)
{
    const struct cnn_kernels *k = b->kernels;
    struct cnn_queue *q = &b->queue;
    struct cnn_conv g[2] = {geometry(&shapes[0]), geometry(&shapes[1])};
    struct cnn_window p[2] = {{28, 28, 14, 14, 2, 2, 2, 2, 0, 0, 0, 0, 0},
                              {10, 10, 5, 5, 2, 2, 2, 2, 0, 0, 0, 0, 0}};
    struct cnn_tensor *v = l->v, *d = l->d;
    for (int i = 0; i < 2; i++) {
        k->conv_forward(q, &g[i], &v[2 * i], &l->w[i], &l->b[i], &v[2 * i + 1], l->work);
        k->activation_forward(q, CNN_RELU, 0, &v[2 * i + 1], &v[2 * i + 1]);
        k->maxpool_forward(q, &p[i], &v[2 * i + 1], &v[2 * i + 2], l->argmax[i]);
    }
    for (int i = 4; i < 7; i++) {
        k->dense_forward(q, &v[i], &l->w[i - 2], &l->b[i - 2], &v[i + 1], l->work);
        if (i < 6)
            k->activation_forward(q, CNN_RELU, 0, &v[i + 1], &v[i + 1]);
    }
    k->xent_forward(q, 0, &v[7], &l->t, v[8].data);
    k->xent_backward(q, 0, 1.0 / 64, &v[7], &l->t, &d[7]);
    for (int i = 6; i > 3; i--) {
        if (i < 6)
            k->activation_backward(q, CNN_RELU, 0, &v[i + 1], &d[i + 1], &d[i + 1]);
        k->dense_backward_weight(q, &v[i], &d[i + 1], &l->dw[i - 2], l->work);
        k->bias_backward(q, &d[i + 1], &l->db[i - 2]);
        k->dense_backward_data(q, &d[i + 1], &l->w[i - 2], &d[i], l->work);
    }
    for (int i = 1; i >= 0; i--) {
        k->maxpool_backward(q, &p[i], &d[2 * i + 2], l->argmax[i], &d[2 * i + 1]);
        k->activation_backward(q, CNN_RELU, 0, &v[2 * i + 1], &d[2 * i + 1], &d[2 * i + 1]);
        k->conv_backward_weight(q, &g[i], &v[2 * i], &d[2 * i + 1], &l->dw[i], l->work);
        k->bias_backward(q, &d[2 * i + 1], &l->db[i]);
        if (i)
            k->conv_backward_data(q, &g[i], &d[2 * i + 1], &l->w[i], &d[2 * i], l->work);
    }
    for (int i = 0; i < 5; i++) {
        struct cnn_update u = {.rate = 1e-3, .clip_scale = 1};
        k->update_sgd(q, &u, cnn_tensor_count(&l->w[i]), l->w[i].data, l->dw[i].data, NULL, NULL);
        k->fill(q, 0, cnn_tensor_count(&l->w[i]), l->dw[i].data);
    }
}

static void bench_lenet(struct cnn_backend *b)
{
    static const size_t sizes[9][3] = {{1, 28, 28},  {6, 28, 28}, {6, 14, 14},
                                       {16, 10, 10}, {16, 5, 5},  {120, 1, 1},
                                       {84, 1, 1},   {10, 1, 1},  {1, 1, 1}};
    static const size_t weights[5][4] = {
        {6, 1, 5, 5}, {16, 6, 5, 5}, {120, 400, 1, 1}, {84, 120, 1, 1}, {10, 84, 1, 1}};
    static int32_t labels[64];
    struct lenet l;
    for (int i = 0; i < 9; i++) {
        l.v[i] = tensor(b, 64, sizes[i][0], sizes[i][1], sizes[i][2]);
        l.d[i] = tensor(b, 64, sizes[i][0], sizes[i][1], sizes[i][2]);
    }
    for (int i = 0; i < 5; i++) {
        const size_t *s = weights[i];
        l.w[i] = tensor(b, s[0], s[1], s[2], s[3]);
        l.dw[i] = tensor(b, s[0], s[1], s[2], s[3]);
        l.b[i] = tensor(b, 1, s[0], 1, 1);
        l.db[i] = tensor(b, 1, s[0], 1, 1);
        real *w = l.w[i].data;
        for (size_t k = 0; k < cnn_tensor_count(&l.w[i]); k++)
            w[k] *= (real)0.1;
    }
    for (int i = 0; i < 64; i++)
        labels[i] = i % 10;
    l.argmax[0] = b->ops->alloc(b, 64 * 6 * 14 * 14 * sizeof(int32_t));
    l.argmax[1] = b->ops->alloc(b, 64 * 16 * 5 * 5 * sizeof(int32_t));
    l.work = b->ops->alloc(b, 64 << 20);
    l.t = (struct cnn_targets){.label = labels, .weight = numbers(b, 64)};
    double best = 1e9;
    for (int i = 0; i < 300; i++) {
        double begin = now();
        lenet_step(b, &l);
        double took = now() - begin;
        best = took < best ? took : best;
    }
    printf("lenet5 training step at batch 64: %.2f ms, %.0f images/s\n", best * 1e3, 64 / best);
}

int main(int argc, char **argv)
{
    struct cnn_backend *b;
    if (cnn_backend_open("cpu", argc > 1 ? atoi(argv[1]) : 0, &b)) {
        fprintf(stderr, "%s\n", cnn_error_message());
        return 1;
    }
    printf("%-16s forward |", "GFLOP/s");
    for (int i = 0; i < ALGORITHMS; i++)
        printf(" %s", algorithms[i]->name);
    printf(" | data | weight | ...\n");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (argc < 3 || strstr(shapes[i].name, argv[2]))
            bench_shape(b, &shapes[i]);
    bench_lenet(b);
    cnn_backend_close(b);
    return 0;
}
