/* Rows of samples, x (n, rows, c, h, w), of which the first count[n] are real: the mean, the largest or
 * the last of them, which are above a limit, and rows in another order. */
#include <string.h>

#include "kern/parallel.h"

struct rows {
    enum cnn_rows_pool how;
    size_t n, rows, each, chunk; /* samples; their rows; elements of a row; samples of a job */
    const int32_t *count;        /* (n); NULL: all are real */
    const real *from;            /* x (n, rows, each), or dy (n, each) */
    real *to;                    /* y (n, each), or dx (n, rows, each) */
    int32_t *argmax;             /* (n, each); NULL: not kept */
};

static size_t real_rows(const struct rows *p, size_t n)
{
    if (!p->count)
        return p->rows;
    return p->count[n] > 0 ? cnn_min((size_t)p->count[n], p->rows) : 0;
}

static real mean_of(const real *x, size_t rows, size_t each)
{
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        sum += (double)x[r * each];
    return (real)(sum / (double)rows);
}

static size_t largest_of(const real *x, size_t rows, size_t each)
{
    size_t best = 0;
    for (size_t r = 1; r < rows; r++)
        if (x[r * each] > x[best * each])
            best = r;
    return best;
}

static void pool_sample(const struct rows *p, size_t n)
{
    const real *x = p->from + n * p->rows * p->each;
    real *y = p->to + n * p->each;
    size_t rows = real_rows(p, n);
    for (size_t i = 0; i < p->each; i++) {
        size_t row = rows - 1;
        if (p->how == CNN_ROWS_MAX && rows)
            row = largest_of(x + i, rows, p->each);
        if (p->argmax)
            p->argmax[n * p->each + i] = rows ? (int32_t)row : -1;
        if (!rows)
            y[i] = 0;
        else
            y[i] = p->how == CNN_ROWS_MEAN ? mean_of(x + i, rows, p->each) : x[row * p->each + i];
    }
}

static void spread_sample(const struct rows *p, size_t n)
{
    const real *dy = p->from + n * p->each;
    real *dx = p->to + n * p->rows * p->each;
    size_t rows = real_rows(p, n);
    memset(dx, 0, p->rows * p->each * sizeof *dx);
    for (size_t i = 0; i < p->each && rows; i++)
        if (p->how == CNN_ROWS_MEAN)
            for (size_t r = 0; r < rows; r++)
                dx[r * p->each + i] = dy[i] / (real)rows;
        else if (p->how == CNN_ROWS_LAST)
            dx[(rows - 1) * p->each + i] = dy[i];
        else
            dx[(size_t)p->argmax[n * p->each + i] * p->each + i] = dy[i];
}

static void pool_job(void *context, size_t job, int thread)
{
    const struct rows *p = context;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++)
        pool_sample(p, n);
}

static void spread_job(void *context, size_t job, int thread)
{
    const struct rows *p = context;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++)
        spread_sample(p, n);
}

/* pooled: with a row for each sample. */
static void run(struct cnn_queue *q, cnn_job *job, struct rows *p, const struct cnn_tensor *pooled)
{
    if (q->code)
        return;
    p->n = pooled->n;
    p->each = pooled->c * pooled->h * pooled->w;
    p->chunk = cnn_chunk_of(p->rows * p->each);
    cnn_queue_run(q, cnn_ceil_div(p->n, p->chunk), job, p);
}

void cnn_cpu_rows_pool_forward(struct cnn_queue *q, enum cnn_rows_pool how, size_t rows,
                               const int32_t *count, const struct cnn_tensor *x,
                               struct cnn_tensor *y, void *argmax)
{
    struct rows p = {.how = how, .rows = rows, .count = count, .from = x->data, .to = y->data};
    p.argmax = argmax;
    run(q, pool_job, &p, y);
}

