/* Elementwise arithmetic: sums of tensors, copies, fills, clamping, and the sum of squares. */
#include <string.h>

#include "kern/hot.h"
#include "kern/basic/layout.h"

struct arrays {
    size_t count;
    int inputs;
    const struct cnn_tensor *const *xs;
    real *y;
    real value;
};

CNN_HOT(add_two, (const real *a, const real *b, real *y, size_t count), (a, b, y, count))
{
    for (size_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
}

CNN_HOT(add_to, (const real *x, real *y, size_t count), (x, y, count))
{
    for (size_t i = 0; i < count; i++)
        y[i] += x[i];
}

static void sum_job(void *context, size_t job, int thread)
{
    const struct arrays *a = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, a->count);
    size_t count = r.end - r.begin;
    real *y = a->y + r.begin;
    (void)thread;
    const real *first = (const real *)a->xs[0]->data + r.begin;
    if (a->inputs == 1) {
        if (y != first)
            memcpy(y, first, count * sizeof *y);
        return;
    }
    add_two(first, (const real *)a->xs[1]->data + r.begin, y, count);
    for (int i = 2; i < a->inputs; i++)
        add_to((const real *)a->xs[i]->data + r.begin, y, count);
}

static void fill_job(void *context, size_t job, int thread)
{
    const struct arrays *a = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, a->count);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        a->y[i] = a->value;
}

/* NaN stays NaN: both comparisons are false for it. */
static void clamp_job(void *context, size_t job, int thread)
{
    const struct arrays *a = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, a->count);
    real hi = a->value, lo = -hi;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        real v = a->y[i];
        v = v > hi ? hi : v;
        a->y[i] = v < lo ? lo : v;
    }
}

static void run(struct cnn_queue *q, cnn_job *job, struct arrays *a)
{
    cnn_queue_run(q, cnn_ceil_div(a->count, CNN_CHUNK), job, a);
}

void cnn_cpu_sum_forward(struct cnn_queue *q, int count, const struct cnn_tensor *const *x,
                         struct cnn_tensor *y)
{
    if (q->code)
        return;
    run(q, sum_job,
        &(struct arrays){.count = cnn_tensor_elements(y), .inputs = count, .xs = x, .y = y->data});
}

void cnn_cpu_accumulate(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    if (!q->code)
        cnn_layout_copy(q, x, y, 1);
}

void cnn_cpu_copy(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    if (!q->code && x->data != y->data)
        cnn_layout_copy(q, x, y, 0);
}

void cnn_cpu_fill(struct cnn_queue *q, double value, size_t count, real *x)
{
    if (q->code)
        return;
    run(q, fill_job, &(struct arrays){.count = count, .y = x, .value = (real)value});
}

void cnn_cpu_clamp(struct cnn_queue *q, double limit, size_t count, real *x)
{
    if (q->code)
        return;
    run(q, clamp_job, &(struct arrays){.count = count, .y = x, .value = (real)limit});
}

enum { SQUARE_PARTS = 64 };

struct squares {
    size_t count, chunk;
    const real *x;
    double part[SQUARE_PARTS];
};

CNN_HOT_OF(double, squares_of, (const real *x, size_t count), (x, count))
{
    double lane[CNN_LANES] = {0};
    size_t i = 0;
    for (; i + CNN_LANES <= count; i += CNN_LANES)
        for (size_t k = 0; k < CNN_LANES; k++)
            lane[k] += (double)x[i + k] * (double)x[i + k];
    for (size_t k = 0; i < count; i++, k++)
        lane[k] += (double)x[i] * (double)x[i];
    return cnn_lanes_total(lane);
}

static void squares_job(void *context, size_t job, int thread)
{
    struct squares *s = context;
    struct cnn_range r = cnn_range_of(job, s->chunk, s->count);
    (void)thread;
    s->part[job] = squares_of(s->x + r.begin, r.end - r.begin);
}

void cnn_cpu_sum_squares(struct cnn_queue *q, size_t count, const real *x, double *out)
{
    struct squares s = {.count = count, .x = x};
    *out = 0;
    if (q->code)
        return;
    s.chunk = cnn_max(CNN_CHUNK, cnn_ceil_div(count, SQUARE_PARTS));
    size_t jobs = cnn_ceil_div(count, s.chunk);
    cnn_queue_run(q, jobs, squares_job, &s);
    for (size_t i = 0; i < jobs; i++)
        *out += s.part[i];
}
