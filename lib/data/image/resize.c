/* Resizing by a separable filter f (kern/image.h):
 *
 *     out[i] = sum_k w(k) in[k] / sum_k w(k),
 *     w(k) = f((k + 1/2 - (i + 1/2) s) / max(s, 1)),  s = in / out
 *
 * Plain interpolation when growing; when shrinking the filter is as wide as the pixels that fall
 * together, so that nothing aliases. The samples are those of Pillow's filters and of torchvision's
 * with antialias=True.
 *
 * Some rows of the result are made at a time, first down the columns, then along the rows with the
 * band transposed, so that both passes fill vectors. A sum runs over k in its order in either. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/image/image.h"
#include "kern/hot.h"

enum { BAND = 8 };

/* The input samples that an output sees. */
struct window {
    uint32_t first, count;
};

/* One axis: how the samples first..first+out-1 of the output weigh those of the input. */
struct axis {
    enum cnn_filter filter;
    size_t in, full;       /* samples of the whole input and output */
    size_t first, out;     /* those that are wanted */
    size_t taps;           /* at most so many for one output */
    float *weight;         /* (out, taps) */
    struct window *window; /* (out) */
};

static double stretch(const struct axis *a)
{
    double s = (double)a->in / (double)a->full;
    return s > 1 ? s : 1;
}

static void fill_weights(struct axis *a)
{
    double support = cnn_filter_support(a->filter) * stretch(a), scale = 1 / stretch(a);
    for (size_t i = 0; i < a->out; i++) {
        double centre = ((double)(a->first + i) + 0.5) * (double)a->in / (double)a->full;
        double lo = floor(centre - support + 0.5), hi = floor(centre + support + 0.5);
        size_t first = lo > 0 ? (size_t)lo : 0, end = hi < (double)a->in ? (size_t)hi : a->in;
        float *w = a->weight + i * a->taps;
        double sum = 0;
        for (size_t k = 0; k < end - first; k++) {
            w[k] =
                (float)cnn_filter_weight(a->filter, ((double)(first + k) + 0.5 - centre) * scale);
            sum += w[k];
        }
        for (size_t k = 0; k < end - first; k++)
            w[k] = (float)(w[k] / sum);
        a->window[i] = (struct window){(uint32_t)first, (uint32_t)(end - first)};
    }
}

static struct axis axis_of(enum cnn_filter filter, size_t in, size_t full, size_t first, size_t out)
{
    struct axis a = {.filter = filter, .in = in, .full = full, .first = first, .out = out};
    a.taps = 2 * (size_t)ceil(cnn_filter_support(filter) * stretch(&a)) + 1;
    return a;
}

/* Input samples `*from` to `*to` (not included) are all that the axis reads. */
static void extent(const struct axis *a, size_t *from, size_t *to)
{
    const struct window *last = &a->window[a->out - 1];
    *from = a->window[0].first;
    *to = (size_t)last->first + last->count;
}

/* One row of n values from `count` rows that lie `stride` apart. */
CNN_HOT(weigh_rows,
        (size_t n, size_t count, size_t stride, const float *weight, const float *restrict src,
         float *restrict dst),
        (n, count, stride, weight, src, dst))
{
    for (size_t x = 0; x < n; x++)
        dst[x] = weight[0] * src[x];
    for (size_t k = 1; k < count; k++) {
        const float *restrict row = src + k * stride;
        float w = weight[k];
        for (size_t x = 0; x < n; x++)
            dst[x] += w * row[x];
    }
}

/* (BAND, n) to (n, BAND) */
CNN_HOT(transpose, (size_t n, const float *restrict src, float *restrict dst), (n, src, dst))
{
    for (size_t x = 0; x < n; x++)
        for (size_t y = 0; y < BAND; y++)
            dst[x * BAND + y] = src[y * n + x];
}

/* (in, BAND), of which the first is sample `from`, to (out, BAND) */
CNN_HOT(weigh_columns,
        (const struct axis *a, size_t from, const float *restrict src, float *restrict dst),
        (a, from, src, dst))
{
    for (size_t i = 0; i < a->out; i++) {
        const float *w = a->weight + i * a->taps;
        const float *restrict x = src + (a->window[i].first - from) * BAND;
        float sum[BAND] = {0};
        for (size_t k = 0; k < a->window[i].count; k++)
            for (size_t y = 0; y < BAND; y++)
                sum[y] += w[k] * x[k * BAND + y];
        for (size_t y = 0; y < BAND; y++)
            dst[i * BAND + y] = sum[y];
    }
}

