/* Pooling against plain loops in double precision. */
#include "kernels/rig.h"

struct pool_case {
    struct cnn_tensor x, y, dy, dx;
    struct cnn_window g;
    int32_t *argmax;
};

/* Windows of all kinds that layers can ask for: {in_h, in_w, kh, kw, stride_h, stride_w, pad_top,
 * pad_left, pad_bottom, pad_right, ceiling, dilation_h, dilation_w, divisor}; 0 dilations are 1. */
static const size_t windows[][14] = {
    {1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0},           {8, 10, 2, 2, 2, 2, 0, 0, 0, 0, 0},
    {9, 11, 2, 2, 2, 2, 0, 0, 0, 0, 0},          {9, 11, 2, 2, 2, 2, 0, 0, 0, 0, 1},
    {13, 17, 3, 3, 2, 2, 0, 0, 0, 0, 1},         {12, 11, 3, 3, 2, 2, 1, 1, 1, 1, 1},
    {7, 9, 3, 2, 1, 3, 1, 0, 1, 1, 0},           {11, 13, 2, 2, 5, 7, 0, 0, 0, 0, 0},
    {6, 5, 3, 3, 1, 1, 2, 2, 2, 2, 0},           {7, 5, 7, 5, 7, 5, 0, 0, 0, 0, 0},
    {40, 30, 2, 2, 2, 2, 0, 0, 0, 0, 0},         {11, 13, 3, 2, 1, 1, 2, 3, 2, 1, 0, 2, 3},
    {12, 11, 3, 3, 2, 2, 2, 0, 2, 1, 1, 2, 1},   {9, 8, 2, 2, 3, 2, 0, 2, 0, 0, 0, 3, 2},
    {9, 11, 3, 3, 2, 2, 1, 1, 1, 1, 0, 1, 1, 5},
};
enum { WINDOWS = sizeof windows / sizeof *windows };

static size_t window_out(size_t in, size_t k, size_t stride, size_t before_, size_t after,
                         size_t ceiling)
{
    size_t rest = in + before_ + after - k, out = rest / stride + 1;
    return out + (ceiling && rest % stride && out * stride < in + before_);
}

static size_t reach(size_t kernel, size_t dilation)
{
    return (kernel - 1) * (dilation ? dilation : 1) + 1;
}

static struct cnn_window window(int i, int count_pad)
{
    const size_t *w = windows[i];
    return (struct cnn_window){
        .in_h = w[0],
        .in_w = w[1],
        .out_h = window_out(w[0], reach(w[2], w[11]), w[4], w[6], w[8], w[10]),
        .out_w = window_out(w[1], reach(w[3], w[12]), w[5], w[7], w[9], w[10]),
        .kh = w[2],
        .kw = w[3],
        .stride_h = w[4],
        .stride_w = w[5],
        .dilation_h = w[11] ? w[11] : 1,
        .dilation_w = w[12] ? w[12] : 1,
        .divisor = w[13],
        .pad_top = w[6],
        .pad_left = w[7],
        .pad_bottom = w[8],
        .pad_right = w[9],
        .count_pad = count_pad};
}

/* Calls `visit` for each element of each window; `inside` says whether it is in the input. */
static void each_element(struct pool_case *l, size_t planes,
                         void (*visit)(struct pool_case *l, double *out, size_t y, size_t x,
                                       int inside),
                         double *out)
{
    const struct cnn_window *g = &l->g;
    size_t pixels = g->out_h * g->out_w;
    for (size_t y = 0; y < planes * pixels; y++)
        for (size_t k = 0; k < g->kh * g->kw; k++) {
            size_t r = y % pixels / g->out_w * g->stride_h + k / g->kw * g->dilation_h;
            size_t c = y % g->out_w * g->stride_w + k % g->kw * g->dilation_w;
            int padded = r < g->in_h + g->pad_top + g->pad_bottom &&
                         c < g->in_w + g->pad_left + g->pad_right;
            int inside = r >= g->pad_top && c >= g->pad_left && r - g->pad_top < g->in_h &&
                         c - g->pad_left < g->in_w;
            size_t x = (y / pixels * g->in_h + r - g->pad_top) * g->in_w + c - g->pad_left;
            if (inside || padded)
                visit(l, out, y, x, inside);
        }
}

