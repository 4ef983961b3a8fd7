/* Sliding windows along one axis, for convolution and pooling. */
#ifndef CNN_LAYER_WINDOW_H
#define CNN_LAYER_WINDOW_H

#include "layer/layer.h"

/* Windows start every `stride` elements of the padded input and take `kernel` elements, `dilation`
 * apart. */
struct cnn_axis {
    size_t in, kernel, stride, dilation;
    int pad[2];  /* elements before and after; or in both CNN_PAD_SAME or another of the words */
    int ceiling; /* a last window may reach over the padded end, if it starts before the right
                    padding */
    size_t before, after, out; /* filled in: padding, windows */
};

/* Fit windows to both axes. CNN_EDATA when not one fits.
 * same: out = ceil(in / stride), the odd element of padding at the end (ONNX SAME_UPPER);
 * same_lower: at the beginning.
 * full: every window that meets the input, padding dilation * (kernel - 1). */
CNN_CHECKED int cnn_axis_fit(struct cnn_axis *h, struct cnn_axis *w);
/* The same of windows that were found to fit, as by a layer's setup. */
void cnn_axis_fit_again(struct cnn_axis *h, struct cnn_axis *w);

/* What options say of a third axis, the depth of a volume, whose slices are a sample's rows. Where the
 * kernel has a depth, the others have it, too, or are alike on all axes. */
struct cnn_depth_options {
    struct cnn_pair kernel, stride, dilation;
    struct cnn_pad pad;
    int ceiling;
};

/* Windows of the depth; of kernels without one each row by itself. fit: CNN_EDATA where there is
 * none, or a depth is said and the kernel has none. */
CNN_CHECKED int cnn_depth_fit(const struct cnn_depth_options *o, size_t rows, struct cnn_axis *d);
struct cnn_axis cnn_depth_fit_again(const struct cnn_depth_options *o, size_t rows);
/* Whether each row is seen by itself. */
int cnn_depth_is_flat(const struct cnn_axis *d);
/* For kernels. */
struct cnn_depth cnn_depth_of(const struct cnn_axis *d);

#endif
