/* Between layouts; see layout.h. A job is a sample's block of channels: a transposition of (block,
 * positions) to (positions, block), or back. */
#include "kern/layout.h"

#include <string.h>

#include "kern/hot.h"

struct move {
    const struct cnn_tensor *x;
    struct cnn_tensor *y;
    size_t block, blocks, hw;
    int add;
};

enum { ROWS = 64 }; /* positions at a time, so that both sides stay in the cache */

CNN_HOT static void to_blocks(const real *x, size_t channels, size_t hw, size_t block, int add,
                              real *y)
{
    for (size_t at = 0; at < hw; at += ROWS) {
        size_t end = cnn_min(at + ROWS, hw);
        for (size_t c = 0; c < block; c++)
            for (size_t i = at; i < end; i++) {
                real v = c < channels ? x[c * hw + i] : 0;
                y[i * block + c] = add ? y[i * block + c] + v : v;
            }
    }
}

CNN_HOT static void from_blocks(const real *x, size_t channels, size_t hw, size_t block, int add,
                                real *y)
{
    for (size_t at = 0; at < hw; at += ROWS) {
        size_t end = cnn_min(at + ROWS, hw);
        for (size_t c = 0; c < channels; c++)
            for (size_t i = at; i < end; i++) {
                real v = x[i * block + c];
                y[c * hw + i] = add ? y[c * hw + i] + v : v;
            }
    }
}

/* Element (c, i) of sample n. */
static real *element(const struct cnn_tensor *t, size_t n, size_t c, size_t i)
{
    size_t block = t->layout ? (size_t)t->layout : 1, hw = t->h * t->w;
    size_t blocks = cnn_ceil_div(t->c, block);
    return (real *)t->data + ((n * blocks + c / block) * hw + i) * block + c % block;
}

static void move_job(void *context, size_t job, int thread)
{
    const struct move *m = context;
    size_t n = job / m->blocks, c = job % m->blocks * m->block;
    size_t channels = cnn_min(m->block, m->x->c - c);
    const real *x = element(m->x, n, c, 0);
    real *y = element(m->y, n, c, 0);
    (void)thread;
    if (m->y->layout)
        to_blocks(x, channels, m->hw, m->block, m->add, y);
    else
        from_blocks(x, channels, m->hw, m->block, m->add, y);
}

struct arrays {
    const real *x;
    real *y;
    size_t count;
    int add;
};

CNN_HOT static void same_job(void *context, size_t job, int thread)
{
    const struct arrays *a = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, a->count);
    (void)thread;
    if (!a->add) {
        memcpy(a->y + r.begin, a->x + r.begin, (r.end - r.begin) * sizeof *a->y);
        return;
    }
    for (size_t i = r.begin; i < r.end; i++)
        a->y[i] += a->x[i];
}

void cnn_layout_copy(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y, int add)
{
    if (x->layout == y->layout) {
        struct arrays a = {x->data, y->data, cnn_tensor_elements(y), add};
        cnn_queue_run(q, cnn_ceil_div(a.count, CNN_CHUNK), same_job, &a);
        return;
    }
    struct move m = {.x = x, .y = y, .hw = x->h * x->w, .add = add};
    m.block = (size_t)(x->layout ? x->layout : y->layout);
    m.blocks = cnn_ceil_div(x->c, m.block);
    cnn_queue_run(q, x->n * m.blocks, move_job, &m);
}