static void visit_max(struct pool_case *l, double *out, size_t y, size_t x, int inside)
{
    if (inside && value_at(&l->x, x) > out[y])
        out[y] = value_at(&l->x, x);
}

/* Divisors are counted first, behind the outputs. */
static void visit_count(struct pool_case *l, double *out, size_t y, size_t x, int inside)
{
    (void)x;
    out[y] = l->g.divisor ? (double)l->g.divisor : out[y] + (inside || l->g.count_pad);
}

static double *counts;

static void visit_mean(struct pool_case *l, double *out, size_t y, size_t x, int inside)
{
    if (inside)
        out[y] += value_at(&l->x, x) / counts[y];
}

static void visit_spread(struct pool_case *l, double *out, size_t y, size_t x, int inside)
{
    if (inside)
        out[x] += value_at(&l->dy, y) / counts[y];
}

static void max_run(struct cnn_queue *q, void *context)
{
    struct pool_case *l = context;
    K(maxpool_forward)(q, &l->g, &l->x, &l->y, l->argmax);
}

static void max_back_run(struct cnn_queue *q, void *context)
{
    struct pool_case *l = context;
    K(maxpool_backward)(q, &l->g, &l->dy, l->argmax, &l->dx);
}

static void mean_run(struct cnn_queue *q, void *context)
{
    struct pool_case *l = context;
    K(avgpool_forward)(q, &l->g, &l->x, &l->y);
}

static void mean_back_run(struct cnn_queue *q, void *context)
{
    struct pool_case *l = context;
    K(avgpool_backward)(q, &l->g, &l->dy, &l->dx);
}

enum { N = 6, C = 5 };

/* The chosen input of output k (canonical) has the value `want`, and none before it in its window.
 */
static void check_argmax(const struct pool_case *l, size_t k, double want)
{
    const struct cnn_window *g = &l->g;
    size_t plane = k / (g->out_h * g->out_w) * g->in_h * g->in_w;
    size_t chosen = (size_t)l->argmax[cnn_tensor_place(&l->y, k)];
    assert_true(value_at(&l->x, plane + chosen) == want);
    size_t top = k % (g->out_h * g->out_w) / g->out_w * g->stride_h,
           left = k % g->out_w * g->stride_w;
    for (size_t at_ = 0; at_ < chosen; at_++) {
        size_t r = at_ / g->in_w + g->pad_top, c = at_ % g->in_w + g->pad_left;
        if (r >= top && r - top < reach(g->kh, g->dilation_h) && c >= left &&
            c - left < reach(g->kw, g->dilation_w) && (r - top) % g->dilation_h == 0 &&
            (c - left) % g->dilation_w == 0)
            assert_true(value_at(&l->x, plane + at_) < want);
    }
}

void test_maxpool_forward(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS * WINDOWS; i++) {
        struct cnn_window g = window(i / LAYOUTS / 2, 0);
        struct cnn_layout layout = layout_of(i);
        size_t out = N * C * g.out_h * g.out_w;
        struct pool_case l = {.g = g,
                              .x = tensor_in(layout, N, C, g.in_h, g.in_w, INPUT),
                              .y = tensor_in(layout, N, C, g.out_h, g.out_w, OUTPUT)};
        real *x = l.x.data;
        for (size_t k = 0; k < cnn_tensor_elements(&l.x); k++)
            x[k] = (real)(floor((double)x[k] * 4) / 4); /* many equals */
        if (i / LAYOUTS % 2)
            l.argmax = buffer_new(cnn_tensor_elements(&l.y) * sizeof *l.argmax, OUTPUT);
        run_all(max_run, &l);
        double *want = zeros(out);
        for (size_t k = 0; k < out; k++)
            want[k] = -INFINITY;
        each_element(&l, N * C, visit_max, want);
        expect_tensor("y", &l.y, want, 0);
        for (size_t k = 0; l.argmax && k < out; k++)
            check_argmax(&l, k, want[k]);
        x[0] = (real)NAN;
        max_run(&queues[0], &l);
        wait_for(&queues[0]);
        assert_true(value_at(&l.y, 0) != value_at(&l.y, 0));
        free(want);
        buffers_free();
    }
}

