/* Depthwise convolution, each group reading one channel: plain loops over rows, as there is no
 * reuse of inputs across outputs that a matrix product could gain from. */
#include <string.h>

#include "kern/conv/algorithm.h"
#include "kern/hot.h"

struct depthwise {
    const struct cnn_conv *g;
    size_t n, kg, chunk; /* kg: outputs of a channel */
    const real *x;       /* (n, in_c, in_h, in_w) */
    const real *w;       /* (out_c, 1, kh, kw) */
    const real *b;       /* (out_c) or NULL */
    const real *dy;      /* (n, out_c, out_h, out_w) */
    real *y, *dx, *dw;
};

CNN_HOT(add_scaled, (const real *x, size_t stride, real w, real *y, size_t count),
        (x, stride, w, y, count))
{
    if (stride == 1)
        for (size_t j = 0; j < count; j++)
            y[j] += w * x[j];
    else
        for (size_t j = 0; j < count; j++)
            y[j] += w * x[j * stride];
}

CNN_HOT(spread_scaled, (const real *dy, real w, real *dx, size_t stride, size_t count),
        (dy, w, dx, stride, count))
{
    if (stride == 1)
        for (size_t j = 0; j < count; j++)
            dx[j] += w * dy[j];
    else
        for (size_t j = 0; j < count; j++)
            dx[j * stride] += w * dy[j];
}

CNN_HOT(add_products,
        (const real *x, size_t stride, const real *dy, size_t count, real lane[CNN_LANES]),
        (x, stride, dy, count, lane))
{
    size_t j = 0;
    for (; j + CNN_LANES <= count; j += CNN_LANES)
        for (size_t k = 0; k < CNN_LANES; k++)
            lane[k] += x[(j + k) * stride] * dy[j + k];
    for (size_t k = 0; j < count; j++, k++)
        lane[k] += x[j * stride] * dy[j];
}

/* A tap's rows and columns that lie inside, and where they begin in the input. */
struct tap {
    struct cnn_range i, j;
    size_t row, column; /* of the first output */
};

static struct tap tap_of(const struct cnn_conv *g, size_t r, size_t s)
{
    struct tap t = {
        .i = cnn_conv_inside(r, g->dilation_h, g->stride_h, g->pad_top, g->in_h, g->out_h),
        .j = cnn_conv_inside(s, g->dilation_w, g->stride_w, g->pad_left, g->in_w, g->out_w)};
    t.row = t.i.begin * g->stride_h + r * g->dilation_h - g->pad_top;
    t.column = t.j.begin * g->stride_w + s * g->dilation_w - g->pad_left;
    return t;
}

static void forward_plane(const struct cnn_conv *g, const real *x, const real *w, real bias,
                          real *y)
{
    for (size_t i = 0; i < g->out_h * g->out_w; i++)
        y[i] = bias;
    for (size_t at = 0; at < g->kh * g->kw; at++) {
        struct tap t = tap_of(g, at / g->kw, at % g->kw);
        for (size_t i = t.i.begin; i < t.i.end; i++)
            add_scaled(x + (t.row + (i - t.i.begin) * g->stride_h) * g->in_w + t.column,
                       g->stride_w, w[at], y + i * g->out_w + t.j.begin, t.j.end - t.j.begin);
    }
}

static void data_plane(const struct cnn_conv *g, const real *dy, const real *w, real *dx)
{
    for (size_t at = 0; at < g->kh * g->kw; at++) {
        struct tap t = tap_of(g, at / g->kw, at % g->kw);
        for (size_t i = t.i.begin; i < t.i.end; i++)
            spread_scaled(dy + i * g->out_w + t.j.begin, w[at],
                          dx + (t.row + (i - t.i.begin) * g->stride_h) * g->in_w + t.column,
                          g->stride_w, t.j.end - t.j.begin);
    }
}

