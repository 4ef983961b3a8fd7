/* Depthwise convolution in blocked layouts: a block of channels is a plane of vectors, and each
 * output vector a sum of kh kw input vectors times weight vectors. There is so little arithmetic
 * that memory sets the pace: everything is read and written once. */
#include <string.h>

#include "kern/conv_algorithm.h"
#include "kern/taps.h"

enum {
    JOB_VECTORS = 2048, /* outputs of a band of rows, which stays in an L2 cache */
    PARTS = 64,         /* jobs that the weight gradient is cut into, about */
};

struct depthwise {
    const struct cnn_conv *g;
    size_t lanes, blocks, taps;
    size_t planes, bands, rows, chunk; /* bands of `rows` rows; bands of a job */
    const real *x;                     /* (n, blocks, in_h, in_w, lanes) */
    const real *packed;                /* weights (blocks, kh kw, lanes) */
    const real *b;                     /* (out_c) or NULL */
    const real *dy, *add;              /* (n, blocks, out_h, out_w, lanes) */
    real *y, *dx;
    int limit;
    real high;
    size_t samples, parts; /* of the weight gradient: samples of a part, parts */
    real *sums, *part;     /* (threads, kh kw, lanes); (parts, out_c, kh kw) */
};

/* What one job's visits share. */
struct visit {
    const struct depthwise *d;
    struct cnn_depthwise call;
    const real *from; /* the plane that is read */
    size_t to;        /* where the plane of the outputs begins in their tensor */
    size_t from_width, to_width;
    size_t stride_h, stride_w;                 /* of outputs in what is read */
    ptrdiff_t dilation_h, dilation_w;          /* of taps */
    size_t phase_h, phase_w, every_h, every_w; /* outputs that are meant: every.. from phase.. */
    ptrdiff_t w_first, w_row, w_column;        /* taps of packed weights */
    real *sum;
};

static struct depthwise plan(const struct cnn_conv *g, size_t n)
{
    struct depthwise d = {.g = g, .lanes = cnn_isa()->lanes, .taps = g->kh * g->kw};
    d.blocks = cnn_ceil_div(g->in_c, d.lanes);
    d.planes = n * d.blocks;
    return d;
}

/* Cuts planes of h x w vectors into bands. */
static void cut(struct depthwise *d, size_t h, size_t w)
{
    d->bands = cnn_ceil_div(h, cnn_min(h, cnn_max(1, JOB_VECTORS / w)));
    d->rows = cnn_ceil_div(h, d->bands);
    d->bands = cnn_ceil_div(h, d->rows);
    d->chunk = cnn_max(1, JOB_VECTORS / (d->rows * w));
}

static struct cnn_taps taps_h(const struct cnn_conv *g)
{
    return (struct cnn_taps){g->in_h,     g->out_h,      g->kh,
                             g->stride_h, g->dilation_h, (ptrdiff_t)g->pad_top};
}

static struct cnn_taps taps_w(const struct cnn_conv *g)
{
    return (struct cnn_taps){g->in_w,     g->out_w,      g->kw,
                             g->stride_w, g->dilation_w, (ptrdiff_t)g->pad_left};
}

/* The rectangle of a visit. A single column is walked down as if it were a row. */
static struct cnn_rectangle rectangle(const struct visit *v, const struct cnn_piece *row,
                                      const struct cnn_piece *column)
{
    size_t lanes = v->d->lanes;
    ptrdiff_t x_row = (ptrdiff_t)(v->from_width * lanes), x_column = (ptrdiff_t)lanes;
    size_t i = v->phase_h + row->begin * v->every_h, j = v->phase_w + column->begin * v->every_w;
    struct cnn_rectangle r = {.x = v->from + row->at * x_row + column->at * x_column,
                              .out = v->to + (i * v->to_width + j) * lanes,
                              .rows = row->end - row->begin,
                              .columns = column->end - column->begin,
                              .taps_h = row->count,
                              .taps_w = column->count,
                              .x_row = x_row * (ptrdiff_t)v->stride_h,
                              .x_column = x_column * (ptrdiff_t)v->stride_w,
                              .tap_row = x_row * v->dilation_h,
                              .tap_column = x_column * v->dilation_w,
                              .out_row = v->every_h * v->to_width * lanes,
                              .out_column = v->every_w * lanes};
    if (r.columns > 1)
        return r;
    r.columns = r.rows;
    r.x_column = r.x_row;
    r.out_column = r.out_row;
    r.rows = 1;
    return r;
}

