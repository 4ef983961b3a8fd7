/* A way to compute convolutions. One is a file conv_NAME.c and a line in conv_algorithms.def;
 * conv.c asks each what a geometry would cost and calls the cheapest. Choices follow from shapes
 * alone, so that results never depend on the number of threads. */
#ifndef CNN_KERN_CONV_ALGORITHM_H
#define CNN_KERN_CONV_ALGORITHM_H

#include "kern/kernels.h"
#include "kern/parallel.h"

enum cnn_conv_pass { CNN_CONV_FORWARD, CNN_CONV_DATA, CNN_CONV_WEIGHT };

struct cnn_conv_algorithm {
    const char *name;
    /* Relative time for a multiply-add of this pass; negative: the pass cannot be done this way. */
    double (*cost)(const struct cnn_conv *g, enum cnn_conv_pass pass);
    /* Elements of scratch that suffice for a pass over n samples or fewer. */
    size_t (*work)(const struct cnn_conv *g, enum cnn_conv_pass pass, size_t n, size_t threads);
    /* x, dx (n, in_c, in_h, in_w); y, dy (n, out_c, out_h, out_w); w, dw (out_c, in_c / groups, kh,
     * kw); b (out_c) or NULL. A function may be NULL where cost is negative. */
    void (*forward)(struct cnn_queue *q, const struct cnn_conv *g, size_t n, const real *x,
                    const real *w, const real *b, real *y, real *work);
    void (*backward_data)(struct cnn_queue *q, const struct cnn_conv *g, size_t n, const real *dy,
                          const real *w, real *dx, real *work);
    void (*backward_weight)(struct cnn_queue *q, const struct cnn_conv *g, size_t n, const real *x,
                            const real *dy, real *dw, real *work);
};

#define CNN_CONV_ALGORITHM(name) extern const struct cnn_conv_algorithm cnn_conv_##name;
#include "kern/conv_algorithms.def"
#undef CNN_CONV_ALGORITHM

/* Output columns j for which tap s reads inside the input: j * stride + s * dilation - pad in 0 ..
 * size - 1. */
static inline struct cnn_range cnn_conv_inside(size_t tap, size_t dilation, size_t stride,
                                               size_t pad, size_t size, size_t out)
{
    size_t at = tap * dilation;
    size_t begin = pad > at ? cnn_ceil_div(pad - at, stride) : 0;
    size_t end = size + pad > at ? cnn_ceil_div(size + pad - at, stride) : 0;
    end = cnn_min(end, out);
    return (struct cnn_range){cnn_min(begin, end), end};
}

/* dw += part[0] + part[1] + ..., in that order; part (parts, count). */
void cnn_conv_combine(struct cnn_queue *q, size_t parts, size_t count, const real *part, real *dw);

/* Padded element counts keep pieces of scratch on CNN_ALIGN boundaries. */
static inline size_t cnn_padded(size_t count)
{
    return cnn_round_up(count, 16);
}

#endif
