/* Direct convolution with stride 1 on flattened planes. A zero-padded plane of width W is read as
 * one long row: output (i, j) is element i W + j, and tap (r, s) reads it shifted by
 * r dilation W + s dilation. So whole vectors of outputs are sums of shifted vectors, whatever the
 * width; the W - out_w elements at the end of each row are computed and thrown away.
 *
 * For few channels this beats a matrix product, whose column matrix repeats each input kh kw
 * times. */
#include <string.h>

#include "kern/conv/algorithm.h"
#include "kern/conv/flat_blocks.h"

enum {
    TILE_ELEMENTS = 49152, /* padded input of a forward tile, within an L2 cache */
    UNIT_ELEMENTS = 4096,  /* a plane of a weight tile */
    BATCH_ELEMENTS = 8192, /* planes of a block of dy and of x, within an L1 cache */
    FEW_TILES = 8,
    PARTS = 16, /* partial weight gradients at most */
    LARGE_WEIGHTS = 65536,
};

struct flat {
    const struct cnn_conv *g;
    const struct cnn_flat_blocks *blocks;
    size_t n, cg, kg, width;    /* cg, kg: channels of a group; width: W */
    size_t rows, tiles;         /* output rows of a tile; tiles of a sample */
    size_t vectors;             /* of a tile's outputs */
    size_t plane, dy_plane;     /* elements of a padded plane of x, and of dy */
    size_t slot, chunk, batch;  /* scratch of a thread; tiles of a part; tiles at once */
    size_t outputs;             /* of a block */
    const real *x, *w, *b, *dy; /* as in algorithm.h */
    const real *packed;
    real *y, *pack, *work, *parts;
};

static size_t span_w(const struct cnn_conv *g)
{
    return g->dilation_w * (g->kw - 1);
}

static size_t span_h(const struct cnn_conv *g)
{
    return g->dilation_h * (g->kh - 1);
}

/* The sizes that follow from the height of a tile. */
static void set_rows(struct flat *f, size_t rows)
{
    const struct cnn_conv *g = f->g;
    f->tiles = cnn_ceil_div(g->out_h, cnn_min(cnn_max(rows, 1), g->out_h));
    f->rows = cnn_ceil_div(g->out_h, f->tiles);
    f->tiles = cnn_ceil_div(g->out_h, f->rows);
    f->vectors = cnn_ceil_div((f->rows - 1) * f->width + g->out_w, f->blocks->lanes);
    f->dy_plane = f->vectors * f->blocks->lanes;
    /* A block reads whole vectors at the furthest tap. */
    f->plane = cnn_padded(f->dy_plane + span_h(g) * f->width + span_w(g));
}

static struct flat plan(const struct cnn_conv *g, size_t n)
{
    struct flat f = {.g = g,
                     .blocks = cnn_flat_blocks(),
                     .n = n,
                     .cg = g->in_c / g->groups,
                     .kg = g->out_c / g->groups,
                     .width = g->out_w + span_w(g)};
    f.outputs = cnn_ceil_div(f.kg, cnn_ceil_div(f.kg, f.blocks->outputs));
    return f;
}

static struct flat forward_plan(const struct cnn_conv *g, size_t n)
{
    struct flat f = plan(g, n);
    size_t rows = TILE_ELEMENTS / (g->in_c * f.width);
    rows = rows > span_h(g) + 4 ? rows - span_h(g) : 4;
    if (n * cnn_ceil_div(g->out_h, rows) < FEW_TILES)
        rows = cnn_min(rows, cnn_ceil_div(g->out_h * cnn_max(n, 1), FEW_TILES));
    set_rows(&f, rows);
    f.slot = g->in_c * f.plane + f.outputs * f.dy_plane;
    return f;
}

/* Input rows for output rows from `first` on, zero-padded, of all channels: xp (in_c, plane). */
static void pad_input(const struct flat *f, size_t sample, size_t first, real *xp)
{
    const struct cnn_conv *g = f->g;
    struct cnn_range in = {g->pad_left, cnn_min(g->pad_left + g->in_w, f->width)};
    size_t rows = f->rows + span_h(g), count = in.end > in.begin ? in.end - in.begin : 0;
    for (size_t c = 0; c < g->in_c; c++) {
        const real *x = f->x + (sample * g->in_c + c) * g->in_h * g->in_w;
        real *to = xp + c * f->plane, *end = to + f->plane;
        for (size_t r = first; r < first + rows; r++, to += f->width) {
            size_t left = cnn_min(g->pad_left, f->width);
            if (r < g->pad_top || r - g->pad_top >= g->in_h) {
                memset(to, 0, f->width * sizeof *to);
                continue;
            }
            memset(to, 0, left * sizeof *to);
            if (count)
                memcpy(to + left, x + (r - g->pad_top) * g->in_w, count * sizeof *to);
            memset(to + left + count, 0, (f->width - left - count) * sizeof *to);
        }
        memset(to, 0, (size_t)(end - to) * sizeof *to);
    }
}

