/* Large convolutions in bfloat16 on a GPU against the CPU's in float32, with numbers of few bits,
 * so that only results are rounded. Skipped where there is no device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "base/error.h"
#include "base/random.h"

/* Tall enough for the tiles that only large products have; sides that fill none of them. */
static const struct cnn_conv cases[] = {
    {.batch = 3, .in_c = 24, .in_h = 76, .in_w = 75, .out_c = 40, .kh = 2, .kw = 2, .groups = 1},
    {.batch = 3,
     .in_c = 32,
     .in_h = 76,
     .in_w = 75,
     .out_c = 72,
     .kh = 3,
     .kw = 3,
     .groups = 1,
     .pad_top = 1,
     .pad_left = 1,
     .pad_bottom = 1,
     .pad_right = 1},
    {.batch = 1, .in_c = 320, .in_h = 96, .in_w = 94, .out_c = 400, .kh = 2, .kw = 1, .groups = 2},
    {.batch = 1,
     .in_c = 72,
     .in_h = 258,
     .in_w = 259,
     .out_c = 8,
     .kh = 2,
     .kw = 2,
     .groups = 1,
     .stride_h = 2,
     .stride_w = 2},
    {.batch = 2,
     .in_c = 80,
     .in_h = 20,
     .in_w = 19,
     .out_c = 272,
     .kh = 3,
     .kw = 3,
     .groups = 2,
     .pad_top = 1,
     .pad_left = 1,
     .pad_bottom = 1,
     .pad_right = 1},
};
enum { CASES = sizeof cases / sizeof *cases };

/* What a device makes of a case. */
struct device {
    struct cnn_backend *b;
    struct cnn_tensor x, y, w, bias, dx, dw;
    void *work;
};

static struct cnn_tensor tensor_on(struct cnn_backend *b, size_t n, size_t c, size_t h, size_t w,
                                   struct cnn_layout layout)
{
    struct cnn_tensor t = {n, c, h, w, layout, NULL};
    t.data = b->ops->alloc(b, b->ops->tensor_bytes(b, &t));
    assert_non_null(t.data);
    return t;
}

static struct device open_device(const char *name, const struct cnn_conv *g)
{
    struct device d = {0};
    assert_int_equal(cnn_backend_open(name, 0, &d.b), 0);
    d.b->queue.exact_conv = 1;
    if (d.b->is_gpu)
        assert_int_equal(cnn_backend_set_precision(d.b, CNN_PRECISION_BF16), 0);
    struct cnn_layout layout = cnn_layout_plain(CNN_TYPE_REAL);
    if (d.b->is_gpu)
        layout = d.b->layout;
    d.x = tensor_on(d.b, g->batch, g->in_c, g->in_h, g->in_w, layout);
    d.dx = tensor_on(d.b, g->batch, g->in_c, g->in_h, g->in_w, layout);
    d.y = tensor_on(d.b, g->batch, g->out_c, g->out_h, g->out_w, layout);
    d.w = cnn_tensor_plain(g->out_c, g->in_c / g->groups, g->kh, g->kw, NULL);
    d.dw = d.w;
    d.bias = cnn_tensor_plain(1, g->out_c, 1, 1, NULL);
    d.bias.data = d.b->ops->alloc(d.b, g->out_c * sizeof(real));
    d.w.data = d.b->ops->alloc(d.b, cnn_tensor_count(&d.w) * sizeof(real));
    d.dw.data = d.b->ops->alloc(d.b, cnn_tensor_count(&d.w) * sizeof(real));
    d.work = d.b->ops->alloc(d.b, d.b->kernels->conv_work(&d.b->queue, g, &d.x, &d.y));
    assert_true(d.w.data && d.dw.data && d.bias.data && d.work);
    return d;
}

static void close_device(struct device *d)
{
    void *all[] = {d->x.data, d->dx.data, d->y.data, d->w.data, d->dw.data, d->bias.data, d->work};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        d->b->ops->free(d->b, all[i]);
    cnn_backend_close(d->b);
}

