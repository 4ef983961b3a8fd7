/* Rectangles of outputs that read the same taps; see taps.h. */
#include "kern/taps.h"

enum { BAND_VECTORS = 2048 }; /* of a band of rows, which stays in an L2 cache */

/* Outputs whose taps all lie inside. */
static struct cnn_range middle(const struct cnn_taps *t)
{
    ptrdiff_t room = (ptrdiff_t)t->in - 1 - (ptrdiff_t)((t->kernel - 1) * t->dilation) + t->pad;
    size_t begin = t->pad > 0 ? cnn_ceil_div((size_t)t->pad, t->stride) : 0;
    size_t end = room < 0 ? 0 : (size_t)room / t->stride + 1;
    return (struct cnn_range){begin, cnn_min(end, t->out)};
}

struct cnn_piece cnn_taps_piece(const struct cnn_taps *t, size_t begin, size_t end)
{
    struct cnn_piece p = {.begin = begin, .end = begin + 1};
    ptrdiff_t at = (ptrdiff_t)(begin * t->stride) - t->pad, in = (ptrdiff_t)t->in;
    if (!t->kernel) {
        p.end = end;
        return p;
    }
    struct cnn_range inside = middle(t);
    if (inside.begin <= begin && begin < inside.end) {
        p.end = cnn_min(end, inside.end);
        p.count = t->kernel;
        p.at = at;
        return p;
    }
    size_t stop = at < in ? cnn_min(t->kernel, (size_t)(in - 1 - at) / t->dilation + 1) : 0;
    p.first = at < 0 ? cnn_ceil_div((size_t)-at, t->dilation) : 0;
    p.count = stop > p.first ? stop - p.first : 0;
    p.at = p.count ? at + (ptrdiff_t)(p.first * t->dilation) : 0;
    return p;
}

struct cnn_walk cnn_walk_forward(const struct cnn_taps *h, const struct cnn_taps *w, size_t lanes)
{
    return (struct cnn_walk){.h = *h,
                             .w = *w,
                             .lanes = lanes,
                             .width = w->out,
                             .every_h = 1,
                             .every_w = 1,
                             .step_h = 1,
                             .step_w = 1};
}

/* The taps that lead back to the inputs of a phase. Tap k reaches input phase + stride m from
 * output m + (phase + pad - k dilation) / stride, where that is whole: for every step-th tap. */
static struct cnn_taps back(const struct cnn_taps *t, size_t phase, ptrdiff_t *last,
                            ptrdiff_t *step)
{
    ptrdiff_t stride = (ptrdiff_t)t->stride, dilation = (ptrdiff_t)t->dilation;
    ptrdiff_t shift = (ptrdiff_t)phase + t->pad;
    size_t first = 0, every = 1;
    while (first < t->kernel && (shift - (ptrdiff_t)first * dilation) % stride)
        first++;
    while (every * t->dilation % t->stride)
        every++;
    size_t inputs = t->in > phase ? cnn_ceil_div(t->in - phase, t->stride) : 0;
    struct cnn_taps b = {.in = t->out,
                         .out = inputs,
                         .kernel = cnn_ceil_div(t->kernel - first, every),
                         .stride = 1,
                         .dilation = every * t->dilation / t->stride};
    *last = b.kernel ? (ptrdiff_t)(first + every * (b.kernel - 1)) : 0;
    *step = -(ptrdiff_t)every;
    b.pad = b.kernel ? (*last * dilation - shift) / stride : 0;
    return b;
}

struct cnn_walk cnn_walk_back(const struct cnn_taps *h, const struct cnn_taps *w, size_t lanes,
                              size_t phase_h, size_t phase_w)
{
    struct cnn_walk k = {.lanes = lanes,
                         .width = w->in,
                         .phase_h = phase_h,
                         .phase_w = phase_w,
                         .every_h = h->stride,
                         .every_w = w->stride};
    k.h = back(h, phase_h, &k.first_h, &k.step_h);
    k.w = back(w, phase_w, &k.first_w, &k.step_w);
    return k;
}

static struct cnn_rectangle rectangle(const struct cnn_walk *k, const struct cnn_piece *row,
                                      const struct cnn_piece *column)
{
    ptrdiff_t x_row = (ptrdiff_t)(k->w.in * k->lanes), x_column = (ptrdiff_t)k->lanes;
    size_t i = k->phase_h + row->begin * k->every_h, j = k->phase_w + column->begin * k->every_w;
    struct cnn_rectangle r = {.in = row->at * x_row + column->at * x_column,
                              .out = (i * k->width + j) * k->lanes,
                              .rows = row->end - row->begin,
                              .columns = column->end - column->begin,
                              .taps_h = row->count,
                              .taps_w = column->count,
                              .in_row = x_row * (ptrdiff_t)k->h.stride,
                              .in_column = x_column * (ptrdiff_t)k->w.stride,
                              .tap_row = x_row * (ptrdiff_t)k->h.dilation,
                              .tap_column = x_column * (ptrdiff_t)k->w.dilation,
                              .out_row = k->every_h * k->width * k->lanes,
                              .out_column = k->every_w * k->lanes};
    if (r.columns > 1)
        return r;
    r.columns = r.rows;
    r.in_column = r.in_row;
    r.out_column = r.out_row;
    r.rows = 1;
    return r;
}

/* How many of the walk's outputs lie before that row of the plane. */
static size_t outputs_before(const struct cnn_walk *k, size_t row)
{
    return row > k->phase_h ? cnn_ceil_div(row - k->phase_h, k->every_h) : 0;
}

/* Visits the rectangles of a piece of rows: those of many columns, or those of one. */
static void walk_columns(const struct cnn_walk *k, const struct cnn_piece *row, int single,
                         cnn_walk_visit *visit, void *context)
{
    struct cnn_piece column = {.end = 0};
    while (column.end < k->w.out) {
        column = cnn_taps_piece(&k->w, column.end, k->w.out);
        struct cnn_rectangle r = rectangle(k, row, &column);
        if ((column.end - column.begin == 1) == single)
            visit(context, &r, row, &column);
    }
}

/* Single columns last: they would meet each row of the input in memory, not in the cache. */
void cnn_walk(const struct cnn_walk *k, struct cnn_range rows, cnn_walk_visit *visit, void *context)
{
    size_t end = outputs_before(k, rows.end);
    struct cnn_piece row = {.end = outputs_before(k, rows.begin)};
    while (row.end < end) {
        row = cnn_taps_piece(&k->h, row.end, end);
        walk_columns(k, &row, 0, visit, context);
        walk_columns(k, &row, 1, visit, context);
    }
}

struct cnn_bands cnn_bands_of(size_t planes, size_t height, size_t width)
{
    struct cnn_bands b = {.planes = planes, .height = height};
    b.bands = cnn_ceil_div(height, cnn_min(height, cnn_max(1, BAND_VECTORS / width)));
    b.rows = cnn_ceil_div(height, b.bands);
    b.bands = cnn_ceil_div(height, b.rows);
    b.chunk = cnn_max(1, BAND_VECTORS / (b.rows * width));
    b.jobs = cnn_ceil_div(planes * b.bands, b.chunk);
    return b;
}
