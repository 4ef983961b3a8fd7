/* The parameter-free shortcut of residual nets (He et al. 2016, option A): every stride-th row and
 * column, channels padded with zeros on both sides (the odd one behind), as the public weights of
 * ResNet-20 and its kin were trained.
 * y[n, c, i, j] = x[n, c - before, stride i, stride j] where x has that channel, else 0;
 * before = (y.c - x.c) / 2. Jobs fill blocks; in plain layout a channel is a block of its own. */
#include <string.h>

#include "kern/channels.h"

struct subsample {
    size_t stride, lanes, chunk, before;
    const struct cnn_tensor *large, *small; /* x and y, or dx and dy; large->c <= small->c */
};

static size_t blocks_of(const struct subsample *s, const struct cnn_tensor *t)
{
    return cnn_ceil_div(t->c, s->lanes);
}

static real *block_at(const struct subsample *s, const struct cnn_tensor *t, size_t index)
{
    return (real *)t->data + index * t->h * t->w * s->lanes;
}

static void fill_y(const struct subsample *s, size_t n, size_t block)
{
    const struct cnn_tensor *x = s->large, *y = s->small;
    struct cnn_grid grid = {y->h, y->w, s->stride * x->w, s->stride, y->w, 1};
    size_t begin = cnn_max(block * s->lanes, s->before);
    size_t end = cnn_min((block + 1) * s->lanes, s->before + x->c);
    real *to = block_at(s, y, n * blocks_of(s, y) + block);
    if (end < begin + s->lanes)
        memset(to, 0, y->h * y->w * s->lanes * sizeof *to);
    if (begin < end)
        cnn_channels_copy(block_at(s, x, n * blocks_of(s, x)), x->h * x->w, begin - s->before,
                          end - begin, &grid, s->lanes, begin - block * s->lanes, to);
}

static void fill_dx(const struct subsample *s, size_t n, size_t block)
{
    const struct cnn_tensor *dx = s->large, *dy = s->small;
    struct cnn_grid grid = {dy->h, dy->w, dy->w, 1, s->stride * dx->w, s->stride};
    size_t begin = block * s->lanes, end = cnn_min(begin + s->lanes, dx->c);
    real *to = block_at(s, dx, n * blocks_of(s, dx) + block);
    memset(to, 0, dx->h * dx->w * s->lanes * sizeof *to);
    cnn_channels_copy(block_at(s, dy, n * blocks_of(s, dy)), dy->h * dy->w, begin + s->before,
                      end - begin, &grid, s->lanes, 0, to);
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct subsample *s = context;
    size_t blocks = blocks_of(s, s->small);
    struct cnn_range r = cnn_range_of(job, s->chunk, s->small->n * blocks);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        fill_y(s, i / blocks, i % blocks);
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct subsample *s = context;
    size_t blocks = blocks_of(s, s->large);
    struct cnn_range r = cnn_range_of(job, s->chunk, s->large->n * blocks);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        fill_dx(s, i / blocks, i % blocks);
}

/* `to` is the one that is written. */
static void run(struct cnn_queue *q, cnn_job *job, size_t stride, const struct cnn_tensor *large,
                const struct cnn_tensor *small, const struct cnn_tensor *to)
{
    if (q->code)
        return;
    struct cnn_tensor l = cnn_tensor_blocks(large), m = cnn_tensor_blocks(small);
    const struct cnn_tensor *t = to == large ? &l : &m;
    struct subsample s = {.stride = stride,
                          .lanes = cnn_tensor_lanes(to),
                          .before = (small->c - large->c) / 2,
                          .large = &l,
                          .small = &m};
    if (to->layout.order == CNN_ORDER_GROUPS)
        s.before *= s.lanes;
    s.chunk = cnn_chunk_of(t->h * t->w * s.lanes);
    cnn_queue_run(q, cnn_ceil_div(t->n * blocks_of(&s, t), s.chunk), job, &s);
}

void cnn_cpu_subsample_forward(struct cnn_queue *q, size_t stride, const struct cnn_tensor *x,
                               struct cnn_tensor *y)
{
    run(q, forward_job, stride, x, y, y);
}

void cnn_cpu_subsample_backward(struct cnn_queue *q, size_t stride, const struct cnn_tensor *dy,
                                struct cnn_tensor *dx)
{
    run(q, backward_job, stride, dx, dy, dx);
}
