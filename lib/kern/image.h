/* Images in a device's memory, and how a net's input is made of them: looked at through an affine
 * map, resized, cut, normalised (image_pixel.h). What images on the host have in common with that
 * is here: what is outside of an image and between its pixels. */
#ifndef CNN_KERN_IMAGE_H
#define CNN_KERN_IMAGE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "base/choices.h"
#include "base/random.h" /* CNN_BOTH */

/* Output pixel (x, y) takes its value from input point (a x + b y + c, d x + e y + f); pixel
 * centres are at whole numbers. */
struct cnn_affine {
    double a, b, c, d, e, f;
};

/* What is outside of an image: a value, its nearest pixel, or its mirror image (the outermost pixel
 * not repeated). */
#define CNN_FILLS(FIRST, NEXT)                                                                     \
    FIRST(CNN_FILL_BLACK, "black")                                                                 \
    NEXT(CNN_FILL_GREY, "grey")                                                                    \
    NEXT(CNN_FILL_WHITE, "white")                                                                  \
    NEXT(CNN_FILL_EDGE, "edge")                                                                    \
    NEXT(CNN_FILL_REFLECT, "reflect")
enum cnn_fill { CNN_CHOICE_NAMES(CNN_FILLS) };

/* How an image is resized: by a sum of input pixels, weighted by their distance from the output's
 * centre, in output pixels where it shrinks, so that nothing aliases (Pillow's filters of that name;
 * torchvision's, with antialias).
 *
 *     bilinear  a triangle
 *     bicubic   a cubic convolution with a = -1/2 (Keys 1981); its results are kept within 0..1
 *     area      a box: the mean of what an output pixel covers */
#define CNN_FILTERS(FIRST, NEXT)                                                                   \
    FIRST(CNN_FILTER_BILINEAR, "bilinear")                                                         \
    NEXT(CNN_FILTER_BICUBIC, "bicubic")                                                            \
    NEXT(CNN_FILTER_AREA, "area")
enum cnn_filter { CNN_CHOICE_NAMES(CNN_FILTERS) };

/* How far from the centre it reaches. A box that ends in the middle of a pixel has that at its right end alone, however
 * the middle is rounded. */
CNN_BOTH double cnn_filter_support(int filter)
{
    return filter == CNN_FILTER_BICUBIC ? 2 : filter == CNN_FILTER_AREA ? 0.5 + 1e-6 : 1;
}

/* The weight, before all are divided by their sum, at a distance within reach. */
CNN_BOTH double cnn_filter_weight(int filter, double x)
{
    double d = fabs(x);
    if (filter == CNN_FILTER_AREA)
        return x > -0.5 + 1e-7 && x <= 0.5 + 1e-7;
    if (filter == CNN_FILTER_BICUBIC)
        return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : d < 2 ? (((5 - d) * d - 8) * d + 4) / 2 : 0;
    return d < 1 ? 1 - d : 0;
}

/* What a filter that overshoots made of pixels in 0..1. */
CNN_BOTH float cnn_filter_result(int filter, float v)
{
    return filter != CNN_FILTER_BICUBIC ? v : v < 0 ? 0 : v > 1 ? 1 : v;
}

/* Points are rounded to a grid of 2^-20 pixels, so that maps that are whole up to rounding errors
 * give exact pixels. */
enum { CNN_GRID_BITS = 20 };

enum cnn_stored_form {
    CNN_STORED_BYTES, /* planes of bytes v that stand for v / 255 */
    CNN_STORED_REALS, /* planes of floats in 0..1 */
    CNN_STORED_INPUT, /* floats that are the net's input already */
};

/* An image in memory and what becomes of it. A view of view_h x view_w pixels is taken through the
 * map, resized to full_h x full_w, and the input is what is seen of that from (y, x) on; what lies
 * outside is black. */
struct cnn_stored_image {
    uint64_t at; /* bytes from where the memory begins, a multiple of 4 */
    uint32_t form, c, h, w;
    uint32_t view_h, view_w, full_h, full_w;
    int32_t y, x;
    struct cnn_affine map;
};

/* What is the same for all images: value = (pixel * 255 * scale - mean) / std. */
enum { CNN_RULE_CHANNELS = 16 };
struct cnn_image_rule {
    int fill;    /* enum cnn_fill */
    int filter;  /* enum cnn_filter */
    int reverse; /* the channels */
    int plain;   /* scale is 1 / 255: pixels are taken as they are */
    float scale;
    int each; /* mean and std are one a channel, else the first for all */
    float mean[CNN_RULE_CHANNELS], std[CNN_RULE_CHANNELS];
};

/* Where position i of an axis of n pixels is filled from; -1: from a value. */
CNN_BOTH int64_t cnn_filled_from(int64_t i, int64_t n, int fill)
{
    int64_t last = n - 1;
    if (i >= 0 && i <= last)
        return i;
    if (fill == CNN_FILL_EDGE)
        return i < 0 ? 0 : last;
    if (fill != CNN_FILL_REFLECT)
        return -1;
    if (!last)
        return 0;
    i = (i < 0 ? -i : i) % (2 * last);
    return i <= last ? i : 2 * last - i;
}

CNN_BOTH float cnn_fill_value(int fill)
{
    return fill == CNN_FILL_WHITE ? 1.0f : fill == CNN_FILL_GREY ? 0.5f : 0.0f;
}

/* A point on one axis: its whole pixels and the rest. What is too far away to matter stays in reach
 * of whole numbers. */
CNN_BOTH int64_t cnn_on_axis(double v, float *rest)
{
    const double far = 1e9, units = (double)(1 << CNN_GRID_BITS);
    v = v > -far ? v : -far;
    v = v < far ? v : far;
    v = floor(v * units + 0.5);
    double pixel = floor(v / units);
    *rest = (float)((v - pixel * units) / units);
    return (int64_t)pixel;
}

/* Of the four pixels v around a point, left to right and down. */
CNN_BOTH float cnn_blend(const float v[4], float fx, float fy)
{
    float top = v[0] * (1 - fx) + v[1] * fx, bottom = v[2] * (1 - fx) + v[3] * fx;
    return top * (1 - fy) + bottom * fy;
}

/* ITU-R BT.601 luma. */
CNN_BOTH float cnn_luma(float r, float g, float b)
{
    return 0.299f * r + 0.587f * g + 0.114f * b;
}

#endif
