/* Concatenation along channels: y (n, c0 + c1 + ..., h, w) from x[i] (n, ci, h, w), and back. */
#include <string.h>

#include "kern/parallel.h"

struct concat {
    size_t n, c, hw, chunk;
    int count;
    const struct cnn_tensor *const *x;
    struct cnn_tensor *const *dx;
    const size_t *channels;
    const real *dy; /* (n, c, hw) */
    real *y;        /* (n, c, hw) */
};

static void forward_job(void *context, size_t job, int thread)
{
    const struct concat *k = context;
    struct cnn_range r = cnn_range_of(job, k->chunk, k->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        real *y = k->y + n * k->c * k->hw;
        for (int i = 0; i < k->count; i++) {
            size_t size = k->x[i]->c * k->hw;
            memcpy(y, (const real *)k->x[i]->data + n * size, size * sizeof *y);
            y += size;
        }
    }
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct concat *k = context;
    struct cnn_range r = cnn_range_of(job, k->chunk, k->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        const real *dy = k->dy + n * k->c * k->hw;
        for (int i = 0; i < k->count; i++) {
            size_t size = k->channels[i] * k->hw;
            if (k->dx[i])
                memcpy((real *)k->dx[i]->data + n * size, dy, size * sizeof *dy);
            dy += size;
        }
    }
}

static void run(struct cnn_queue *q, cnn_job *job, struct concat *k, const struct cnn_tensor *whole)
{
    k->n = whole->n;
    k->c = whole->c;
    k->hw = whole->h * whole->w;
    k->chunk = cnn_chunk_of(k->c * k->hw);
    cnn_queue_run(q, cnn_ceil_div(k->n, k->chunk), job, k);
}

void cnn_cpu_concat_forward(struct cnn_queue *q, int count, const struct cnn_tensor *const *x,
                            struct cnn_tensor *y)
{
    if (q->code)
        return;
    run(q, forward_job, &(struct concat){.count = count, .x = x, .y = y->data}, y);
}

void cnn_cpu_concat_backward(struct cnn_queue *q, int count, const size_t *channels,
                             const struct cnn_tensor *dy, struct cnn_tensor *const *dx)
{
    if (q->code)
        return;
    run(q, backward_job,
        &(struct concat){.count = count, .channels = channels, .dx = dx, .dy = dy->data}, dy);
}