/* Any element of the output's window that lies inside the input. */
static size_t pick_in_window(const struct cnn_window *g, size_t output)
{
    for (;;) {
        size_t r = output / g->out_w * g->stride_h + pick(0, g->kh - 1) * g->dilation_h;
        size_t c = output % g->out_w * g->stride_w + pick(0, g->kw - 1) * g->dilation_w;
        if (r >= g->pad_top && r < g->pad_top + g->in_h && c >= g->pad_left &&
            c < g->pad_left + g->in_w)
            return (r - g->pad_top) * g->in_w + c - g->pad_left;
    }
}

void test_maxpool_backward(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * WINDOWS; i++) {
        struct cnn_window g = window(i / LAYOUTS, 0);
        struct cnn_layout layout = layout_of(i);
        size_t pixels = g.out_h * g.out_w, out = N * C * pixels, in = N * C * g.in_h * g.in_w;
        struct pool_case l = {.g = g,
                              .dy = tensor_in(layout, N, C, g.out_h, g.out_w, INPUT),
                              .dx = tensor_in(layout, N, C, g.in_h, g.in_w, OUTPUT)};
        size_t bytes = cnn_tensor_elements(&l.dy) * sizeof *l.argmax;
        l.argmax = buffer_new(bytes, INPUT);
        memset(l.argmax, 0, bytes);
        double *want = zeros(in);
        for (size_t k = 0; k < out; k++) {
            size_t chosen = pick_in_window(&g, k % pixels);
            l.argmax[cnn_tensor_place(&l.dy, k)] = (int32_t)chosen;
            want[k / pixels * g.in_h * g.in_w + chosen] += value_at(&l.dy, k);
        }
        run_all(max_back_run, &l);
        expect_tensor("dx", &l.dx, want, 1e-6);
        free(want);
        buffers_free();
    }
}

void test_avgpool_forward(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS * WINDOWS; i++) {
        struct cnn_window g = window(i / LAYOUTS / 2, i / LAYOUTS % 2);
        struct cnn_layout layout = layout_of(i);
        size_t out = N * C * g.out_h * g.out_w;
        struct pool_case l = {.g = g,
                              .x = tensor_in(layout, N, C, g.in_h, g.in_w, INPUT),
                              .y = tensor_in(layout, N, C, g.out_h, g.out_w, OUTPUT)};
        run_all(mean_run, &l);
        double *want = zeros(out);
        counts = zeros(out);
        each_element(&l, N * C, visit_count, counts);
        each_element(&l, N * C, visit_mean, want);
        expect_tensor("y", &l.y, want, 1e-6);
        free(want);
        free(counts);
        buffers_free();
    }
}

void test_avgpool_backward(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS * WINDOWS; i++) {
        struct cnn_window g = window(i / LAYOUTS / 2, i / LAYOUTS % 2);
        struct cnn_layout layout = layout_of(i);
        size_t out = N * C * g.out_h * g.out_w, in = N * C * g.in_h * g.in_w;
        struct pool_case l = {.g = g,
                              .dy = tensor_in(layout, N, C, g.out_h, g.out_w, INPUT),
                              .dx = tensor_in(layout, N, C, g.in_h, g.in_w, OUTPUT)};
        run_all(mean_back_run, &l);
        double *want = zeros(in);
        counts = zeros(out);
        each_element(&l, N * C, visit_count, counts);
        each_element(&l, N * C, visit_spread, want);
        expect_tensor("dx", &l.dx, want, 1e-6);
        free(want);
        free(counts);
        buffers_free();
    }
}

static void adaptive_run(struct cnn_queue *q, void *context)
{
    struct pool_case *l = context;
    K(adaptive_avgpool_forward)(q, &l->x, &l->y);
}

