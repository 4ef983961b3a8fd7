/* What the functions of an instruction set take. */
#ifndef CNN_KERN_ISA_TYPES_H
#define CNN_KERN_ISA_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "tensor/tensor.h"

/* Sums of multiply_add_loop: enough to hide a latency of 4 cycles behind two units, and with their
 * factors in 16 registers. */
enum { CNN_LOOP_SUMS = 12 };

/* A block of outputs: `pixels` positions of `vectors` (1 or 2) vectors of output channels,
 *   out[p][v] = sum over segments s and i < inner of a[segment[s] + p * step + i] * w[s][i][v],
 * then plus bias, plus add, then at least `low` and at most `high`. What a segment is, is the
 * caller's affair: a tap and a block of input channels for convolutions, a run of the inner
 * dimension for matrix products. All distances are in elements. */
struct cnn_block {
    const real *a;
    const ptrdiff_t *segment; /* (segments) */
    size_t segments, inner;
    size_t step;    /* from pixel to pixel in a: the vector's lanes, or 4 (see narrow) */
    const real *w;  /* (segments, inner, vectors, lanes) */
    size_t w_ahead; /* how far away the weights lie that are fetched meanwhile; 0: as near as it
                       gets */
    real *out;
    size_t out_step, out_vector; /* from pixel to pixel and from vector to vector */
    int more;                    /* out holds partial sums: go on from them */
    int finish;                  /* these are the last segments: bias, add, limits apply */
    const real *bias;            /* (vectors, lanes); NULL: none */
    const real *add;             /* laid out as out; NULL: none */
    int limit;                   /* 0: none, 1: below by 0, 2: below by 0 and above by high */
    real high;
};

/* Outputs of a plane of vectors (h, w, lanes) that all read the same taps (taps.h). All distances
 * are in elements: in_row and in_column from output to output in the plane that is read, tap_row
 * and tap_column from tap to tap there. */
struct cnn_rectangle {
    ptrdiff_t in; /* where the first tap of the first output reads */
    size_t out;   /* where the first output lies */
    size_t rows, columns, taps_h, taps_w;
    ptrdiff_t in_row, in_column, tap_row, tap_column;
    size_t out_row, out_column;
};

/* Each channel by itself: y = sum over taps of w times x, then plus bias, plus add, then limits as
 * in struct cnn_block. x, y and add are planes. */
struct cnn_depthwise {
    const struct cnn_rectangle *r;
    const real *x, *w;         /* w: of the first tap */
    ptrdiff_t w_row, w_column; /* from tap to tap */
    const real *bias;          /* (lanes); NULL: none */
    const real *add;           /* NULL: none */
    int limit;
    real high;
    real *y;
};

/* Most outputs of a call, and most neighbouring taps of a gradient's. */
enum { CNN_SAMPLES_OUTPUTS = 8, CNN_SAMPLES_TAPS = 5 };

/* Planes of vectors of samples: for a few outputs o, at each pixel of the rectangle,
 *   y[o] = sum over channels c and taps (i, j) of x[c] * w[c][i][j][o],
 * then plus bias, plus add, then limits as in struct cnn_block. x, y and add are the first planes,
 * and all distances are in elements. */
struct cnn_samples {
    const struct cnn_rectangle *r;
    size_t channels;
    const real *x, *w; /* w: of the first channel and tap; outputs lie side by side */
    size_t x_channel, w_channel;
    ptrdiff_t w_row, w_column; /* from tap to tap */
    const real *bias;          /* (outputs); NULL: none */
    const real *add;           /* laid out as y; NULL: none */
    int limit;
    real high;
    real *y;
    size_t y_channel;
};

/* A row of Winograd tiles, side by side, of one block of channels. In the image a tile begins
 * `size` pixels beside the last; what reaches over the image's edge counts as zero and is not
 * written. Transformed, it is (size + 2)^2 vectors, `step` elements apart, and the next tile's lie
 * beside its own. */
