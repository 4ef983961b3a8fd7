/* Images and other sample values in memory; files of them are codecs.h. */
#ifndef CNN_DATA_IMAGE_IMAGE_H
#define CNN_DATA_IMAGE_IMAGE_H

#include <stddef.h>

#include "base/error.h"
#include "kern/image.h"

/* Planes of numbers, (c, h, w). Decoded images hold value / maxval in 0..1 with maxval 255 or 65535
 * (what they are written back with); maxval 0 says that the numbers are no image (features): never
 * resized, normalised or augmented. */
struct cnn_image {
    size_t c, h, w;
    unsigned maxval;
    size_t first; /* numbers of four sizes: the first of them, c / first being the second; else 0 */
    float *px;
    /* elements that px can hold; px is reused when an image is decoded into again */
    size_t capacity;
};

/* Nothing larger is decoded: it is refused from its header, before memory is asked for. */
enum { CNN_IMAGE_MAX_SIDE = 65500 };
#define CNN_IMAGE_MAX_PIXELS ((size_t)1 << 28)

/* CNN_EDATA where no image may have that shape: no pixels, or beyond the bounds (on a side only
 * with a maxval). */
CNN_CHECKED int cnn_image_bounds(size_t c, size_t h, size_t w, unsigned maxval);
/* Give the image that shape (contents undefined), reusing its memory. CNN_ESYSTEM, CNN_EDATA beyond
 * the bounds. */
CNN_CHECKED int cnn_image_reshape(struct cnn_image *im, size_t c, size_t h, size_t w,
                                  unsigned maxval);
/* Room for so many elements at least; where it must grow the image is {0} but for that.
 * CNN_ESYSTEM.
 */
CNN_CHECKED int cnn_image_reserve(struct cnn_image *im, size_t count);
CNN_CHECKED int cnn_image_copy(struct cnn_image *dst, const struct cnn_image *src);
void cnn_image_free(struct cnn_image *im); /* leaves {0} */

/* What an image will be resized to: its shorter side becomes `side`; where that is 0, h x w. */
struct cnn_fit {
    size_t side, h, w;
};
/* From the size of an image to what it will be. */
void cnn_fit_size(const struct cnn_fit *fit, size_t *h, size_t *w);

/* How an image is decoded; {0}: as it is. */
struct cnn_decoding {
    const struct cnn_fit *fit; /* what it will be resized to. A JPEG image may then come out at 1/2,
                                  1/4 or 1/8 of its size (libjpeg's reduced inverse transforms), the
                                  smallest that is still twice that on both sides; after the resize
                                  photographs differ by about one level of 255 on average from those
                                  that were decoded in full (cnn-net(5)). */
    int strict; /* a JPEG file of which libjpeg warns is CNN_EDATA, though its pixels are all there
                 */
};

/* Channels to 1 (ITU-R BT.601 luma, 0.299 R + 0.587 G + 0.114 B) or 3 (grey repeated). dst and src
 * differ. */
CNN_CHECKED int cnn_image_channels(struct cnn_image *dst, const struct cnn_image *src, size_t c);

/* Resize to h x w, bilinear with antialiasing (a triangle filter widened by the scale when
 * shrinking, as Pillow and torchvision's antialias=True do). dst and src differ. */
CNN_CHECKED int cnn_image_resize(struct cnn_image *dst, const struct cnn_image *src, size_t h,
                                 size_t w);

/* The pixels (y, x) to (y + h - 1, x + w - 1) of an image. */
struct cnn_box {
    size_t y, x, h, w;
};
/* That part (within h x w, not empty) of what cnn_image_resize would give, to the bit, and nothing
 * else computed; by that filter. */
CNN_CHECKED int cnn_image_resize_part(struct cnn_image *dst, const struct cnn_image *src,
                                      enum cnn_filter filter, size_t h, size_t w,
                                      const struct cnn_box *part);
/* Elements of memory that dst takes there for any part of an image of h x w at no more than that size. */
size_t cnn_image_resize_room(size_t c, size_t h, size_t w);

/* The part of h x w whose upper left corner is at (y, x) of src; outside is `fill`. dst and src
 * differ. */
CNN_CHECKED int cnn_image_crop(struct cnn_image *dst, const struct cnn_image *src, ptrdiff_t y,
                               ptrdiff_t x, size_t h, size_t w, float fill);

#endif
