/* Elements in other places: channels to pixels and back, and channels among themselves. A job fills
 * blocks of channels; in plain order a channel is a block of its own, and in groups of samples one
 * whose elements are vectors. */
#include <string.h>

#include "kern/hot.h"
#include "kern/parallel.h"

struct shuffle {
    size_t r;           /* the factor, or how many groups */
    size_t samples, c;  /* c: channels of y */
    size_t lanes, unit; /* channels side by side in a block; numbers of an element: one is 1 */
    size_t x_blocks, y_blocks, x_h, x_w, y_h, y_w, chunk;
    const real *x;
    real *y;
};

/* Elements in two tensors, `count` of them, so many apart. */
CNN_HOT(copy,
        (size_t unit, size_t count, const real *from, size_t from_step, real *to, size_t to_step),
        (unit, count, from, from_step, to, to_step))
{
    if (unit == 1)
        for (size_t i = 0; i < count; i++)
            to[i * to_step] = from[i * from_step];
    else
        for (size_t i = 0; i < count; i++)
            memcpy(to + i * to_step, from + i * from_step, unit * sizeof *to);
}

/* Where channel c of a sample of x begins, and one of y; `step` from place to place. */
static const real *x_channel(const struct shuffle *k, size_t sample, size_t c)
{
    size_t step = k->lanes * k->unit;
    return k->x + (sample * k->x_blocks + c / k->lanes) * k->x_h * k->x_w * step + c % k->lanes;
}

static real *y_channel(const struct shuffle *k, size_t sample, size_t c)
{
    size_t step = k->lanes * k->unit;
    return k->y + (sample * k->y_blocks + c / k->lanes) * k->y_h * k->y_w * step + c % k->lanes;
}

static void shuffle_pixels(const struct shuffle *k, size_t sample, size_t c)
{
    size_t r = k->r, step = k->lanes * k->unit;
    real *y = y_channel(k, sample, c);
    for (size_t i = 0; i < r; i++)
        for (size_t h = 0; h < k->x_h; h++)
            for (size_t j = 0; j < r; j++)
                copy(k->unit, k->x_w, x_channel(k, sample, (c * r + i) * r + j) + h * k->x_w * step,
                     step, y + ((h * r + i) * k->y_w + j) * step, r * step);
}

static void unshuffle_pixels(const struct shuffle *k, size_t sample, size_t c)
{
    size_t r = k->r, step = k->lanes * k->unit, i = c / r % r, j = c % r;
    const real *x = x_channel(k, sample, c / (r * r));
    real *y = y_channel(k, sample, c);
    for (size_t h = 0; h < k->y_h; h++)
        copy(k->unit, k->y_w, x + ((h * r + i) * k->x_w + j) * step, r * step,
             y + h * k->y_w * step, step);
}

static void shuffle_channels(const struct shuffle *k, size_t sample, size_t c)
{
    size_t from = c % k->r * (k->c / k->r) + c / k->r, step = k->lanes * k->unit;
    copy(k->unit, k->y_h * k->y_w, x_channel(k, sample, from), step, y_channel(k, sample, c), step);
}

typedef void move(const struct shuffle *k, size_t sample, size_t c);

static void fill_blocks(const struct shuffle *k, size_t job, move *one)
{
    struct cnn_range r = cnn_range_of(job, k->chunk, k->samples * k->y_blocks);
    for (size_t b = r.begin; b < r.end; b++) {
        size_t first = b % k->y_blocks * k->lanes, end = cnn_min(first + k->lanes, k->c);
        if (end < first + k->lanes)
            memset(y_channel(k, b / k->y_blocks, first), 0,
                   k->y_h * k->y_w * k->lanes * sizeof *k->y);
        for (size_t c = first; c < end; c++)
            one(k, b / k->y_blocks, c);
    }
}

static void pixels_job(void *context, size_t job, int thread)
{
    (void)thread;
    fill_blocks(context, job, shuffle_pixels);
}

static void back_job(void *context, size_t job, int thread)
{
    (void)thread;
    fill_blocks(context, job, unshuffle_pixels);
}

static void channels_job(void *context, size_t job, int thread)
{
    (void)thread;
    fill_blocks(context, job, shuffle_channels);
}

static void run(struct cnn_queue *q, size_t r, const struct cnn_tensor *x, struct cnn_tensor *y,
                cnn_job *job)
{
    struct cnn_tensor t = cnn_tensor_blocks(y);
    size_t lanes = cnn_tensor_lanes(y);
    int groups = t.c != y->c;
    struct shuffle k = {.r = r,
                        .samples = t.n,
                        .c = y->c,
                        .lanes = groups ? 1 : lanes,
                        .unit = groups ? lanes : 1,
                        .x_h = x->h,
                        .x_w = x->w,
                        .y_h = y->h,
                        .y_w = y->w,
                        .x = x->data,
                        .y = y->data};
    k.x_blocks = cnn_ceil_div(x->c, k.lanes);
    k.y_blocks = cnn_ceil_div(y->c, k.lanes);
    k.chunk = cnn_chunk_of(y->h * y->w * lanes);
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(k.samples * k.y_blocks, k.chunk), job, &k);
}

void cnn_cpu_pixel_shuffle(struct cnn_queue *q, size_t r, const struct cnn_tensor *x,
                           struct cnn_tensor *y)
{
    run(q, r, x, y, pixels_job);
}

void cnn_cpu_pixel_unshuffle(struct cnn_queue *q, size_t r, const struct cnn_tensor *x,
                             struct cnn_tensor *y)
{
    run(q, r, x, y, back_job);
}

void cnn_cpu_channel_shuffle(struct cnn_queue *q, size_t groups, const struct cnn_tensor *x,
                             struct cnn_tensor *y)
{
    run(q, groups, x, y, channels_job);
}