/* (n, BAND) to `rows` rows of n */
CNN_HOT(transpose_back, (size_t n, size_t rows, const float *restrict src, float *restrict dst),
        (n, rows, src, dst))
{
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < n; x++)
            dst[y * n + x] = src[x * BAND + y];
}

/* One plane. `band` has room for two bands of the input's width and one of the output's. */
static void resize_plane(const struct axis *down, const struct axis *across, const float *src,
                         float *dst, float *band)
{
    size_t from, to;
    extent(across, &from, &to);
    size_t n = to - from;
    float *turned = band + BAND * n, *done = turned + BAND * n;
    for (size_t y = 0; y < down->out; y += BAND) {
        size_t rows = down->out - y < BAND ? down->out - y : BAND;
        for (size_t i = 0; i < rows; i++)
            weigh_rows(n, down->window[y + i].count, across->in,
                       down->weight + (y + i) * down->taps,
                       src + down->window[y + i].first * across->in + from, band + i * n);
        memset(band + rows * n, 0, (BAND - rows) * n * sizeof *band);
        transpose(n, band, turned);
        weigh_columns(across, from, turned, done);
        transpose_back(across->out, rows, done, dst + y * across->out);
    }
}

/* Floats of memory for the axis' weights and windows. */
static size_t axis_room(const struct axis *a)
{
    return a->out * (a->taps + sizeof(struct window) / sizeof(float));
}

static float *place_axis(struct axis *a, float *at)
{
    void *windows = at + a->out * a->taps;
    a->weight = at;
    a->window = windows;
    fill_weights(a);
    return at + axis_room(a);
}

int cnn_image_resize_part(struct cnn_image *dst, const struct cnn_image *src,
                          enum cnn_filter filter, size_t h, size_t w, const struct cnn_box *part)
{
    int rc = cnn_image_bounds(src->c, h, w, src->maxval);
    if (!rc)
        rc = cnn_image_reshape(dst, src->c, part->h, part->w, src->maxval);
    if (rc)
        return rc;
    /* The weights and the bands live behind the result, in memory that dst keeps. */
    struct axis across = axis_of(filter, src->w, w, part->x, part->w);
    struct axis down = axis_of(filter, src->h, h, part->y, part->h);
    size_t result = src->c * part->h * part->w;
    size_t need = result + axis_room(&across) + axis_room(&down) + BAND * (2 * src->w + part->w);
    if (need > dst->capacity) {
        float *px = realloc(dst->px, need * sizeof *px);
        if (!px)
            return cnn_fail_memory(need * sizeof *px);
        dst->px = px;
        dst->capacity = need;
    }
    float *band = place_axis(&down, place_axis(&across, dst->px + result));
    for (size_t k = 0; k < src->c; k++)
        resize_plane(&down, &across, src->px + k * src->h * src->w, dst->px + k * part->h * part->w,
                     band);
    for (size_t i = 0; filter == CNN_FILTER_BICUBIC && i < result; i++)
        dst->px[i] = cnn_filter_result(filter, dst->px[i]);
    return 0;
}

/* Where out <= in, out (2 ceil(support in / out) + 1) taps are at most (2 support + 3) in. */
static size_t most_axis_room(size_t side)
{
    size_t support = (size_t)ceil(cnn_filter_support(CNN_FILTER_BICUBIC));
    return side * (2 * support + 3 + sizeof(struct window) / sizeof(float));
}

size_t cnn_image_resize_room(size_t c, size_t h, size_t w)
{
    return c * h * w + most_axis_room(h) + most_axis_room(w) + BAND * 3 * w;
}

int cnn_image_resize(struct cnn_image *dst, const struct cnn_image *src, size_t h, size_t w)
{
    if (h == src->h && w == src->w)
        return cnn_image_copy(dst, src);
    return cnn_image_resize_part(dst, src, CNN_FILTER_BILINEAR, h, w,
                                 &(struct cnn_box){0, 0, h, w});
}
