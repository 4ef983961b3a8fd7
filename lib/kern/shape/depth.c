/* Volumes, whose slices are the rows of samples: what the windows of their depth see, as channels for a
 * convolution of planes, and the mean and the maximum of it.
 *
 * With channel c * kernel + k for the k-th slice of channel c, weights (out, c, kernel, h, w) of a
 * convolution over three dimensions are those of one over two as they lie in memory. */
#include "kern/depth.h"

#include <string.h>

#include "kern/parallel.h"

enum { MOST_LANES = 64 };

struct depth {
    struct cnn_depth g;
    enum cnn_rows_pool how;
    const int32_t *count;          /* (samples); NULL: all rows are there */
    const struct cnn_tensor *from; /* x, or dy */
    struct cnn_tensor *to;         /* y, or dx */
    const int32_t *chosen;
    int32_t *argmax;
    size_t chunk; /* rows of a job */
};

/* The first element of a channel of a row; the next ones are as far apart as there are lanes. */
static real *plane_of(const struct cnn_tensor *t, size_t row, size_t c)
{
    size_t lanes = cnn_tensor_lanes(t), blocks = cnn_layout_channels(t->layout, t->c) / lanes;
    return (real *)t->data + (row * blocks + c / lanes) * t->h * t->w * lanes + c % lanes;
}

/* A block of channels of row `to` of the output, from its first channel on: lane by lane the plane
 * that is seen there, or zeros. */
static void gather_block(const struct depth *d, size_t to, size_t first)
{
    static const real zero;
    const struct cnn_tensor *x = d->from, *y = d->to;
    size_t lanes = cnn_tensor_lanes(y), hw = y->h * y->w, sample = to / d->g.out, step[MOST_LANES];
    const real *from[MOST_LANES];
    real *out = plane_of(y, to, first);
    for (size_t l = 0; l < lanes; l++) {
        size_t c = (first + l) / d->g.kernel, k = (first + l) % d->g.kernel;
        int row = cnn_depth_seen(&d->g, (int)(to % d->g.out), (int)k);
        int there = c < x->c && row >= 0 && row < cnn_depth_real(&d->g, d->count, sample);
        from[l] = there ? plane_of(x, sample * d->g.in + (size_t)row, c) : &zero;
        step[l] = there ? lanes : 0;
    }
    if (lanes == 1 && step[0]) {
        memcpy(out, from[0], hw * sizeof *out);
        return;
    }
    for (size_t i = 0; i < hw; i++)
        for (size_t l = 0; l < lanes; l++)
            out[i * lanes + l] = from[l][i * step[l]];
}

static void gather_row(const struct depth *d, size_t to)
{
    size_t lanes = cnn_tensor_lanes(d->to);
    for (size_t c = 0; c < d->to->c; c += lanes)
        gather_block(d, to, c);
}

static void add_plane(real *dx, const real *dy, size_t hw, size_t step)
{
    for (size_t i = 0; i < hw; i++)
        dx[i * step] += dy[i * step];
}

static size_t row_elements(const struct cnn_tensor *t)
{
    return cnn_layout_channels(t->layout, t->c) * t->h * t->w;
}

static real *row_of(const struct cnn_tensor *t, size_t row)
{
    return (real *)t->data + row * row_elements(t);
}

/* Whether row `at` of dx is there; it is zeros to begin with. */
static int begin_row(const struct depth *d, size_t at)
{
    memset(row_of(d->to, at), 0, row_elements(d->to) * sizeof(real));
    return (int)(at % d->g.in) < cnn_depth_real(&d->g, d->count, at / d->g.in);
}

static void scatter_row(const struct depth *d, size_t at)
{
    const struct cnn_tensor *dx = d->to, *dy = d->from;
    size_t lanes = cnn_tensor_lanes(dx), first = at / d->g.in * d->g.out;
    if (!begin_row(d, at))
        return;
    for (size_t c = 0; c < dx->c; c++)
        for (size_t k = 0; k < d->g.kernel; k++) {
            int o = cnn_depth_seer(&d->g, (int)(at % d->g.in), (int)k);
            if (o >= 0)
                add_plane(plane_of(dx, at, c), plane_of(dy, first + (size_t)o, c * d->g.kernel + k),
                          dx->h * dx->w, lanes);
        }
}

/* x: a row of so many elements; NULL: it is zeros. taken: whether y has any of the window yet. */
static void take_largest(const real *x, int row, int taken, size_t each, real *y, int32_t *argmax)
{
    for (size_t i = 0; i < each; i++) {
        real v = x ? x[i] : 0;
        if (taken && !(v > y[i] || v != v))
            continue;
        y[i] = v;
        if (argmax)
            argmax[i] = x ? row : CNN_NO_ROW;
    }
}

