/* Vectors by number, y_i = w[x_i], and what comes back to them. Numbers are rounded to whole ones; `padding` and
 * what is no row of w give zeros. */
#include <math.h>
#include <string.h>

#include "kern/parallel.h"

struct embedding {
    int32_t padding;
    size_t rows, count, size, chunk; /* of y; of w; numbers of a vector */
    const real *x;                   /* (rows) */
    const real *w, *dy;              /* (count, size), (rows, size) */
    real *y, *dw;
};

/* The row of w; count: none. */
static size_t row_of(const struct embedding *e, size_t i)
{
    double number = floor((double)e->x[i] + 0.5);
    if (!(number >= 0 && number < (double)e->count) || number == (double)e->padding)
        return e->count;
    return (size_t)number;
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct embedding *e = context;
    struct cnn_range r = cnn_range_of(job, e->chunk, e->rows);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        size_t row = row_of(e, i);
        real *y = e->y + i * e->size;
        if (row < e->count)
            memcpy(y, e->w + row * e->size, e->size * sizeof *y);
        else
            memset(y, 0, e->size * sizeof *y);
    }
}

/* Job: columns of dw, to which the rows are added in their order. */
static void backward_job(void *context, size_t job, int thread)
{
    const struct embedding *e = context;
    struct cnn_range r = cnn_range_of(job, e->chunk, e->size);
    (void)thread;
    for (size_t i = 0; i < e->rows; i++) {
        size_t row = row_of(e, i);
        for (size_t k = r.begin; row < e->count && k < r.end; k++)
            e->dw[row * e->size + k] += e->dy[i * e->size + k];
    }
}

void cnn_cpu_embedding_forward(struct cnn_queue *q, int32_t padding, const struct cnn_tensor *x,
                               const struct cnn_tensor *w, struct cnn_tensor *y)
{
    struct embedding e = {
        padding, cnn_tensor_count(x), w->n, w->c, 0, x->data, w->data, NULL, y->data, NULL};
    e.chunk = cnn_chunk_of(e.size);
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(e.rows, e.chunk), forward_job, &e);
}

void cnn_cpu_embedding_backward(struct cnn_queue *q, int32_t padding, const struct cnn_tensor *x,
                                const struct cnn_tensor *dy, struct cnn_tensor *dw)
{
    struct embedding e = {
        padding, cnn_tensor_count(x), dw->n, dw->c, 0, x->data, NULL, dy->data, NULL, dw->data};
    e.chunk = cnn_max(16, cnn_ceil_div(e.size, 16));
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(e.size, e.chunk), backward_job, &e);
}
