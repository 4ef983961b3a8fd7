/* Resizing by a separable triangle filter:
 *
 *     out[i] = sum_k w(k) in[k] / sum_k w(k),  w(k) = max(0, 1 - |k + 1/2 - (i + 1/2) s| / max(s,
 * 1)),  s = in / out
 *
 * Plain bilinear interpolation when growing; when shrinking the filter is as wide as the pixels
 * that fall together, so that nothing aliases. The samples are those of Pillow's BILINEAR and
 * torchvision's antialias=True. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/image.h"

/* One axis: how the samples of the output weigh those of the input. */
struct axis {
    size_t in, out;
    size_t taps;   /* at most so many for one output */
    float *weight; /* (out, taps) */
};

/* The input samples first..first+count-1 that output i sees. */
struct window {
    size_t first, count;
    double centre;
};

static double stretch(const struct axis *a)
{
    double s = (double)a->in / (double)a->out;
    return s > 1 ? s : 1;
}

static struct window window_of(const struct axis *a, size_t i)
{
    double support = stretch(a), centre = ((double)i + 0.5) * (double)a->in / (double)a->out;
    double lo = floor(centre - support + 0.5), hi = floor(centre + support + 0.5);
    size_t first = lo > 0 ? (size_t)lo : 0, end = hi < (double)a->in ? (size_t)hi : a->in;
    return (struct window){first, end - first, centre};
}

static void fill_weights(struct axis *a)
{
    double scale = 1 / stretch(a);
    for (size_t i = 0; i < a->out; i++) {
        struct window v = window_of(a, i);
        float *w = a->weight + i * a->taps;
        double sum = 0;
        for (size_t k = 0; k < v.count; k++) {
            double d = 1 - fabs(((double)(v.first + k) + 0.5 - v.centre) * scale);
            w[k] = d > 0 ? (float)d : 0;
            sum += w[k];
        }
        for (size_t k = 0; k < v.count; k++)
            w[k] = (float)(w[k] / sum);
    }
}

static struct axis axis_of(size_t in, size_t out)
{
    struct axis a = {.in = in, .out = out};
    a.taps = 2 * (size_t)ceil(stretch(&a)) + 1;
    return a;
}

static float dot(size_t n, const float *w, const float *x)
{
    float sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += w[k] * x[k];
    return sum;
}

/* (rows, in) to (rows, out), some rows at a time, so that they stay in the cache */
static void along_rows(const struct axis *a, size_t rows, const float *src, float *dst)
{
    enum { BAND = 16 };
    for (size_t band = 0; band < rows; band += BAND)
        for (size_t i = 0; i < a->out; i++) {
            struct window v = window_of(a, i);
            const float *w = a->weight + i * a->taps;
            for (size_t y = band; y < rows && y < band + BAND; y++)
                dst[y * a->out + i] = dot(v.count, w, src + y * a->in + v.first);
        }
}

/* (in, w) to (out, w) */
static void along_columns(const struct axis *a, size_t w, const float *src, float *dst)
{
    for (size_t i = 0; i < a->out; i++) {
        struct window v = window_of(a, i);
        float *restrict to = dst + i * w;
        memset(to, 0, w * sizeof *to);
        for (size_t k = 0; k < v.count; k++) {
            const float *restrict from = src + (v.first + k) * w;
            float weight = a->weight[i * a->taps + k];
            for (size_t x = 0; x < w; x++)
                to[x] += weight * from[x];
        }
    }
}

int cnn_image_resize(struct cnn_image *dst, const struct cnn_image *src, size_t h, size_t w)
{
    if (h == src->h && w == src->w)
        return cnn_image_copy(dst, src);
    int code = cnn_image_reshape(dst, src->c, h, w, src->maxval);
    if (code)
        return code;
    /* The weights and one plane that is resized along its rows only live behind the result, in
     * memory that dst keeps. */
    struct axis across = axis_of(src->w, w), down = axis_of(src->h, h);
    size_t result = src->c * h * w, between = src->h * w;
    size_t need = result + between + w * across.taps + h * down.taps;
    if (need > dst->capacity) {
        float *px = realloc(dst->px, need * sizeof *px);
        if (!px)
            return cnn_fail_memory(need * sizeof *px);
        dst->px = px;
        dst->capacity = need;
    }
    float *half = dst->px + result;
    across.weight = half + between;
    down.weight = across.weight + w * across.taps;
    fill_weights(&across);
    fill_weights(&down);
    for (size_t k = 0; k < src->c; k++) {
        along_rows(&across, src->h, src->px + k * src->h * src->w, half);
        along_columns(&down, w, half, dst->px + k * h * w);
    }
    return 0;
}
