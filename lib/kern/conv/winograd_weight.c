/* The weight gradient of winograd.c's convolution: at each point xi a matrix product over all
 * tiles,
 *   dU[xi] (in_c, out_c) = V[xi]^T (in_c, tiles) D[xi] (tiles, out_c),
 * where V is the transformed input and D the transformed gradient of the outputs; then
 * dg = G^T dU G.
 *
 * With few channels dU is small: the tiles are shared out to parts that sum by themselves. With
 * many, the threads share dU: they transform a round of tiles, then each sums some of dU. */
#include "kern/conv/winograd.h"

#include <string.h>

enum {
    CHUNK_BYTES = 512 << 10, /* V and D of a part's chunk: within an L2 cache */
    ROUND_BYTES = 8 << 20,   /* V and D of a round: within the L3 cache */
    SMALL_BYTES = 640 << 10, /* dU that may be summed in parts */
    PARTS = 8,
    SPREAD = 28, /* tiles of a job */
};

struct weight {
    struct cnn_winograd_plan p;
    size_t chunk, chunks;  /* tiles of a chunk or a round; chunks in all */
    size_t most;           /* tiles of a chunk at most */
    size_t parts, share;   /* parts, 0: none; chunks of a part */
    size_t v_step, d_step; /* from point to point */
    size_t sums;           /* elements of a dU */
    size_t first;          /* tile of this round */
    const real *x, *dy;
    real *v, *d, *u, *dw;
};

static struct weight plan(const struct cnn_conv *g, size_t n)
{
    struct weight f = {.p = cnn_winograd_plan(g, g->batch)};
    struct cnn_winograd_plan *p = &f.p;
    size_t bytes = p->points * p->lanes * (p->in_blocks + p->out_blocks) * sizeof(real);
    size_t balance = p->in_blocks * p->out_blocks * p->lanes / (p->in_blocks + p->out_blocks) / 2;
    size_t round = cnn_max(cnn_max(ROUND_BYTES / bytes, balance), 1);
    f.sums = p->points * p->in_blocks * p->out_blocks * p->lanes * p->lanes;
    f.most = cnn_max(CHUNK_BYTES / bytes, 1);
    f.chunk = f.most;
    if (f.sums * sizeof(real) <= SMALL_BYTES) {
        f.parts = cnn_min(PARTS, cnn_ceil_div(p->tiles, f.chunk));
    } else {
        f.most = cnn_min(round, p->tiles);
        f.chunk = cnn_ceil_div(p->tiles, cnn_ceil_div(p->tiles, f.most));
    }
    f.v_step = cnn_winograd_step(p->in_blocks * f.chunk * p->lanes);
    f.d_step = cnn_winograd_step(p->out_blocks * f.chunk * p->lanes);
    p->tiles = n * p->rows * p->columns;
    f.chunks = cnn_ceil_div(p->tiles, f.chunk);
    f.parts = cnn_min(f.parts, f.chunks);
    f.share = f.parts ? cnn_ceil_div(f.chunks, f.parts) : 0;
    return f;
}

/* V, or D, of a block of channels and some tiles of the chunk that begins at `first`. */
static void spread(const struct weight *f, int gradient, size_t block, size_t first,
                   struct cnn_range tiles, real *to)
{
    size_t at = (block * f->chunk + tiles.begin - first) * f->p.lanes;
    cnn_winograd_spread(&f->p, gradient, gradient ? f->dy : f->x, block, tiles, to + at,
                        gradient ? f->d_step : f->v_step);
}

/* A point's and a panel's sums (in_c, vectors, lanes) grow by `tiles` tiles. */
static void multiply(const struct weight *f, size_t xi, size_t panel, size_t tiles, const real *v,
                     const real *d, real *u)
{
    const struct cnn_winograd_plan *p = &f->p;
    size_t vectors = cnn_winograd_vectors(p, panel), most = cnn_isa()->pixels[vectors];
    struct cnn_outer o = {
        .images = 1, .rows = 1, .count = tiles, .a_step = p->lanes, .d_step = p->lanes};
    o.d = d + xi * f->d_step + panel * 2 * f->chunk * p->lanes;
    o.d_vector = f->chunk * p->lanes;
    o.sum_step = vectors * p->lanes;
    for (size_t block = 0; block < p->in_blocks; block++) {
        size_t elements = cnn_min(p->lanes, p->g->in_c - block * p->lanes);
        size_t each = cnn_ceil_div(elements, cnn_ceil_div(elements, most));
        for (size_t i = 0; i < elements; i += each) {
            o.a = v + xi * f->v_step + block * f->chunk * p->lanes + i;
            o.a_ahead = i ? 0 : (ptrdiff_t)(f->chunk * p->lanes); /* the next block */
            o.sum = u + (block * p->lanes + i) * o.sum_step;
            cnn_isa()->outer(cnn_min(each, elements - i), vectors, &o);
        }
    }
}

/* Where the sums of a point and a panel lie in dU (panels, points, in_blocks, lanes, 2, lanes). */
static size_t place(const struct cnn_winograd_plan *p, size_t xi, size_t panel)
{
    size_t column = p->in_blocks * p->lanes * p->lanes;
    return column * (panel * 2 * p->points + xi * cnn_winograd_vectors(p, panel));
}

