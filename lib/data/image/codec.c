/* What the image codecs share; see codec.h. */
#include "data/image/codec.h"

#include "base/error.h"
#include "kern/hot.h"

/* Loops of their own, since compilers fill vectors where the step is known. */
CNN_HOT(split3,
        (float *restrict r, float *restrict g, float *restrict b, size_t w,
         const unsigned char *restrict row, float divisor),
        (r, g, b, w, row, divisor))
{
    for (size_t x = 0; x < w; x++) {
        r[x] = (float)row[3 * x] / divisor;
        g[x] = (float)row[3 * x + 1] / divisor;
        b[x] = (float)row[3 * x + 2] / divisor;
    }
}

CNN_HOT(split1, (float *restrict to, size_t w, const unsigned char *restrict row, float divisor),
        (to, w, row, divisor))
{
    for (size_t x = 0; x < w; x++)
        to[x] = (float)row[x] / divisor;
}

void cnn_codec_row8(struct cnn_image *im, size_t y, const unsigned char *row, size_t step,
                    unsigned maxval)
{
    float divisor = (float)maxval, *to = im->px + y * im->w;
    size_t plane = im->h * im->w;
    if (im->c == 3 && step == 3)
        split3(to, to + plane, to + 2 * plane, im->w, row, divisor);
    else if (im->c == 1 && step == 1)
        split1(to, im->w, row, divisor);
    else
        for (size_t k = 0; k < im->c; k++)
            for (size_t x = 0; x < im->w; x++)
                to[k * plane + x] = (float)row[x * step + k] / divisor;
}

void cnn_codec_row16(struct cnn_image *im, size_t y, const unsigned char *row, size_t step,
                     unsigned maxval)
{
    float divisor = (float)maxval;
    for (size_t k = 0; k < im->c; k++) {
        float *to = im->px + (k * im->h + y) * im->w;
        for (size_t x = 0; x < im->w; x++) {
            const unsigned char *p = row + 2 * (x * step + k);
            to[x] = (float)(p[0] << 8 | p[1]) / divisor;
        }
    }
}

size_t cnn_codec_row_bytes(const struct cnn_image *im)
{
    return im->c * im->w * (im->maxval > 255 ? 2 : 1);
}

void cnn_codec_pack_row(const struct cnn_image *im, size_t y, unsigned char *row)
{
    for (size_t k = 0; k < im->c; k++) {
        const float *from = im->px + (k * im->h + y) * im->w;
        for (size_t x = 0; x < im->w; x++) {
            unsigned v = cnn_quantise(from[x], im->maxval);
            size_t at = x * im->c + k;
            if (im->maxval > 255) {
                row[2 * at] = (unsigned char)(v >> 8);
                row[2 * at + 1] = (unsigned char)v;
            } else {
                row[at] = (unsigned char)v;
            }
        }
    }
}

int cnn_codec_check(const struct cnn_image *im, const char *format)
{
    if ((im->c != 1 && im->c != 3) || (im->maxval != 255 && im->maxval != 65535))
        return cnn_fail(CNN_EDATA, "%zu channels of maxval %u are no %s image", im->c, im->maxval,
                        format);
    return 0;
}
