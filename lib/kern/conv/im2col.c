/* Images as matrices and back; see im2col.h. */
#include "kern/conv/im2col.h"

#include <string.h>

/* One tap of one channel over one output row's columns j.begin .. j.end - 1. `row` is the input
 * row. */
static void gather_row(const struct cnn_conv *g, const real *row, size_t s, struct cnn_range j,
                       real *out)
{
    struct cnn_range in =
        cnn_conv_inside(s, g->dilation_w, g->stride_w, g->pad_left, g->in_w, g->out_w);
    size_t begin = cnn_min(cnn_max(in.begin, j.begin), j.end);
    size_t end = cnn_max(cnn_min(in.end, j.end), begin);
    size_t count = end - begin, from = begin * g->stride_w + s * g->dilation_w - g->pad_left;
    memset(out, 0, (begin - j.begin) * sizeof *out);
    out += begin - j.begin;
    if (!count)
        ;
    else if (g->stride_w == 1)
        memcpy(out, row + from, count * sizeof *out);
    else
        for (size_t k = 0; k < count; k++)
            out[k] = row[from + k * g->stride_w];
    memset(out + count, 0, (j.end - end) * sizeof *out);
}

static void scatter_row(const struct cnn_conv *g, const real *in, size_t s, struct cnn_range j,
                        real *row)
{
    struct cnn_range inside =
        cnn_conv_inside(s, g->dilation_w, g->stride_w, g->pad_left, g->in_w, g->out_w);
    size_t begin = cnn_max(inside.begin, j.begin), end = cnn_min(inside.end, j.end);
    if (begin >= end)
        return;
    real *to = row + (begin * g->stride_w + s * g->dilation_w - g->pad_left);
    in += begin - j.begin;
    for (size_t k = 0; k < end - begin; k++)
        to[k * g->stride_w] += in[k];
}

/* The columns of output row i within the range of pixels. */
static struct cnn_range columns_of(const struct cnn_conv *g, struct cnn_range pixels, size_t i)
{
    size_t first = i * g->out_w;
    return (struct cnn_range){pixels.begin > first ? pixels.begin - first : 0,
                              cnn_min(pixels.end - first, g->out_w)};
}

static void gather_tap(const struct cnn_conv *g, const real *plane, size_t r, size_t s,
                       struct cnn_range pixels, real *out)
{
    for (size_t i = pixels.begin / g->out_w; i * g->out_w < pixels.end; i++) {
        struct cnn_range j = columns_of(g, pixels, i);
        size_t row = i * g->stride_h + r * g->dilation_h;
        if (row < g->pad_top || row - g->pad_top >= g->in_h)
            memset(out, 0, (j.end - j.begin) * sizeof *out);
        else
            gather_row(g, plane + (row - g->pad_top) * g->in_w, s, j, out);
        out += j.end - j.begin;
    }
}

static void scatter_tap(const struct cnn_conv *g, const real *in, size_t r, size_t s,
                        struct cnn_range pixels, real *plane)
{
    for (size_t i = pixels.begin / g->out_w; i * g->out_w < pixels.end; i++) {
        struct cnn_range j = columns_of(g, pixels, i);
        size_t row = i * g->stride_h + r * g->dilation_h;
        if (row >= g->pad_top && row - g->pad_top < g->in_h)
            scatter_row(g, in, s, j, plane + (row - g->pad_top) * g->in_w);
        in += j.end - j.begin;
    }
}

void cnn_im2col(const struct cnn_conv *g, const real *x, size_t channels, struct cnn_range pixels,
                real *col, size_t ld)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t tap = 0; tap < g->kh * g->kw; tap++) {
            gather_tap(g, x + c * g->in_h * g->in_w, tap / g->kw, tap % g->kw, pixels, col);
            col += ld;
        }
}

void cnn_col2im(const struct cnn_conv *g, const real *col, size_t ld, size_t channels,
                struct cnn_range pixels, real *dx)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t tap = 0; tap < g->kh * g->kw; tap++) {
            scatter_tap(g, col, tap / g->kw, tap % g->kw, pixels, dx + c * g->in_h * g->in_w);
            col += ld;
        }
}
