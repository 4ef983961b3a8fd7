/* What the image codecs share: samples in rows to planes of values, and back. */
#ifndef CNN_DATA_IMAGE_CODEC_H
#define CNN_DATA_IMAGE_CODEC_H

#include <stddef.h>

#include "base/error.h"
#include "data/image/image.h"
#include "tensor/tensor.h"

/* A value as a sample of 0..maxval: the nearest, clamped; NaN is 0. */
static inline unsigned cnn_quantise(float value, unsigned maxval)
{
    float v = value * (float)maxval;
    if (!(v > 0))
        return 0;
    return v >= (float)maxval ? maxval : (unsigned)(v + 0.5f);
}

/* Row y of an image from interleaved samples: 8 bits, or 16 with the high byte first, `step`
 * samples a pixel of which the first im->c count; value = sample / maxval. */
void cnn_codec_row8(struct cnn_image *im, size_t y, const unsigned char *row, size_t step,
                    unsigned maxval);
void cnn_codec_row16(struct cnn_image *im, size_t y, const unsigned char *row, size_t step,
                     unsigned maxval);

/* Bytes of a row of samples as im->maxval says, and row y in that form. */
size_t cnn_codec_row_bytes(const struct cnn_image *im);
void cnn_codec_pack_row(const struct cnn_image *im, size_t y, unsigned char *row);

/* CNN_EDATA unless the image has 1 or 3 channels and maxval 255 or 65535. */
CNN_CHECKED int cnn_codec_check(const struct cnn_image *im, const char *format);

/* A format of images. Those that this build has no library for know their files, but decode none.
 */
struct cnn_image_codec {
    const char *name;    /* "PNG" */
    const char *library; /* that reads it, for messages; NULL: we do */
    const char *endings; /* of its files' names: ".jpg .jpeg", in lower case */
    /* Whether a file begins so. */
    int (*sniff)(const unsigned char *bytes, size_t size);
    /* As cnn_image_size and cnn_image_decode_as; NULL: the library is missing. */
    int (*size)(const unsigned char *bytes, size_t size, struct cnn_chw *out);
    int (*decode)(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                  struct cnn_image *out);
};

#define CNN_IMAGE_CODEC(name) extern const struct cnn_image_codec cnn_codec_##name;
#include "data/image/image_codecs.def"
#undef CNN_IMAGE_CODEC

/* The orientation 1..8 that Exif data tell (a TIFF structure, perhaps behind "Exif\0\0"); 1 when
 * they tell none (Exif 2.3, tag 0x0112). */
int cnn_exif_orientation(const unsigned char *bytes, size_t size);

/* Where pixel (x, y) of a stored image goes: element start + x * right + y * down of each plane. */
struct cnn_turn {
    ptrdiff_t start, right, down;
    size_t h, w; /* of the turned image */
    size_t stored_w;
    int plain; /* nothing is turned */
};
struct cnn_turn cnn_turn_of(int orientation, size_t stored_h, size_t stored_w);
/* Row y of the stored image to its place: samples of 8 or 16 bits as im->maxval says, as of
 * cnn_codec_row8. */
void cnn_turn_row(struct cnn_image *im, const struct cnn_turn *t, size_t y,
                  const unsigned char *row, size_t step);

#endif
