/* Depthwise convolution in blocked layouts: a block of channels is a plane of vectors, and each
 * output vector a sum of kh kw input vectors times weight vectors. There is so little arithmetic
 * that memory sets the pace: everything is read and written once. A plane so small that its borders
 * are most of it is first copied between zeros, where all its outputs read the same taps. */
#include <string.h>

#include "kern/conv/algorithm.h"
#include "kern/basic/epilogue.h"
#include "kern/taps.h"

enum {
    PARTS = 64,  /* jobs that the weight gradient is cut into, about */
    SMALL = 512, /* vectors of a plane that is copied between zeros, within half an L1 cache */
};

struct depthwise {
    const struct cnn_conv *g;
    struct cnn_taps h, w;
    size_t lanes, blocks, taps;
    struct cnn_bands bands;
    const real *x;             /* (n, blocks, in_h, in_w, lanes) */
    const real *packed;        /* weights (blocks, kh kw, lanes) */
    const real *b;             /* (out_c) or NULL */
    const real *dy;            /* (n, blocks, out_h, out_w, lanes) */
    struct cnn_depthwise call; /* what all calls share */
    real *y, *dx;              /* laid out as dy, as x */
    size_t n, samples, parts;  /* of the weight gradient: samples, those of a part, parts */
    real *sums, *part;         /* (threads, kh kw, lanes); (parts, out_c, kh kw) */
    real *between;             /* (threads, SMALL, lanes): planes between zeros */
};

static struct depthwise plan(const struct cnn_conv *g, size_t n)
{
    struct depthwise d = {.g = g, .lanes = cnn_isa()->lanes, .taps = g->kh * g->kw, .n = n};
    d.blocks = cnn_ceil_div(g->in_c, d.lanes);
    d.h = (struct cnn_taps){g->in_h,     g->out_h,      g->kh,
                            g->stride_h, g->dilation_h, (ptrdiff_t)g->pad_top};
    d.w = (struct cnn_taps){g->in_w,     g->out_w,      g->kw,
                            g->stride_w, g->dilation_w, (ptrdiff_t)g->pad_left};
    return d;
}

static size_t in_plane(const struct depthwise *d)
{
    return d->g->in_h * d->g->in_w * d->lanes;
}

static size_t out_plane(const struct depthwise *d)
{
    return d->g->out_h * d->g->out_w * d->lanes;
}

/* A walk and what is done in its rectangles. */
struct visit {
    const struct depthwise *d;
    struct cnn_walk walk;
    struct cnn_depthwise call;
    const real *w; /* of the block */
    real *between; /* where the plane is copied between zeros; NULL: it is walked over as it is */
};

/* How far the outputs of an axis read. */
static size_t reach(const struct cnn_taps *t)
{
    return (t->out - 1) * t->stride + (t->kernel - 1) * t->dilation + 1;
}

/* Whether planes are so small that what a rectangle takes, beside its sums, is more than a copy with
 * zeros around it, which is a single rectangle. */
static int is_small(const struct cnn_walk *k)
{
    const struct cnn_taps *h = &k->h, *w = &k->w;
    return h->out && w->out && h->kernel && w->kernel && h->pad >= 0 && w->pad >= 0 &&
           (h->pad || w->pad || reach(h) > h->in || reach(w) > w->in) &&
           reach(h) * reach(w) <= SMALL;
}

/* The plane at v->call.x goes between the zeros at v->between, whose edges already are. */
static void copy_between(const struct visit *v)
{
    const struct cnn_taps *h = &v->walk.h, *w = &v->walk.w;
    size_t lanes = v->walk.lanes, top = (size_t)h->pad, left = (size_t)w->pad;
    size_t rows = reach(h) > top ? cnn_min(h->in, reach(h) - top) : 0;
    size_t columns = reach(w) > left ? cnn_min(w->in, reach(w) - left) : 0;
    for (size_t i = 0; i < rows && columns; i++)
        memcpy(v->between + ((top + i) * reach(w) + left) * lanes, v->call.x + i * w->in * lanes,
               columns * lanes * sizeof(real));
}

static struct cnn_rectangle whole(const struct cnn_walk *k)
{
    ptrdiff_t lanes = (ptrdiff_t)k->lanes, row = (ptrdiff_t)reach(&k->w) * lanes;
    return (struct cnn_rectangle){.out = (k->phase_h * k->width + k->phase_w) * k->lanes,
                                  .rows = k->h.out,
                                  .columns = k->w.out,
                                  .taps_h = k->h.kernel,
                                  .taps_w = k->w.kernel,
                                  .in_row = row * (ptrdiff_t)k->h.stride,
                                  .in_column = lanes * (ptrdiff_t)k->w.stride,
                                  .tap_row = row * (ptrdiff_t)k->h.dilation,
                                  .tap_column = lanes * (ptrdiff_t)k->w.dilation,
                                  .out_row = k->every_h * k->width * k->lanes,
                                  .out_column = k->every_w * k->lanes};
}

