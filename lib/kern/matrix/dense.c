/* Fully connected layers, on plain tensors: y (n, out) = x (n, in) w^T (in, out) + b and its
 * gradients. Each weight is read from memory once a pass, row by row, so that few samples run at
 * the speed of memory; what belongs to it of x and y stays in a cache meanwhile. */
#include <string.h>

#include "kern/basic/epilogue.h"
#include "kern/isa/isa.h"
#include "kern/parallel.h"

enum {
    JOB = 524288,     /* multiply-adds of a forward job */
    ROWS_LEAST = 32,  /* rows of a forward job */
    ROWS_MOST = 128,  /* */
    FEW = 6,          /* samples for which a row of weights is read at a stretch */
    STRETCH = 512,    /* elements of a row otherwise, */
    SAMPLES = 18,     /* and samples whose stretches fit an L1 cache */
    COLUMN_JOBS = 16, /* backward jobs at most, */
    COLUMNS = 32,     /* of a multiple of so many columns */
    OUTPUTS = 32      /* rows of weights that the data gradient reads at once */
};

struct dense {
    size_t n, in, out, chunk;
    const real *x;  /* (n, in) */
    const void *w;  /* (out, in); forward at any address */
    const real *b;  /* (out), may be NULL */
    const real *dy; /* (n, out) */
    real *turned;   /* dy as (out, n) */
    real *y;        /* (n, out) */
    real *dx;       /* (n, in) */
    real *dw;       /* (out, in) */
};

/* Job: rows of weights. */
static void forward_job(void *context, size_t job, int thread)
{
    const struct dense *d = context;
    struct cnn_range rows = cnn_range_of(job, d->chunk, d->out);
    size_t stretch = d->n <= FEW ? d->in : cnn_round_up(cnn_even(d->in, STRETCH), COLUMNS);
    (void)thread;
    for (size_t i = 0; i < d->in; i += stretch)
        for (size_t n = 0; n < d->n; n += SAMPLES) {
            struct cnn_dots t = {.samples = cnn_min(SAMPLES, d->n - n),
                                 .rows = rows.end - rows.begin,
                                 .count = cnn_min(stretch, d->in - i),
                                 .x = d->x + n * d->in + i,
                                 .w = (const unsigned char *)d->w +
                                      (rows.begin * d->in + i) * sizeof(real),
                                 .y = d->y + n * d->out + rows.begin,
                                 .x_row = d->in,
                                 .w_row = d->in,
                                 .y_row = d->out,
                                 .bias = d->b ? d->b + rows.begin : NULL,
                                 .more = i > 0};
            cnn_isa()->dots(&t);
        }
}

/* `elements` rows of a result by `columns` columns. */
static void strip(size_t elements, size_t columns, struct cnn_outer o)
{
    size_t lanes = cnn_isa()->lanes;
    while (columns >= lanes) {
        size_t vectors = columns >= 2 * lanes ? 2 : 1;
        cnn_isa()->outer(elements, vectors, &o);
        columns -= vectors * lanes;
        o.d += vectors * lanes;
        o.sum += vectors * lanes;
    }
    if (columns)
        cnn_isa()->outer_part(elements, columns, &o);
}

/* Job: columns of dx. */
static void backward_data_job(void *context, size_t job, int thread)
{
    const struct dense *d = context;
    struct cnn_range columns = cnn_range_of(job, d->chunk, d->in);
    size_t count = columns.end - columns.begin, each = cnn_even(d->n, cnn_isa()->pixels[2]);
    (void)thread;
    for (size_t n = 0; n < d->n; n++)
        memset(d->dx + n * d->in + columns.begin, 0, count * sizeof *d->dx);
    for (size_t o = 0; o < d->out; o += OUTPUTS)
        for (size_t n = 0; n < d->n; n += each)
            strip(cnn_min(each, d->n - n), count,
                  (struct cnn_outer){.a = d->turned + o * d->n + n,
                                     .d = (const real *)d->w + o * d->in + columns.begin,
                                     .images = 1,
                                     .rows = 1,
                                     .count = cnn_min(OUTPUTS, d->out - o),
                                     .a_step = d->n,
                                     .d_step = d->in,
                                     .d_vector = cnn_isa()->lanes,
                                     .sum = d->dx + n * d->in + columns.begin,
                                     .sum_step = d->in});
}

