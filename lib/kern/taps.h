/* Windows over planes, cut so that inner loops need no conditions at the borders: outputs that read
 * the same taps make a rectangle. There is one large rectangle in the middle, where all taps lie
 * inside the input, and rows, columns and corners around it. */
#ifndef CNN_KERN_TAPS_H
#define CNN_KERN_TAPS_H

#include "kern/isa/types.h"
#include "kern/parallel.h"

/* One axis: output i reads input i * stride + t * dilation - pad through tap t < kernel. */
struct cnn_taps {
    size_t in, out, kernel, stride, dilation;
    ptrdiff_t pad;
};

/* Outputs begin .. end - 1, whose taps first .. first + count - 1 lie inside; count may be 0. */
struct cnn_piece {
    size_t begin, end, first, count;
    ptrdiff_t at; /* what tap `first` of output `begin` reads */
};

/* The piece that begins at output `begin` and ends at `end` at the latest. */
struct cnn_piece cnn_taps_piece(const struct cnn_taps *t, size_t begin, size_t end);

/* A window over planes of vectors (h, w, lanes), for some of its outputs: every every_h-th row
 * from phase_h on, columns likewise. Tap t of h is tap first_h + t * step_h of the convolution. */
struct cnn_walk {
    struct cnn_taps h, w;
    size_t lanes, width; /* width: of the plane of outputs */
    size_t phase_h, phase_w, every_h, every_w;
    ptrdiff_t first_h, step_h, first_w, step_w;
};

/* From inputs to outputs. */
struct cnn_walk cnn_walk_forward(const struct cnn_taps *h, const struct cnn_taps *w, size_t lanes);
/* From outputs back to the inputs that they read. These are phase_h < h->stride, w->stride +
 * phase_h and so on, columns likewise: each pair of phases is a walk, where the gradient of each
 * input is a sum over outputs. */
struct cnn_walk cnn_walk_back(const struct cnn_taps *h, const struct cnn_taps *w, size_t lanes,
                              size_t phase_h, size_t phase_w);

/* Visits the rectangles of what lies in rows `rows` of the plane of outputs. Offsets of rectangles
 * count from the planes' beginnings; a single column is walked down as if it were a row. */
typedef void cnn_walk_visit(void *context, const struct cnn_rectangle *r,
                            const struct cnn_piece *row, const struct cnn_piece *column);
void cnn_walk(const struct cnn_walk *k, struct cnn_range rows, cnn_walk_visit *visit,
              void *context);

/* Planes cut into bands of rows, and bands handed out in jobs. */
struct cnn_bands {
    size_t planes, height;
    size_t bands, rows; /* of a plane, of a band */
    size_t chunk, jobs;
};

struct cnn_bands cnn_bands_of(size_t planes, size_t height, size_t width);

/* Bands job .. : the index-th band's plane and rows. */
static inline struct cnn_range cnn_bands_of_job(const struct cnn_bands *b, size_t job)
{
    return cnn_range_of(job, b->chunk, b->planes * b->bands);
}

static inline struct cnn_range cnn_band_rows(const struct cnn_bands *b, size_t index)
{
    return cnn_range_of(index % b->bands, b->rows, b->height);
}

#endif
