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

#endif
