/* Softmax over channels at each (n, h, w): y_c = exp(x_c - max) / sum exp(x - max);
 * backward: dx_c = y_c (dy_c - sum_k y_k dy_k). */
#include "kern/hot.h"
#include "kern/parallel.h"

enum { POSITIONS = 64 }; /* worked on beside each other */

struct softmax {
    size_t n, c, hw, chunk;
    const real *x, *dy; /* (n, c, hw) */
    real *out;          /* (n, c, hw) */
};

/* `count` positions; x and y point at the first channel of the first of them. */
static void forward_positions(const struct softmax *s, const real *x, real *y, size_t count)
{
    real top[POSITIONS], sum[POSITIONS];
    for (size_t p = 0; p < count; p++) {
        top[p] = x[p];
        sum[p] = 0;
    }
    for (size_t c = 1; c < s->c; c++)
        for (size_t p = 0; p < count; p++)
            top[p] = x[c * s->hw + p] > top[p] ? x[c * s->hw + p] : top[p];
    for (size_t c = 0; c < s->c; c++)
        for (size_t p = 0; p < count; p++) {
            real e = cnn_exp(x[c * s->hw + p] - top[p]);
            y[c * s->hw + p] = e;
            sum[p] += e;
        }
    for (size_t p = 0; p < count; p++)
        sum[p] = 1 / sum[p];
    for (size_t c = 0; c < s->c; c++)
        for (size_t p = 0; p < count; p++)
            y[c * s->hw + p] *= sum[p];
}

static void backward_positions(const struct softmax *s, const real *y, const real *dy, real *dx,
                               size_t count)
{
    real dot[POSITIONS] = {0};
    for (size_t c = 0; c < s->c; c++)
        for (size_t p = 0; p < count; p++)
            dot[p] += y[c * s->hw + p] * dy[c * s->hw + p];
    for (size_t c = 0; c < s->c; c++)
        for (size_t p = 0; p < count; p++) {
            size_t i = c * s->hw + p;
            dx[i] = y[i] * (dy[i] - dot[p]);
        }
}

static void softmax_job(void *context, size_t job, int thread)
{
    const struct softmax *s = context;
    struct cnn_range r = cnn_range_of(job, s->chunk, s->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++)
        for (size_t p = 0; p < s->hw; p += POSITIONS) {
            size_t at = n * s->c * s->hw + p, count = cnn_min(POSITIONS, s->hw - p);
            if (s->dy)
                backward_positions(s, s->x + at, s->dy + at, s->out + at, count);
            else
                forward_positions(s, s->x + at, s->out + at, count);
        }
}

static void run(struct cnn_queue *q, const struct cnn_tensor *x, const struct cnn_tensor *dy,
                struct cnn_tensor *out)
{
    if (q->code)
        return;
    struct softmax s = {.n = x->n,
                        .c = x->c,
                        .hw = x->h * x->w,
                        .chunk = cnn_chunk_of(16 * x->c * x->h * x->w),
                        .x = x->data,
                        .dy = dy ? dy->data : NULL,
                        .out = out->data};
    cnn_queue_run(q, cnn_ceil_div(s.n, s.chunk), softmax_job, &s);
}

void cnn_cpu_softmax_forward(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    run(q, x, NULL, y);
}

void cnn_cpu_softmax_backward(struct cnn_queue *q, const struct cnn_tensor *y,
                              const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    run(q, y, dy, dx);
}
