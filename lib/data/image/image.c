/* Images in memory: shape, copies, channels, crops; see image.h. */
#include "data/image/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "kern/image.h"

int cnn_image_bounds(size_t c, size_t h, size_t w, unsigned maxval)
{
    size_t pixels, count;
    if (!c || !h || !w)
        return cnn_fail(CNN_EDATA, "an image of %zux%zux%zu has no pixels", c, h, w);
    if (maxval && (h > CNN_IMAGE_MAX_SIDE || w > CNN_IMAGE_MAX_SIDE))
        return cnn_fail(CNN_EDATA, "%zu x %zu pixels are more than %d on a side", w, h,
                        CNN_IMAGE_MAX_SIDE);
    if (cnn_mul_overflows(h, w, &pixels) || pixels > CNN_IMAGE_MAX_PIXELS)
        return cnn_fail(CNN_EDATA, "%zu x %zu pixels are more than %zu", w, h,
                        CNN_IMAGE_MAX_PIXELS);
    if (cnn_mul_overflows(pixels, c, &count) || count > 4 * CNN_IMAGE_MAX_PIXELS)
        return cnn_fail(CNN_EDATA, "%zux%zux%zu numbers are too many", c, h, w);
    return 0;
}

int cnn_image_reserve(struct cnn_image *im, size_t count)
{
    size_t bytes = count * sizeof *im->px;
    if (count <= im->capacity)
        return 0;
    cnn_image_free(im); /* its contents are not wanted, so no realloc */
    im->px = malloc(bytes);
    if (!im->px)
        return cnn_fail_memory(bytes);
    im->capacity = count;
    return 0;
}

int cnn_image_reshape(struct cnn_image *im, size_t c, size_t h, size_t w, unsigned maxval)
{
    int rc = cnn_image_bounds(c, h, w, maxval);
    if (!rc)
        rc = cnn_image_reserve(im, c * h * w);
    if (rc)
        return rc;
    im->c = c;
    im->h = h;
    im->w = w;
    im->maxval = maxval;
    im->first = 0;
    return 0;
}

int cnn_image_copy(struct cnn_image *dst, const struct cnn_image *src)
{
    int rc = cnn_image_reshape(dst, src->c, src->h, src->w, src->maxval);
    if (rc)
        return rc;
    dst->first = src->first;
    memcpy(dst->px, src->px, src->c * src->h * src->w * sizeof *src->px);
    return 0;
}

void cnn_image_free(struct cnn_image *im)
{
    free(im->px);
    *im = (struct cnn_image){0};
}

void cnn_fit_size(const struct cnn_fit *fit, size_t *h, size_t *w)
{
    size_t ih = *h, iw = *w;
    *h = fit->side && ih > iw ? fit->side * ih / iw : fit->side ? fit->side : fit->h;
    *w = fit->side && ih <= iw ? fit->side * iw / ih : fit->side ? fit->side : fit->w;
}

static void to_grey(struct cnn_image *dst, const struct cnn_image *src)
{
    size_t n = src->h * src->w;
    const float *r = src->px, *g = r + n, *b = g + n;
    for (size_t i = 0; i < n; i++)
        dst->px[i] = cnn_luma(r[i], g[i], b[i]);
}

int cnn_image_channels(struct cnn_image *dst, const struct cnn_image *src, size_t c)
{
    if (src->c == c)
        return cnn_image_copy(dst, src);
    if (!(src->c == 3 && c == 1) && !(src->c == 1 && c == 3))
        return cnn_fail(CNN_EDATA, "%zu channels cannot become %zu", src->c, c);
    int rc = cnn_image_reshape(dst, c, src->h, src->w, src->maxval);
    if (rc)
        return rc;
    if (c == 1) {
        to_grey(dst, src);
        return 0;
    }
    size_t n = src->h * src->w;
    for (size_t k = 0; k < c; k++)
        memcpy(dst->px + k * n, src->px, n * sizeof *src->px);
    return 0;
}

/* One row of the crop: fill, the part that src covers, fill. */
static void crop_row(float *dst, size_t w, const float *src, size_t src_w, ptrdiff_t x, float fill)
{
    for (size_t i = 0; i < w; i++) {
        ptrdiff_t at = x + (ptrdiff_t)i;
        dst[i] = at >= 0 && at < (ptrdiff_t)src_w ? src[at] : fill;
    }
}

int cnn_image_crop(struct cnn_image *dst, const struct cnn_image *src, ptrdiff_t y, ptrdiff_t x,
                   size_t h, size_t w, float fill)
{
    int rc = cnn_image_reshape(dst, src->c, h, w, src->maxval);
    if (rc)
        return rc;
    int inside = x >= 0 && x <= (ptrdiff_t)src->w - (ptrdiff_t)w;
    for (size_t k = 0; k < src->c; k++)
        for (size_t i = 0; i < h; i++) {
            ptrdiff_t at = y + (ptrdiff_t)i;
            float *to = dst->px + (k * h + i) * w;
            if (at < 0 || at >= (ptrdiff_t)src->h) {
                for (size_t j = 0; j < w; j++)
                    to[j] = fill;
                continue;
            }
            const float *from = src->px + (k * src->h + (size_t)at) * src->w;
            if (inside)
                memcpy(to, from + x, w * sizeof *to);
            else
                crop_row(to, w, from, src->w, x, fill);
        }
    return 0;
}
