/* Which taps of a window lie inside the input, along one axis of a convolution or a pooling.
 * Outputs are cut into pieces that read the same taps: one large piece in the middle, where all
 * taps lie inside, and single outputs at the borders. Inner loops then need no conditions. */
#ifndef CNN_KERN_TAPS_H
#define CNN_KERN_TAPS_H

#include "kern/parallel.h"

/* Output i reads input i * stride + t * dilation - pad through tap t < kernel. */
struct cnn_taps {
    size_t in, out, kernel, stride, dilation;
    ptrdiff_t pad;
};

/* Outputs begin .. end - 1, whose taps first .. first + count - 1 lie inside; count may be 0. */
struct cnn_piece {
    size_t begin, end, first, count;
    ptrdiff_t at; /* what tap `first` of output `begin` reads */
};

/* The inputs of one phase that a window's outputs reach, as outputs of another window: input
 * phase + stride * m is reached by the outputs that piece m of `back` reads, its tap u through tap
 * last - step * u of the window itself. Gradients go back through it. */
struct cnn_taps_back {
    struct cnn_taps back; /* in: outputs of the window; out: inputs of this phase */
    size_t last, step;
};

/* The piece that begins at output `begin` and ends at `end` at the latest. */
struct cnn_piece cnn_taps_piece(const struct cnn_taps *t, size_t begin, size_t end);
/* phase < t->stride. */
struct cnn_taps_back cnn_taps_back(const struct cnn_taps *t, size_t phase);

/* Visits the rectangles of output rows `rows` and all columns. */
typedef void cnn_taps_visit(void *context, const struct cnn_piece *row,
                            const struct cnn_piece *column);
void cnn_taps_each(const struct cnn_taps *h, const struct cnn_taps *w, struct cnn_range rows,
                   cnn_taps_visit *visit, void *context);

#endif