static void sum_visit(void *context, const struct cnn_piece *row, const struct cnn_piece *column)
{
    struct visit *v = context;
    struct cnn_depthwise *c = &v->call;
    c->r = rectangle(v, row, column);
    c->w = v->d->packed + v->w_first + (ptrdiff_t)row->first * v->w_row +
           (ptrdiff_t)column->first * v->w_column;
    c->w_row = v->w_row;
    c->w_column = v->w_column;
    cnn_isa()->depthwise(c);
}

static struct visit forward_visit(const struct depthwise *d, size_t plane)
{
    const struct cnn_conv *g = d->g;
    size_t lanes = d->lanes;
    return (struct visit){
        .d = d,
        .call = {.out = d->y, .add = d->add, .limit = d->limit, .high = d->high},
        .from = d->x + plane * g->in_h * g->in_w * lanes,
        .to = plane * g->out_h * g->out_w * lanes,
        .from_width = g->in_w,
        .stride_h = g->stride_h,
        .stride_w = g->stride_w,
        .dilation_h = (ptrdiff_t)g->dilation_h,
        .dilation_w = (ptrdiff_t)g->dilation_w,
        .every_h = 1,
        .every_w = 1,
        .to_width = g->out_w,
        .w_first = (ptrdiff_t)(plane % d->blocks * d->taps * lanes),
        .w_row = (ptrdiff_t)(g->kw * lanes),
        .w_column = (ptrdiff_t)lanes,
    };
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
    struct cnn_range r = cnn_range_of(job, d->chunk, d->planes * d->bands);
    struct cnn_taps h = taps_h(d->g), w = taps_w(d->g);
    real room[CNN_MOST_LANES];
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        struct visit v = forward_visit(d, i / d->bands);
        v.call.bias = bias_of(d, i / d->bands % d->blocks, room);
        cnn_taps_each(&h, &w, cnn_range_of(i % d->bands, d->rows, d->g->out_h), sum_visit, &v);
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
    cut(&d, c->g->out_h, c->g->out_w);
    d.x = r->x;
    d.packed = r->w;
    d.b = r->b;
    d.y = r->y;
    if (e && e->add)
        d.add = e->add->data;
    if (e && e->activate)
        d.limit = e->f == CNN_RELU ? 1 : e->f == CNN_RELU6 ? 2 : 0;
    d.high = 6;
    cnn_queue_run(r->q, cnn_ceil_div(d.planes * d.bands, d.chunk), forward_job, &d);
    if (e && e->activate && !d.limit) {
        struct cnn_tensor y = {r->n, c->g->out_c, c->g->out_h, c->g->out_w, c->y_layout, r->y};
        cnn_cpu_activation_forward(r->q, e->f, e->slope, &y, &y);
    }
}

/* Rows of dx that one phase of a band covers, as outputs of its cnn_taps_back. */
static struct cnn_range phase_rows(struct cnn_range rows, size_t phase, size_t stride)
{
    size_t begin = rows.begin > phase ? cnn_ceil_div(rows.begin - phase, stride) : 0;
    size_t end = rows.end > phase ? cnn_ceil_div(rows.end - phase, stride) : 0;
    return (struct cnn_range){begin, end};
}

/* Input gradient at the positions of one phase in either direction. */
static void data_phase(const struct depthwise *d, size_t plane, struct cnn_range rows,
                       size_t phase_h, size_t phase_w)
{
    const struct cnn_conv *g = d->g;
    struct cnn_taps th = taps_h(g), tw = taps_w(g);
    struct cnn_taps_back h = cnn_taps_back(&th, phase_h), w = cnn_taps_back(&tw, phase_w);
    size_t block = plane % d->blocks * d->taps;
    struct visit v = {
        .d = d,
        .call = {.out = d->dx},
        .from = d->dy + plane * g->out_h * g->out_w * d->lanes,
        .to = plane * g->in_h * g->in_w * d->lanes,
        .from_width = g->out_w,
        .stride_h = 1,
        .stride_w = 1,
        .dilation_h = (ptrdiff_t)h.back.dilation,
        .dilation_w = (ptrdiff_t)w.back.dilation,
        .phase_h = phase_h,
        .phase_w = phase_w,
        .every_h = g->stride_h,
        .every_w = g->stride_w,
        .to_width = g->in_w,
        .w_first = (ptrdiff_t)((block + h.last * g->kw + w.last) * d->lanes),
        .w_row = -(ptrdiff_t)(h.step * g->kw * d->lanes),
        .w_column = -(ptrdiff_t)(w.step * d->lanes),
    };
    cnn_taps_each(&h.back, &w.back, phase_rows(rows, phase_h, g->stride_h), sum_visit, &v);
}

