/* Convolution of groups of samples, a sample in each lane (isa/samples.c): nothing is lost on
 * channels that do not fill a vector, so that nets with few of them run at full speed. A group's
 * channel is a plane of vectors, whose borders are cut off as rectangles with fewer taps (taps.h).
 *
 * The data gradient is the same from dy to dx, for each phase of the strides with its own taps. The
 * weight gradient multiplies vectors by vectors, lane by lane, and adds the lanes up at last. */
#include <string.h>

#include "kern/conv/algorithm.h"
#include "kern/basic/epilogue.h"
#include "kern/taps.h"

enum {
    WORK = 32768,      /* multiply-adds of vectors that make a job */
    UNIT = 8192,       /* elements of x and dy that a weight block reads, within an L1 cache */
    PARTS = 16,        /* partial weight gradients at most */
    WEIGHTS = 1 << 20, /* of all parts */
};

/* One direction: planes that are read, planes that are written, of a convolution group. */
struct pass {
    const struct cnn_conv *g;
    struct cnn_taps h, w;
    size_t lanes, taps, groups; /* groups of samples */
    size_t ins, outs;           /* channels of a convolution's group */
    size_t in_plane, out_plane; /* elements */
    size_t block, blocks;       /* outputs of a block, blocks of outs */
    size_t rows, bands;         /* of a job */
    size_t phases_h, phases_w;  /* 0: forward */
    const real *from, *packed, *b;
    struct cnn_samples call; /* what all calls share */
    real *to;
};

/* The registers have room for sums of outputs x others, the others, and one more vector. */
static size_t outputs_beside(size_t others)
{
    return cnn_min(CNN_SAMPLES_OUTPUTS, (cnn_isa()->registers - 1) / others - 1);
}

static struct pass plan(const struct cnn_conv *g, size_t n, int back)
{
    struct pass p = {.g = g, .lanes = cnn_isa()->lanes, .taps = g->kh * g->kw};
    size_t x = g->in_h * g->in_w * p.lanes, y = g->out_h * g->out_w * p.lanes;
    p.groups = cnn_ceil_div(n, p.lanes);
    p.h = (struct cnn_taps){g->in_h,     g->out_h,      g->kh,
                            g->stride_h, g->dilation_h, (ptrdiff_t)g->pad_top};
    p.w = (struct cnn_taps){g->in_w,     g->out_w,      g->kw,
                            g->stride_w, g->dilation_w, (ptrdiff_t)g->pad_left};
    p.ins = (back ? g->out_c : g->in_c) / g->groups;
    p.outs = (back ? g->in_c : g->out_c) / g->groups;
    p.in_plane = back ? y : x;
    p.out_plane = back ? x : y;
    p.block = cnn_even(p.outs, outputs_beside(2));
    p.blocks = cnn_ceil_div(p.outs, p.block);
    size_t height = back ? g->in_h : g->out_h, width = back ? g->in_w : g->out_w;
    p.rows = cnn_max(1, WORK / (width * g->groups * p.outs * p.ins * p.taps));
    p.rows = cnn_even(height, cnn_min(p.rows, height));
    p.bands = cnn_ceil_div(height, p.rows);
    if (back) {
        p.phases_h = g->stride_h;
        p.phases_w = g->stride_w;
    }
    return p;
}

/* to (convolution groups, blocks, taps, ins, outputs of the block). */
static void pack_pass(const struct pass *p, int back, const real *w, real *to)
{
    size_t from_out = (back ? 1 : p->ins) * p->taps, from_in = (back ? p->outs : 1) * p->taps;
    for (size_t group = 0; group < p->g->groups; group++, w += p->ins * p->outs * p->taps)
        for (size_t block = 0; block < p->blocks; block++) {
            struct cnn_range o = cnn_range_of(block, p->block, p->outs);
            for (size_t t = 0; t < p->taps; t++)
                for (size_t i = 0; i < p->ins; i++)
                    for (size_t k = o.begin; k < o.end; k++)
                        *to++ = w[k * from_out + i * from_in + t];
        }
}

/* A block of outputs on a walk. */
struct visit {
    const struct cnn_walk *walk;
    size_t outputs, kw, ins;
    const real *w;
    struct cnn_samples call;
};

static void sum_visit(void *context, const struct cnn_rectangle *r, const struct cnn_piece *row,
                      const struct cnn_piece *column)
{
    struct visit *v = context;
    const struct cnn_walk *k = v->walk;
    ptrdiff_t i = k->first_h + (ptrdiff_t)row->first * k->step_h;
    ptrdiff_t j = k->first_w + (ptrdiff_t)column->first * k->step_w;
    ptrdiff_t tap = (ptrdiff_t)(v->ins * v->outputs), kw = (ptrdiff_t)v->kw;
    v->call.r = r;
    v->call.w = v->w + (i * kw + j) * tap;
    v->call.w_row = k->step_h * kw * tap;
    v->call.w_column = k->step_w * tap;
    cnn_isa()->samples(v->outputs, &v->call);
}

