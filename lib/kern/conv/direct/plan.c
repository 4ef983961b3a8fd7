/* Plans of direct convolutions: what is cut, and what lies where; see direct.h. */
#include "kern/conv/direct/direct.h"

enum {
    BAND = 65536,  /* elements of input that a job works on, within an L2 cache */
    PANEL = 16384, /* weights that a pass over a job's positions reads, likewise */
    JOBS = 16,     /* cut further where there are fewer */
    TILES = 2,     /* register blocks of positions that are worth a job */
};

static void set_reach(struct cnn_direct_axis *a)
{
    size_t furthest = a->dilation * (a->taps - 1);
    a->phases = cnn_min(a->stride, furthest + 1);
    a->reach = furthest / a->stride;
}

static int stays(const struct cnn_direct_axis *a)
{
    return a->taps == 1 && a->stride == 1 && !a->pad && a->out <= a->in;
}

/* Positions of a row one after the other where rows join, so that there are only rows. */
static void flatten(struct cnn_direct *d)
{
    d->h.in *= d->w.in;
    d->h.out *= d->w.out;
    d->w.in = d->w.out = 1;
    d->from_row = d->from_lanes;
    d->to_row = d->to_step;
}

/* Where inputs lie: as they are, or gathered for `rows` rows. */
static void set_from(struct cnn_direct *d)
{
    size_t columns = d->w.out + d->w.reach;
    d->from_row = d->w.phases * columns * d->from_lanes;
    d->from_plane = d->h.phases * (d->rows + d->h.reach) * d->from_row;
}

/* The heights of bands: within BAND, and low enough that there are JOBS. */
static void set_bands(struct cnn_direct *d)
{
    size_t most = cnn_isa()->pixels[cnn_min(d->vectors, 2)];
    size_t row = (d->in_place ? d->w.out : d->h.phases * d->w.phases * (d->w.out + d->w.reach)) *
                 d->in_blocks * d->from_lanes;
    size_t rows = BAND / row, least = cnn_ceil_div(TILES * most, d->w.out);
    rows = rows > d->h.reach + least ? rows - d->h.reach : least;
    rows = cnn_min(rows, cnn_max(least, d->h.out * d->n * d->groups / JOBS));
    rows = cnn_ceil_div(d->h.out, cnn_ceil_div(d->h.out, cnn_min(rows, d->h.out)));
    if (d->w.out == 1)
        rows = cnn_min(cnn_round_up(rows, most), d->h.out);
    d->rows = rows;
    d->bands = cnn_ceil_div(d->h.out, rows);
    d->part = cnn_min(d->pairs, cnn_max(1, d->pairs * d->n * d->groups * d->bands / JOBS));
    d->parts = cnn_ceil_div(d->pairs, d->part);
}

/* All that follows from the axes, the channels and the results' distances. */
static void finish(struct cnn_direct *d)
{
    size_t taps = d->h.taps * d->w.taps;
    set_reach(&d->h);
    set_reach(&d->w);
    d->in_blocks = cnn_ceil_div(d->in_c, d->from_lanes);
    d->vectors = cnn_ceil_div(d->out_c, d->lanes);
    d->pairs = cnn_ceil_div(d->vectors, 2);
    d->in_place = !d->narrow && stays(&d->h) && stays(&d->w);
    d->flat = !d->w.reach && d->w.phases == 1 && d->to_row == d->w.out * d->to_step &&
              (!d->in_place || d->w.out == d->w.in);
    d->from_row = d->w.in * d->from_lanes;
    d->from_plane = d->h.in * d->from_row;
    if (d->in_place && d->flat)
        flatten(d);
    set_bands(d);
    if (!d->in_place)
        set_from(d);
    d->chunk = cnn_max(1, PANEL / (taps * d->from_lanes * 2 * d->lanes));
    d->chunk = cnn_min(d->chunk, d->in_blocks);
    d->segments = cnn_padded(d->chunk * taps * sizeof(ptrdiff_t) / sizeof(real) + 1);
    d->slot = d->in_place ? 0 : cnn_padded(d->in_blocks * d->from_plane);
}