static void sum_visit(void *context, const struct cnn_rectangle *r, const struct cnn_piece *row,
                      const struct cnn_piece *column)
{
    struct visit *v = context;
    const struct cnn_walk *k = &v->walk;
    ptrdiff_t lanes = (ptrdiff_t)k->lanes, kw = (ptrdiff_t)v->d->g->kw;
    ptrdiff_t i = k->first_h + (ptrdiff_t)row->first * k->step_h;
    ptrdiff_t j = k->first_w + (ptrdiff_t)column->first * k->step_w;
    v->call.r = r;
    v->call.w = v->w + (i * kw + j) * lanes;
    v->call.w_row = k->step_h * kw * lanes;
    v->call.w_column = k->step_w * lanes;
    cnn_isa()->depthwise(&v->call);
}

/* A job's first plane: zeros where the copies of small ones go. */
static void begin_planes(struct visit *v, int thread)
{
    size_t lanes = v->walk.lanes;
    int small = v->d->bands.bands == 1 && is_small(&v->walk);
    v->between = small ? v->d->between + (size_t)thread * SMALL * lanes : NULL;
    if (v->between)
        memset(v->between, 0, reach(&v->walk.h) * reach(&v->walk.w) * lanes * sizeof(real));
}

/* The outputs of a plane in these rows: all of them where planes are small. */
static void sum_plane(struct visit *v, struct cnn_range rows)
{
    if (!v->between) {
        cnn_walk(&v->walk, rows, sum_visit, v);
        return;
    }
    struct cnn_rectangle r = whole(&v->walk);
    struct cnn_piece first = {.first = 0};
    copy_between(v);
    v->call.x = v->between;
    sum_visit(v, &r, &first, &first);
}

/* The bias of a block: in place, or in `room` where the block is not full. */
static const real *bias_of(const struct depthwise *d, size_t block, real *room)
{
    size_t first = block * d->lanes;
    if (!d->b || first + d->lanes <= d->g->out_c)
        return d->b ? d->b + first : NULL;
    memset(room, 0, d->lanes * sizeof *room);
    memcpy(room, d->b + first, (d->g->out_c - first) * sizeof *room);
    return room;
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct depthwise *d = context;
    struct cnn_range r = cnn_bands_of_job(&d->bands, job);
    struct visit v = {.d = d, .walk = cnn_walk_forward(&d->h, &d->w, d->lanes), .call = d->call};
    real room[CNN_MOST_LANES];
    begin_planes(&v, thread);
    for (size_t i = r.begin; i < r.end; i++) {
        size_t plane = i / d->bands.bands, block = plane % d->blocks;
        v.w = d->packed + block * d->taps * d->lanes;
        v.call.bias = bias_of(d, block, room);
        v.call.x = d->x + plane * in_plane(d);
        v.call.y = d->y + plane * out_plane(d);
        v.call.add = d->call.add ? d->call.add + plane * out_plane(d) : NULL;
        sum_plane(&v, cnn_band_rows(&d->bands, i));
    }
}

static size_t packed(const struct cnn_conv_case *c)
{
    return cnn_round_up(c->g->out_c, cnn_isa()->lanes) * c->g->kh * c->g->kw;
}

/* (out_c, kh kw) to (blocks, kh kw, lanes). */
static void pack(struct cnn_queue *q, const struct cnn_conv_case *c, const real *w, real *to)
{
    size_t lanes = cnn_isa()->lanes, taps = c->g->kh * c->g->kw;
    (void)q;
    memset(to, 0, packed(c) * sizeof *to);
    for (size_t k = 0; k < c->g->out_c; k++)
        for (size_t t = 0; t < taps; t++)
            to[(k / lanes * taps + t) * lanes + k % lanes] = w[k * taps + t];
}

static void forward(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct depthwise d = plan(c->g, r->n);
    const struct cnn_epilogue *e = r->e;
    d.bands = cnn_bands_of(r->n * d.blocks, c->g->out_h, c->g->out_w);
    d.x = r->x;
    d.packed = r->w;
    d.b = r->b;
    d.y = r->y;
    if (e && e->add)
        d.call.add = e->add->data;
    d.call.limit = cnn_epilogue_limit(e);
    d.call.high = cnn_epilogue_high(e);
    d.between = r->work;
    cnn_queue_run(r->q, d.bands.jobs, forward_job, &d);
    struct cnn_tensor y = {r->n, c->g->out_c, c->g->out_h, c->g->out_w, c->y_layout, r->y};
    cnn_epilogue_rest(r->q, e, &y);
}

/* A band of dx: the positions of each phase in either direction are sums over dy. */
static void data_job(void *context, size_t job, int thread)
{
    const struct depthwise *d = context;
    const struct cnn_conv *g = d->g;
    struct cnn_range r = cnn_bands_of_job(&d->bands, job);
    for (size_t phase = 0; phase < g->stride_h * g->stride_w; phase++) {
        size_t phase_h = phase / g->stride_w, phase_w = phase % g->stride_w;
        struct visit v = {.d = d, .walk = cnn_walk_back(&d->h, &d->w, d->lanes, phase_h, phase_w)};
        begin_planes(&v, thread);
        for (size_t i = r.begin; i < r.end; i++) {
            size_t plane = i / d->bands.bands;
            v.w = d->packed + plane % d->blocks * d->taps * d->lanes;
            v.call.x = d->dy + plane * out_plane(d);
            v.call.y = d->dx + plane * in_plane(d);
            sum_plane(&v, cnn_band_rows(&d->bands, i));
        }
    }
}

