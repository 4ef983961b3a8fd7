/* Speed of the convolution algorithms on shapes of well-known nets, in GFLOP/s (a multiply-add is
 * two): for each pass the library's choice, then each algorithm that can do it, in plain and in
 * blocked layout.
 *
 *   build/helpers/bench-kernels [THREADS [WORD]]       only shapes whose name contains WORD */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "kern/conv/algorithm.h"
#include "square_conv.h"

static const struct shape {
    const char *name;
    struct square s;
} shapes[] = {
    {"lenet5 conv1", {64, 1, 28, 6, 5, 1, 2, 1}},
    {"lenet5 conv2", {64, 6, 14, 16, 5, 1, 0, 1}},
    {"lenet conv2", {64, 20, 12, 50, 5, 1, 0, 1}},
    {"cifar7k conv1", {64, 3, 32, 10, 3, 1, 1, 1}},
    {"cifar7k conv2", {64, 10, 32, 10, 3, 1, 1, 1}},
    {"cifar7k conv4", {64, 10, 16, 10, 3, 1, 1, 1}},
    {"cifar7k conv6", {64, 10, 8, 10, 3, 1, 1, 1}},
    {"resnet20 conv1", {128, 3, 32, 16, 3, 1, 1, 1}},
    {"resnet20 layer1", {128, 16, 32, 16, 3, 1, 1, 1}},
    {"resnet20 down2", {128, 16, 32, 32, 3, 2, 1, 1}},
    {"resnet20 layer2", {128, 32, 16, 32, 3, 1, 1, 1}},
    {"resnet20 layer3", {128, 64, 8, 64, 3, 1, 1, 1}},
    {"resnet18 conv1", {8, 3, 224, 64, 7, 2, 3, 1}},
    {"resnet18 layer1", {8, 64, 56, 64, 3, 1, 1, 1}},
    {"resnet18 layer2", {8, 128, 28, 128, 3, 1, 1, 1}},
    {"resnet18 down3", {8, 128, 28, 256, 3, 2, 1, 1}},
    {"resnet18 short3", {8, 128, 28, 256, 1, 2, 0, 1}},
    {"resnet18 layer3", {8, 256, 14, 256, 3, 1, 1, 1}},
    {"resnet18 layer4", {8, 512, 7, 512, 3, 1, 1, 1}},
    {"vgg16 conv1_1", {2, 3, 224, 64, 3, 1, 1, 1}},
    {"vgg16 conv1_2", {2, 64, 224, 64, 3, 1, 1, 1}},
    {"vgg16 conv3_2", {2, 256, 56, 256, 3, 1, 1, 1}},
    {"pointwise", {16, 64, 56, 256, 1, 1, 0, 1}},
    {"pointwise 28 in", {16, 512, 28, 128, 1, 1, 0, 1}},
    {"pointwise 28 out", {16, 128, 28, 512, 1, 1, 0, 1}},
    {"pointwise 14 in", {16, 1024, 14, 256, 1, 1, 0, 1}},
    {"pointwise 14 out", {16, 256, 14, 1024, 1, 1, 0, 1}},
    {"pointwise 7 in", {16, 2048, 7, 512, 1, 1, 0, 1}},
    {"pointwise 7 out", {16, 512, 7, 2048, 1, 1, 0, 1}},
    {"pointwise half", {16, 512, 28, 1024, 1, 2, 0, 1}},
    {"depthwise", {16, 128, 28, 128, 3, 1, 1, 128}},
    {"depthwise 56", {16, 144, 56, 144, 3, 1, 1, 144}},
    {"depthwise half", {16, 96, 112, 96, 3, 2, 1, 96}},
    {"depthwise 7", {16, 960, 7, 960, 3, 1, 1, 960}},
    {"grouped", {16, 128, 28, 128, 3, 1, 1, 4}},
    {"resnet18 one", {1, 256, 14, 256, 3, 1, 1, 1}},
};

static const struct cnn_conv_algorithm *const algorithms[] = {
#define CNN_CONV_ALGORITHM(name) &cnn_conv_##name,
#include "kern/conv/algorithms.def"
#undef CNN_CONV_ALGORITHM
};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

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
    struct cnn_tensor x, y, w; /* x also takes dx, y dy, w dw */
    void *work, *packed;
};

/* One call of pass by algorithm a, or by the library's choice where a is NULL. Weights are packed
 * beforehand. */