static void pool_row(const struct depth *d, size_t to)
{
    size_t each = row_elements(d->to), sample = to / d->g.out;
    int o = (int)(to % d->g.out), taken = 0, real_rows = cnn_depth_real(&d->g, d->count, sample);
    real *y = row_of(d->to, to), divisor = (real)cnn_depth_divisor(&d->g, o);
    int32_t *argmax = d->argmax ? d->argmax + to * each : NULL;
    memset(y, 0, each * sizeof *y);
    for (int k = 0; k < (int)d->g.kernel; k++) {
        int row = cnn_depth_seen(&d->g, o, k);
        const real *x =
            row >= 0 && row < real_rows ? row_of(d->from, sample * d->g.in + (size_t)row) : NULL;
        if (d->how == CNN_ROWS_MAX && row >= 0)
            take_largest(x, row, taken++, each, y, argmax);
        for (size_t i = 0; d->how == CNN_ROWS_MEAN && x && i < each; i++)
            y[i] += x[i];
    }
    for (size_t i = 0; d->how == CNN_ROWS_MEAN && i < each; i++)
        y[i] /= divisor;
}

static void spread_row(const struct depth *d, size_t at)
{
    size_t each = row_elements(d->to), first = at / d->g.in * d->g.out;
    int row = (int)(at % d->g.in);
    real *dx = row_of(d->to, at);
    if (!begin_row(d, at))
        return;
    for (int k = 0; k < (int)d->g.kernel; k++) {
        int o = cnn_depth_seer(&d->g, row, k);
        if (o < 0)
            continue;
        const real *dy = row_of(d->from, first + (size_t)o);
        const int32_t *chosen = d->chosen ? d->chosen + (first + (size_t)o) * each : NULL;
        real divisor = d->how == CNN_ROWS_MEAN ? (real)cnn_depth_divisor(&d->g, o) : 1;
        for (size_t i = 0; i < each; i++)
            if (!chosen || chosen[i] == row)
                dx[i] += dy[i] / divisor;
    }
}

static void gather_job(void *context, size_t job, int thread)
{
    const struct depth *d = context;
    struct cnn_range r = cnn_range_of(job, d->chunk, d->to->n);
    (void)thread;
    for (size_t row = r.begin; row < r.end; row++)
        gather_row(d, row);
}

static void scatter_job(void *context, size_t job, int thread)
{
    const struct depth *d = context;
    struct cnn_range r = cnn_range_of(job, d->chunk, d->to->n);
    (void)thread;
    for (size_t row = r.begin; row < r.end; row++)
        scatter_row(d, row);
}

static void pool_job(void *context, size_t job, int thread)
{
    const struct depth *d = context;
    struct cnn_range r = cnn_range_of(job, d->chunk, d->to->n);
    (void)thread;
    for (size_t row = r.begin; row < r.end; row++)
        pool_row(d, row);
}

static void spread_job(void *context, size_t job, int thread)
{
    const struct depth *d = context;
    struct cnn_range r = cnn_range_of(job, d->chunk, d->to->n);
    (void)thread;
    for (size_t row = r.begin; row < r.end; row++)
        spread_row(d, row);
}

static void run(struct cnn_queue *q, cnn_job *job, struct depth *d)
{
    if (q->code)
        return;
    d->chunk = cnn_chunk_of(row_elements(d->to));
    cnn_queue_run(q, cnn_ceil_div(d->to->n, d->chunk), job, d);
}

void cnn_cpu_depth_gather(struct cnn_queue *q, const struct cnn_depth *g, const int32_t *count,
                          const struct cnn_tensor *x, struct cnn_tensor *y)
{
    run(q, gather_job, &(struct depth){.g = *g, .count = count, .from = x, .to = y});
}

void cnn_cpu_depth_scatter(struct cnn_queue *q, const struct cnn_depth *g, const int32_t *count,
                           const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    run(q, scatter_job, &(struct depth){.g = *g, .count = count, .from = dy, .to = dx});
}

void cnn_cpu_depth_pool_forward(struct cnn_queue *q, enum cnn_rows_pool how,
                                const struct cnn_depth *g, const int32_t *count,
                                const struct cnn_tensor *x, struct cnn_tensor *y, void *argmax)
{
    struct depth d = {.g = *g, .how = how, .count = count, .from = x, .to = y, .argmax = argmax};
    run(q, pool_job, &d);
}

void cnn_cpu_depth_pool_backward(struct cnn_queue *q, enum cnn_rows_pool how,
                                 const struct cnn_depth *g, const int32_t *count,
                                 const struct cnn_tensor *dy, const void *argmax,
                                 struct cnn_tensor *dx)
{
    struct depth d = {.g = *g, .how = how, .count = count, .from = dy, .to = dx, .chosen = argmax};
    run(q, spread_job, &d);
}
