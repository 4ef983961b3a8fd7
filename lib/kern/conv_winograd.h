/* What the passes of Winograd's convolution share: conv_winograd.c (forward), and
 * conv_winograd_weight.c. */
#ifndef CNN_KERN_CONV_WINOGRAD_H
#define CNN_KERN_CONV_WINOGRAD_H

#include "kern/conv_algorithm.h"

enum {
    CNN_WINOGRAD_LANES = 16,    /* of a vector, at most */
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

/* Transforms a block of x's channels: v (points, tiles, lanes), `step` elements from point to
 * point.
 */
void cnn_winograd_spread_input(const struct cnn_winograd_plan *p, const real *x, size_t block,
                               struct cnn_range tiles, real *v, size_t step);

/* At least `count` elements, an odd number of cache lines: what lies that far apart falls on
 * different sets of a cache. */
static inline size_t cnn_winograd_step(size_t count)
{
    return (cnn_ceil_div(count, 16) | 1) * 16;
}

#endif
