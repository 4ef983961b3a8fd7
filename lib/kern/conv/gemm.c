/* Convolution as matrix products over tiles of output pixels (im2col; Chellapilla, Puri, Simard
 * 2006): y (k, p) = w (k, c r s) col (c r s, p). A tile is a range of one sample's pixels, or
 * several whole samples where planes are small, so that products are always wide and the column
 * matrix stays in the cache. A 1x1 convolution with stride 1 reads its input as it lies. */
#include <string.h>

#include "kern/blas.h"
#include "kern/conv/im2col.h"

enum {
    TILE_ELEMENTS = 131072, /* of the column matrix, about an L2 cache */
    TILE_LEAST = 256,       /* pixels, so that packing the weights pays */
    TILE_MOST = 2048,
    FEW_TILES = 8, /* fewer: tiles are cut by channels as well */
    MANY_JOBS = 16,
    PARTS = 16,           /* partial weight gradients at most */
    SMALL_WEIGHTS = 65536 /* elements; larger gradients are cut by channels instead of samples */
};

struct gemm {
    const struct cnn_conv *g;
    size_t n, taps, pixels, cg, kg; /* cg, kg: channels of a group */
    size_t tile, per_sample, samples,
        tiles;                     /* pixels of a tile; tiles of a sample or samples of a tile */
    int view;                      /* the input is its own column matrix */
    size_t slot, jobs_each, block; /* scratch of a thread or tile; how a tile is cut */
    const real *x;                 /* (n, in_c, in_h, in_w) */
    const real *w;                 /* (out_c, cg, kh, kw) */
    const real *b;                 /* (out_c) or NULL */
    const real *dy;                /* (n, out_c, out_h, out_w) */
    real *y, *dx, *dw, *work;
};

static struct gemm plan(const struct cnn_conv *g, size_t n)
{
    struct gemm m = {.g = g,
                     .n = n,
                     .taps = g->kh * g->kw,
                     .pixels = g->out_h * g->out_w,
                     .cg = g->in_c / g->groups,
                     .kg = g->out_c / g->groups,
                     .per_sample = 1,
                     .samples = 1};
    size_t wanted = TILE_ELEMENTS / (g->in_c * m.taps);
    wanted = cnn_min(cnn_max(wanted, TILE_LEAST), TILE_MOST);
    if (m.pixels > wanted) {
        m.tile = cnn_padded(cnn_ceil_div(m.pixels, cnn_ceil_div(m.pixels, wanted)));
        m.per_sample = cnn_ceil_div(m.pixels, m.tile);
        m.tiles = n * m.per_sample;
    } else {
        m.samples = cnn_min(cnn_max(1, n), wanted / m.pixels);
        m.tile = m.samples * m.pixels;
        m.tiles = cnn_ceil_div(n, m.samples);
    }
    m.view = m.taps == 1 && g->stride_h == 1 && g->stride_w == 1 && m.samples == 1 && !g->pad_top &&
             !g->pad_left && !g->pad_bottom && !g->pad_right;
    return m;
}

/* The samples of tile t, and the pixels of each of them. */
static void tile_of(const struct gemm *m, size_t t, struct cnn_range *samples,
                    struct cnn_range *pixels)
{
    if (m->samples > 1) {
        *samples = cnn_range_of(t, m->samples, m->n);
        *pixels = (struct cnn_range){0, m->pixels};
        return;
    }
    size_t sample = t / m->per_sample;
    *samples = (struct cnn_range){sample, sample + 1};
    *pixels = cnn_range_of(t % m->per_sample, m->tile, m->pixels);
}

static size_t width_of(struct cnn_range samples, struct cnn_range pixels)
{
    return (samples.end - samples.begin) * (pixels.end - pixels.begin);
}

/* col (channels * taps, width of the tile) from channels c .. of x; rows are m->tile apart. */
static void columns(const struct gemm *m, size_t t, size_t c, size_t channels, real *col)
{
    struct cnn_range s, p;
    size_t plane = m->g->in_h * m->g->in_w;
    tile_of(m, t, &s, &p);
    for (size_t i = s.begin; i < s.end; i++)
        cnn_im2col(m->g, m->x + (i * m->g->in_c + c) * plane, channels, p,
                   col + (i - s.begin) * m->pixels, m->tile);
}

