/* A band of a direct convolution's inputs: padded with zeros, split by the phases of the stride,
 * and with channels side by side also where they come from a plain image. */
#include <string.h>

#include "kern/conv/direct/direct.h"
#include "kern/hot.h"

/* Columns of the gathered row that lie inside: at * stride + phase - pad in 0 .. in - 1. */
static struct cnn_range inside(const struct cnn_direct_axis *a, size_t phase)
{
    ptrdiff_t before = a->pad - (ptrdiff_t)phase, after = (ptrdiff_t)a->in + before;
    size_t columns = a->out + a->reach;
    size_t begin = before > 0 ? cnn_ceil_div((size_t)before, a->stride) : 0;
    size_t end = after > 0 ? cnn_ceil_div((size_t)after, a->stride) : 0;
    end = cnn_min(end, columns);
    return (struct cnn_range){cnn_min(begin, end), end};
}

/* to[i] = from[i * stride], blocks of `lanes`. */
static void copy_blocks(const real *from, size_t stride, size_t lanes, size_t count, real *to)
{
    if (stride == 1) {
        memcpy(to, from, count * lanes * sizeof *to);
        return;
    }
    cnn_isa()->gather(from, stride * lanes, count, to);
}

/* to (count, CNN_DIRECT_NARROW) from channels that lie `plane` apart. */
CNN_HOT(interleave,
        (const real *from, size_t stride, size_t plane, size_t channels, size_t count, real *to),
        (from, stride, plane, channels, count, to))
{
    for (size_t c = 0; c < CNN_DIRECT_NARROW; c++)
        for (size_t i = 0; i < count; i++)
            to[i * CNN_DIRECT_NARROW + c] = c < channels ? from[c * plane + i * stride] : 0;
}

/* One phase of input row y, all zero where that lies outside. */
static void gather_row(const struct cnn_direct *d, const real *from, ptrdiff_t y, size_t phase,
                       real *to)
{
    const struct cnn_direct_axis *a = &d->w;
    size_t columns = a->out + a->reach, lanes = d->from_lanes;
    struct cnn_range in = inside(a, phase);
    if (y < 0 || y >= (ptrdiff_t)d->h.in || in.begin == in.end) {
        memset(to, 0, columns * lanes * sizeof *to);
        return;
    }
    size_t x = (size_t)((ptrdiff_t)(in.begin * a->stride + phase) - a->pad);
    size_t at = (size_t)y * a->in + x, count = in.end - in.begin;
    memset(to, 0, in.begin * lanes * sizeof *to);
    if (d->narrow)
        interleave(from + at, a->stride, d->h.in * a->in, d->in_c, count, to + in.begin * lanes);
    else
        copy_blocks(from + at * lanes, a->stride, lanes, count, to + in.begin * lanes);
    memset(to + in.end * lanes, 0, (columns - in.end) * lanes * sizeof *to);
}

void cnn_direct_gather(const struct cnn_direct *d, const real *from, size_t first, size_t rows,
                       real *to)
{
    const struct cnn_direct_axis *h = &d->h;
    size_t columns = (d->w.out + d->w.reach) * d->from_lanes;
    for (size_t block = 0; block < d->in_blocks; block++)
        for (size_t phase = 0; phase < h->phases; phase++)
            for (size_t row = 0; row < rows + h->reach; row++) {
                const real *plane = from + block * h->in * d->w.in * d->from_lanes;
                ptrdiff_t y = (ptrdiff_t)((first + row) * h->stride + phase) - h->pad;
                real *at =
                    to + block * d->from_plane + (phase * (d->rows + h->reach) + row) * d->from_row;
                for (size_t p = 0; p < d->w.phases; p++)
                    gather_row(d, plane, y, p, at + p * columns);
            }
}