struct cnn_winograd {
    size_t size; /* outputs of a tile in each direction: 2 or 4 */
    size_t tiles;
    size_t h, w;         /* the image: (h, w, lanes) */
    ptrdiff_t top, left; /* where the first tile begins */
    const real *from;    /* the image, or the first tile transformed */
    real *to;            /* the other of the two */
    size_t step;
    const real *bias, *add; /* outputs: as in struct cnn_block; add lies as the image does */
    int limit;
    real high;
};

/* A block of a weight gradient: for `elements` neighbouring elements i of a and `vectors` (1 or 2)
 * vectors of d,
 *   sum[i][v] += sum over images, rows and t < count of a[t * a_step + i] * d[t * d_step][v].
 * All distances are in elements. */
struct cnn_outer {
    const real *a;
    const real *d;
    size_t images, rows, count;
    size_t a_step, a_row, a_image;
    size_t d_step, d_row, d_image, d_vector;
    real *sum;
    size_t sum_step;            /* from element to element */
    ptrdiff_t a_ahead, d_ahead; /* from what is read to what is fetched meanwhile */
};

enum { CNN_MOST_LANES = 16 };

/* Up to a vector's lanes of rows, and the vectors of their columns. The vector of column j lies at
 * j / taps * step + j % taps * tap_step. All distances are in elements. */
struct cnn_transpose {
    size_t rows, count, row_step; /* count: columns */
    size_t taps;
    ptrdiff_t step, tap_step;
    int add; /* to what is there */
};

/* Count, mean and sum of squared deviations from the mean: for each lane, or in lane 0 alone. */
struct cnn_moments {
    double count, mean[CNN_MOST_LANES], squares[CNN_MOST_LANES];
};

/* What a normalisation is followed by, and what its gradient goes back through. The gradient of a
 * rectified unit looks at its result y or, where nothing is added, at what x gives: at the sign of
 * v, below. */
enum cnn_norm_rule {
    CNN_NORM_IDENTITY,
    CNN_NORM_LIMITS,      /* forward: at least 0 and at most high */
    CNN_NORM_LEAKY,       /* forward: v > 0 ? v : slope v */
    CNN_NORM_RECTIFIED_X, /* backward: dz = 0 < v < high ? dy : slope dy */
    CNN_NORM_RECTIFIED_Y, /* backward: the same of y */
    CNN_NORM_SIGMOID,     /* backward: dz = dy y (1 - y) */
    CNN_NORM_TANH,        /* backward: dz = dy (1 - y^2) */
};

/* A normalisation of the channels in a vector's lanes,
 *   v = (x - mean) scale + shift,   y = f(v + add),
 * and its gradient,
 *   dz = dy f'(y),   dx = dz own - (x - mean) slant - level. */
struct cnn_norm {
    real mean[CNN_MOST_LANES], scale[CNN_MOST_LANES], shift[CNN_MOST_LANES];
    real own[CNN_MOST_LANES], slant[CNN_MOST_LANES], level[CNN_MOST_LANES];
    enum cnn_norm_rule rule;
    real slope, high;
};

/* Layer normalisation of places side by side. Either each place's channels fill vectors (blocks of
 * channels; or rows, where all of a place lie together), or each lane of a vector is a place
 * (columns). Distances in elements. */
struct cnn_layernorm {
    int columns;
    size_t places; /* in columns: numbers side by side, of each channel */
    size_t channels;
    size_t place; /* from place to place; columns: 1 */
    size_t step;  /* from vector to vector of a place, or from channel to channel */
    int filled;   /* what fills up the last vector is in memory, too, and zero */
    double eps;
    const real *gamma, *beta; /* (channels); NULL: 1 and 0 */
};

/* Products of rows, y[n][r] = sum over i < count of x[n][i] * w[r][i], plus bias[r] or plus what y
 * holds. */
struct cnn_dots {
    size_t samples, rows, count;
    const real *x;
    const unsigned char *w; /* its elements, at any address */
    real *y;
    size_t x_row, w_row, y_row; /* elements from row to row */
    const real *bias;           /* (rows); NULL: none */
    int more;                   /* adds to y, without bias */
};

#endif