/* Rows k .. k + count - 1 of (n, out_c, pixels) as a matrix (count, width), and back. */
static void gather(const struct gemm *m, size_t t, size_t k, size_t count, const real *from,
                   real *to)
{
    struct cnn_range s, p;
    tile_of(m, t, &s, &p);
    for (size_t i = s.begin; i < s.end; i++)
        for (size_t r = 0; r < count; r++)
            memcpy(to + r * m->tile + (i - s.begin) * m->pixels,
                   from + (i * m->g->out_c + k + r) * m->pixels, m->pixels * sizeof *to);
}

static void scatter(const struct gemm *m, size_t t, size_t k, size_t count, const real *from,
                    real *to)
{
    struct cnn_range s, p;
    tile_of(m, t, &s, &p);
    for (size_t i = s.begin; i < s.end; i++)
        for (size_t r = 0; r < count; r++)
            memcpy(to + (i * m->g->out_c + k + r) * m->pixels,
                   from + r * m->tile + (i - s.begin) * m->pixels, m->pixels * sizeof *to);
}

/* Where (sample, channel k, pixel) of the output lies. */
static size_t output_at(const struct gemm *m, size_t sample, size_t k, size_t pixel)
{
    return (sample * m->g->out_c + k) * m->pixels + pixel;
}

/* y[k .. k + count - 1] of tile t from the column matrix of all channels in `slot`. */
static void product(const struct gemm *m, size_t t, size_t k, size_t count, real *slot)
{
    struct cnn_range s, p;
    tile_of(m, t, &s, &p);
    size_t width = width_of(s, p), group = k / m->kg, rows = m->cg * m->taps;
    const real *col = slot + group * rows * m->tile;
    size_t ld = m->tile;
    if (m->view) {
        col = m->x + (s.begin * m->g->in_c + group * m->cg) * m->pixels + p.begin;
        ld = m->pixels;
    }
    real *y = m->y + output_at(m, s.begin, k, p.begin);
    size_t ldy = m->pixels;
    if (m->samples > 1) {
        y = slot + cnn_padded(m->g->in_c * m->taps * m->tile) + k * m->tile;
        ldy = m->tile;
    }
    for (size_t r = 0; m->b && r < count; r++)
        for (size_t i = 0; i < width; i++)
            y[r * ldy + i] = m->b[k + r];
    cnn_gemm(0, 0, count, width, rows, m->w + k * rows, rows, col, ld, m->b ? 1 : 0, y, ldy);
    if (m->samples > 1)
        scatter(m, t, k, count, y, m->y);
}

static void tile_job(void *context, size_t job, int thread)
{
    const struct gemm *m = context;
    real *slot = m->work + (size_t)thread * m->slot;
    if (!m->view)
        columns(m, job, 0, m->g->in_c, slot);
    for (size_t group = 0; group < m->g->groups; group++)
        product(m, job, group * m->kg, m->kg, slot);
}

/* Few tiles: first the columns of each, cut by input channels ... */
static void columns_job(void *context, size_t job, int thread)
{
    const struct gemm *m = context;
    size_t t = job / m->jobs_each;
    struct cnn_range c = cnn_range_of(job % m->jobs_each, m->block, m->g->in_c);
    (void)thread;
    columns(m, t, c.begin, c.end - c.begin, m->work + t * m->slot + c.begin * m->taps * m->tile);
}

/* ... then the products, cut by output channels. */
static void product_job(void *context, size_t job, int thread)
{
    const struct gemm *m = context;
    size_t t = job / (m->g->groups * m->jobs_each), rest = job % (m->g->groups * m->jobs_each);
    struct cnn_range k = cnn_range_of(rest % m->jobs_each, m->block, m->kg);
    (void)thread;
    product(m, t, rest / m->jobs_each * m->kg + k.begin, k.end - k.begin, m->work + t * m->slot);
}

static size_t forward_slot(const struct gemm *m)
{
    if (m->view)
        return 0;
    size_t result = m->samples > 1 ? cnn_padded(m->g->out_c * m->tile) : 0;
    return cnn_padded(m->g->in_c * m->taps * m->tile) + result;
}

