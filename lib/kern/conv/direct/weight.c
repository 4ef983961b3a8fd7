/* The weight gradient of convolutions straight from blocked tensors,
 *   dw[k][c][r][s] += sum over samples and outputs (i, j) of x[c][i stride + r dilation - pad][...]
 * dy[k][i][j], by blocks of outer products that stay in registers (isa/outer.c). Where a tap
 * reaches over the border its range is shorter. A last pass adds the parts up and brings the result
 * into the order of weights. weight_plan.c cuts the work. */
#include <string.h>

#include "kern/conv/direct/weight.h"

enum { GATHERED = 4 }; /* channels of a gathered image at most */

static struct cnn_range common(struct cnn_range a, struct cnn_range b)
{
    size_t begin = cnn_max(a.begin, b.begin), end = cnn_min(a.end, b.end);
    return (struct cnn_range){begin, cnn_max(begin, end)};
}

/* The first of the unit's dy in vector v of all. */
static const real *dy_at(const struct cnn_direct_weight *p, const struct cnn_direct_unit *u,
                         size_t v)
{
    const struct cnn_conv *g = &p->g;
    size_t plane = u->images.begin * p->groups * p->vectors + v;
    return p->dy + ((plane * g->out_h + u->rows.begin) * g->out_w + u->columns.begin) * p->lanes;
}

/* Rows that follow one another without a gap are one row; the same for images. */
static void join(struct cnn_outer *o, size_t lanes)
{
    if (o->a_row == o->count * o->a_step && o->d_row == o->count * lanes) {
        o->count *= o->rows;
        o->rows = 1;
    }
}

/* All elements of a tile's step. */
static void multiply(size_t elements, size_t vectors, struct cnn_outer *o)
{
    size_t each = cnn_even(elements, cnn_isa()->pixels[vectors]);
    for (size_t i = 0; i < elements; i += each) {
        struct cnn_outer part = *o;
        part.a += i;
        part.sum += i * o->sum_step;
        if (i)
            part.a_ahead = part.d_ahead = 0;
        cnn_isa()->outer(cnn_min(each, elements - i), vectors, &part);
    }
}

static struct cnn_outer outer_of(const struct cnn_direct_weight *p, const struct cnn_direct_unit *u,
                                 size_t v, real *sum)
{
    size_t row = p->g.out_w * p->lanes, plane = p->g.out_h * row;
    return (struct cnn_outer){.d = dy_at(p, u, v),
                              .images = u->images.end - u->images.begin,
                              .rows = u->rows.end - u->rows.begin,
                              .count = u->columns.end - u->columns.begin,
                              .d_step = p->lanes,
                              .d_row = row,
                              .d_image = p->groups * p->vectors * plane,
                              .d_vector = plane,
                              .sum = sum,
                              .sum_step = 2 * p->lanes};
}

/* Tap (r, s) of a tile: dy from vector v on, x of block b of all. */
static void tap(const struct cnn_direct_weight *p, const struct cnn_direct_unit *unit, size_t r,
                size_t s, size_t v, size_t vectors, size_t b, size_t elements, real *sum)
{
    const struct cnn_conv *g = &p->g;
    struct cnn_direct_unit u = *unit;
    u.rows = common(u.rows,
                    cnn_conv_inside(r, g->dilation_h, g->stride_h, g->pad_top, g->in_h, g->out_h));
    u.columns = common(
        u.columns, cnn_conv_inside(s, g->dilation_w, g->stride_w, g->pad_left, g->in_w, g->out_w));
    if (u.rows.begin == u.rows.end || u.columns.begin == u.columns.end)
        return;
    size_t blocks = p->groups * p->blocks, row = g->in_w * p->lanes;
    size_t i = u.rows.begin * g->stride_h + r * g->dilation_h - g->pad_top;
    size_t j = u.columns.begin * g->stride_w + s * g->dilation_w - g->pad_left;
    struct cnn_outer o = outer_of(p, &u, v, sum);
    o.a = p->x + ((u.images.begin * blocks + b) * g->in_h + i) * row + j * p->lanes;
    o.a_step = g->stride_w * p->lanes;
    o.a_row = g->stride_h * row;
    o.a_image = blocks * g->in_h * row;
    o.a_ahead = u.x_ahead;
    o.d_ahead = u.dy_ahead;
    join(&o, p->lanes);
    multiply(elements, vectors, &o);
}

/* A job's tiles. */
struct rect {
    size_t group;
    struct cnn_range pairs, blocks;
    real *sums; /* of this part, all tiles */
};

static real *tile_at(const struct cnn_direct_weight *p, const struct rect *t, size_t pair,
                     size_t block)
{
    return t->sums + ((t->group * p->pairs + pair) * p->blocks + block) * p->tile;
}