void cnn_direct_forward(const struct cnn_conv *g, int narrow, size_t n, struct cnn_direct *d)
{
    size_t lanes = cnn_isa()->lanes, taps = g->kh * g->kw;
    *d = (struct cnn_direct){.lanes = lanes,
                             .from_lanes = narrow ? CNN_DIRECT_NARROW : lanes,
                             .n = n,
                             .groups = g->groups,
                             .in_c = g->in_c / g->groups,
                             .out_c = g->out_c / g->groups,
                             .narrow = narrow,
                             .to_row = g->out_w * lanes,
                             .to_step = lanes,
                             .to_plane = g->out_h * g->out_w * lanes};
    d->h = (struct cnn_direct_axis){.in = g->in_h,
                                    .out = g->out_h,
                                    .taps = g->kh,
                                    .stride = g->stride_h,
                                    .dilation = g->dilation_h,
                                    .pad = (ptrdiff_t)g->pad_top,
                                    .step = 1,
                                    .tap_step = 1};
    d->w = (struct cnn_direct_axis){.in = g->in_w,
                                    .out = g->out_w,
                                    .taps = g->kw,
                                    .stride = g->stride_w,
                                    .dilation = g->dilation_w,
                                    .pad = (ptrdiff_t)g->pad_left,
                                    .step = 1,
                                    .tap_step = 1};
    d->w_group = d->out_c * d->in_c * taps;
    d->w_out = d->in_c * taps;
    d->w_in = taps;
    d->w_row = g->kw;
    finish(d);
}

static size_t common_divisor(size_t a, size_t b)
{
    return b ? common_divisor(b, a % b) : a;
}

/* Elements i of dx with (i + pad) % stride == phase, as outputs q - first of a convolution of dy:
 * i + pad = q stride + phase meets tap r of that remainder at dy row q - (r dilation - phase) /
 * stride. Taps come last first, so that dy's rows ascend. 0 when there is nothing. */
static int data_axis(size_t in, size_t out, size_t taps, size_t stride, size_t dilation, size_t pad,
                     size_t phase, struct cnn_direct_axis *a)
{
    size_t common = common_divisor(stride, dilation), every = stride / common, first = 0;
    while (first < taps && first * dilation % stride != phase)
        first++;
    if (first == taps)
        return 0;
    size_t count = (taps - 1 - first) / every + 1, last = first + (count - 1) * every;
    size_t q = pad > phase ? cnn_ceil_div(pad - phase, stride) : 0;
    size_t i = q * stride + phase - pad;
    if (i >= in)
        return 0;
    *a = (struct cnn_direct_axis){.in = out,
                                  .out = cnn_ceil_div(in - i, stride),
                                  .taps = count,
                                  .stride = 1,
                                  .dilation = dilation / common,
                                  .pad = (ptrdiff_t)((last * dilation - phase) / stride) -
                                         (ptrdiff_t)q,
                                  .first = i,
                                  .step = stride,
                                  .tap = (ptrdiff_t)last,
                                  .tap_step = -(ptrdiff_t)every};
    return 1;
}

int cnn_direct_data(const struct cnn_conv *g, size_t phase_h, size_t phase_w, size_t n,
                    struct cnn_direct *d)
{
    size_t lanes = cnn_isa()->lanes, taps = g->kh * g->kw, row = g->in_w * lanes;
    *d = (struct cnn_direct){.lanes = lanes,
                             .from_lanes = lanes,
                             .n = n,
                             .groups = g->groups,
                             .in_c = g->out_c / g->groups,
                             .out_c = g->in_c / g->groups};
    if (!data_axis(g->in_h, g->out_h, g->kh, g->stride_h, g->dilation_h, g->pad_top, phase_h,
                   &d->h) ||
        !data_axis(g->in_w, g->out_w, g->kw, g->stride_w, g->dilation_w, g->pad_left, phase_w,
                   &d->w))
        return 0;
    d->to_row = d->h.step * row;
    d->to_step = d->w.step * lanes;
    d->to_plane = g->in_h * row;
    d->to_first = d->h.first * row + d->w.first * lanes;
    d->w_group = d->out_c * d->in_c * taps;
    d->w_out = taps;
    d->w_in = d->out_c * taps;
    d->w_row = g->kw;
    finish(d);
    return 1;
}

size_t cnn_direct_work(const struct cnn_direct *d, size_t threads)
{
    return d->segments + threads * d->slot;
}

/* Register blocks run at the peak; a short one waits for its own sums, and each vector of inputs
 * that is gathered and of results that is written takes some cycles. */
double cnn_direct_cost(const struct cnn_direct *d)
{
    const struct cnn_isa *isa = cnn_isa();
    size_t row = d->flat ? d->rows * d->w.out : d->w.out,
           most = isa->pixels[cnn_min(d->vectors, 2)];
    size_t tiles = cnn_ceil_div(row, most), sums = cnn_min(d->vectors, 2) * row / tiles;
    double share = sums < 8 ? 0.9 * (double)sums / 8 : 0.9;
    double positions = (double)(d->n * d->groups) * (double)(d->h.out * d->w.out);
    double steps = positions * (double)(d->vectors * d->in_c * d->h.taps * d->w.taps);
    double cycles = steps * (double)d->lanes / ((double)isa->multiply_adds * share);
    double gathered = (double)(d->n * d->groups * d->bands * d->parts) *
                      (double)(d->in_blocks * d->from_plane / d->from_lanes);
    return cycles + positions * (double)d->vectors * 8 + (d->in_place ? 0 : 6 * gathered);
}
