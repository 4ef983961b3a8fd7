/* Convolution 3x3 by Winograd's minimal filtering (Lavin and Gray 2016, section 4): the output is
 * cut into tiles of size x size; each, with its surrounding of (size + 2)^2 inputs, is transformed
 * (isa/winograd.c), and at each of the (size + 2)^2 points xi the channels meet in a matrix product
 *   M[xi] (tiles, out_c) = V[xi] (tiles, in_c) U[xi] (in_c, out_c).
 * F(4x4) needs 36 / 16 products for an output where the definition needs 9.
 *
 * Rounding, measured by tests/bench/accuracy.c against double precision, relative to the rms of the
 * results (16 to 512 channels; direct sums: 1e-7 to 2e-7 for the weight gradient):
 *           forward and data gradient              weight gradient
 *   F(2x2)  rms 3e-7, largest 1e-6                 rms 3e-7, largest 3e-6
 *   F(4x4)  rms 4e-7 to 2e-6, largest 2e-6 to 8e-6 rms 2e-7 to 7e-7, largest 1e-6 to 3e-6
 * Points of interpolation at 2/3 and 3/2 rather than at 1 and 2 halve the rms of F(4x4).
 *
 * Tiles are worked on in chunks whose V and M stay in the cache, outputs in panels of two vectors.
 * With few channels a job does everything for a chunk. With many the weights are what counts: then
 * a round transforms many chunks, and a job does a panel of a chunk, so that the threads share a
 * panel's weights. */
#include "kern/conv/winograd.h"

#include <string.h>

#include "kern/basic/epilogue.h"

enum {
    CHUNK_BYTES = 640 << 10, /* V and a panel's M of a chunk: within an L2 cache of 1 MiB */
    PANEL_BYTES = 256 << 10, /* M of a chunk of a round */
    ROUND_BYTES = 8 << 20,   /* V of a round: within the L3 cache */
    LEAST_CHUNK = 24,        /* tiles that make it worth reading all weights for a chunk */
    JOBS = 8,                /* that there should be at least */
    FEW = 4,                 /* register blocks of tiles that are too few to cut into chunks */
};

/* A forward pass. */
struct forward {
    struct cnn_winograd_plan p;
    size_t chunk, chunks;  /* tiles of a chunk; chunks in all */
    size_t most;           /* tiles of a chunk at most, for any batch */
    int alone;             /* a chunk is a job, else a panel of a chunk */
    size_t round;          /* chunks of a round */
    size_t first;          /* chunk of this round */
    size_t v_step, m_step; /* from point to point */
    const real *x, *u, *b, *add;
    real *y, *v, *m; /* v: of a round, or of each thread */
    int limit;
    real high;
};

static size_t v_elements(const struct forward *f)
{
    return f->p.points * f->v_step;
}

static size_t m_elements(const struct forward *f)
{
    return f->p.points * f->m_step;
}

/* The sizes of a chunk and a round. Small batches go by rounds whatever the channels, so that all
 * threads have work. */
static struct forward plan(const struct cnn_conv *g, size_t n)
{
    struct forward f = {.p = cnn_winograd_plan(g, g->batch)};
    struct cnn_winograd_plan *p = &f.p;
    size_t vectors = cnn_min(2, p->out_blocks), pixels = cnn_isa()->pixels[vectors];
    size_t bytes = p->points * p->lanes * sizeof(real);
    size_t alone = CHUNK_BYTES / (bytes * (p->in_blocks + vectors)) / pixels * pixels;
    size_t shared = cnn_max(PANEL_BYTES / (bytes * vectors) / pixels, 1) * pixels;
    f.alone = alone >= LEAST_CHUNK && p->tiles >= FEW * pixels;
    f.most = cnn_max(alone, shared);
    size_t jobs = f.alone ? JOBS : cnn_max(JOBS / p->panels, 1);
    f.chunk = cnn_round_up(cnn_ceil_div(p->tiles, jobs), pixels);
    f.chunk = cnn_min(cnn_min(f.chunk, f.alone ? alone : shared), p->tiles);
    f.round = cnn_max(ROUND_BYTES / (f.chunk * bytes * p->in_blocks), 1);
    f.v_step = cnn_winograd_step(p->in_blocks * f.chunk * p->lanes);
    f.m_step = cnn_winograd_step(vectors * f.chunk * p->lanes);
    f.round = cnn_min(f.round, cnn_ceil_div(p->tiles, f.chunk));
    p->tiles = n * p->rows * p->columns;
    f.chunks = cnn_ceil_div(p->tiles, f.chunk);
    return f;
}