static size_t vectors_of(const struct cnn_direct_weight *p, size_t pair)
{
    return cnn_min(2, p->vectors - 2 * pair);
}

static void blocked_unit(const struct cnn_direct_weight *p, const struct rect *t,
                         const struct cnn_direct_unit *u)
{
    size_t channels = p->g.in_c / p->groups, step = p->elements * 2 * p->lanes;
    for (size_t pair = t->pairs.begin; pair < t->pairs.end; pair++)
        for (size_t b = t->blocks.begin; b < t->blocks.end; b++) {
            real *sum = tile_at(p, t, pair, b);
            size_t v = t->group * p->vectors + 2 * pair;
            for (size_t i = 0; i < p->steps; i++) {
                struct cnn_direct_unit now = *u;
                now.x_ahead = pair == t->pairs.begin && !i ? u->x_ahead : 0;
                now.dy_ahead = b == t->blocks.begin && !i ? u->dy_ahead : 0;
                tap(p, &now, i / p->g.kw, i % p->g.kw, v, vectors_of(p, pair),
                    t->group * p->blocks + b, cnn_min(p->lanes, channels - b * p->lanes),
                    sum + i * step);
            }
        }
}

/* A row of x (in_c planes) into (width / in_c, in_c); NULL: zeros. */
static void gather_row(const struct cnn_direct_weight *p, const real *x, real *to)
{
    const struct cnn_conv *g = &p->g;
    size_t c = g->in_c, columns = p->width / c;
    size_t left = cnn_min(g->pad_left, columns), count = cnn_min(g->in_w, columns - left);
    if (!x)
        count = 0;
    memset(to, 0, left * c * sizeof *to);
    for (size_t k = 0; k < c && count; k++) {
        const real *from = x + k * g->in_h * g->in_w;
        for (size_t i = 0; i < count; i++)
            to[(left + i) * c + k] = from[i];
    }
    memset(to + (left + count) * c, 0, (columns - left - count) * c * sizeof *to);
}

static void gather(const struct cnn_direct_weight *p, const struct cnn_direct_unit *u, real *to)
{
    const struct cnn_conv *g = &p->g;
    const real *x = p->x + u->images.begin * g->in_c * g->in_h * g->in_w;
    size_t first = u->rows.begin * g->stride_h;
    size_t last = (u->rows.end - 1) * g->stride_h + (g->kh - 1) * g->dilation_h;
    for (size_t r = first; r <= last; r++, to += p->width) {
        int inside = r >= g->pad_top && r - g->pad_top < g->in_h;
        gather_row(p, inside ? x + (r - g->pad_top) * g->in_w : NULL, to);
    }
}

static void gathered_unit(const struct cnn_direct_weight *p, const struct rect *t,
                          const struct cnn_direct_unit *band, real *slot)
{
    const struct cnn_conv *g = &p->g;
    gather(p, band, slot);
    for (size_t i = band->rows.begin; i < band->rows.end; i += p->rows) {
        struct cnn_direct_unit u = *band;
        u.rows = (struct cnn_range){i, cnn_min(i + p->rows, band->rows.end)};
        for (size_t pair = 0; pair < p->pairs; pair++)
            for (size_t r = 0; r < p->blocks; r++) {
                struct cnn_outer o = outer_of(p, &u, 2 * pair, tile_at(p, t, pair, r));
                size_t down = (i - band->rows.begin) * g->stride_h + r * g->dilation_h;
                o.a = slot + down * p->width;
                o.a_step = g->stride_w * g->in_c;
                o.a_row = g->stride_h * p->width;
                multiply(p->elements, vectors_of(p, pair), &o);
            }
    }
}

static void weight_job(void *context, size_t job, int thread)
{
    const struct cnn_direct_weight *p = context;
    size_t down = cnn_ceil_div(p->pairs, p->rect_pairs);
    size_t across = cnn_ceil_div(p->blocks, p->rect_blocks), part = job / cnn_direct_weight_jobs(p);
    size_t at = job % cnn_direct_weight_jobs(p);
    struct rect t = {.group = at / (down * across),
                     .pairs = cnn_range_of(at / across % down, p->rect_pairs, p->pairs),
                     .blocks = cnn_range_of(at % across, p->rect_blocks, p->blocks),
                     .sums = p->sums + part * cnn_direct_weight_sums(p)};
    struct cnn_range units = cnn_range_of(part, p->chunk, p->units);
    for (size_t pair = t.pairs.begin; pair < t.pairs.end; pair++)
        memset(tile_at(p, &t, pair, t.blocks.begin), 0,
               (t.blocks.end - t.blocks.begin) * p->tile * sizeof(real));
    for (size_t i = units.begin; i < units.end; i++) {
        struct cnn_direct_unit u = cnn_direct_weight_unit(p, i, units.end);
        if (p->gathered)
            gathered_unit(p, &t, &u, p->work + (size_t)thread * p->slot);
        else
            blocked_unit(p, &t, &u);
    }
}

