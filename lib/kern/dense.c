/* Fully connected layers by GEMM.
 * Work is cut along the side that the result has much of, so no job adds to another's result. */
#include "kern/blas.h"
#include "kern/parallel.h"

enum {
    BLOCK = 32,       /* the least rows or columns of a result worth a job */
    BLOCKS = 16,      /* jobs along one side at most */
    SAMPLE_ROWS = 256 /* samples of a job */
};

struct dense {
    size_t n, in, out, chunk, blocks;
    const real *x;  /* (n, in) */
    const real *w;  /* (out, in) */
    const real *b;  /* (out), may be NULL */
    const real *dy; /* (n, out) */
    real *y;        /* (n, out) */
    real *dx;       /* (n, in) */
    real *dw;       /* (out, in) */
};

static size_t block_of(size_t total)
{
    return cnn_round_up(cnn_max(BLOCK, cnn_ceil_div(total, BLOCKS)), 16);
}

/* Job to samples and block, for results with n rows. */
static void cut(const struct dense *d, size_t job, size_t total, struct cnn_range *samples,
                struct cnn_range *block)
{
    *samples = cnn_range_of(job / d->blocks, SAMPLE_ROWS, d->n);
    *block = cnn_range_of(job % d->blocks, d->chunk, total);
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct dense *d = context;
    struct cnn_range s, o;
    (void)thread;
    cut(d, job, d->out, &s, &o);
    size_t rows = s.end - s.begin, columns = o.end - o.begin;
    real *y = d->y + s.begin * d->out + o.begin;
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < columns; k++)
            y[i * d->out + k] = d->b ? d->b[o.begin + k] : 0;
    const real *x = d->x + s.begin * d->in, *w = d->w + o.begin * d->in;
    if (rows == 1)
        cnn_gemv(0, columns, d->in, w, d->in, x, 1, y);
    else
        cnn_gemm(0, 1, rows, columns, d->in, x, d->in, w, d->in, 1, y, d->out);
}

static void backward_data_job(void *context, size_t job, int thread)
{
    const struct dense *d = context;
    struct cnn_range s, i;
    (void)thread;
    cut(d, job, d->in, &s, &i);
    cnn_gemm(0, 0, s.end - s.begin, i.end - i.begin, d->out, d->dy + s.begin * d->out, d->out,
             d->w + i.begin, d->in, 0, d->dx + s.begin * d->in + i.begin, d->in);
}

static void backward_weight_job(void *context, size_t job, int thread)
{
    const struct dense *d = context;
    struct cnn_range i = cnn_range_of(job, d->chunk, d->in);
    (void)thread;
    cnn_gemm(1, 0, d->out, i.end - i.begin, d->n, d->dy, d->out, d->x + i.begin, d->in, 1,
             d->dw + i.begin, d->in);
}

static struct dense geometry(const struct cnn_tensor *w, size_t n)
{
    return (struct dense){.n = n, .in = w->c * w->h * w->w, .out = w->n};
}

size_t cnn_cpu_dense_work(struct cnn_queue *q, size_t n, size_t in, size_t out)
{
    (void)q;
    (void)n;
    (void)in;
    (void)out;
    return 0;
}

void cnn_cpu_dense_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                           const struct cnn_tensor *w, const struct cnn_tensor *b,
                           struct cnn_tensor *y, void *work)
{
    struct dense d = geometry(w, x->n);
    (void)work;
    if (q->code)
        return;
    d.x = x->data;
    d.w = w->data;
    d.b = b ? b->data : NULL;
    d.y = y->data;
    d.chunk = block_of(d.out);
    d.blocks = cnn_ceil_div(d.out, d.chunk);
    cnn_queue_run(q, cnn_ceil_div(d.n, SAMPLE_ROWS) * d.blocks, forward_job, &d);
}

void cnn_cpu_dense_backward_data(struct cnn_queue *q, const struct cnn_tensor *dy,
                                 const struct cnn_tensor *w, struct cnn_tensor *dx, void *work)
{
    struct dense d = geometry(w, dy->n);
    (void)work;
    if (q->code)
        return;
    d.dy = dy->data;
    d.w = w->data;
    d.dx = dx->data;
    d.chunk = block_of(d.in);
    d.blocks = cnn_ceil_div(d.in, d.chunk);
    cnn_queue_run(q, cnn_ceil_div(d.n, SAMPLE_ROWS) * d.blocks, backward_data_job, &d);
}

void cnn_cpu_dense_backward_weight(struct cnn_queue *q, const struct cnn_tensor *x,
                                   const struct cnn_tensor *dy, struct cnn_tensor *dw, void *work)
{
    struct dense d = geometry(dw, x->n);
    (void)work;
    if (q->code)
        return;
    d.x = x->data;
    d.dy = dy->data;
    d.dw = dw->data;
    d.chunk = block_of(d.in);
    cnn_queue_run(q, cnn_ceil_div(d.in, d.chunk), backward_weight_job, &d);
}
