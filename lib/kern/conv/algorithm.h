/* A way to compute convolutions. One is a file NAME.c and a line in algorithms.def;
 * way.c asks each what a case would cost and calls the cheapest. Choices follow from shapes
 * and layouts alone, so that results never depend on the number of threads. */
#ifndef CNN_KERN_CONV_ALGORITHM_H
#define CNN_KERN_CONV_ALGORITHM_H

#include "kern/isa/isa.h"
#include "kern/kernels.h"
#include "kern/parallel.h"

/* What is to be chosen for. */
struct cnn_conv_case {
    const struct cnn_conv *g; /* g->batch samples */
    enum cnn_conv_pass pass;
    struct cnn_layout x_layout,
        y_layout; /* of x and dx, of y and dy; w, dw and b are plain reals */
};

/* One call. x, dx (n, in_c, in_h, in_w) and y, dy (n, out_c, out_h, out_w) lie in the case's
 * layouts; w, dw (out_c, in_c / groups, kh, kw); b (out_c) or NULL. Each pass reads and writes what
 * its name says, the rest is NULL. */
struct cnn_conv_run {
    struct cnn_queue *q;
    size_t n; /* samples now, at most g->batch */
    const real *x, *dy, *b;
    const real *w; /* forward of an algorithm that packs: from pack */
    real *y, *dx, *dw;
    const struct cnn_epilogue *e; /* NULL, and always so where the algorithm does not fuse */
    real *work;
};

struct cnn_conv_algorithm {
    const char *name;
    int fuses;   /* forward applies an epilogue */
    int inexact; /* rounds differently from a plain sum of products; not used where exactness is
                    asked for */
    /* Cycles of one core for a pass over g->batch samples, estimated; negative: the case cannot be
     * done this way. */
    double (*cost)(const struct cnn_conv_case *c);
    /* Elements of scratch that suffice for a pass over g->batch samples or fewer. */
    size_t (*work)(const struct cnn_conv_case *c, size_t threads);
    /* Forward's weights in the order in which they are read: elements, and the making of them.
     * NULL: w as it is. */
    size_t (*packed)(const struct cnn_conv_case *c);
    void (*pack)(struct cnn_queue *q, const struct cnn_conv_case *c, const real *w, real *packed);
    /* A function may be NULL where cost is negative. */
    void (*forward)(const struct cnn_conv_case *c, const struct cnn_conv_run *r);
    void (*backward_data)(const struct cnn_conv_case *c, const struct cnn_conv_run *r);
    void (*backward_weight)(const struct cnn_conv_case *c, const struct cnn_conv_run *r);
};

#define CNN_CONV_ALGORITHM(name) extern const struct cnn_conv_algorithm cnn_conv_##name;
#include "kern/conv/algorithms.def"
#undef CNN_CONV_ALGORITHM

/* Elements of w. */
static inline size_t cnn_conv_weights(const struct cnn_conv *g)
{
    return g->out_c * (g->in_c / g->groups) * g->kh * g->kw;
}

/* The geometry whose forward pass takes dy to dx, with kernels turned by half a turn and the
 * channels' sides swapped; 0 when there is none. */
int cnn_conv_mirror(const struct cnn_conv *g, struct cnn_conv *out);

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

/* Cycles that the multiply-adds of the case take at that share of a core's peak. */
static inline double cnn_conv_cycles(const struct cnn_conv_case *c, double share)
{
    const struct cnn_conv *g = c->g;
    double outputs = (double)g->batch * (double)(g->out_c * g->out_h * g->out_w);
    return outputs * (double)(g->in_c / g->groups * g->kh * g->kw) /
           ((double)cnn_isa()->multiply_adds * share);
}

/* Reals in plain order; or in vectors of the instruction set in use. What an algorithm does not ask
 * for it does not take: other types are for algorithms that know them. */
static inline int cnn_conv_in_plain(struct cnn_layout layout)
{
    return cnn_layout_equal(layout, cnn_layout_plain(CNN_TYPE_REAL));
}

static inline int cnn_conv_in_blocks(struct cnn_layout layout)
{
    return layout.type == CNN_TYPE_REAL && layout.order == CNN_ORDER_BLOCKS &&
           layout.lanes == cnn_isa()->lanes;
}

static inline int cnn_conv_in_groups(struct cnn_layout layout)
{
    return layout.type == CNN_TYPE_REAL && layout.order == CNN_ORDER_GROUPS &&
           layout.lanes == cnn_isa()->lanes;
}

/* Both sides are plain. */
static inline int cnn_conv_is_plain(const struct cnn_conv_case *c)
{
    return cnn_conv_in_plain(c->x_layout) && cnn_conv_in_plain(c->y_layout);
}

/* dw += part[0] + part[1] + ..., in that order; part (parts, count). */
void cnn_conv_combine(struct cnn_queue *q, size_t parts, size_t count, const real *part, real *dw);

/* Padded element counts keep pieces of scratch on CNN_ALIGN boundaries. */
static inline size_t cnn_padded(size_t count)
{
    return cnn_round_up(count, 16);
}

#endif