/* M of a panel, all points. */
static void multiply(const struct forward *f, size_t panel, size_t tiles, const real *v, real *m)
{
    const struct cnn_winograd_plan *p = &f->p;
    size_t vectors = cnn_winograd_vectors(p, panel), plane = p->in_blocks * p->lanes;
    size_t pieces = cnn_ceil_div(tiles, cnn_isa()->pixels[vectors]);
    ptrdiff_t segment[CNN_WINOGRAD_SEGMENTS];
    struct cnn_block b = {.inner = p->lanes, .step = p->lanes, .out_step = p->lanes};
    const real *u = f->u + panel * 2 * p->lanes * plane * p->points;
    b.out_vector = f->chunk * p->lanes;
    b.segment = segment;
    for (size_t s = 0; s < cnn_min(p->in_blocks, CNN_WINOGRAD_SEGMENTS); s++)
        segment[s] = (ptrdiff_t)(s * f->chunk * p->lanes);
    for (size_t xi = 0; xi < p->points; xi++, v += f->v_step, m += f->m_step)
        for (size_t s = 0; s < p->in_blocks; s += b.segments) {
            b.segments = cnn_min(CNN_WINOGRAD_SEGMENTS, p->in_blocks - s);
            b.more = s > 0;
            b.w = u;
            b.w_ahead = b.segments * p->lanes * vectors * p->lanes;
            u += b.w_ahead;
            for (size_t i = 0; i < pieces; i++) {
                size_t begin = i * tiles / pieces, end = (i + 1) * tiles / pieces;
                b.a = v + (s * f->chunk + begin) * p->lanes;
                b.out = m + begin * p->lanes;
                cnn_isa()->block(end - begin, vectors, &b);
            }
        }
}

/* A panel's outputs from M. */
static void collect(const struct forward *f, size_t panel, struct cnn_range tiles, const real *m)
{
    const struct cnn_winograd_plan *p = &f->p;
    const struct cnn_conv *g = p->g;
    size_t vectors = cnn_winograd_vectors(p, panel), plane = g->out_h * g->out_w * p->lanes;
    for (size_t k = 2 * panel; k < 2 * panel + vectors; k++, m += f->chunk * p->lanes) {
        real bias[CNN_WINOGRAD_LANES] = {0};
        struct cnn_winograd t = {.size = p->size,
                                 .h = g->out_h,
                                 .w = g->out_w,
                                 .from = m,
                                 .step = f->m_step,
                                 .limit = f->limit,
                                 .high = f->high};
        if (f->b) {
            size_t count = cnn_min(p->lanes, g->out_c - k * p->lanes);
            memcpy(bias, f->b + k * p->lanes, count * sizeof *bias);
            t.bias = bias;
        }
        for (size_t tile = tiles.begin; tile < tiles.end; tile += t.tiles) {
            struct cnn_winograd_run run = cnn_winograd_run(p, tile, tiles.end);
            size_t image = (run.sample * p->out_blocks + k) * plane;
            t.tiles = run.tiles;
            t.top = (ptrdiff_t)run.top;
            t.left = (ptrdiff_t)run.left;
            t.to = f->y + image;
            t.add = f->add ? f->add + image : NULL;
            cnn_isa()->winograd_output(&t);
            t.from += t.tiles * p->lanes;
        }
    }
}

