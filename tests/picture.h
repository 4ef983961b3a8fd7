/* What is seen in a picture: colours as 0xRRGGBB. */
#ifndef TESTS_PICTURE_H
#define TESTS_PICTURE_H

#include <math.h>
#include <stddef.h>

#include "data/image/image.h"

static inline unsigned pixel(const struct cnn_image *im, size_t x, size_t y)
{
    unsigned out = 0;
    for (size_t k = 0; k < 3; k++)
        out = out << 8 | (unsigned)lrintf(255 * im->px[(k * im->h + y) * im->w + x]);
    return out;
}

static inline size_t count_pixels(const struct cnn_image *im, unsigned colour)
{
    size_t n = 0;
    for (size_t y = 0; y < im->h; y++)
        for (size_t x = 0; x < im->w; x++)
            n += pixel(im, x, y) == colour;
    return n;
}

#endif
