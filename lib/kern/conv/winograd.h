/* What the passes of Winograd's convolution share: winograd.c (forward and data) and
 * winograd_weight.c. */
#ifndef CNN_KERN_CONV_WINOGRAD_H
#define CNN_KERN_CONV_WINOGRAD_H

#include "kern/conv/algorithm.h"

enum {
    CNN_WINOGRAD_LANES = 16,    /* of a vector, at most */
    CNN_WINOGRAD_POINTS = 36,   /* of a tile, at most */
    CNN_WINOGRAD_SEGMENTS = 16, /* blocks of channels that a product sums at once */
};

/* How a pass is cut into tiles of size x size outputs. */
struct cnn_winograd_plan {
    const struct cnn_conv *g;
    size_t lanes;
    size_t size, points;          /* points: (size + 2)^2 */
    size_t in_blocks, out_blocks; /* vectors of channels */
    size_t panels;                /* pairs of output vectors */
    size_t rows, columns, tiles;  /* tiles of a sample, and of all samples */
};

struct cnn_winograd_plan cnn_winograd_plan(const struct cnn_conv *g, size_t n);

/* Whether Winograd's algorithm can do the case at all. */
int cnn_winograd_can(const struct cnn_conv_case *c);

/* Cycles of one core for a pass: the products at that share of a core's peak, the transforms of
 * tiles, and `weights` for each transformed weight, which is read or written once. */
double cnn_winograd_cost(const struct cnn_conv *g, double share, double weights);

/* A row's tiles from `tile` on, before `end`: where they begin, in outputs. */
struct cnn_winograd_run {
    size_t sample, top, left, tiles;
};
struct cnn_winograd_run cnn_winograd_run(const struct cnn_winograd_plan *p, size_t tile,
                                         size_t end);

/* Transforms a block of channels of x, or (gradient) of the outputs' gradient: to v (points, tiles,
 * lanes), `step` elements from point to point. */
void cnn_winograd_spread(const struct cnn_winograd_plan *p, int gradient, const real *x,
                         size_t block, struct cnn_range tiles, real *v, size_t step);

/* Output vectors of a panel: the last may have one. */
static inline size_t cnn_winograd_vectors(const struct cnn_winograd_plan *p, size_t panel)
{
    return cnn_min(2, p->out_blocks - 2 * panel);
}

/* At least `count` elements, an odd number of cache lines: what lies that far apart falls on
 * different sets of a cache. */
static inline size_t cnn_winograd_step(size_t count)
{
    return (cnn_ceil_div(count, 16) | 1) * 16;
}

#endif