/* Everything for a chunk. */
static void chunk_job(void *context, size_t job, int thread)
{
    const struct forward *f = context;
    struct cnn_range tiles = cnn_range_of(job, f->chunk, f->p.tiles);
    real *v = f->v + (size_t)thread * v_elements(f), *m = f->m + (size_t)thread * m_elements(f);
    for (size_t c = 0; c < f->p.in_blocks; c++)
        cnn_winograd_spread(&f->p, 0, f->x, c, tiles, v + c * f->chunk * f->p.lanes, f->v_step);
    for (size_t panel = 0; panel < f->p.panels; panel++) {
        multiply(f, panel, tiles.end - tiles.begin, v, m);
        collect(f, panel, tiles, m);
    }
}

/* A round's V: a chunk and a block of channels. */
static void spread_job(void *context, size_t job, int thread)
{
    const struct forward *f = context;
    size_t chunk = job / f->p.in_blocks, c = job % f->p.in_blocks;
    struct cnn_range tiles = cnn_range_of(f->first + chunk, f->chunk, f->p.tiles);
    (void)thread;
    cnn_winograd_spread(&f->p, 0, f->x, c, tiles,
                        f->v + chunk * v_elements(f) + c * f->chunk * f->p.lanes, f->v_step);
}

/* A panel of a chunk of the round; all chunks of a panel follow each other. */
static void panel_job(void *context, size_t job, int thread)
{
    const struct forward *f = context;
    size_t chunks = cnn_min(f->round, f->chunks - f->first);
    size_t panel = job / chunks, chunk = job % chunks;
    struct cnn_range tiles = cnn_range_of(f->first + chunk, f->chunk, f->p.tiles);
    real *m = f->m + (size_t)thread * m_elements(f);
    multiply(f, panel, tiles.end - tiles.begin, f->v + chunk * v_elements(f), m);
    collect(f, panel, tiles, m);
}

static void run_forward(struct cnn_queue *q, struct forward *f)
{
    if (f->alone) {
        cnn_queue_run(q, f->chunks, chunk_job, f);
        return;
    }
    for (f->first = 0; f->first < f->chunks; f->first += f->round) {
        size_t chunks = cnn_min(f->round, f->chunks - f->first);
        cnn_queue_run(q, chunks * f->p.in_blocks, spread_job, f);
        cnn_queue_run(q, chunks * f->p.panels, panel_job, f);
    }
}

static void forward(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct forward f = plan(c->g, r->n);
    const struct cnn_epilogue *e = r->e;
    size_t threads = (size_t)cnn_queue_threads(r->q);
    f.x = r->x;
    f.u = r->w;
    f.b = r->b;
    f.y = r->y;
    f.v = r->work;
    f.m = r->work + v_elements(&f) * (f.alone ? threads : f.round);
    f.add = e && e->add ? e->add->data : NULL;
    f.limit = cnn_epilogue_limit(e);
    f.high = cnn_epilogue_high(e);
    run_forward(r->q, &f);
    struct cnn_tensor y = {r->n, c->g->out_c, c->g->out_h, c->g->out_w, c->y_layout, r->y};
    cnn_epilogue_rest(r->q, e, &y);
}

/* An upper bound that never shrinks as the batch grows. */
static size_t forward_work(const struct cnn_conv *g, size_t threads)
{
    struct forward f = plan(g, g->batch);
    const struct cnn_winograd_plan *p = &f.p;
    size_t v = p->points * (p->in_blocks * p->lanes + 32), m = p->points * (2 * p->lanes + 32);
    size_t tiles = f.alone ? FEW * cnn_isa()->pixels[1]
                           : p->tiles; /* of rounds, at this batch or a smaller one */
    size_t round = cnn_min(v * tiles, cnn_max(ROUND_BYTES / sizeof(real), v * f.most));
    size_t chunks = f.alone ? v_elements(&f) * threads : 0;
    return cnn_max(round + v * cnn_min(tiles, f.most), chunks) +
           m * cnn_min(p->tiles, f.most) * threads;
}

static size_t packed(const struct cnn_conv_case *c)
{
    struct cnn_winograd_plan p = cnn_winograd_plan(c->g, 1);
    return p.points * p.in_blocks * p.out_blocks * p.lanes * p.lanes;
}

