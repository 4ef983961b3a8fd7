/* What the image codecs share: samples in rows to planes of values, and back. */
#ifndef CNN_DATA_CODEC_H
#define CNN_DATA_CODEC_H

#include <stddef.h>

#include "data/image.h"

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
int cnn_codec_check(const struct cnn_image *im, const char *format);

/* The orientation 1..8 that a JPEG's APP1 segment tells; 1 when it tells none (Exif 2.3, tag
 * 0x0112). */
int cnn_exif_orientation(const unsigned char *bytes, size_t size);

#endif
