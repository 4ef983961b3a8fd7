/* A running mean of arrays, y += share (x - y), which leaves y as it is where x is the same; and
 * two arrays that change places. */
#include "kern/hot.h"
#include "kern/parallel.h"

struct pair {
    size_t count;
    real share;
    real *x, *y;
    const real *from;
};

CNN_HOT(move_towards, (real share, const real *x, real *y, size_t count), (share, x, y, count))
{
    for (size_t i = 0; i < count; i++)
        y[i] += share * (x[i] - y[i]);
}

static void average_job(void *context, size_t job, int thread)
{
    const struct pair *p = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, p->count);
    (void)thread;
    move_towards(p->share, p->from + r.begin, p->y + r.begin, r.end - r.begin);
}

static void swap_job(void *context, size_t job, int thread)
{
    const struct pair *p = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, p->count);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        real x = p->x[i];
        p->x[i] = p->y[i];
        p->y[i] = x;
    }
}

void cnn_cpu_average(struct cnn_queue *q, double share, size_t count, const real *x, real *y)
{
    struct pair p = {.count = count, .share = (real)share, .from = x, .y = y};
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(count, CNN_CHUNK), average_job, &p);
}

void cnn_cpu_swap(struct cnn_queue *q, size_t count, real *x, real *y)
{
    struct pair p = {.count = count, .x = x, .y = y};
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(count, CNN_CHUNK), swap_job, &p);
}