static void add_parts(const struct cnn_direct_weight *p, real *tile)
{
    for (size_t part = 1; part < p->parts; part++) {
        const real *other = tile + part * cnn_direct_weight_sums(p);
        for (size_t i = 0; i < p->tile; i++)
            tile[i] += other[i];
    }
}

/* Gathered: element e is column e / in_c and channel e % in_c of the kernel's row `block`. */
static void store_row(const struct cnn_direct_weight *p, const real *from, size_t outputs,
                      size_t block, real *dw)
{
    const struct cnn_conv *g = &p->g;
    size_t taps = g->kh * g->kw;
    for (size_t k = 0; k < outputs; k++)
        for (size_t e = 0; e < p->elements; e++)
            dw[k * g->in_c * taps + e % g->in_c * taps + block * g->kw + e / g->in_c] +=
                from[e * 2 * p->lanes + k];
}

/* One vector of a tile to its weights. */
static void store(const struct cnn_direct_weight *p, const real *tile, size_t group, size_t vector,
                  size_t block)
{
    const struct cnn_conv *g = &p->g;
    size_t cg = g->in_c / p->groups, kg = g->out_c / p->groups, first = block * p->lanes;
    size_t outputs = cnn_min(p->lanes, kg - vector * p->lanes);
    const real *from = tile + vector % 2 * p->lanes;
    real *dw = p->dw + (group * kg + vector * p->lanes) * cg * g->kh * g->kw;
    if (p->gathered) {
        store_row(p, from, outputs, block, dw);
        return;
    }
    struct cnn_transpose t = {.rows = outputs,
                              .count = cnn_min(p->lanes, cg - first) * p->steps,
                              .row_step = cg * p->steps,
                              .taps = p->steps,
                              .step = 2 * (ptrdiff_t)p->lanes,
                              .tap_step = (ptrdiff_t)(p->elements * 2 * p->lanes),
                              .add = 1};
    cnn_isa()->separate(&t, from, dw + first * p->steps);
}

/* Job: a tile. */
static void finish_job(void *context, size_t job, int thread)
{
    const struct cnn_direct_weight *p = context;
    size_t group = job / (p->pairs * p->blocks), pair = job / p->blocks % p->pairs;
    real *tile = p->sums + job * p->tile;
    (void)thread;
    add_parts(p, tile);
    for (size_t v = 2 * pair; v < 2 * pair + vectors_of(p, pair); v++)
        store(p, tile, group, v, job % p->blocks);
}

static void backward_weight(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct cnn_direct_weight p = cnn_direct_weight_plan(c, r->n);
    if (!r->n)
        return;
    p.x = r->x;
    p.dy = r->dy;
    p.dw = r->dw;
    p.sums = r->work;
    p.work = r->work + p.parts * cnn_direct_weight_sums(&p);
    cnn_queue_run(r->q, p.parts * cnn_direct_weight_jobs(&p), weight_job, &p);
    cnn_queue_run(r->q, p.groups * p.pairs * p.blocks, finish_job, &p);
}

static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    struct cnn_direct_weight p = cnn_direct_weight_plan(c, c->g->batch);
    return cnn_direct_weight_parts(&p) * cnn_direct_weight_sums(&p) + threads * p.slot;
}

static double cost(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    size_t lanes = cnn_isa()->lanes;
    int first = cnn_conv_in_plain(c->x_layout);
    if (c->pass != CNN_CONV_WEIGHT || !cnn_conv_in_blocks(c->y_layout))
        return -1;
    if (first ? g->in_c > GATHERED || g->groups > 1 || g->dilation_w > 1
              : !cnn_conv_in_blocks(c->x_layout))
        return -1;
    if (g->groups > 1 && (g->in_c / g->groups % lanes || g->out_c / g->groups % lanes))
        return -1;
    double outputs = (double)cnn_round_up(g->out_c, lanes) / (double)g->out_c;
    double weights = (double)(g->out_c * (g->in_c / g->groups) * g->kh * g->kw);
    return cnn_conv_cycles(c, first ? 0.7 : 0.85) * outputs + 2 * weights;
}

const struct cnn_conv_algorithm cnn_conv_direct_weight = {
    .name = "direct",
    .cost = cost,
    .work = work,
    .backward_weight = backward_weight,
};
