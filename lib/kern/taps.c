/* Pieces of outputs that read the same taps; see taps.h. */
#include "kern/taps.h"

/* a / b rounded up, for a >= 0. */
static size_t quotient_up(ptrdiff_t a, size_t b)
{
    return cnn_ceil_div((size_t)a, b);
}

/* Outputs whose taps all lie inside. */
static struct cnn_range middle(const struct cnn_taps *t)
{
    ptrdiff_t room = (ptrdiff_t)t->in - 1 - (ptrdiff_t)((t->kernel - 1) * t->dilation) + t->pad;
    size_t begin = t->pad > 0 ? quotient_up(t->pad, t->stride) : 0;
    size_t end = room < 0 ? 0 : (size_t)room / t->stride + 1;
    return (struct cnn_range){begin, cnn_min(end, t->out)};
}

struct cnn_piece cnn_taps_piece(const struct cnn_taps *t, size_t begin, size_t end)
{
    struct cnn_piece p = {.begin = begin, .end = begin + 1};
    ptrdiff_t at = (ptrdiff_t)(begin * t->stride) - t->pad, in = (ptrdiff_t)t->in;
    p.at = at;
    if (!t->kernel) {
        p.end = end;
        return p;
    }
    struct cnn_range inside = middle(t);
    if (inside.begin <= begin && begin < inside.end) {
        p.end = cnn_min(end, inside.end);
        p.count = t->kernel;
        return p;
    }
    size_t stop = at < in ? cnn_min(t->kernel, (size_t)(in - 1 - at) / t->dilation + 1) : 0;
    p.first = at < 0 ? quotient_up(-at, t->dilation) : 0;
    p.count = stop > p.first ? stop - p.first : 0;
    p.at = p.count ? at + (ptrdiff_t)(p.first * t->dilation) : 0;
    return p;
}

/* Tap k reaches input phase + stride m from output m + (phase + pad - k dilation) / stride, where
 * that is whole: for every step-th tap. */
struct cnn_taps_back cnn_taps_back(const struct cnn_taps *t, size_t phase)
{
    ptrdiff_t stride = (ptrdiff_t)t->stride, dilation = (ptrdiff_t)t->dilation;
    ptrdiff_t shift = (ptrdiff_t)phase + t->pad;
    size_t first = 0, step = 1;
    while (first < t->kernel && (shift - (ptrdiff_t)first * dilation) % stride)
        first++;
    while ((ptrdiff_t)step * dilation % stride)
        step++;
    struct cnn_taps_back b = {
        .step = step,
        .back = {.in = t->out,
                 .out = t->in > phase ? cnn_ceil_div(t->in - phase, t->stride) : 0,
                 .stride = 1,
                 .dilation = step * t->dilation / t->stride}};
    b.back.kernel = cnn_ceil_div(t->kernel - first, step);
    if (!b.back.kernel)
        return b;
    b.last = first + step * (b.back.kernel - 1);
    b.back.pad = ((ptrdiff_t)b.last * dilation - shift) / stride;
    return b;
}

void cnn_taps_each(const struct cnn_taps *h, const struct cnn_taps *w, struct cnn_range rows,
                   cnn_taps_visit *visit, void *context)
{
    for (struct cnn_piece r = {.end = rows.begin}; r.end < rows.end;) {
        r = cnn_taps_piece(h, r.end, rows.end);
        for (struct cnn_piece c = {.end = 0}; c.end < w->out;) {
            c = cnn_taps_piece(w, c.end, w->out);
            visit(context, &r, &c);
        }
    }
}
