/* Concatenation along channels: y (n, c0 + c1 + ..., h, w) from x[i] (n, ci, h, w), and back. Jobs
 * fill blocks; in plain layout a channel is a block of its own. */
#include "kern/channels.h"

struct concat {
    size_t n, c, hw, lanes, chunk;
    int count;
    const struct cnn_tensor *const *x;
    struct cnn_tensor *const *dx;
    const size_t *channels;
    size_t blocks;  /* of a sample: of y, or of all dx together */
    const real *dy; /* (n, blocks of c, hw, lanes) */
    real *y;
};

static size_t blocks_of(const struct concat *k, size_t channels)
{
    return cnn_ceil_div(channels, k->lanes);
}

static struct cnn_grid grid_of(const struct concat *k)
{
    return (struct cnn_grid){1, k->hw, k->hw, 1, k->hw, 1};
}

/* A block of y, from all inputs that have channels in it. */
static void fill_y(const struct concat *k, size_t n, size_t block)
{
    struct cnn_grid grid = grid_of(k);
    size_t begin = block * k->lanes, end = cnn_min(begin + k->lanes, k->c), first = 0;
    real *y = k->y + (n * k->blocks + block) * k->hw * k->lanes;
    for (int i = 0; i < k->count && first < end; first += k->x[i++]->c) {
        size_t c = k->x[i]->c, from = cnn_max(begin, first), to = cnn_min(end, first + c);
        if (from < to && !k->x[i]->data)
            cnn_channels_zero(k->hw, k->lanes, from - begin, y);
        else if (from < to)
            cnn_channels_copy((const real *)k->x[i]->data + n * blocks_of(k, c) * k->hw * k->lanes,
                              k->hw, from - first, to - from, &grid, k->lanes, from - begin, y);
    }
    if (end < begin + k->lanes)
        cnn_channels_zero(k->hw, k->lanes, end - begin, y);
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct concat *k = context;
    struct cnn_range r = cnn_range_of(job, k->chunk, k->n * k->blocks);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        fill_y(k, i / k->blocks, i % k->blocks);
}

/* A block of dx[i], whose first channel is channel `first` of dy. */
static void fill_dx(const struct concat *k, size_t n, int i, size_t block, size_t first)
{
    struct cnn_grid grid = grid_of(k);
    size_t c = k->channels[i], begin = block * k->lanes, end = cnn_min(begin + k->lanes, c);
    real *dx = (real *)k->dx[i]->data + (n * blocks_of(k, c) + block) * k->hw * k->lanes;
    cnn_channels_copy(k->dy + n * blocks_of(k, k->c) * k->hw * k->lanes, k->hw, first + begin,
                      end - begin, &grid, k->lanes, 0, dx);
    if (end < begin + k->lanes)
        cnn_channels_zero(k->hw, k->lanes, end - begin, dx);
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct concat *k = context;
    struct cnn_range r = cnn_range_of(job, k->chunk, k->n * k->blocks);
    (void)thread;
    for (size_t b = r.begin; b < r.end; b++) {
        size_t block = b % k->blocks, first = 0;
        int i = 0;
        while (block >= blocks_of(k, k->channels[i])) {
            block -= blocks_of(k, k->channels[i]);
            first += k->channels[i++];
        }
        if (k->dx[i])
            fill_dx(k, b / k->blocks, i, block, first);
    }
}

static void set(struct concat *k, const struct cnn_tensor *whole)
{
    k->n = whole->n;
    k->c = whole->c;
    k->hw = whole->h * whole->w;
    k->lanes = cnn_tensor_lanes(whole);
    if (whole->layout.order == CNN_ORDER_GROUPS) { /* as plain positions of fewer, longer samples */
        k->n = cnn_tensor_blocks(whole).n;
        k->hw *= k->lanes;
        k->lanes = 1;
    }
    k->chunk = cnn_chunk_of(k->hw * k->lanes);
}

void cnn_cpu_concat_forward(struct cnn_queue *q, int count, const struct cnn_tensor *const *x,
                            struct cnn_tensor *y)
{
    struct concat k = {.count = count, .x = x, .y = y->data};
    if (q->code)
        return;
    set(&k, y);
    k.blocks = blocks_of(&k, k.c);
    cnn_queue_run(q, cnn_ceil_div(k.n * k.blocks, k.chunk), forward_job, &k);
}

void cnn_cpu_concat_backward(struct cnn_queue *q, int count, const size_t *channels,
                             const struct cnn_tensor *dy, struct cnn_tensor *const *dx)
{
    struct concat k = {.count = count, .channels = channels, .dx = dx, .dy = dy->data};
    if (q->code)
        return;
    set(&k, dy);
    for (int i = 0; i < count; i++)
        k.blocks += blocks_of(&k, channels[i]);
    cnn_queue_run(q, cnn_ceil_div(k.n * k.blocks, k.chunk), backward_job, &k);
}