/* The sums of a part. */
static void part_job(void *context, size_t job, int thread)
{
    const struct weight *f = context;
    const struct cnn_winograd_plan *p = &f->p;
    struct cnn_range chunks = cnn_range_of(job, f->share, f->chunks);
    real *v = f->v + (size_t)thread * p->points * f->v_step;
    real *d = f->d + (size_t)thread * p->points * f->d_step, *u = f->u + job * f->sums;
    memset(u, 0, f->sums * sizeof *u);
    for (size_t chunk = chunks.begin; chunk < chunks.end; chunk++) {
        struct cnn_range tiles = cnn_range_of(chunk, f->chunk, p->tiles);
        for (size_t c = 0; c < p->in_blocks; c++)
            spread(f, 0, c, tiles.begin, tiles, v);
        for (size_t k = 0; k < p->out_blocks; k++)
            spread(f, 1, k, tiles.begin, tiles, d);
        for (size_t panel = 0; panel < p->panels; panel++)
            for (size_t xi = 0; xi < p->points; xi++)
                multiply(f, xi, panel, tiles.end - tiles.begin, v, d, u + place(p, xi, panel));
    }
}

static size_t round_tiles(const struct weight *f)
{
    return cnn_min(f->chunk, f->p.tiles - f->first);
}

/* Some tiles of the round and a block of channels, of x or of dy. */
static void spread_job(void *context, size_t job, int thread)
{
    const struct weight *f = context;
    size_t blocks = f->p.in_blocks + f->p.out_blocks, block = job % blocks;
    struct cnn_range tiles = cnn_range_of(job / blocks, SPREAD, round_tiles(f));
    (void)thread;
    tiles.begin += f->first;
    tiles.end += f->first;
    if (block < f->p.in_blocks)
        spread(f, 0, block, f->first, tiles, f->v);
    else
        spread(f, 1, block - f->p.in_blocks, f->first, tiles, f->d);
}

/* A point's and a panel's sums over the round. */
static void sum_job(void *context, size_t job, int thread)
{
    const struct weight *f = context;
    const struct cnn_winograd_plan *p = &f->p;
    size_t xi = job / p->panels, panel = job % p->panels;
    real *u = f->u + place(p, xi, panel);
    (void)thread;
    if (!f->first) {
        size_t column = p->in_blocks * p->lanes * p->lanes;
        memset(u, 0, column * cnn_winograd_vectors(p, panel) * sizeof *u);
    }
    multiply(f, xi, panel, round_tiles(f), f->v, f->d, u);
}

/* dw of an output vector from a block of input channels. */
static void weights_job(void *context, size_t job, int thread)
{
    const struct weight *f = context;
    const struct cnn_winograd_plan *p = &f->p;
    size_t k = job / p->in_blocks, block = job % p->in_blocks, in_c = p->g->in_c;
    size_t row = cnn_winograd_vectors(p, k / 2) * p->lanes, step = p->in_blocks * p->lanes * row;
    size_t end = cnn_min(in_c, (block + 1) * p->lanes), count = p->g->out_c - k * p->lanes;
    const real *u = f->u + place(p, 0, k / 2) + k % 2 * p->lanes;
    (void)thread;
    for (size_t c = block * p->lanes; c < end; c++)
        cnn_isa()->winograd_weights_gradient(p->size, cnn_min(p->lanes, count), u + c * row, step,
                                             f->dw + (k * p->lanes * in_c + c) * 9, in_c * 9);
}

static void backward_weight(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct weight f = plan(c->g, r->n);
    size_t slots = f.parts ? (size_t)cnn_queue_threads(r->q) : 1;
    if (!r->n)
        return;
    f.x = r->x;
    f.dy = r->dy;
    f.dw = r->dw;
    f.v = r->work;
    f.d = f.v + slots * f.p.points * f.v_step;
    f.u = f.d + slots * f.p.points * f.d_step;
    if (f.parts) {
        f.parts = cnn_ceil_div(f.chunks, f.share);
        cnn_queue_run(r->q, f.parts, part_job, &f);
        if (f.parts > 1)
            cnn_conv_combine(r->q, f.parts - 1, f.sums, f.u + f.sums, f.u);
    } else {
        for (; f.first < f.p.tiles; f.first += f.chunk) {
            size_t pieces = cnn_ceil_div(round_tiles(&f), SPREAD);
            cnn_queue_run(r->q, pieces * (f.p.in_blocks + f.p.out_blocks), spread_job, &f);
            cnn_queue_run(r->q, f.p.points * f.p.panels, sum_job, &f);
        }
    }
    cnn_queue_run(r->q, f.p.out_blocks * f.p.in_blocks, weights_job, &f);
}

/* An upper bound that never shrinks as the batch grows. */
static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    struct weight f = plan(c->g, c->g->batch);
    size_t slots = f.parts ? threads : 1, v = f.p.in_blocks * f.most * f.p.lanes;
    size_t d = f.p.out_blocks * f.most * f.p.lanes;
    return slots * f.p.points * (cnn_winograd_step(v) + cnn_winograd_step(d)) +
           cnn_max(f.parts, 1) * f.sums;
}

static double cost(const struct cnn_conv_case *c)
{
    if (!cnn_winograd_can(c) || c->pass != CNN_CONV_WEIGHT)
        return -1;
    return cnn_winograd_cost(c->g, 0.6, 1.75);
}

const struct cnn_conv_algorithm cnn_conv_winograd_weight = {
    .name = "winograd_weight",
    .inexact = 1,
    .cost = cost,
    .work = work,
    .backward_weight = backward_weight,
};
