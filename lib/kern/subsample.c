/* The parameter-free shortcut of residual nets (He et al. 2016, option A): every stride-th row and
 * column, channels padded with zeros on both sides (the odd one behind), as the public weights of
 * ResNet-20 and its kin were trained.
 * y[n, c, i, j] = x[n, c - before, stride i, stride j] where x has that channel, else 0;
 * before = (y.c - x.c) / 2. */
#include <string.h>

#include "kern/parallel.h"

struct subsample {
    size_t stride, n, chunk;
    struct cnn_chw large, small; /* x and y; large.c <= small.c */
    const real *from;
    real *to;
};

static size_t channels_before(const struct subsample *s)
{
    return (s->small.c - s->large.c) / 2;
}

static void forward_sample(const struct subsample *s, const real *x, real *y)
{
    size_t plane = s->small.h * s->small.w, before = channels_before(s);
    memset(y, 0, before * plane * sizeof *y);
    y += before * plane;
    for (size_t c = 0; c < s->large.c; c++)
        for (size_t i = 0; i < s->small.h; i++) {
            const real *row = x + (c * s->large.h + i * s->stride) * s->large.w;
            for (size_t j = 0; j < s->small.w; j++)
                *y++ = row[j * s->stride];
        }
    memset(y, 0, (s->small.c - s->large.c - before) * plane * sizeof *y);
}

static void backward_sample(const struct subsample *s, const real *dy, real *dx)
{
    memset(dx, 0, cnn_chw_count(s->large) * sizeof *dx);
    dy += channels_before(s) * s->small.h * s->small.w;
    for (size_t c = 0; c < s->large.c; c++)
        for (size_t i = 0; i < s->small.h; i++) {
            real *row = dx + (c * s->large.h + i * s->stride) * s->large.w;
            for (size_t j = 0; j < s->small.w; j++)
                row[j * s->stride] = *dy++;
        }
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct subsample *s = context;
    struct cnn_range r = cnn_range_of(job, s->chunk, s->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++)
        forward_sample(s, s->from + n * cnn_chw_count(s->large),
                       s->to + n * cnn_chw_count(s->small));
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct subsample *s = context;
    struct cnn_range r = cnn_range_of(job, s->chunk, s->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++)
        backward_sample(s, s->from + n * cnn_chw_count(s->small),
                        s->to + n * cnn_chw_count(s->large));
}

static void run(struct cnn_queue *q, cnn_job *job, size_t stride, const struct cnn_tensor *large,
                const struct cnn_tensor *small, const void *from, void *to)
{
    if (q->code)
        return;
    struct subsample s = {.stride = stride,
                          .n = large->n,
                          .large = {large->c, large->h, large->w},
                          .small = {small->c, small->h, small->w},
                          .from = from,
                          .to = to};
    s.chunk = cnn_chunk_of(cnn_chw_count(s.large));
    cnn_queue_run(q, cnn_ceil_div(s.n, s.chunk), job, &s);
}

void cnn_cpu_subsample_forward(struct cnn_queue *q, size_t stride, const struct cnn_tensor *x,
                               struct cnn_tensor *y)
{
    run(q, forward_job, stride, x, y, x->data, y->data);
}

void cnn_cpu_subsample_backward(struct cnn_queue *q, size_t stride, const struct cnn_tensor *dy,
                                struct cnn_tensor *dx)
{
    run(q, backward_job, stride, dx, dy, dy->data, dx->data);
}