/* pack: for each block of outputs (channels, taps, outputs). Job: a group's block. */
static void pack_job(void *context, size_t job, int thread)
{
    const struct flat *f = context;
    size_t each = cnn_ceil_div(f->kg, f->outputs), taps = f->g->kh * f->g->kw, inner = f->cg * taps;
    struct cnn_range k = cnn_range_of(job % each, f->outputs, f->kg);
    size_t first = job / each * f->kg + k.begin, count = k.end - k.begin;
    real *to = f->pack + first * inner;
    (void)thread;
    for (size_t i = 0; i < inner; i++)
        for (size_t o = 0; o < count; o++)
            *to++ = f->w[(first + o) * inner + i];
}

/* Outputs k .. k + count - 1 of a tile into out (count, dy_plane). */
static void block(const struct flat *f, size_t k, size_t count, const real *xp, real *out)
{
    const struct cnn_conv *g = f->g;
    real zero[CNN_FLAT_OUTPUTS] = {0};
    struct cnn_flat_taps t = {.channels = f->cg,
                              .kh = g->kh,
                              .kw = g->kw,
                              .plane = f->plane,
                              .row = g->dilation_h * f->width,
                              .step = g->dilation_w};
    const real *x = xp + k / f->kg * f->cg * f->plane;
    const real *w = f->packed + k * f->cg * g->kh * g->kw, *bias = f->b ? f->b + k : zero;
    for (size_t v = 0; v < f->vectors;) {
        size_t most = f->blocks->vectors, vectors = f->vectors - v < most ? 1 : most;
        size_t at = v * f->blocks->lanes;
        f->blocks->forward[count - 1][vectors - 1](&t, x + at, w, bias, out + at, f->dy_plane);
        v += vectors;
    }
}

static void store(const struct flat *f, size_t sample, size_t first, size_t k, size_t count,
                  const real *out)
{
    const struct cnn_conv *g = f->g;
    size_t rows = cnn_min(f->rows, g->out_h - first);
    for (size_t o = 0; o < count; o++) {
        real *y = f->y + ((sample * g->out_c + k + o) * g->out_h + first) * g->out_w;
        for (size_t r = 0; r < rows; r++)
            memcpy(y + r * g->out_w, out + o * f->dy_plane + r * f->width, g->out_w * sizeof *y);
    }
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct flat *f = context;
    size_t sample = job / f->tiles, first = job % f->tiles * f->rows;
    real *xp = f->work + (size_t)thread * f->slot, *out = xp + f->g->in_c * f->plane;
    pad_input(f, sample, first, xp);
    for (size_t group = 0; group < f->g->groups; group++)
        for (size_t k = 0; k < f->kg; k += f->outputs) {
            size_t count = cnn_min(f->outputs, f->kg - k), at = group * f->kg + k;
            block(f, at, count, xp, out);
            store(f, sample, first, at, count, out);
        }
}

static size_t weights(const struct flat *f)
{
    return f->g->out_c * f->cg * f->g->kh * f->g->kw;
}

static void forward(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct flat f = forward_plan(c->g, r->n);
    f.x = r->x;
    f.b = r->b;
    f.y = r->y;
    f.packed = r->w;
    f.work = r->work;
    cnn_queue_run(r->q, r->n * f.tiles, forward_job, &f);
}

static size_t part_count(const struct flat *f)
{
    return cnn_min(PARTS, f->n * f->tiles);
}

static struct flat weight_plan(const struct cnn_conv *g, size_t n)
{
    struct flat f = plan(g, n);
    set_rows(&f, UNIT_ELEMENTS / f.width);
    f.chunk = cnn_ceil_div(n * f.tiles, cnn_max(1, part_count(&f)));
    f.batch = cnn_max(1, BATCH_ELEMENTS / (9 * f.plane));
    f.slot = f.batch * (g->in_c * f.plane + g->out_c * f.dy_plane);
    return f;
}

/* dy of a tile on rows of W, zeros between: to (out_c, dy_plane). */
static void spread_dy(const struct flat *f, size_t sample, size_t first, real *to)
{
    const struct cnn_conv *g = f->g;
    size_t rows = cnn_min(f->rows, g->out_h - first);
    for (size_t k = 0; k < g->out_c; k++) {
        const real *dy = f->dy + ((sample * g->out_c + k) * g->out_h + first) * g->out_w;
        real *end = to + f->dy_plane;
        for (size_t r = 0; r < rows; r++) {
            size_t gap = cnn_min(f->width - g->out_w, (size_t)(end - to) - g->out_w);
            memcpy(to, dy + r * g->out_w, g->out_w * sizeof *to);
            memset(to + g->out_w, 0, gap * sizeof *to);
            to += g->out_w + gap;
        }
        memset(to, 0, (size_t)(end - to) * sizeof *to);
        to = end;
    }
}

