/* Kernels that bring channels together or move them, against plain loops. */
#include "kernels/arrays.h"
#include "kernels/rig.h"

/* Blocks that are whole, blocks that inputs share, inputs that end within a block, none. */
static const size_t concat_channels[][3] = {
    {3, 1, 5}, {16, 32, 16}, {20, 7, 18}, {0, 7, 18}, {5, 9, 0}};
enum { CONCATS = LAYOUTS * sizeof concat_channels / sizeof *concat_channels };

static void concat_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(concat_forward)(q, 3, a->xs, &a->y);
}

static void concat_back_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(concat_backward)(q, 3, a->channels, &a->dy, a->dxs);
}

/* Which branch and element there the i-th element of (n, all branches, hw) is. */
static int concat_place(const size_t channels[3], size_t i, size_t hw, size_t *element)
{
    size_t all = channels[0] + channels[1] + channels[2];
    size_t n = i / (all * hw), c = i / hw % all;
    int branch = 0;
    while (c >= channels[branch])
        c -= channels[branch++];
    *element = (n * channels[branch] + c) * hw + i % hw;
    return branch;
}

void test_concat_forward(void **state)
{
    (void)state;
    for (int i = 0; i < 4 * CONCATS; i++) {
        const size_t *c = concat_channels[i % CONCATS / LAYOUTS];
        struct cnn_layout layout = layout_of(i % CONCATS);
        int zero = i / CONCATS - 1;
        struct cnn_tensor none;
        struct arrays a = {.y = tensor_in(layout, 20, c[0] + c[1] + c[2], 13, 11, OUTPUT)};
        for (int k = 0; k < 3; k++) {
            a.more[k] = tensor_in(layout, 20, c[k], 13, 11, INPUT);
            a.xs[k] = &a.more[k];
        }
        if (zero >= 0) {
            none = a.more[zero];
            none.data = NULL;
            a.xs[zero] = &none;
        }
        run_all(concat_run, &a);
        double *want = zeros(cnn_tensor_count(&a.y));
        for (size_t k = 0; k < cnn_tensor_count(&a.y); k++) {
            size_t element;
            int branch = concat_place(c, k, 143, &element);
            want[k] = branch == zero ? 0 : value_at(&a.more[branch], element);
        }
        expect_tensor("y", &a.y, want, 0);
        free(want);
        buffers_free();
    }
}

void test_concat_backward(void **state)
{
    (void)state;
    for (int i = 0; i < CONCATS; i++) {
        const size_t *c = concat_channels[i / LAYOUTS];
        struct cnn_layout layout = layout_of(i);
        double *want[3];
        struct arrays a = {.dy = tensor_in(layout, 20, c[0] + c[1] + c[2], 13, 11, INPUT)};
        for (int k = 0; k < 3; k++) {
            a.channels[k] = c[k];
            a.more[k] = tensor_in(layout, 20, c[k], 13, 11, k == 1 ? SCRATCH : OUTPUT);
            a.dxs[k] = k == 1 ? NULL : &a.more[k];
            want[k] = zeros(cnn_tensor_count(&a.more[k]));
        }
        run_all(concat_back_run, &a);
        for (size_t k = 0; k < cnn_tensor_count(&a.dy); k++) {
            size_t element;
            int branch = concat_place(c, k, 143, &element);
            want[branch][element] = value_at(&a.dy, k);
        }
        for (int k = 0; k < 3; k++) {
            if (k != 1)
                expect_tensor("dx", &a.more[k], want[k], 0);
            free(want[k]);
        }
        buffers_free();
    }
}

static void subsample_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(subsample_forward)(q, (size_t)a->which, &a->x, &a->y);
}

static void subsample_back_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(subsample_backward)(q, (size_t)a->which, &a->dy, &a->dx);
}

/* Channels of the large and of the small tensor. */
static const size_t subsample_channels[][2] = {{4, 6}, {16, 32}, {16, 16}, {21, 40}, {3, 44}};
enum { SUBSAMPLES = sizeof subsample_channels / sizeof *subsample_channels };

/* Visits all strides, channels and layouts: the large tensor is (10, c, 17, 19). */
static void each_subsample(void (*check)(int stride, struct cnn_layout layout,
                                         const size_t channels[2]))
{
    for (int stride = 1; stride <= 3; stride++)
        for (int i = 0; i < LAYOUTS * SUBSAMPLES; i++)
            check(stride, layout_of(i), subsample_channels[i / LAYOUTS]);
}

static void check_subsample_forward(int stride, struct cnn_layout layout, const size_t channels[2])
{
    size_t s = (size_t)stride, h = (17 - 1) / s + 1, w = (19 - 1) / s + 1;
    size_t large = channels[0], small = channels[1], before_ = (small - large) / 2;
    struct arrays a = {.which = stride,
                       .x = tensor_in(layout, 10, large, 17, 19, INPUT),
                       .y = tensor_in(layout, 10, small, h, w, OUTPUT)};
    run_all(subsample_run, &a);
    double *want = zeros(cnn_tensor_count(&a.y));
    for (size_t i = 0; i < cnn_tensor_count(&a.y); i++) {
        size_t n = i / (small * h * w), c = i / (h * w) % small, r = i / w % h, k = i % w;
        size_t from = ((n * large + c - before_) * 17 + r * s) * 19 + k * s;
        want[i] = c >= before_ && c < before_ + large ? value_at(&a.x, from) : 0;
    }
    expect_tensor("y", &a.y, want, 0);
    free(want);
    buffers_free();
}

void test_subsample_forward(void **state)
{
    (void)state;
    each_subsample(check_subsample_forward);
}

static void check_subsample_backward(int stride, struct cnn_layout layout, const size_t channels[2])
{
    size_t s = (size_t)stride, h = (17 - 1) / s + 1, w = (19 - 1) / s + 1;
    size_t large = channels[0], small = channels[1], before_ = (small - large) / 2;
    struct arrays a = {.which = stride,
                       .dx = tensor_in(layout, 10, large, 17, 19, OUTPUT),
                       .dy = tensor_in(layout, 10, small, h, w, INPUT)};
    run_all(subsample_back_run, &a);
    double *want = zeros(cnn_tensor_count(&a.dx));
    for (size_t i = 0; i < cnn_tensor_count(&a.dx); i++) {
        size_t n = i / (large * 17 * 19), c = i / (17 * 19) % large, r = i / 19 % 17, k = i % 19;
        size_t from = ((n * small + c + before_) * h + r / s) * w + k / s;
        want[i] = r % s == 0 && k % s == 0 ? value_at(&a.dy, from) : 0;
    }
    expect_tensor("dx", &a.dx, want, 0);
    free(want);
    buffers_free();
}

void test_subsample_backward(void **state)
{
    (void)state;
    each_subsample(check_subsample_backward);
}

struct shifted {
    struct cnn_tensor b, to;
};

static void bias_run(struct cnn_queue *q, void *context)
{
    struct shifted *l = context;
    K(bias_forward)(q, &l->b, &l->to);
}

void test_bias_forward(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * 3; i++) {
        static const size_t channels[] = {1, 12, 41};
        size_t c = channels[i / LAYOUTS];
        struct shifted l = {.to = tensor_in(layout_of(i), 6, c, 7, 5, SUM)};
        l.b = tensor(1, c, 1, 1, INPUT);
        double *want = values_of(&l.to);
        for (size_t k = 0; k < 6 * c * 35; k++)
            want[k] += value_at(&l.b, k / 35 % c);
        run_all(bias_run, &l);
        expect_tensor("y", &l.to, want, 1e-6);
        free(want);
        buffers_free();
    }
}
