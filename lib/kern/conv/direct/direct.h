/* Direct convolution between blocked activations: what its files share.
 *
 * Forward is one plan. The data gradient is one plan for each phase of the stride: those elements
 * of dx whose rows and columns leave the same remainders meet the same taps, so that each phase is
 * a convolution of dy with stride 1 whose results lie `stride` apart. */
#ifndef CNN_KERN_CONV_DIRECT_DIRECT_H
#define CNN_KERN_CONV_DIRECT_DIRECT_H

#include "kern/conv/algorithm.h"

enum {
    CNN_DIRECT_NARROW = 4,     /* channels of a position read from a plain image */
    CNN_DIRECT_MOST_LANES = 16 /* of any instruction set */
};

/* One axis of a plan: output i meets tap t at input i * stride + t * dilation - pad. */
struct cnn_direct_axis {
    size_t in, out, taps, stride, dilation;
    ptrdiff_t pad;
    size_t first, step;      /* where output i lies on the results' axis: first + i * step */
    ptrdiff_t tap, tap_step; /* tap t is tap + t * tap_step of the kernel */
    /* Gathered inputs are split by their remainder modulo the stride, so that a tap's inputs for
     * outputs side by side lie side by side. */
    size_t phases, reach; /* remainders that occur; the furthest tap, in outputs */
};

struct cnn_direct {
    struct cnn_direct_axis h, w;
    size_t lanes, from_lanes;      /* channels of a block of the results, of the inputs */
    size_t n, groups, in_c, out_c; /* channels of a group */
    size_t in_blocks, vectors,
        pairs;          /* of a group; a pair is two vectors of results or a last one */
    int narrow;         /* inputs are plain, and have at most CNN_DIRECT_NARROW channels */
    int in_place;       /* inputs are read where they are */
    int flat;           /* positions run on from row to row */
    size_t rows, bands; /* output rows of a job, jobs of a sample's rows */
    size_t parts, part; /* jobs of a band's pairs, pairs of each */
    size_t chunk;       /* blocks of inputs whose weights a pass reads */
    /* Distances: rows and blocks of channels of the inputs (gathered, or in place), and of the
     * results' rows, positions and vectors. */
    size_t from_row, from_plane, to_row, to_step, to_plane, to_first;
    size_t segments, slot; /* scratch elements: of the list of segments, of each thread */
    /* Weight (out, in, tap r, tap s) of a group is w[out * w_out + in * w_in + r * w_row + s]. */
    size_t w_group, w_out, w_in, w_row;
};

/* A plan for n samples; cnn_direct_data makes that of the phase with these remainders, 0 where it
 * has no taps or no elements. */
void cnn_direct_forward(const struct cnn_conv *g, int narrow, size_t n, struct cnn_direct *d);
int cnn_direct_data(const struct cnn_conv *g, size_t phase_h, size_t phase_w, size_t n,
                    struct cnn_direct *d);

/* Elements of scratch of a run with so many threads, and its time in cycles of one core. */
size_t cnn_direct_work(const struct cnn_direct *d, size_t threads);
double cnn_direct_cost(const struct cnn_direct *d);

/* Packed weights: (groups, pairs, blocks of inputs, taps, inputs of the block, vectors, lanes), the
 * lanes that fill up the last vector zero. w as in the convolution. */
size_t cnn_direct_packed(const struct cnn_direct *d);
void cnn_direct_pack(struct cnn_queue *q, const struct cnn_direct *d, const real *w, real *packed);

/* Inputs of all of a group's channels for output rows `first` .. `first` + `rows` - 1, zero where
 * there are none: to (blocks, phases of rows, rows + reach, phases of columns, columns + reach,
 * from_lanes). */
void cnn_direct_gather(const struct cnn_direct *d, const real *from, size_t first, size_t rows,
                       real *to);

struct cnn_direct_run {
    const real *from, *packed, *b;
    real *to;
    const struct cnn_epilogue *e; /* NULL, or what is added and limits on the way out */
    real *work;
};
void cnn_direct_run(struct cnn_queue *q, const struct cnn_direct *d,
                    const struct cnn_direct_run *r);

#endif