/* Multiples of 1/4 from -1 to 1. */
static float *draws(size_t count, uint64_t stream)
{
    float *x = malloc((count + 1) * sizeof *x);
    struct cnn_random r;
    assert_non_null(x);
    cnn_random_start(&r, 4, stream);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)cnn_random_below(&r, 9) / 4 - 1;
    return x;
}

/* The result, y = max(0, conv(x) + bias), and both gradients; dy takes the result's place. The bias
 * is the beginning of dy. */
static void convolve(struct device *d, const struct cnn_conv *g, const float *x, const float *w,
                     const float *dy, float *y, float *dx, float *dw)
{
    struct cnn_backend *b = d->b;
    b->ops->upload_values(b, &d->x, x);
    b->ops->upload(b, &d->w, w);
    struct cnn_epilogue e = {.activate = 1, .f = CNN_RELU};
    b->ops->upload(b, &d->bias, dy);
    b->kernels->conv_forward(&b->queue, g, &d->x, &d->w, &d->bias, NULL, &e, &d->y, d->work);
    b->ops->download_values(b, y, &d->y);
    b->ops->upload_values(b, &d->y, dy);
    b->kernels->conv_backward_data(&b->queue, g, &d->y, &d->w, &d->dx, d->work);
    b->ops->download_values(b, dx, &d->dx);
    b->kernels->conv_backward_weight(&b->queue, g, &d->x, &d->y, &d->dw, d->work);
    b->ops->download(b, dw, &d->dw);
    if (b->ops->sync(b))
        fail_msg("%s", cnn_error_message());
}

/* Up to rounding to 8 bits. */
static void expect_rounded(int i, const char *what, const float *got, const float *want,
                           size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (!(fabsf(got[k] - want[k]) <= fabsf(want[k]) / 256))
            fail_msg("case %d: number %zu of %s is %g, not %g", i, k, what, (double)got[k],
                     (double)want[k]);
}

static void test_large_convolutions(void **state)
{
    struct cnn_backend *b;
    (void)state;
    if (cnn_backend_open("cuda", 0, &b)) {
        print_message("%s\n", cnn_error_message());
        skip();
    }
    cnn_backend_close(b);
    for (int i = 0; i < CASES; i++) {
        struct cnn_conv g = cases[i];
        g.dilation_h = g.dilation_w = 1;
        g.stride_h = g.stride_h ? g.stride_h : 1;
        g.stride_w = g.stride_w ? g.stride_w : 1;
        g.out_h = (g.in_h + g.pad_top + g.pad_bottom - g.kh) / g.stride_h + 1;
        g.out_w = (g.in_w + g.pad_left + g.pad_right - g.kw) / g.stride_w + 1;
        size_t in = g.batch * g.in_c * g.in_h * g.in_w, out = g.batch * g.out_c * g.out_h * g.out_w;
        float *x = draws(in, 1), *dy = draws(out, 2);
        size_t weights = g.out_c * g.in_c / g.groups * g.kh * g.kw;
        float *w = draws(weights, 3);
        float *y[2] = {malloc(out * sizeof(float)), malloc(out * sizeof(float))};
        float *dx[2] = {malloc(in * sizeof(float)), malloc(in * sizeof(float))};
        float *dw[2] = {malloc(weights * sizeof(float)), malloc(weights * sizeof(float))};
        assert_true(y[0] && y[1] && dx[0] && dx[1] && dw[0] && dw[1]);
        for (int k = 0; k < 2; k++) {
            struct device d = open_device(k ? "cuda" : "cpu", &g);
            convolve(&d, &g, x, w, dy, y[k], dx[k], dw[k]);
            close_device(&d);
        }
        expect_rounded(i, "y", y[1], y[0], out);
        expect_rounded(i, "dx", dx[1], dx[0], in);
        assert_memory_equal(dw[1], dw[0], weights * sizeof(float));
        for (int k = 0; k < 2; k++) {
            free(y[k]);
            free(dx[k]);
            free(dw[k]);
        }
        free(x);
        free(dy);
        free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_large_convolutions)};
    return cmocka_run_group_tests_name("devices_conv", tests, NULL, NULL);
}