/* All blocks of a band of a group, on one walk. */
static void run_walk(const struct pass *p, const struct cnn_walk *walk, size_t group,
                     struct cnn_range rows)
{
    const struct cnn_conv *g = p->g;
    for (size_t i = 0; i < g->groups * p->blocks; i++) {
        struct cnn_range o = cnn_range_of(i % p->blocks, p->block, p->outs);
        size_t first = i / p->blocks * p->outs + o.begin;
        size_t plane = group * g->groups * p->outs + first;
        struct visit v = {
            walk, o.end - o.begin, g->kw, p->ins, p->packed + first * p->ins * p->taps, p->call};
        v.call.channels = p->ins;
        v.call.x = p->from + (group * g->groups + i / p->blocks) * p->ins * p->in_plane;
        v.call.x_channel = p->in_plane;
        v.call.w_channel = v.outputs;
        v.call.bias = p->b ? p->b + first : NULL;
        v.call.add = p->call.add ? p->call.add + plane * p->out_plane : NULL;
        v.call.y = p->to + plane * p->out_plane;
        v.call.y_channel = p->out_plane;
        cnn_walk(walk, rows, sum_visit, &v);
    }
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct pass *p = context;
    struct cnn_walk walk = cnn_walk_forward(&p->h, &p->w, p->lanes);
    (void)thread;
    run_walk(p, &walk, job / p->bands, cnn_range_of(job % p->bands, p->rows, p->g->out_h));
}

static void data_job(void *context, size_t job, int thread)
{
    const struct pass *p = context;
    (void)thread;
    for (size_t i = 0; i < p->phases_h * p->phases_w; i++) {
        struct cnn_walk walk =
            cnn_walk_back(&p->h, &p->w, p->lanes, i / p->phases_w, i % p->phases_w);
        run_walk(p, &walk, job / p->bands, cnn_range_of(job % p->bands, p->rows, p->g->in_h));
    }
}

static size_t packed(const struct cnn_conv_case *c)
{
    return c->g->out_c * (c->g->in_c / c->g->groups) * c->g->kh * c->g->kw;
}

static void pack(struct cnn_queue *q, const struct cnn_conv_case *c, const real *w, real *to)
{
    struct pass p = plan(c->g, c->g->batch, 0);
    (void)q;
    pack_pass(&p, 0, w, to);
}

static void forward(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct pass p = plan(c->g, r->n, 0);
    const struct cnn_epilogue *e = r->e;
    p.from = r->x;
    p.packed = r->w;
    p.b = r->b;
    p.to = r->y;
    if (e && e->add)
        p.call.add = e->add->data;
    p.call.limit = cnn_epilogue_limit(e);
    p.call.high = cnn_epilogue_high(e);
    cnn_queue_run(r->q, p.groups * p.bands, forward_job, &p);
    struct cnn_tensor y = {r->n, c->g->out_c, c->g->out_h, c->g->out_w, c->y_layout, r->y};
    cnn_epilogue_rest(r->q, e, &y);
}

static void backward_data(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct pass p = plan(c->g, r->n, 1);
    pack_pass(&p, 1, r->w, r->work);
    p.from = r->dy;
    p.packed = r->work;
    p.to = r->dx;
    cnn_queue_run(r->q, p.groups * p.bands, data_job, &p);
}

/* The weight gradient. A job is a block of outputs with one input channel, for a part of the groups
 * of samples. */
struct gradient {
    struct pass p;
    size_t block, blocks, piece; /* piece: taps of a call */
    size_t rows;                 /* outputs that stay in the cache */
    size_t groups, parts, most;  /* groups of a part; parts now, and at most */
    const real *x, *dy;
    real *part; /* (parts, out_c, ins, taps) */
    real *sums; /* (threads, taps, block, lanes) */
};

static struct gradient plan_gradient(const struct cnn_conv *g, size_t n)
{
    struct gradient d = {.p = plan(g, n, 0)};
    size_t weights = g->out_c * d.p.ins * d.p.taps;
    d.piece = cnn_even(g->kw, CNN_SAMPLES_TAPS);
    d.block = cnn_even(d.p.outs, outputs_beside(d.piece));
    d.blocks = cnn_ceil_div(d.p.outs, d.block);
    d.rows = cnn_max(1, UNIT / (d.p.lanes * (g->out_w * d.block + g->in_w * g->stride_h)));
    d.most = cnn_max(1, cnn_min(cnn_min(PARTS, WEIGHTS / weights), d.p.groups));
    d.groups = cnn_max(1, cnn_ceil_div(d.p.groups, d.most));
    d.parts = cnn_ceil_div(d.p.groups, d.groups);
    return d;
}

struct weight_visit {
    const struct gradient *d;
    size_t outputs;
    const real *x, *dy;
    real *sum; /* (taps, outputs, lanes) */
};