/* Job: columns of dw. */
static void backward_weight_job(void *context, size_t job, int thread)
{
    const struct dense *d = context;
    struct cnn_range columns = cnn_range_of(job, d->chunk, d->in);
    size_t count = columns.end - columns.begin, each = cnn_even(d->out, cnn_isa()->pixels[2]);
    (void)thread;
    for (size_t o = 0; o < d->out; o += each)
        strip(cnn_min(each, d->out - o), count,
              (struct cnn_outer){.a = d->dy + o,
                                 .d = d->x + columns.begin,
                                 .images = 1,
                                 .rows = 1,
                                 .count = d->n,
                                 .a_step = d->out,
                                 .d_step = d->in,
                                 .d_vector = cnn_isa()->lanes,
                                 .sum = d->dw + o * d->in + columns.begin,
                                 .sum_step = d->in});
}

/* Job: outputs of dy. */
static void turn_job(void *context, size_t job, int thread)
{
    const struct dense *d = context;
    struct cnn_range r = cnn_range_of(job, cnn_chunk_of(d->n), d->out);
    (void)thread;
    for (size_t o = r.begin; o < r.end; o++)
        for (size_t n = 0; n < d->n; n++)
            d->turned[o * d->n + n] = d->dy[n * d->out + o];
}

static struct dense geometry(const struct cnn_tensor *w, size_t n)
{
    return (struct dense){.n = n, .in = w->c * w->h * w->w, .out = w->n};
}

/* Columns of a backward job. */
static size_t columns_of(const struct dense *d)
{
    size_t least = JOB / 2 / cnn_max(1, d->n * d->out);
    return cnn_round_up(cnn_max(cnn_max(1, least), cnn_ceil_div(d->in, COLUMN_JOBS)), COLUMNS);
}

size_t cnn_cpu_dense_work(struct cnn_queue *q, size_t n, size_t in, size_t out)
{
    (void)q;
    (void)in;
    return n * out * sizeof(real);
}

void cnn_cpu_dense_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                           const struct cnn_tensor *w, const struct cnn_tensor *b,
                           const struct cnn_epilogue *e, struct cnn_tensor *y, void *work)
{
    struct dense d = geometry(w, x->n);
    (void)work;
    if (q->code || !d.n)
        return;
    d.x = x->data;
    d.w = w->data;
    d.b = b ? b->data : NULL;
    d.y = y->data;
    size_t rows = cnn_min(cnn_max(JOB / (d.n * d.in), ROWS_LEAST), ROWS_MOST);
    d.chunk = cnn_round_up(cnn_even(d.out, rows), 4);
    cnn_queue_run(q, cnn_ceil_div(d.out, d.chunk), forward_job, &d);
    cnn_epilogue_apply(q, e, y);
}

void cnn_cpu_dense_backward_data(struct cnn_queue *q, const struct cnn_tensor *dy,
                                 const struct cnn_tensor *w, struct cnn_tensor *dx, void *work)
{
    struct dense d = geometry(w, dy->n);
    if (q->code || !d.n)
        return;
    d.dy = dy->data;
    d.w = w->data;
    d.dx = dx->data;
    d.turned = work;
    d.chunk = columns_of(&d);
    cnn_queue_run(q, cnn_ceil_div(d.out, cnn_chunk_of(d.n)), turn_job, &d);
    cnn_queue_run(q, cnn_ceil_div(d.in, d.chunk), backward_data_job, &d);
}

void cnn_cpu_dense_backward_weight(struct cnn_queue *q, const struct cnn_tensor *x,
                                   const struct cnn_tensor *dy, struct cnn_tensor *dw, void *work)
{
    struct dense d = geometry(dw, x->n);
    (void)work;
    if (q->code || !d.n)
        return;
    d.x = x->data;
    d.dy = dy->data;
    d.dw = dw->data;
    d.chunk = columns_of(&d);
    cnn_queue_run(q, cnn_ceil_div(d.in, d.chunk), backward_weight_job, &d);
}
