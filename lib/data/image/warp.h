/* Resampling of an image through an affine map, or through a field of displacements before it. */
#ifndef CNN_DATA_IMAGE_WARP_H
#define CNN_DATA_IMAGE_WARP_H

#include "base/error.h"
#include "data/image/image.h"
#include "kern/image.h"

/* What an output of h x w shows of its input. */
struct cnn_view {
    size_t h, w;
    struct cnn_affine map;
};

/* The whole image as it is. */
struct cnn_view cnn_view_whole(size_t h, size_t w);
/* Look at the view through another map: its output becomes the input of `next`, whose size the
 * output then has. */
void cnn_view_then(struct cnn_view *view, const struct cnn_view *next);
/* Where a point of the input is in the output; both are measured from the upper left corner of the
 * first pixel, maps from its centre. */
void cnn_view_find(const struct cnn_view *view, double x, double y, double out[2]);
/* Nonzero when the view of an image of h x w is the image itself. */
int cnn_view_is_whole(const struct cnn_view *view, size_t h, size_t w);

/* How far each pixel of an output is moved before it is looked at: pixel (x, y) shows what a view's
 * map has for (x + dx, y + dy). Start from {0}. */
struct cnn_displacements {
    size_t h, w;
    float *dx, *dy; /* (h, w) */
    size_t capacity;
};
/* What the numbers are is open. CNN_ESYSTEM. */
CNN_CHECKED int cnn_displacements_reshape(struct cnn_displacements *f, size_t h, size_t w);
void cnn_displacements_free(struct cnn_displacements *f);

/* dst and src differ; field: of the view's h x w; NULL: none. CNN_EDATA, CNN_ESYSTEM as
 * cnn_image_reshape. */
CNN_CHECKED int cnn_image_warp(struct cnn_image *dst, const struct cnn_image *src,
                               const struct cnn_view *view, enum cnn_fill fill); /* bilinear */
CNN_CHECKED int cnn_image_bend(struct cnn_image *dst, const struct cnn_image *src,
                               const struct cnn_view *view, const struct cnn_displacements *field,
                               enum cnn_fill fill);
/* By the nearest pixel, for images of class numbers; the fills that are values give 0 outside. */
CNN_CHECKED int cnn_labels_warp(struct cnn_image *dst, const struct cnn_image *src,
                                const struct cnn_view *view, enum cnn_fill fill);
CNN_CHECKED int cnn_labels_bend(struct cnn_image *dst, const struct cnn_image *src,
                                const struct cnn_view *view, const struct cnn_displacements *field,
                                enum cnn_fill fill);

#endif