static void weight_visit(void *context, const struct cnn_rectangle *r, const struct cnn_piece *row,
                         const struct cnn_piece *column)
{
    const struct weight_visit *v = context;
    const struct pass *p = &v->d->p;
    for (size_t i = 0; i < r->taps_h; i++)
        for (size_t j = 0; j < r->taps_w; j += v->d->piece) {
            size_t taps = cnn_min(v->d->piece, r->taps_w - j);
            size_t first = (row->first + i) * p->g->kw + column->first + j;
            const real *x = v->x + r->in + (ptrdiff_t)i * r->tap_row + (ptrdiff_t)j * r->tap_column;
            cnn_isa()->samples_weight(v->outputs, taps, r, x, v->dy + r->out, p->out_plane,
                                      v->sum + first * v->outputs * p->lanes);
        }
}

static real total(const real *lane, size_t lanes)
{
    double sum = 0;
    for (size_t i = 0; i < lanes; i++)
        sum += (double)lane[i];
    return (real)sum;
}

static void weight_job(void *context, size_t job, int thread)
{
    const struct gradient *d = context;
    const struct pass *p = &d->p;
    const struct cnn_conv *g = p->g;
    size_t c = job % p->ins, block = job / p->ins % (g->groups * d->blocks);
    size_t part = job / p->ins / (g->groups * d->blocks), group = block / d->blocks;
    struct cnn_range o = cnn_range_of(block % d->blocks, d->block, p->outs);
    struct cnn_range samples = cnn_range_of(part, d->groups, p->groups);
    struct cnn_walk walk = cnn_walk_forward(&p->h, &p->w, p->lanes);
    real *sum = d->sums + (size_t)thread * p->taps * d->block * p->lanes;
    size_t first = group * p->outs + o.begin, outputs = o.end - o.begin;
    memset(sum, 0, p->taps * outputs * p->lanes * sizeof *sum);
    for (size_t n = samples.begin; n < samples.end; n++) {
        struct weight_visit v = {d, outputs,
                                 d->x + ((n * g->groups + group) * p->ins + c) * p->in_plane,
                                 d->dy + (n * g->out_c + first) * p->out_plane, sum};
        for (size_t i = 0; i < g->out_h; i += d->rows)
            cnn_walk(&walk, (struct cnn_range){i, cnn_min(i + d->rows, g->out_h)}, weight_visit,
                     &v);
    }
    real *to = d->part + ((part * g->out_c + first) * p->ins + c) * p->taps;
    for (size_t k = 0; k < outputs; k++, to += p->ins * p->taps)
        for (size_t t = 0; t < p->taps; t++)
            to[t] = total(sum + (t * outputs + k) * p->lanes, p->lanes);
}

static size_t part_elements(const struct gradient *d)
{
    return d->p.g->out_c * d->p.ins * d->p.taps;
}

static void backward_weight(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct gradient d = plan_gradient(c->g, r->n);
    d.x = r->x;
    d.dy = r->dy;
    d.part = r->work;
    d.sums = d.part + cnn_padded(d.parts * part_elements(&d));
    cnn_queue_run(r->q, d.parts * c->g->groups * d.blocks * d.p.ins, weight_job, &d);
    cnn_conv_combine(r->q, d.parts, part_elements(&d), d.part, r->dw);
}

static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    struct gradient d = plan_gradient(c->g, c->g->batch);
    if (c->pass == CNN_CONV_FORWARD)
        return 0;
    if (c->pass == CNN_CONV_DATA)
        return packed(c);
    return cnn_padded(d.most * part_elements(&d)) + threads * d.p.taps * d.block * d.p.lanes;
}

/* Blocks of many sums run near the peak; lanes without a sample are lost, and each vector of
 * outputs takes some cycles by itself. */
static double cost(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    size_t lanes = cnn_isa()->lanes, filled = cnn_round_up(g->batch, lanes);
    if (!cnn_conv_in_groups(c->x_layout) || !cnn_conv_in_groups(c->y_layout))
        return -1;
    int back = c->pass == CNN_CONV_DATA;
    size_t outs = (back ? g->in_c : g->out_c) / g->groups;
    size_t block = cnn_even(
        outs, outputs_beside(c->pass == CNN_CONV_WEIGHT ? cnn_even(g->kw, CNN_SAMPLES_TAPS) : 2));
    double share = block < 4 ? 0.2 * (double)block : 0.8;
    size_t sample = back ? g->in_c * g->in_h * g->in_w : g->out_c * g->out_h * g->out_w;
    double vectors = (double)(filled / lanes) * (double)sample;
    return cnn_conv_cycles(c, share) * (double)filled / (double)g->batch + 4 * vectors;
}

const struct cnn_conv_algorithm cnn_conv_samples = {
    .name = "samples",
    .fuses = 1,
    .cost = cost,
    .work = work,
    .packed = packed,
    .pack = pack,
    .forward = forward,
    .backward_data = backward_data,
    .backward_weight = backward_weight,
};
