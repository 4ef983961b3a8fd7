/* The weight gradient of convolutions straight from blocked tensors: what its two files share.
 *
 * Sums are kept in tiles: all that a pair of vectors of output channels has to do with a block of
 * input channels, (taps, elements of the block, 2, lanes). A unit of work is a small area of
 * outputs whose x and dy stay in the nearest cache for all taps. Jobs are rectangles of tiles, and
 * parts of the units where the tiles are few.
 *
 * First layers, whose few channels lie in planes, are gathered: rows of (column, channel), padded
 * with zeros, so that neighbouring taps and channels are neighbouring elements. There a tile is
 * (rows of the kernel, columns and channels, 2, lanes). */
#ifndef CNN_KERN_CONV_DIRECT_WEIGHT_H
#define CNN_KERN_CONV_DIRECT_WEIGHT_H

#include "kern/conv/algorithm.h"

struct cnn_direct_weight {
    struct cnn_conv g; /* a 1x1 kernel without stride: planes are one row */
    size_t n, lanes;
    int gathered;
    size_t groups, blocks, pairs, vectors; /* blocks, pairs and vectors of a group */
    size_t steps, elements;                /* of a tile */
    size_t tile;                           /* elements of a tile in memory */
    size_t images, rows, columns;          /* of a unit */
    size_t band;                           /* rows that a unit gathers at once */
    size_t row_units, column_units, units;
    size_t rect_pairs, rect_blocks; /* of a job */
    size_t parts, chunk;            /* chunk: units of a part */
    size_t width, slot;             /* elements of a gathered row, of a thread's scratch */
    const real *x, *dy;
    real *work, *sums, *dw;
};

/* Outputs (images, rows, columns), and how far away what the next unit reads lies from its own. */
struct cnn_direct_unit {
    struct cnn_range images, rows, columns;
    ptrdiff_t x_ahead, dy_ahead;
};

/* A plan for n samples. */
struct cnn_direct_weight cnn_direct_weight_plan(const struct cnn_conv_case *c, size_t n);

/* Unit i of those up to `end`. */
struct cnn_direct_unit cnn_direct_weight_unit(const struct cnn_direct_weight *p, size_t i,
                                              size_t end);

/* Parts at most for so many samples or fewer; jobs of a part. */
size_t cnn_direct_weight_parts(const struct cnn_direct_weight *p);
size_t cnn_direct_weight_jobs(const struct cnn_direct_weight *p);

/* Elements of all tiles: the sums of a part. */
static inline size_t cnn_direct_weight_sums(const struct cnn_direct_weight *p)
{
    return p->groups * p->pairs * p->blocks * p->tile;
}

#endif
