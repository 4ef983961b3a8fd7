/* Euclidean distances of vectors, y = |a - b|, and their gradient d = sign dy (a - b) / y, 0 where y is. */
#include <math.h>

#include "kern/parallel.h"

struct distance {
    double sign;
    size_t n, each, chunk;
    const real *a, *b;  /* (n, each) */
    const real *dy;     /* (n) */
    const real *length; /* y (n), backward */
    real *to;           /* y (n), or d (n, each) */
};

static void forward_job(void *context, size_t job, int thread)
{
    const struct distance *k = context;
    struct cnn_range r = cnn_range_of(job, k->chunk, k->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        double sum = 0;
        for (size_t i = n * k->each; i < (n + 1) * k->each; i++) {
            double d = (double)k->a[i] - (double)k->b[i];
            sum += d * d;
        }
        k->to[n] = (real)sqrt(sum);
    }
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct distance *k = context;
    struct cnn_range r = cnn_range_of(job, k->chunk, k->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        double y = (double)k->length[n];
        real factor = y > 0 ? (real)(k->sign * (double)k->dy[n] / y) : 0;
        for (size_t i = n * k->each; i < (n + 1) * k->each; i++)
            k->to[i] = factor * (k->a[i] - k->b[i]);
    }
}

static void run(struct cnn_queue *q, cnn_job *job, struct distance *k, const struct cnn_tensor *a)
{
    k->n = a->n;
    k->each = a->c * a->h * a->w;
    k->chunk = cnn_chunk_of(k->each);
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(k->n, k->chunk), job, k);
}

void cnn_cpu_distance_forward(struct cnn_queue *q, const struct cnn_tensor *a,
                              const struct cnn_tensor *b, struct cnn_tensor *y)
{
    struct distance k = {.a = a->data, .b = b->data, .to = y->data};
    run(q, forward_job, &k, a);
}

void cnn_cpu_distance_backward(struct cnn_queue *q, double sign, const struct cnn_tensor *a,
                               const struct cnn_tensor *b, const struct cnn_tensor *y,
                               const struct cnn_tensor *dy, struct cnn_tensor *d)
{
    struct distance k = {.sign = sign, .a = a->data, .b = b->data, .dy = dy->data};
    k.length = y->data;
    k.to = d->data;
    run(q, backward_job, &k, a);
}
