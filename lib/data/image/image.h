/* Images and other sample values in memory, and their codecs. */
#ifndef CNN_DATA_IMAGE_IMAGE_H
#define CNN_DATA_IMAGE_IMAGE_H

#include <stddef.h>

struct cnn_chw; /* tensor/tensor.h */

/* Planes of numbers, (c, h, w). Decoded images hold value / maxval in 0..1 with maxval 255 or 65535
 * (what they are written back with); maxval 0 says that the numbers are no image (features): never
 * resized, normalised or augmented. */
struct cnn_image {
    size_t c, h, w;
    unsigned maxval;
    float *px;
    size_t
        capacity; /* elements that px can hold; px is reused when an image is decoded into again */
};

/* Nothing larger is decoded: it is refused from its header, before memory is asked for. */
enum { CNN_IMAGE_MAX_SIDE = 65500 };
#define CNN_IMAGE_MAX_PIXELS ((size_t)1 << 28)

/* CNN_EDATA where no image may have that shape: no pixels, or beyond the bounds (on a side only
 * with a maxval). */
int cnn_image_bounds(size_t c, size_t h, size_t w, unsigned maxval);
/* Give the image that shape (contents undefined), reusing its memory. CNN_ESYSTEM, CNN_EDATA beyond
 * the bounds. */
int cnn_image_reshape(struct cnn_image *im, size_t c, size_t h, size_t w, unsigned maxval);
/* Room for so many elements at least; where it must grow the image is {0} but for that.
 * CNN_ESYSTEM.
 */
int cnn_image_reserve(struct cnn_image *im, size_t count);
int cnn_image_copy(struct cnn_image *dst, const struct cnn_image *src);
void cnn_image_free(struct cnn_image *im); /* leaves {0} */

/* Whether a file that begins so is an image, in a format that is read or in one that only is known.
 */
int cnn_image_is(const unsigned char *bytes, size_t size);
/* CNN_EDATA unless a file that begins so is an image that this build reads. No name in the message.
 */
int cnn_image_check(const unsigned char *bytes, size_t size);
/* "JPEG XL" and the like: an image in a format that is not read. NULL: none that is known. */
const char *cnn_image_foreign(const unsigned char *bytes, size_t size);
/* "an HTML page" and the like: a text that servers and systems leave in the place of a file. NULL:
 * none that is known. */
const char *cnn_text_foreign(const unsigned char *bytes, size_t size);
/* Whether a name ends as those of images do (.png, .JPG, ...). */
int cnn_image_has_name(const char *name);
/* The same of images in formats that are not read (.tga, .svg, ...). */
int cnn_image_has_foreign_name(const char *name);

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

/* Decode any format of image_codecs.def into 1 or 3 channels: transparency is dropped, the colour
 * kept; turned as its orientation says; CMYK converted. CNN_EDATA with what is wrong and no file
 * name: truncated and corrupt files are errors, never half-grey images. */
int cnn_image_decode(const unsigned char *bytes, size_t size, struct cnn_image *out);
int cnn_image_decode_as(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                        struct cnn_image *out);
/* The shape that cnn_image_decode would give, from the header: little but it is looked at, wherever
 * in the file it is (so that a mapped file serves best), and no memory asked for by its numbers.
 * CNN_EDATA as there, CNN_ESYSTEM. */
int cnn_image_size(const unsigned char *bytes, size_t size, struct cnn_chw *out);

/* The samples of a PNG file as it holds them, over a maxval of 255 or 65535: of a palette image the
 * indices, in one channel, and grey of less than 8 bits without being stretched to 8. */
int cnn_png_decode_stored(const unsigned char *bytes, size_t size, struct cnn_image *out);

/* Encode into a malloc'd buffer; values are rounded to the nearest of 0..maxval and clamped. PNM
 * gives P5 or P6. */
int cnn_png_encode(const struct cnn_image *im, unsigned char **bytes, size_t *size);
int cnn_pnm_encode(const struct cnn_image *im, unsigned char **bytes, size_t *size);
/* Write a PNG file, whole or not at all. */
int cnn_png_write(const char *path, const struct cnn_image *im);

/* Channels to 1 (ITU-R BT.601 luma, 0.299 R + 0.587 G + 0.114 B) or 3 (grey repeated). dst and src
 * differ. */
int cnn_image_channels(struct cnn_image *dst, const struct cnn_image *src, size_t c);

/* Resize to h x w, bilinear with antialiasing (a triangle filter widened by the scale when
 * shrinking, as Pillow and torchvision's antialias=True do). dst and src differ. */
int cnn_image_resize(struct cnn_image *dst, const struct cnn_image *src, size_t h, size_t w);

/* The pixels (y, x) to (y + h - 1, x + w - 1) of an image. */
struct cnn_box {
    size_t y, x, h, w;
};
/* That part (within h x w, not empty) of what cnn_image_resize would give, to the bit, and nothing
 * else computed. */
int cnn_image_resize_part(struct cnn_image *dst, const struct cnn_image *src, size_t h, size_t w,
                          const struct cnn_box *part);

/* The part of h x w whose upper left corner is at (y, x) of src; outside is `fill`. dst and src
 * differ. */
int cnn_image_crop(struct cnn_image *dst, const struct cnn_image *src, ptrdiff_t y, ptrdiff_t x,
                   size_t h, size_t w, float fill);

#endif
