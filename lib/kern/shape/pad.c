/* Planes with something around them, or with their borders left out (kern/border.h). A job is some
 * planes of vectors; the gradient adds to what it has of a plane. */
#include <string.h>

#include "kern/border.h"
#include "kern/channels.h"
#include "kern/hot.h"
#include "kern/planes.h"

struct pad {
    const struct cnn_border *g;
    struct cnn_planes planes; /* of the input */
    size_t in_h, in_w, out_h, out_w, lanes;
    size_t left;      /* channels in the last block of a sample where they are not all, else 0 */
    const real *from; /* x (planes, in_h, in_w, lanes), or dy (planes, out_h, out_w, lanes) */
    real *to;         /* y or dx */
};

/* Output columns begin .. end - 1 read side by side, those around them by the rule. */
static struct cnn_range middle(const struct pad *k)
{
    ptrdiff_t begin = k->g->left, end = begin + (ptrdiff_t)k->in_w, out = (ptrdiff_t)k->out_w;
    begin = begin < 0 ? 0 : begin > out ? out : begin;
    end = end < begin ? begin : end > out ? out : end;
    return (struct cnn_range){(size_t)begin, (size_t)end};
}

static void fill(real value, size_t count, real *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = value;
}

/* x: the row that is read; NULL: none. */
static void forward_row(const struct pad *k, const real *x, real *y)
{
    struct cnn_range inside = middle(k);
    size_t lanes = k->lanes;
    if (!x) {
        fill((real)k->g->value, k->out_w * lanes, y);
        return;
    }
    if (inside.begin < inside.end)
        memcpy(y + inside.begin * lanes, x + (inside.begin - (size_t)k->g->left) * lanes,
               (inside.end - inside.begin) * lanes * sizeof *y);
    for (size_t j = 0; j < k->out_w; j++) {
        if (j == inside.begin && inside.end > j)
            j = inside.end;
        if (j == k->out_w)
            break;
        ptrdiff_t at = cnn_border_at(k->g->mode, k->g->left, k->in_w, j);
        if (at < 0)
            fill((real)k->g->value, lanes, y + j * lanes);
        else
            memcpy(y + j * lanes, x + (size_t)at * lanes, lanes * sizeof *y);
    }
}

CNN_HOT(add, (size_t count, const real *from, real *to), (count, from, to))
{
    for (size_t i = 0; i < count; i++)
        to[i] += from[i];
}

static void backward_row(const struct pad *k, const real *dy, real *dx)
{
    struct cnn_range inside = middle(k);
    size_t lanes = k->lanes;
    if (inside.begin < inside.end)
        add((inside.end - inside.begin) * lanes, dy + inside.begin * lanes,
            dx + (inside.begin - (size_t)k->g->left) * lanes);
    for (size_t j = 0; j < k->out_w; j++) {
        if (j == inside.begin && inside.end > j)
            j = inside.end;
        if (j == k->out_w)
            break;
        ptrdiff_t at = cnn_border_at(k->g->mode, k->g->left, k->in_w, j);
        if (at >= 0)
            add(lanes, dy + j * lanes, dx + (size_t)at * lanes);
    }
}

static ptrdiff_t row_of(const struct pad *k, size_t i)
{
    return cnn_border_at(k->g->mode, k->g->top, k->in_h, i);
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct pad *k = context;
    struct cnn_range r = cnn_range_of(job, k->planes.chunk, k->planes.count);
    size_t row = k->in_w * k->lanes;
    (void)thread;
    for (size_t p = r.begin; p < r.end; p++) {
        const real *x = k->from + p * k->in_h * row;
        real *y = k->to + p * k->out_h * k->out_w * k->lanes;
        for (size_t i = 0; i < k->out_h; i++) {
            ptrdiff_t at = row_of(k, i);
            forward_row(k, at < 0 ? NULL : x + (size_t)at * row, y + i * k->out_w * k->lanes);
        }
        if (k->left && p % k->planes.each == k->planes.each - 1)
            cnn_channels_zero(k->out_h * k->out_w, k->lanes, k->left, y);
    }
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct pad *k = context;
    struct cnn_range r = cnn_range_of(job, k->planes.chunk, k->planes.count);
    size_t row = k->in_w * k->lanes;
    (void)thread;
    for (size_t p = r.begin; p < r.end; p++) {
        const real *dy = k->from + p * k->out_h * k->out_w * k->lanes;
        real *dx = k->to + p * k->in_h * row;
        memset(dx, 0, k->in_h * row * sizeof *dx);
        for (size_t i = 0; i < k->out_h; i++) {
            ptrdiff_t at = row_of(k, i);
            if (at >= 0)
                backward_row(k, dy + i * k->out_w * k->lanes, dx + (size_t)at * row);
        }
    }
}

/* in: x or dx; out: y or dy. */
static void run(struct cnn_queue *q, const struct cnn_border *g, const struct cnn_tensor *in,
                const struct cnn_tensor *out, const real *from, real *to, cnn_job *job)
{
    struct pad k = {.g = g,
                    .planes = cnn_planes_of(in),
                    .in_h = in->h,
                    .in_w = in->w,
                    .out_h = out->h,
                    .out_w = out->w,
                    .lanes = cnn_tensor_lanes(in),
                    .from = from,
                    .to = to};
    k.left = k.planes.groups ? 0 : in->c % k.lanes;
    k.planes.chunk = cnn_chunk_of((in->h * in->w + out->h * out->w) * k.lanes);
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(k.planes.count, k.planes.chunk), job, &k);
}

void cnn_cpu_pad_forward(struct cnn_queue *q, const struct cnn_border *g,
                         const struct cnn_tensor *x, struct cnn_tensor *y)
{
    run(q, g, x, y, x->data, y->data, forward_job);
}

void cnn_cpu_pad_backward(struct cnn_queue *q, const struct cnn_border *g,
                          const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    run(q, g, dx, dy, dy->data, dx->data, backward_job);
}