static void set_cut(struct gemm *m, size_t total, size_t least)
{
    m->block = cnn_max(least, cnn_ceil_div(total, cnn_ceil_div(MANY_JOBS, m->tiles)));
    m->jobs_each = cnn_ceil_div(total, m->block);
}

static void forward(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct gemm m = plan(c->g, r->n);
    m.x = r->x;
    m.w = r->w;
    m.b = r->b;
    m.y = r->y;
    m.work = r->work;
    m.slot = forward_slot(&m);
    if (!r->n)
        return;
    if (m.tiles >= FEW_TILES) {
        cnn_queue_run(r->q, m.tiles, tile_job, &m);
        return;
    }
    if (!m.view) {
        set_cut(&m, c->g->in_c, 1);
        cnn_queue_run(r->q, m.tiles * m.jobs_each, columns_job, &m);
    }
    set_cut(&m, m.kg, 32);
    cnn_queue_run(r->q, m.tiles * c->g->groups * m.jobs_each, product_job, &m);
}

/* Data gradient of strided convolutions: col (c r s, p) = w^T dy, added up at col's places. Job:
 * (sample, group, block of the group's channels). */
static void data_job(void *context, size_t job, int thread)
{
    const struct gemm *m = context;
    const struct cnn_conv *g = m->g;
    struct cnn_range c = cnn_range_of(job % m->jobs_each, m->block, m->cg);
    size_t group = job / m->jobs_each % g->groups, n = job / m->jobs_each / g->groups;
    size_t channels = c.end - c.begin, plane = g->in_h * g->in_w, rows = m->cg * m->taps;
    real *dx = m->dx + (n * g->in_c + group * m->cg + c.begin) * plane;
    real *col = m->work + (size_t)thread * m->slot;
    const real *w = m->w + group * m->kg * rows + c.begin * m->taps;
    memset(dx, 0, channels * plane * sizeof *dx);
    for (size_t at = 0; at < m->pixels; at += m->tile) {
        struct cnn_range p = {at, cnn_min(at + m->tile, m->pixels)};
        cnn_gemm(1, 0, channels * m->taps, p.end - p.begin, m->kg, w, rows,
                 m->dy + output_at(m, n, group * m->kg, at), m->pixels, 0, col, m->tile);
        cnn_col2im(g, col, m->tile, channels, p, dx);
    }
}

static struct gemm data_plan(const struct cnn_conv *g, size_t n)
{
    struct gemm m = plan(g, n);
    m.tile = cnn_min(m.tile, m.pixels);
    m.tiles = n;
    m.block = cnn_max(8, cnn_ceil_div(m.cg, cnn_ceil_div(MANY_JOBS, cnn_max(1, n))));
    m.block = cnn_min(m.block, m.cg);
    m.jobs_each = cnn_ceil_div(m.cg, m.block);
    m.slot = cnn_padded(m.block * m.taps * m.tile);
    return m;
}

static void backward_data(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct gemm m = data_plan(c->g, r->n);
    m.dy = r->dy;
    m.w = r->w;
    m.dx = r->dx;
    m.work = r->work;
    cnn_queue_run(r->q, r->n * c->g->groups * m.jobs_each, data_job, &m);
}

/* dw (count, channels * taps) of `channels` channels from c, for outputs k .., over one tile; rows
 * of dw are ld apart. */
static void weight_product(const struct gemm *m, size_t t, size_t k, size_t c, size_t channels,
                           real *dw, size_t ld, real *scratch)
{
    struct cnn_range s, p;
    tile_of(m, t, &s, &p);
    const real *col = scratch, *dy = m->dy + output_at(m, s.begin, k, p.begin);
    size_t ldc = m->tile, ldy = m->pixels;
    if (m->view) {
        col = m->x + (s.begin * m->g->in_c + c) * m->pixels + p.begin;
        ldc = m->pixels;
    } else {
        columns(m, t, c, channels, scratch);
        scratch += cnn_padded(channels * m->taps * m->tile);
    }
    if (m->samples > 1) {
        gather(m, t, k, m->kg, m->dy, scratch);
        dy = scratch;
        ldy = m->tile;
    }
    cnn_gemm(0, 1, m->kg, channels * m->taps, width_of(s, p), dy, ldy, col, ldc, 1, dw, ld);
}

