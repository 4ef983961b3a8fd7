/* The inner loops of flat.c, for the vector unit that the machine has. */
#ifndef CNN_KERN_CONV_FLAT_BLOCKS_H
#define CNN_KERN_CONV_FLAT_BLOCKS_H

#include <stddef.h>

#include "tensor/tensor.h"

enum {
    CNN_FLAT_LANES = 64 / sizeof(real), /* elements of a vector at most */
    CNN_FLAT_OUTPUTS = 8,               /* output channels of a block at most */
    CNN_FLAT_VECTORS = 3,               /* vectors of a block at most */
    CNN_FLAT_TAPS = 5                   /* taps of a row worked on at once at most */
};

/* How a plane is read: tap (r, s) of channel c lies at c * plane + r * row + s * step. */
struct cnn_flat_taps {
    size_t channels, kh, kw;
    size_t plane, row, step;
};

/* out[k][e] = bias[k] + sum over taps of w[tap][k] x[tap][e], e over a few vectors from x on.
 * w (channels, kh, kw, outputs); rows of out are ld apart. */
typedef void cnn_flat_forward(const struct cnn_flat_taps *t, const real *x, const real *w,
                              const real *bias, real *out, size_t ld);

/* Planes of samples, and how far apart they lie. */
struct cnn_flat_samples {
    size_t samples, vectors; /* vectors of a plane */
    size_t x_sample, dy_sample, dy_plane;
};

/* dw[k * ld + s] += sum over samples and elements e of dy[k][e] x[e + s * step]. */
typedef void cnn_flat_weight(const struct cnn_flat_samples *p, const real *x, size_t step,
                             const real *dy, real *dw, size_t ld);

/* The blocks for one instruction set; indices of the tables are sizes less one. Forward blocks are
 * of 1 or of `vectors` vectors. */
struct cnn_flat_blocks {
    size_t lanes;            /* elements of a vector */
    size_t outputs, vectors; /* the largest forward block that registers hold */
    size_t sums;             /* outputs * taps of such a weight block */
    cnn_flat_forward *forward[CNN_FLAT_OUTPUTS][CNN_FLAT_VECTORS];
    cnn_flat_weight *weight[CNN_FLAT_OUTPUTS][CNN_FLAT_TAPS];
};

const struct cnn_flat_blocks *cnn_flat_blocks(void);

#endif