static void adaptive_back_run(struct cnn_queue *q, void *context)
{
    struct pool_case *l = context;
    K(adaptive_avgpool_backward)(q, &l->dy, &l->dx);
}

/* Input height and width, output height and width. */
static const size_t adaptive_sizes[][4] = {{14, 14, 4, 4}, {7, 5, 3, 2}, {6, 9, 6, 3},
                                           {1, 1, 1, 1},   {3, 2, 5, 7}, {13, 1, 1, 1}};
enum { ADAPTIVE = sizeof adaptive_sizes / sizeof *adaptive_sizes };

/* How much of input r goes into output i: a row is in a window when they overlap on the unit line.
 */
static double adaptive_share(size_t i, size_t r, size_t in, size_t out)
{
    size_t rows = 0;
    for (size_t k = 0; k < in; k++)
        rows += k * out < (i + 1) * in && (k + 1) * out > i * in;
    return r * out < (i + 1) * in && (r + 1) * out > i * in ? 1 / (double)rows : 0;
}

/* Forward of x into `to` (n c h' w'), or backward of dy into `to` (n c h w). */
static void adaptive_plainly(const size_t s[4], const struct cnn_tensor *from, int back, double *to)
{
    size_t in = s[0] * s[1], out = s[2] * s[3];
    for (size_t k = 0; k < N * C * out; k++)
        for (size_t m = 0; m < in; m++) {
            double share = adaptive_share(k % out / s[3], m / s[1], s[0], s[2]) *
                           adaptive_share(k % s[3], m % s[1], s[1], s[3]);
            size_t at = k / out * in + m;
            to[back ? at : k] += share * value_at(from, back ? k : at);
        }
}

void test_adaptive_avgpool_forward(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * ADAPTIVE; i++) {
        const size_t *s = adaptive_sizes[i / LAYOUTS];
        struct pool_case l = {.x = tensor_in(layout_of(i), N, C, s[0], s[1], INPUT),
                              .y = tensor_in(layout_of(i), N, C, s[2], s[3], OUTPUT)};
        run_all(adaptive_run, &l);
        double *want = zeros(N * C * s[2] * s[3]);
        adaptive_plainly(s, &l.x, 0, want);
        expect_tensor("y", &l.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}

void test_adaptive_avgpool_backward(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * ADAPTIVE; i++) {
        const size_t *s = adaptive_sizes[i / LAYOUTS];
        struct pool_case l = {.dy = tensor_in(layout_of(i), N, C, s[2], s[3], INPUT),
                              .dx = tensor_in(layout_of(i), N, C, s[0], s[1], OUTPUT)};
        run_all(adaptive_back_run, &l);
        double *want = zeros(N * C * s[0] * s[1]);
        adaptive_plainly(s, &l.dy, 1, want);
        expect_tensor("dx", &l.dx, want, 1e-6);
        free(want);
        buffers_free();
    }
}

static void gather_run(struct cnn_queue *q, void *context)
{
    struct pool_case *l = context;
    K(maxpool_gather)(q, &l->x, l->argmax, &l->y);
}

void test_maxpool_gather(void **state)
{
    (void)state;
    for (int i = 0; i < WINDOWS; i++) {
        struct cnn_window g = window(i, 0);
        size_t pixels = g.out_h * g.out_w, out = N * C * pixels;
        struct pool_case l = {.g = g,
                              .x = tensor_in(layout_of(0), N, C, g.in_h, g.in_w, INPUT),
                              .y = tensor_in(layout_of(0), N, C, g.out_h, g.out_w, OUTPUT)};
        l.argmax = buffer_new(out * sizeof *l.argmax, INPUT);
        double *want = zeros(out);
        for (size_t k = 0; k < out; k++) {
            l.argmax[k] = (int32_t)pick_in_window(&g, k % pixels);
            want[k] = value_at(&l.x, k / pixels * g.in_h * g.in_w + (size_t)l.argmax[k]);
        }
        run_all(gather_run, &l);
        expect_tensor("y", &l.y, want, 0);
        free(want);
        buffers_free();
    }
}