static double weight_tap(const struct cnn_conv *g, const real *x, const real *dy, size_t at)
{
    struct tap t = tap_of(g, at / g->kw, at % g->kw);
    real lane[CNN_LANES] = {0};
    double total[CNN_LANES];
    for (size_t i = t.i.begin; i < t.i.end; i++)
        add_products(x + (t.row + (i - t.i.begin) * g->stride_h) * g->in_w + t.column, g->stride_w,
                     dy + i * g->out_w + t.j.begin, t.j.end - t.j.begin, lane);
    for (int k = 0; k < CNN_LANES; k++)
        total[k] = (double)lane[k];
    return cnn_lanes_total(total);
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct depthwise *d = context;
    const struct cnn_conv *g = d->g;
    struct cnn_range r = cnn_range_of(job, d->chunk, d->n * g->out_c);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        size_t n = i / g->out_c, k = i % g->out_c;
        forward_plane(g, d->x + (n * g->in_c + k / d->kg) * g->in_h * g->in_w,
                      d->w + k * g->kh * g->kw, d->b ? d->b[k] : 0, d->y + i * g->out_h * g->out_w);
    }
}

static void data_job(void *context, size_t job, int thread)
{
    const struct depthwise *d = context;
    const struct cnn_conv *g = d->g;
    struct cnn_range r = cnn_range_of(job, d->chunk, d->n * g->in_c);
    size_t plane = g->in_h * g->in_w;
    (void)thread;
    memset(d->dx + r.begin * plane, 0, (r.end - r.begin) * plane * sizeof *d->dx);
    for (size_t i = r.begin; i < r.end; i++)
        for (size_t m = 0; m < d->kg; m++) {
            size_t k = i % g->in_c * d->kg + m;
            data_plane(g, d->dy + (i / g->in_c * g->out_c + k) * g->out_h * g->out_w,
                       d->w + k * g->kh * g->kw, d->dx + i * plane);
        }
}

static void weight_job(void *context, size_t job, int thread)
{
    const struct depthwise *d = context;
    const struct cnn_conv *g = d->g;
    struct cnn_range r = cnn_range_of(job, d->chunk, g->out_c);
    size_t taps = g->kh * g->kw;
    (void)thread;
    for (size_t at = r.begin * taps; at < r.end * taps; at++) {
        size_t k = at / taps;
        double sum = 0;
        for (size_t n = 0; n < d->n; n++)
            sum += weight_tap(g, d->x + (n * g->in_c + k / d->kg) * g->in_h * g->in_w,
                              d->dy + (n * g->out_c + k) * g->out_h * g->out_w, at % taps);
        d->dw[at] += (real)sum;
    }
}

static void run(struct cnn_queue *q, cnn_job *job, struct depthwise *d, size_t things,
                size_t operations)
{
    d->kg = d->g->out_c / d->g->in_c;
    d->chunk = cnn_chunk_of(operations);
    cnn_queue_run(q, cnn_ceil_div(things, d->chunk), job, d);
}

static size_t plane_operations(const struct cnn_conv *g)
{
    return g->out_h * g->out_w * g->kh * g->kw;
}

static void forward(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    run(r->q, forward_job,
        &(struct depthwise){.g = c->g, .n = r->n, .x = r->x, .w = r->w, .b = r->b, .y = r->y},
        r->n * c->g->out_c, plane_operations(c->g));
}

static void backward_data(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    const struct cnn_conv *g = c->g;
    run(r->q, data_job, &(struct depthwise){.g = g, .n = r->n, .dy = r->dy, .w = r->w, .dx = r->dx},
        r->n * g->in_c, plane_operations(g) * (g->out_c / g->in_c));
}

static void backward_weight(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    run(r->q, weight_job,
        &(struct depthwise){.g = c->g, .n = r->n, .x = r->x, .dy = r->dy, .dw = r->dw}, c->g->out_c,
        plane_operations(c->g) * r->n);
}

static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    (void)c;
    (void)threads;
    return 0;
}

/* One channel feeding many outputs is better done otherwise; so are weight gradients, where stride
 * 1 allows. */
static double cost(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    if (!cnn_conv_is_plain(c) || g->groups != g->in_c || g->out_c > 4 * g->in_c)
        return -1;
    return cnn_conv_cycles(c, c->pass == CNN_CONV_WEIGHT ? 0.06 : 1);
}

const struct cnn_conv_algorithm cnn_conv_depthwise = {
    .name = "depthwise",
    .cost = cost,
    .work = work,
    .forward = forward,
    .backward_data = backward_data,
    .backward_weight = backward_weight,
};
