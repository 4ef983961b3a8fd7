/* Running a direct convolution. A job is a band of a sample's output rows for some of the pairs of
 * result vectors: it gathers the band's inputs into its thread's scratch, then takes pair after
 * pair; for each, chunks of weights that stay in the cache while they pass over the band's
 * positions in register blocks. */
#include <string.h>

#include "kern/conv/direct/direct.h"
#include "kern/basic/epilogue.h"

enum { LINE = 64 }; /* bytes of a cache line */

struct run {
    const struct cnn_direct *d;
    const struct cnn_direct_run *r;
    const struct cnn_isa *isa;
    const ptrdiff_t *segment; /* (chunk, taps): where each lies, from a position's first input */
};

struct band {
    size_t first, rows, group;
    const real *from; /* the first output's first input */
    real *to;         /* the group's first vector, at the first output */
};

static void set_segments(const struct cnn_direct *d, ptrdiff_t *segment)
{
    size_t columns = (d->w.out + d->w.reach) * d->from_lanes;
    for (size_t block = 0; block < d->chunk; block++)
        for (size_t r = 0; r < d->h.taps; r++)
            for (size_t s = 0; s < d->w.taps; s++) {
                size_t y = r * d->h.dilation, x = s * d->w.dilation;
                size_t row = y % d->h.stride * (d->rows + d->h.reach) + y / d->h.stride;
                *segment++ =
                    (ptrdiff_t)(block * d->from_plane + row * d->from_row +
                                x % d->w.stride * columns + x / d->w.stride * d->from_lanes);
            }
}

/* Asks for the inputs of positions begin .. end - 1 of a row, where they lie in many short runs
 * that the processor does not foresee. */
static void fetch_inputs(const struct cnn_direct *d, const struct cnn_block *b, size_t begin,
                         size_t end, const real *from)
{
    for (size_t s = 0; s < b->segments; s++)
        for (size_t i = begin * d->from_lanes; i < end * d->from_lanes; i += LINE / sizeof *from)
            __builtin_prefetch(from + b->segment[s] + i, 0, 2);
}

/* The positions of the band, with the weights that b has; from and to at the first position. fetch:
 * inputs come from afar. */
static void run_positions(const struct run *run, const struct band *band, struct cnn_block *b,
                          size_t vectors, int fetch, const real *from, real *to)
{
    const struct cnn_direct *d = run->d;
    const struct cnn_epilogue *e = run->r->e;
    const real *add = e && e->add && b->finish ? (const real *)e->add->data : NULL;
    size_t rows = d->flat ? 1 : band->rows, count = d->flat ? band->rows * d->w.out : d->w.out;
    size_t tiles = cnn_ceil_div(count, run->isa->pixels[vectors]);
    for (size_t row = 0; row < rows; row++)
        for (size_t tile = 0; tile < tiles; tile++) {
            size_t begin = count * tile / tiles, end = count * (tile + 1) / tiles;
            b->a = from + row * d->from_row + begin * d->from_lanes;
            b->out = to + row * d->to_row + begin * d->to_step;
            b->add = add ? add + (b->out - run->r->to) : NULL;
            if (fetch && tile + 1 < tiles)
                fetch_inputs(d, b, end, count * (tile + 2) / tiles, from + row * d->from_row);
            if (d->narrow)
                run->isa->block_narrow(end - begin, vectors, b);
            else
                run->isa->block(end - begin, vectors, b);
        }
}

static void set_limits(const struct cnn_epilogue *e, struct cnn_block *b)
{
    b->limit = cnn_epilogue_limit(e);
    b->high = cnn_epilogue_high(e);
}

static void run_pair(const struct run *run, const struct band *band, size_t pair, int fetch)
{
    const struct cnn_direct *d = run->d;
    size_t taps = d->h.taps * d->w.taps, vectors = cnn_min(2, d->vectors - 2 * pair);
    size_t first = 2 * pair * d->lanes, whole = d->in_c / d->from_lanes;
    real bias[2 * CNN_DIRECT_MOST_LANES] = {0};
    struct cnn_block b = {.segment = run->segment,
                          .step = d->from_lanes,
                          .w = run->r->packed +
                               (band->group * d->vectors * d->lanes + first) * d->in_c * taps,
                          .out_step = d->to_step,
                          .out_vector = d->to_plane,
                          .bias = run->r->b ? bias : NULL};
    if (run->r->b)
        memcpy(bias, run->r->b + band->group * d->out_c + first,
               cnn_min(vectors * d->lanes, d->out_c - first) * sizeof *bias);
    set_limits(run->r->e, &b);
    for (size_t block = 0; block < d->in_blocks;) {
        size_t count = block < whole ? cnn_min(d->chunk, whole - block) : 1;
        b.segments = count * taps;
        b.inner = block < whole ? d->from_lanes : d->in_c - whole * d->from_lanes;
        b.w_ahead = b.segments * b.inner * vectors * d->lanes;
        b.more = block > 0;
        b.finish = block + count == d->in_blocks;
        run_positions(run, band, &b, vectors, fetch, band->from + block * d->from_plane,
                      band->to + 2 * pair * d->to_plane);
        b.w += b.segments * b.inner * vectors * d->lanes;
        block += count;
    }
}

static void job(void *context, size_t index, int thread)
{
    const struct run *run = context;
    const struct cnn_direct *d = run->d;
    size_t part = index % d->parts, at = index / d->parts % d->bands;
    size_t group = index / d->parts / d->bands % d->groups;
    size_t sample = index / d->parts / d->bands / d->groups;
    struct cnn_range rows = cnn_range_of(at, d->rows, d->h.out);
    struct cnn_range pairs = cnn_range_of(part, d->part, d->pairs);
    size_t channels = d->narrow ? d->in_c : d->in_blocks * d->from_lanes;
    const real *from = run->r->from + (sample * d->groups + group) * channels * d->h.in * d->w.in;
    struct band band = {.first = rows.begin, .rows = rows.end - rows.begin, .group = group};
    band.to = run->r->to + (sample * d->groups + group) * d->vectors * d->to_plane + d->to_first +
              rows.begin * d->to_row;
    band.from = from + rows.begin * d->from_row;
    if (!d->in_place) {
        real *scratch = run->r->work + d->segments + (size_t)thread * d->slot;
        cnn_direct_gather(d, from, rows.begin, band.rows, scratch);
        band.from = scratch;
    }
    for (size_t pair = pairs.begin; pair < pairs.end; pair++)
        run_pair(run, &band, pair, d->in_place && pair == pairs.begin);
}

void cnn_direct_run(struct cnn_queue *q, const struct cnn_direct *d, const struct cnn_direct_run *r)
{
    ptrdiff_t *segment = (ptrdiff_t *)(void *)r->work;
    struct run run = {d, r, cnn_isa(), segment};
    set_segments(d, segment);
    cnn_queue_run(q, d->n * d->groups * d->bands * d->parts, job, &run);
}
