/* Resampling of an image through an affine map. */
#ifndef CNN_DATA_IMAGE_WARP_H
#define CNN_DATA_IMAGE_WARP_H

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
/* Nonzero when the view of an image of h x w is the image itself. */
int cnn_view_is_whole(const struct cnn_view *view, size_t h, size_t w);

/* dst and src differ. CNN_EDATA, CNN_ESYSTEM as cnn_image_reshape. */
int cnn_image_warp(struct cnn_image *dst, const struct cnn_image *src, const struct cnn_view *view,
                   enum cnn_fill fill); /* bilinear */
/* By the nearest pixel, for images of class numbers; the fills that are values give 0 outside. */
int cnn_labels_warp(struct cnn_image *dst, const struct cnn_image *src, const struct cnn_view *view,
                    enum cnn_fill fill);

#endif