/* dw of outputs k .. k + count - 1 and input channel c (of k's group) from a batch of tiles. */
static void weight_taps(const struct flat *f, const struct cnn_flat_samples *p, size_t k,
                        size_t count, size_t c, const real *xp, const real *dyp, real *dw)
{
    const struct cnn_conv *g = f->g;
    size_t inner = f->cg * g->kh * g->kw, most = cnn_min(CNN_FLAT_TAPS, f->blocks->sums / count);
    const real *x = xp + (k / f->kg * f->cg + c) * f->plane;
    for (size_t r = 0; r < g->kh; r++)
        for (size_t s = 0; s < g->kw;) {
            size_t taps = cnn_min(most, g->kw - s);
            f->blocks->weight[count - 1][taps - 1](
                p, x + r * g->dilation_h * f->width + s * g->dilation_w, g->dilation_w,
                dyp + k * f->dy_plane, dw + k * inner + (c * g->kh + r) * g->kw + s, inner);
            s += taps;
        }
}

/* How many outputs a weight block takes, so that a row of taps is worked on at once. */
static size_t weight_outputs(const struct flat *f)
{
    size_t taps = cnn_min(f->g->kw, CNN_FLAT_TAPS);
    size_t most = cnn_min(cnn_max(1, f->blocks->sums / taps), f->blocks->outputs);
    return cnn_ceil_div(f->kg, cnn_ceil_div(f->kg, most));
}

static void weight_batch(const struct flat *f, size_t samples, const real *xp, const real *dyp,
                         real *dw)
{
    struct cnn_flat_samples p = {.samples = samples,
                                 .vectors = f->vectors,
                                 .x_sample = f->g->in_c * f->plane,
                                 .dy_sample = f->g->out_c * f->dy_plane,
                                 .dy_plane = f->dy_plane};
    size_t outputs = weight_outputs(f);
    for (size_t group = 0; group < f->g->groups; group++)
        for (size_t k = 0; k < f->kg; k += outputs)
            for (size_t c = 0; c < f->cg; c++)
                weight_taps(f, &p, group * f->kg + k, cnn_min(outputs, f->kg - k), c, xp, dyp, dw);
}

static void weight_job(void *context, size_t job, int thread)
{
    const struct flat *f = context;
    struct cnn_range tiles = cnn_range_of(job, f->chunk, f->n * f->tiles);
    real *xp = f->work + (size_t)thread * f->slot, *dyp = xp + f->batch * f->g->in_c * f->plane;
    real *dw = f->parts + job * weights(f);
    memset(dw, 0, weights(f) * sizeof *dw);
    for (size_t t = tiles.begin; t < tiles.end; t += f->batch) {
        size_t count = cnn_min(f->batch, tiles.end - t);
        for (size_t i = 0; i < count; i++) {
            size_t sample = (t + i) / f->tiles, first = (t + i) % f->tiles * f->rows;
            pad_input(f, sample, first, xp + i * f->g->in_c * f->plane);
            spread_dy(f, sample, first, dyp + i * f->g->out_c * f->dy_plane);
        }
        weight_batch(f, count, xp, dyp, dw);
    }
}

static void backward_weight(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct flat f = weight_plan(c->g, r->n);
    if (!r->n)
        return;
    f.x = r->x;
    f.dy = r->dy;
    f.work = r->work;
    f.parts = r->work + (size_t)cnn_queue_threads(r->q) * f.slot;
    size_t parts = cnn_ceil_div(r->n * f.tiles, f.chunk);
    cnn_queue_run(r->q, parts, weight_job, &f);
    cnn_conv_combine(r->q, parts, weights(&f), f.parts, r->dw);
}

static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    const struct cnn_conv *g = c->g;
    if (c->pass == CNN_CONV_WEIGHT) {
        struct flat f = weight_plan(g, g->batch);
        return f.slot * threads + part_count(&f) * weights(&f);
    }
    return forward_plan(g, g->batch).slot * threads;
}

/* Measured against gemm.c: faster by a quarter but for the elements that are thrown away, and
 * for large weight gradients, whose parts leave the cache. Rows are brought to the padded plane,
 * and away from it, one by one. */
static double cost(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    struct flat f = plan(g, 1);
    if (!cnn_conv_is_plain(c) || g->stride_h != 1 || g->stride_w != 1 || c->pass == CNN_CONV_DATA)
        return -1;
    if (c->pass == CNN_CONV_WEIGHT && weights(&f) > LARGE_WEIGHTS)
        return -1;
    set_rows(&f, UNIT_ELEMENTS / f.width);
    double rows =
        (double)(g->batch * (40 * g->in_c * (g->out_h + span_h(g)) + 16 * g->out_c * g->out_h));
    double used = (double)(g->out_h * g->out_w) / (double)(f.tiles * f.dy_plane);
    return cnn_conv_cycles(c, 0.62) / used + rows;
}

static size_t packed(const struct cnn_conv_case *c)
{
    struct flat f = plan(c->g, 1);
    return weights(&f);
}

static void pack(struct cnn_queue *q, const struct cnn_conv_case *c, const real *w, real *to)
{
    struct flat f = forward_plan(c->g, 1);
    f.w = w;
    f.pack = to;
    cnn_queue_run(q, c->g->groups * cnn_ceil_div(f.kg, f.outputs), pack_job, &f);
}

const struct cnn_conv_algorithm cnn_conv_flat = {
    .name = "flat",
    .cost = cost,
    .work = work,
    .packed = packed,
    .pack = pack,
    .forward = forward,
    .backward_weight = backward_weight,
};