static void backward_data(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct depthwise d = plan(c->g, r->n);
    d.bands = cnn_bands_of(r->n * d.blocks, c->g->in_h, c->g->in_w);
    pack(r->q, c, r->w, r->work);
    d.packed = r->work;
    d.between = r->work + cnn_padded(packed(c));
    d.dy = r->dy;
    d.dx = r->dx;
    cnn_queue_run(r->q, d.bands.jobs, data_job, &d);
}

struct weight_visit {
    const real *x, *dy;
    real *sum;
    size_t kw, lanes;
};

static void weight_visit(void *context, const struct cnn_rectangle *r, const struct cnn_piece *row,
                         const struct cnn_piece *column)
{
    const struct weight_visit *v = context;
    real *sum = v->sum + (row->first * v->kw + column->first) * v->lanes;
    if (r->taps_h && r->taps_w)
        cnn_isa()->depthwise_weight(r, v->x, v->dy, sum, v->kw * v->lanes);
}

/* Job: a block's weights from the samples of a part. Each rectangle is summed in registers, bands
 * and samples in `sums`, parts one after another: sums of sums stay exact. */
static void weight_job(void *context, size_t job, int thread)
{
    const struct depthwise *d = context;
    const struct cnn_conv *g = d->g;
    size_t part = job / d->blocks, block = job % d->blocks, lanes = d->lanes;
    struct cnn_range n = cnn_range_of(part, d->samples, d->n);
    struct cnn_walk walk = cnn_walk_forward(&d->h, &d->w, lanes);
    real *sum = d->sums + (size_t)thread * d->taps * lanes;
    memset(sum, 0, d->taps * lanes * sizeof *sum);
    for (size_t i = n.begin; i < n.end; i++) {
        size_t plane = i * d->blocks + block;
        struct weight_visit v = {d->x + plane * in_plane(d), d->dy + plane * out_plane(d), sum,
                                 g->kw, lanes};
        for (size_t band = 0; band < d->bands.bands; band++)
            cnn_walk(&walk, cnn_band_rows(&d->bands, band), weight_visit, &v);
    }
    for (size_t k = block * lanes; k < cnn_min((block + 1) * lanes, g->out_c); k++)
        for (size_t t = 0; t < d->taps; t++)
            d->part[(part * g->out_c + k) * d->taps + t] = sum[t * lanes + k % lanes];
}

static void backward_weight(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct depthwise d = plan(c->g, r->n);
    size_t weights = c->g->out_c * d.taps;
    d.bands = cnn_bands_of(r->n * d.blocks, c->g->out_h, c->g->out_w);
    d.samples = cnn_max(1, cnn_ceil_div(r->n * d.blocks, PARTS));
    d.parts = cnn_ceil_div(r->n, d.samples);
    d.x = r->x;
    d.dy = r->dy;
    d.part = r->work;
    d.sums = d.part + cnn_padded(d.parts * weights);
    cnn_queue_run(r->q, d.parts * d.blocks, weight_job, &d);
    cnn_conv_combine(r->q, d.parts, weights, d.part, r->dw);
}

static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    struct depthwise d = plan(c->g, c->g->batch);
    size_t most = cnn_min(c->g->batch, cnn_ceil_div(PARTS, d.blocks));
    struct cnn_walk walk = cnn_walk_forward(&d.h, &d.w, d.lanes);
    if (c->pass == CNN_CONV_DATA)
        return cnn_padded(packed(c)) + threads * SMALL * d.lanes;
    if (c->pass == CNN_CONV_FORWARD)
        return is_small(&walk) ? threads * SMALL * d.lanes : 0;
    return cnn_padded(most * c->g->out_c * d.taps) + threads * d.taps * d.lanes;
}

/* A cycle for each 8 elements or so that come or go, and the arithmetic at half the peak. */
static double cost(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    if (!cnn_conv_in_blocks(c->x_layout) || !cnn_conv_in_blocks(c->y_layout) ||
        g->groups != g->in_c || g->out_c != g->in_c)
        return -1;
    double elements =
        (double)(g->batch * g->in_c) * (double)(g->in_h * g->in_w + g->out_h * g->out_w);
    return elements / 8 + cnn_conv_cycles(c, 0.5);
}

const struct cnn_conv_algorithm cnn_conv_depthwise_blocked = {
    .name = "depthwise-blocked",
    .fuses = 1,
    .cost = cost,
    .work = work,
    .packed = packed,
    .pack = pack,
    .forward = forward,
    .backward_data = backward_data,
    .backward_weight = backward_weight,
};
