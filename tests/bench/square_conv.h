/* Convolutions of square images by square kernels, as most nets have them. */
#ifndef CNN_TESTS_BENCH_SQUARE_CONV_H
#define CNN_TESTS_BENCH_SQUARE_CONV_H

#include "kern/kernels.h"

/* n images of c channels to k channels. */
struct square {
    size_t n, c, size, k, kernel, stride, pad, groups;
};

static inline struct cnn_conv square_conv(const struct square *s)
{
    size_t out = (s->size + 2 * s->pad - s->kernel) / s->stride + 1;
    return (struct cnn_conv){.batch = s->n,
                             .in_c = s->c,
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

/* Its input, output and weights, without memory. */
static inline struct cnn_tensor square_x(const struct cnn_conv *g, struct cnn_layout layout)
{
    return (struct cnn_tensor){g->batch, g->in_c, g->in_h, g->in_w, layout, NULL};
}

static inline struct cnn_tensor square_y(const struct cnn_conv *g, struct cnn_layout layout)
{
    return (struct cnn_tensor){g->batch, g->out_c, g->out_h, g->out_w, layout, NULL};
}

static inline struct cnn_tensor square_w(const struct cnn_conv *g)
{
    return cnn_tensor_plain(g->out_c, g->in_c / g->groups, g->kh, g->kw, NULL);
}

/* Multiplications and additions of one pass. */
static inline double square_operations(const struct cnn_conv *g)
{
    return 2.0 * (double)(g->batch * g->out_h * g->out_w) *
           (double)(g->out_c * g->in_c / g->groups * g->kh * g->kw);
}

#endif