static size_t weights(const struct gemm *m)
{
    return m->g->out_c * m->cg * m->taps;
}

static size_t weight_parts(const struct gemm *m)
{
    return cnn_min(PARTS, m->tiles);
}

/* Small gradients: job is a run of tiles, with its own partial result. */
static void weight_part_job(void *context, size_t job, int thread)
{
    const struct gemm *m = context;
    size_t rows = m->cg * m->taps;
    struct cnn_range tiles = cnn_range_of(job, m->block, m->tiles);
    real *scratch = m->work + (size_t)thread * m->slot;
    real *part = m->dw + job * weights(m);
    memset(part, 0, weights(m) * sizeof *part);
    for (size_t t = tiles.begin; t < tiles.end; t++)
        for (size_t group = 0; group < m->g->groups; group++)
            weight_product(m, t, group * m->kg, group * m->cg, m->cg, part + group * m->kg * rows,
                           rows, scratch);
}

/* Large gradients: job is a block of a group's input channels, over all tiles. */
static void weight_block_job(void *context, size_t job, int thread)
{
    const struct gemm *m = context;
    size_t group = job / m->jobs_each, rows = m->cg * m->taps;
    struct cnn_range c = cnn_range_of(job % m->jobs_each, m->block, m->cg);
    real *dw = m->dw + group * m->kg * rows + c.begin * m->taps;
    for (size_t t = 0; t < m->tiles; t++)
        weight_product(m, t, group * m->kg, group * m->cg + c.begin, c.end - c.begin, dw, rows,
                       m->work + (size_t)thread * m->slot);
}

static struct gemm weight_plan(const struct cnn_conv *g, size_t n)
{
    struct gemm m = plan(g, n);
    int small = weights(&m) <= SMALL_WEIGHTS;
    m.block = cnn_min(m.cg, cnn_max(cnn_ceil_div(m.cg, MANY_JOBS), cnn_ceil_div(64, m.taps)));
    m.jobs_each = cnn_ceil_div(m.cg, m.block);
    size_t channels = small ? m.cg : m.block;
    m.slot = m.view ? 0 : cnn_padded(channels * m.taps * m.tile);
    m.slot += m.samples > 1 ? cnn_padded(m.kg * m.tile) : 0;
    if (small)
        m.block = cnn_ceil_div(m.tiles, cnn_max(1, weight_parts(&m)));
    return m;
}

static void backward_weight(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct gemm m = weight_plan(c->g, r->n);
    m.x = r->x;
    m.dy = r->dy;
    m.work = r->work;
    m.dw = r->dw;
    if (!r->n)
        return;
    if (weights(&m) > SMALL_WEIGHTS) {
        cnn_queue_run(r->q, c->g->groups * m.jobs_each, weight_block_job, &m);
        return;
    }
    size_t parts = cnn_ceil_div(m.tiles, m.block);
    m.dw = r->work + (size_t)cnn_queue_threads(r->q) * m.slot;
    cnn_queue_run(r->q, parts, weight_part_job, &m);
    cnn_conv_combine(r->q, parts, weights(&m), m.dw, r->dw);
}

static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    const struct cnn_conv *g = c->g;
    struct gemm m = plan(g, g->batch);
    if (c->pass == CNN_CONV_FORWARD)
        return forward_slot(&m) * cnn_max(threads, cnn_min(m.tiles, FEW_TILES - 1));
    if (c->pass == CNN_CONV_DATA)
        return data_plan(g, g->batch).slot * threads;
    size_t parts = weights(&m) <= SMALL_WEIGHTS ? weight_parts(&m) : 0;
    return weight_plan(g, g->batch).slot * threads + parts * weights(&m);
}

/* More where a side of the product is so short that packing it is not repaid. */
static double cost(const struct cnn_conv_case *c)
{
    struct gemm m = plan(c->g, 1);
    if (!cnn_conv_is_plain(c))
        return -1;
    return cnn_conv_cycles(c, 0.5) * (1 + 16 / (double)m.kg + 64 / (double)(m.cg * m.taps));
}

const struct cnn_conv_algorithm cnn_conv_gemm = {
    .name = "gemm",
    .cost = cost,
    .work = work,
    .forward = forward,
    .backward_data = backward_data,
    .backward_weight = backward_weight,
};
