/* Images as matrices, so that convolution becomes a matrix product:
 * col[(c, r, s), p] = x[c, i * stride + r * dilation - pad, j * stride + s * dilation - pad]
 * for output pixel p = i * out_w + j, 0 outside the image. */
#ifndef CNN_KERN_CONV_IM2COL_H
#define CNN_KERN_CONV_IM2COL_H

#include "kern/conv/algorithm.h"

/* `channels` channels from x (channels, in_h, in_w), for a range of pixels; rows of col are ld
 * apart. */
void cnn_im2col(const struct cnn_conv *g, const real *x, size_t channels, struct cnn_range pixels,
                real *col, size_t ld);

/* The transposed map: dx += what col's elements came from. */
void cnn_col2im(const struct cnn_conv *g, const real *col, size_t ld, size_t channels,
                struct cnn_range pixels, real *dx);

#endif
