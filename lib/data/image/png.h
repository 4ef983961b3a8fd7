/* PNG files: what they hold besides what any image does, and their writing. */
#ifndef CNN_DATA_PNG_H
#define CNN_DATA_PNG_H

#include "base/error.h"
#include "data/image/image.h"

/* The samples of a PNG file as it holds them, over a maxval of 255 or 65535: of a palette image the
 * indices, in one channel, and grey of less than 8 bits without being stretched to 8. CNN_EDATA
 * where there is an alpha channel, too. */
CNN_CHECKED int cnn_png_decode_stored(const unsigned char *bytes, size_t size,
                                      struct cnn_image *out);

/* Encode into a malloc'd buffer; values are rounded to the nearest of 0..maxval and clamped. */
CNN_CHECKED int cnn_png_encode(const struct cnn_image *im, unsigned char **bytes, size_t *size);
/* Write a file, whole or not at all. */
CNN_CHECKED int cnn_png_write(const char *path, const struct cnn_image *im);

#endif
