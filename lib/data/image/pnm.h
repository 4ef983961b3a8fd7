/* Writing of PNM files. */
#ifndef CNN_DATA_PNM_H
#define CNN_DATA_PNM_H

#include "base/error.h"
#include "data/image/image.h"

/* P5 or P6 in a malloc'd buffer; values are rounded to the nearest of 0..maxval and clamped. */
CNN_CHECKED int cnn_pnm_encode(const struct cnn_image *im, unsigned char **bytes, size_t *size);

#endif