static void data_job(void *context, size_t job, int thread)
{
    const struct depthwise *d = context;
    const struct cnn_conv *g = d->g;
    struct cnn_range r = cnn_range_of(job, d->chunk, d->planes * d->bands);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        struct cnn_range rows = cnn_range_of(i % d->bands, d->rows, g->in_h);
        for (size_t phase = 0; phase < g->stride_h * g->stride_w; phase++)
            data_phase(d, i / d->bands, rows, phase / g->stride_w, phase % g->stride_w);
    }
}

static void backward_data(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct depthwise d = plan(c->g, r->n);
    cut(&d, c->g->in_h, c->g->in_w);
    pack(r->q, c, r->w, r->work);
    d.packed = r->work;
    d.dy = r->dy;
    d.dx = r->dx;
    cnn_queue_run(r->q, cnn_ceil_div(d.planes * d.bands, d.chunk), data_job, &d);
}

static void weight_visit(void *context, const struct cnn_piece *row, const struct cnn_piece *column)
{
    struct visit *v = context;
    struct cnn_rectangle r = rectangle(v, row, column);
    size_t lanes = v->d->lanes, sum_row = v->d->g->kw * lanes;
    if (r.taps_h && r.taps_w)
        cnn_isa()->depthwise_weight(&r, v->d->dy,
                                    v->sum + row->first * sum_row + column->first * lanes, sum_row);
}

/* Job: a block's weights from the samples of a part. */
static void weight_job(void *context, size_t job, int thread)
{
    const struct depthwise *d = context;
    const struct cnn_conv *g = d->g;
    size_t part = job / d->blocks, block = job % d->blocks, lanes = d->lanes;
    struct cnn_range n = cnn_range_of(part, d->samples, d->planes / d->blocks);
    struct cnn_taps h = taps_h(g), w = taps_w(g);
    real *sum = d->sums + (size_t)thread * d->taps * lanes;
    memset(sum, 0, d->taps * lanes * sizeof *sum);
    for (size_t i = n.begin; i < n.end; i++) {
        struct visit v = forward_visit(d, i * d->blocks + block);
        v.sum = sum;
        for (size_t band = 0; band < d->bands; band++)
            cnn_taps_each(&h, &w, cnn_range_of(band, d->rows, g->out_h), weight_visit, &v);
    }
    for (size_t k = block * lanes; k < cnn_min((block + 1) * lanes, g->out_c); k++)
        for (size_t t = 0; t < d->taps; t++)
            d->part[(part * g->out_c + k) * d->taps + t] = sum[t * lanes + k % lanes];
}

static struct depthwise weight_plan(const struct cnn_conv *g, size_t n)
{
    struct depthwise d = plan(g, n);
    cut(&d, g->out_h, g->out_w);
    d.samples = cnn_max(1, cnn_ceil_div(d.planes, PARTS));
    d.parts = cnn_ceil_div(n, d.samples);
    return d;
}

static void backward_weight(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    struct depthwise d = weight_plan(c->g, r->n);
    size_t weights = c->g->out_c * d.taps;
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
    if (c->pass == CNN_CONV_DATA)
        return packed(c);
    if (c->pass == CNN_CONV_FORWARD)
        return 0;
    return cnn_padded(most * c->g->out_c * d.taps) + threads * d.taps * d.lanes;
}

/* A cycle for each 8 elements or so that come or go, and the arithmetic at half the peak. */
static double cost(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    int block = (int)cnn_isa()->lanes;
    if (c->x_layout != block || c->y_layout != block || g->groups != g->in_c || g->out_c != g->in_c)
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