static void call(struct bench *t, const struct cnn_conv_algorithm *a, enum cnn_conv_pass pass)
{
    struct cnn_queue *q = &t->b->queue;
    struct cnn_conv_case c = {&t->g, pass, t->x.layout, t->y.layout};
    struct cnn_conv_run r = {.q = q, .n = t->g.batch, .w = t->w.data, .work = t->work};
    if (!a && pass == CNN_CONV_FORWARD) {
        cnn_cpu_conv_forward(q, &t->g, &t->x, &t->w, NULL, t->packed, NULL, &t->y, t->work);
    } else if (!a && pass == CNN_CONV_DATA) {
        cnn_cpu_conv_backward_data(q, &t->g, &t->y, &t->w, &t->x, t->work);
    } else if (!a) {
        cnn_cpu_conv_backward_weight(q, &t->g, &t->x, &t->y, &t->w, t->work);
    } else if (pass == CNN_CONV_FORWARD) {
        r.x = t->x.data;
        r.y = t->y.data;
        r.w = a->packed ? t->packed : t->w.data;
        a->forward(&c, &r);
    } else if (pass == CNN_CONV_DATA) {
        r.dy = t->y.data;
        r.dx = t->x.data;
        a->backward_data(&c, &r);
    } else {
        r.x = t->x.data;
        r.dy = t->y.data;
        r.dw = t->w.data;
        a->backward_weight(&c, &r);
    }
}

static void measure(struct bench *t, const struct cnn_conv_algorithm *a, enum cnn_conv_pass pass)
{
    struct cnn_queue *q = &t->b->queue;
    const struct cnn_conv *g = &t->g;
    struct cnn_conv_case c = {g, pass, t->x.layout, t->y.layout};
    const char *name = a ? a->name : NULL;
    if (a && a->cost(&c) < 0)
        return;
    size_t bytes = a ? a->work(&c, (size_t)cnn_queue_threads(q)) * sizeof(real)
                     : cnn_cpu_conv_work(q, g, &t->x, &t->y);
    size_t packed = !a ? cnn_cpu_conv_packed(q, g, &t->x, &t->y)
                    : a->packed && pass == CNN_CONV_FORWARD ? a->packed(&c) * sizeof(real)
                                                            : 0;
    if (!a)
        cnn_cpu_conv_cost(q, g, &t->x, &t->y, pass, &name);
    t->work = t->b->ops->alloc(t->b, bytes + 64);
    t->packed = t->b->ops->alloc(t->b, packed + 64);
    if (!a)
        cnn_cpu_conv_pack(q, g, &t->x, &t->y, &t->w, t->packed);
    else if (packed)
        a->pack(q, &c, t->w.data, t->packed);
    double best = 1e9, start = cnn_seconds();
    for (int i = 0; i < 3 || (cnn_seconds() - start < 0.12 && i < 1000); i++) {
        double begin = cnn_seconds();
        call(t, a, pass);
        double took = cnn_seconds() - begin;
        best = took < best ? took : best;
    }
    t->b->ops->free(t->b, t->work);
    t->b->ops->free(t->b, t->packed);
    printf(a ? " %s %.0f" : "  [%s %.0f]", name, square_operations(g) / best * 1e-9);
    fflush(stdout);
}

static struct cnn_tensor filled(struct cnn_backend *b, struct cnn_tensor t)
{
    t.data = numbers(b, cnn_tensor_elements(&t));
    return t;
}

static const struct cnn_layout plain = {CNN_TYPE_REAL, CNN_ORDER_PLAIN, 0};

static void bench_shape(struct cnn_backend *b, const struct shape *s, struct cnn_layout layout)
{
    static const char *const passes[] = {"forward", "data", "weight"};
    struct bench t = {.b = b, .g = square_conv(&s->s)};
    t.x = filled(b, square_x(&t.g, s->s.c < 4 ? plain : layout));
    t.y = filled(b, square_y(&t.g, layout));
    t.w = filled(b, square_w(&t.g));
    printf("%-16s %-7s", s->name, cnn_layout_is_plain(layout) ? "plain" : "blocked");
    for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++) {
        printf(" | %s", passes[pass]);
        measure(&t, NULL, (enum cnn_conv_pass)pass);
        for (int i = 0; i < ALGORITHMS; i++)
            measure(&t, algorithms[i], (enum cnn_conv_pass)pass);
    }
    printf("\n");
    b->ops->free(b, t.x.data);
    b->ops->free(b, t.y.data);
    b->ops->free(b, t.w.data);
}

int main(int argc, char **argv)
{
    struct cnn_backend *b;
    if (cnn_backend_open("cpu", argc > 1 ? atoi(argv[1]) : 0, &b)) {
        fprintf(stderr, "%s\n", cnn_error_message());
        return 1;
    }
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (argc > 2 && !strstr(shapes[i].name, argv[2]))
            continue;
        bench_shape(b, &shapes[i], plain);
        bench_shape(b, &shapes[i], b->layout);
    }
    cnn_backend_close(b);
    return 0;
}