void cnn_cpu_rows_pool_backward(struct cnn_queue *q, enum cnn_rows_pool how, size_t rows,
                                const int32_t *count, const struct cnn_tensor *dy,
                                const void *argmax, struct cnn_tensor *dx)
{
    struct rows p = {.how = how, .rows = rows, .count = count, .from = dy->data, .to = dx->data};
    p.argmax = (int32_t *)argmax;
    run(q, spread_job, &p, dy);
}

struct above {
    struct rows rows;
    real limit;
    size_t channel;
    int32_t *kept, *from, *to;
};

/* The places behind the last row that is kept are -1, as those of rows that are not. */
static void above_job(void *context, size_t job, int thread)
{
    const struct above *a = context;
    const struct rows *p = &a->rows;
    struct cnn_range range = cnn_range_of(job, p->chunk, p->n);
    (void)thread;
    for (size_t n = range.begin; n < range.end; n++) {
        size_t first = n * p->rows, kept = 0, rows = real_rows(p, n);
        for (size_t r = 0; r < p->rows; r++)
            a->from[first + r] = -1;
        for (size_t r = 0; r < p->rows; r++) {
            int keep = r < rows && p->from[(first + r) * p->each + a->channel] > a->limit;
            a->to[first + r] = keep ? (int32_t)(first + kept) : -1;
            if (keep)
                a->from[first + kept++] = (int32_t)(first + r);
        }
        a->kept[n] = (int32_t)kept;
    }
}

void cnn_cpu_rows_above(struct cnn_queue *q, size_t channel, double limit, size_t rows,
                        const int32_t *count, const struct cnn_tensor *x, int32_t *kept,
                        int32_t *from, int32_t *to)
{
    struct above a = {.rows = {.rows = rows, .count = count, .from = x->data, .n = x->n / rows},
                      .limit = (real)limit,
                      .channel = channel,
                      .kept = kept,
                      .from = from,
                      .to = to};
    if (q->code)
        return;
    a.rows.each = x->c * x->h * x->w;
    a.rows.chunk = cnn_chunk_of(rows);
    cnn_queue_run(q, cnn_ceil_div(a.rows.n, a.rows.chunk), above_job, &a);
}

struct gather {
    const int32_t *from;
    size_t rows, each, chunk; /* of y */
    const real *x;
    real *y;
};

static void gather_job(void *context, size_t job, int thread)
{
    const struct gather *g = context;
    struct cnn_range range = cnn_range_of(job, g->chunk, g->rows);
    (void)thread;
    for (size_t r = range.begin; r < range.end; r++) {
        real *y = g->y + r * g->each;
        if (g->from[r] < 0)
            memset(y, 0, g->each * sizeof *y);
        else
            memcpy(y, g->x + (size_t)g->from[r] * g->each, g->each * sizeof *y);
    }
}

void cnn_cpu_rows_gather(struct cnn_queue *q, const int32_t *from, const struct cnn_tensor *x,
                         struct cnn_tensor *y)
{
    struct gather g = {.from = from, .rows = y->n, .x = x->data, .y = y->data};
    if (q->code)
        return;
    g.each = y->c * y->h * y->w;
    g.chunk = cnn_chunk_of(g.each);
    cnn_queue_run(q, cnn_ceil_div(g.rows, g.chunk), gather_job, &g);
}

struct share {
    size_t rows;
    const int32_t *count;
    real *weight;
};

static void share_job(void *context, size_t n, int thread)
{
    const struct share *s = context;
    real *weight = s->weight + n * s->rows;
    size_t given = 0;
    double sum = 0;
    (void)thread;
    for (size_t r = 0; r < s->rows; r++) {
        sum += (double)weight[r];
        given += weight[r] != 0 && (int32_t)r < s->count[n];
    }
    for (size_t r = 0; r < s->rows; r++)
        if (weight[r] != 0)
            weight[r] = (int32_t)r < s->count[n] ? (real)(sum / (double)given) : 0;
}

void cnn_cpu_rows_share(struct cnn_queue *q, size_t n, size_t rows, const int32_t *count,
                        real *weight)
{
    struct share s = {rows, count, weight};
    if (!q->code)
        cnn_queue_run(q, n, share_job, &s);
}