struct pack {
    struct cnn_winograd_plan p;
    const real *w;            /* (out_c, in_c, 3, 3) */
    size_t out_step, in_step; /* from output to output and from input to input in w */
    int mirror;               /* the kernels are turned by half a turn */
    real *u; /* (panels, points, in_blocks, lanes, 2, lanes), the last panel maybe narrower */
};

enum { PIECE = 8 }; /* input channels of a piece */

/* A panel's transformed weights from a block of input channels; in pieces that lie in the nearest
 * cache, since points lie far apart. */
static void pack_job(void *context, size_t job, int thread)
{
    const struct pack *a = context;
    const struct cnn_winograd_plan *p = &a->p;
    size_t panel = job / p->in_blocks, block = job % p->in_blocks;
    size_t vectors = cnn_winograd_vectors(p, panel), row = vectors * p->lanes;
    size_t point = p->in_blocks * p->lanes * row, channels = cnn_min(PIECE, p->lanes);
    real *u = a->u + panel * 2 * p->lanes * p->in_blocks * p->lanes * p->points;
    real piece[CNN_WINOGRAD_POINTS * PIECE * 2 * CNN_WINOGRAD_LANES];
    (void)thread;
    for (size_t c = block * p->lanes; c < (block + 1) * p->lanes; c += channels) {
        for (size_t i = 0; i < channels * vectors; i++) {
            size_t in = c + i / vectors, out = (2 * panel + i % vectors) * p->lanes;
            size_t count = in < p->g->in_c ? cnn_min(p->lanes, p->g->out_c - out) : 0;
            cnn_isa()->winograd_weights(
                p->size, count, a->w + (count ? out * a->out_step + in * a->in_step : 0),
                a->out_step, a->mirror, piece + i * p->lanes, channels * row);
        }
        for (size_t xi = 0; xi < p->points; xi++)
            memcpy(u + xi * point + c * row, piece + xi * channels * row,
                   channels * row * sizeof *u);
    }
}

static void pack(struct cnn_queue *q, const struct cnn_conv_case *c, const real *w, real *to)
{
    struct pack a = {cnn_winograd_plan(c->g, 1), w, c->g->in_c * 9, 9, 0, to};
    cnn_queue_run(q, a.p.panels * a.p.in_blocks, pack_job, &a);
}

/* The data gradient as a forward pass of m. */
static struct cnn_conv_case mirrored(const struct cnn_conv_case *c, struct cnn_conv *m)
{
    cnn_conv_mirror(c->g, m);
    return (struct cnn_conv_case){m, CNN_CONV_FORWARD, c->y_layout, c->x_layout};
}

static void backward_data(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct cnn_conv m;
    struct cnn_conv_case forth = mirrored(c, &m);
    struct pack a = {cnn_winograd_plan(&m, 1), r->w, 9, c->g->in_c * 9, 1, r->work};
    struct cnn_conv_run run = *r;
    cnn_queue_run(r->q, a.p.panels * a.p.in_blocks, pack_job, &a);
    run.x = r->dy;
    run.y = r->dx;
    run.w = r->work;
    run.work = r->work + cnn_padded(packed(&forth));
    forward(&forth, &run);
}

static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    struct cnn_conv m;
    if (c->pass == CNN_CONV_FORWARD)
        return forward_work(c->g, threads);
    struct cnn_conv_case forth = mirrored(c, &m);
    return cnn_padded(packed(&forth)) + forward_work(&m, threads);
}

static double cost(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    struct cnn_conv m;
    if (!cnn_winograd_can(c) || c->pass == CNN_CONV_WEIGHT ||
        (c->pass == CNN_CONV_DATA && !cnn_conv_mirror(g, &m)))
        return -1;
    if (c->pass == CNN_CONV_FORWARD)
        return cnn_winograd_cost(g, 0.85, 0.5);
    return cnn_winograd_cost(&m, 0.85, 3); /* the weights are packed first */
}

const struct cnn_conv_algorithm cnn_conv_winograd = {
    .name = "winograd",
    .fuses = 1,
    .inexact = 1,
    .cost = cost,
    .work = work,
    .packed = packed,
    .pack = pack,
    .forward = forward,
    .backward_data = backward_data,
};
