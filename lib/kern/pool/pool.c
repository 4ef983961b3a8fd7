/* Maximum and mean over windows of each (h, w) plane; blocked layouts go to blocked.c.
 *
 * Window (i, j) covers rows i * stride - pad + k * dilation, k < kh, that lie inside of the input;
 * columns likewise.
 */
#include <string.h>

#include "kern/hot.h"
#include "kern/parallel.h"
#include "kern/pool/blocked.h"
#include "kern/window.h"

struct pool {
    struct cnn_window g;
    size_t planes, chunk;
    const real *x; /* (planes, in_h, in_w), or dy (planes, out_h, out_w) */
    real *y;       /* (planes, out_h, out_w), or dx (planes, in_h, in_w) */
    int32_t *argmax;
    const int32_t *chosen;
};

/* The part of a window that lies inside 0 .. size - 1: every dilation-th from begin on. */
static struct cnn_range clip(size_t index, size_t stride, size_t pad, size_t kernel,
                             size_t dilation, size_t size)
{
    size_t start = index * stride, end = start + (kernel - 1) * dilation + 1;
    if (start < pad)
        start += cnn_round_up(pad - start, dilation);
    end = end > pad ? end - pad : 0;
    return (struct cnn_range){cnn_min(start - pad, size), cnn_min(end, size)};
}

static size_t count_of(struct cnn_range r, size_t dilation)
{
    return r.end > r.begin ? cnn_ceil_div(r.end - r.begin, dilation) : 0;
}

static struct cnn_range clip_rows(const struct cnn_window *g, size_t i)
{
    return clip(i, g->stride_h, g->pad_top, g->kh, g->dilation_h, g->in_h);
}

static struct cnn_range clip_columns(const struct cnn_window *g, size_t j)
{
    return clip(j, g->stride_w, g->pad_left, g->kw, g->dilation_w, g->in_w);
}

/* The offset of the first of the largest; a NaN counts as the largest. */
static size_t window_argmax(const struct cnn_window *g, const real *x, struct cnn_range r,
                            struct cnn_range c)
{
    size_t at = r.begin * g->in_w + c.begin;
    real best = x[at];
    for (size_t i = r.begin; i < r.end; i += g->dilation_h)
        for (size_t j = c.begin; j < c.end; j += g->dilation_w) {
            real v = x[i * g->in_w + j];
            if (v > best || v != v) {
                best = v;
                at = i * g->in_w + j;
            }
        }
    return at;
}

static void max_plane(const struct cnn_window *g, const real *x, real *y, int32_t *argmax)
{
    for (size_t i = 0; i < g->out_h; i++) {
        struct cnn_range rows = clip_rows(g, i);
        for (size_t j = 0; j < g->out_w; j++) {
            size_t at = window_argmax(g, x, rows, clip_columns(g, j));
            *y++ = x[at];
            if (argmax)
                *argmax++ = (int32_t)at;
        }
    }
}

/* The commonest pooling, without branches: 2x2 windows side by side. */
static int is_two_by_two(const struct cnn_window *g)
{
    return g->kh == 2 && g->kw == 2 && g->stride_h == 2 && g->stride_w == 2 && g->dilation_h == 1 &&
           g->dilation_w == 1 && !g->pad_top && !g->pad_left && 2 * g->out_h <= g->in_h &&
           2 * g->out_w <= g->in_w;
}

static inline int beats(real v, real best)
{
    return (v > best) | (v != v);
}

static inline real larger(real best, real v)
{
    return beats(v, best) ? v : best;
}

CNN_HOT(largest_two_by_two, (const struct cnn_window *g, const real *x, real *y), (g, x, y))
{
    for (size_t i = 0; i < g->out_h; i++, y += g->out_w) {
        const real *a = x + 2 * i * g->in_w, *b = a + g->in_w;
        for (size_t j = 0; j < g->out_w; j++)
            y[j] = larger(larger(larger(a[2 * j], a[2 * j + 1]), b[2 * j]), b[2 * j + 1]);
    }
}

CNN_HOT(max_two_by_two, (const struct cnn_window *g, const real *x, real *y, int32_t *argmax),
        (g, x, y, argmax))
{
    for (size_t i = 0; i < g->out_h; i++) {
        const real *a = x + 2 * i * g->in_w, *b = a + g->in_w;
        int32_t base = (int32_t)(2 * i * g->in_w), below = base + (int32_t)g->in_w;
        for (size_t j = 0; j < g->out_w; j++) {
            real best = a[2 * j];
            int32_t at = base + 2 * (int32_t)j, under = below + 2 * (int32_t)j;
            int take = beats(a[2 * j + 1], best);
            best = take ? a[2 * j + 1] : best;
            at = take ? at + 1 : at;
            take = beats(b[2 * j], best);
            best = take ? b[2 * j] : best;
            at = take ? under : at;
            take = beats(b[2 * j + 1], best);
            y[j] = take ? b[2 * j + 1] : best;
            argmax[j] = take ? under + 1 : at;
        }
        y += g->out_w;
        argmax += g->out_w;
    }
}

static void max_forward_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    const struct cnn_window *g = &p->g;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->planes);
    size_t in = g->in_h * g->in_w, out = g->out_h * g->out_w;
    int quick = is_two_by_two(g);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        int32_t *argmax = p->argmax ? p->argmax + i * out : NULL;
        if (quick && !argmax)
            largest_two_by_two(g, p->x + i * in, p->y + i * out);
        else if (quick)
            max_two_by_two(g, p->x + i * in, p->y + i * out, argmax);
        else
            max_plane(g, p->x + i * in, p->y + i * out, argmax);
    }
}

static void max_backward_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->planes);
    size_t in = p->g.in_h * p->g.in_w, out = p->g.out_h * p->g.out_w;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        const real *dy = p->x + i * out;
        const int32_t *chosen = p->chosen + i * out;
        real *dx = p->y + i * in;
        memset(dx, 0, in * sizeof *dx);
        for (size_t k = 0; k < out; k++)
            dx[chosen[k]] += dy[k];
    }
}

static void gather_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->planes);
    size_t in = p->g.in_h * p->g.in_w, out = p->g.out_h * p->g.out_w;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        for (size_t k = i * out; k < (i + 1) * out; k++)
            p->y[k] = p->x[i * in + (size_t)p->chosen[k]];
}

static size_t divisor(const struct cnn_window *g, size_t i, size_t j, struct cnn_range rows,
                      struct cnn_range cols)
{
    return cnn_window_divisor(g, i, j, count_of(rows, g->dilation_h),
                              count_of(cols, g->dilation_w));
}

static double window_sum(const struct cnn_window *g, const real *x, struct cnn_range rows,
                         struct cnn_range cols)
{
    double sum = 0;
    for (size_t i = rows.begin; i < rows.end; i += g->dilation_h)
        for (size_t j = cols.begin; j < cols.end; j += g->dilation_w)
            sum += (double)x[i * g->in_w + j];
    return sum;
}

static void average_plane(const struct cnn_window *g, const real *x, real *y)
{
    for (size_t i = 0; i < g->out_h; i++)
        for (size_t j = 0; j < g->out_w; j++) {
            struct cnn_range rows = clip_rows(g, i), cols = clip_columns(g, j);
            double sum = window_sum(g, x, rows, cols);
            *y++ = (real)(sum / (double)divisor(g, i, j, rows, cols));
        }
}

static void spread_plane(const struct cnn_window *g, const real *dy, real *dx)
{
    memset(dx, 0, g->in_h * g->in_w * sizeof *dx);
    for (size_t i = 0; i < g->out_h; i++)
        for (size_t j = 0; j < g->out_w; j++) {
            struct cnn_range rows = clip_rows(g, i), cols = clip_columns(g, j);
            real share = *dy++ / (real)divisor(g, i, j, rows, cols);
            for (size_t r = rows.begin; r < rows.end; r += g->dilation_h)
                for (size_t c = cols.begin; c < cols.end; c += g->dilation_w)
                    dx[r * g->in_w + c] += share;
        }
}

static void average_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->planes);
    size_t in = p->g.in_h * p->g.in_w, out = p->g.out_h * p->g.out_w;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        average_plane(&p->g, p->x + i * in, p->y + i * out);
}

static void spread_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->planes);
    size_t in = p->g.in_h * p->g.in_w, out = p->g.out_h * p->g.out_w;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        spread_plane(&p->g, p->x + i * out, p->y + i * in);
}

static void run(struct cnn_queue *q, cnn_job *job, struct pool *p, const struct cnn_tensor *x)
{
    p->planes = x->n * x->c;
    p->chunk = cnn_chunk_of(p->g.in_h * p->g.in_w + p->g.out_h * p->g.out_w * p->g.kh * p->g.kw);
    cnn_queue_run(q, cnn_ceil_div(p->planes, p->chunk), job, p);
}

void cnn_cpu_maxpool_forward(struct cnn_queue *q, const struct cnn_window *g,
                             const struct cnn_tensor *x, struct cnn_tensor *y, void *argmax)
{
    if (q->code)
        return;
    if (!cnn_layout_is_plain(x->layout))
        cnn_blocked_maxpool_forward(q, g, x, y, argmax);
    else
        run(q, max_forward_job,
            &(struct pool){.g = *g, .x = x->data, .y = y->data, .argmax = argmax}, x);
}

void cnn_cpu_maxpool_backward(struct cnn_queue *q, const struct cnn_window *g,
                              const struct cnn_tensor *dy, const void *argmax,
                              struct cnn_tensor *dx)
{
    if (q->code)
        return;
    if (!cnn_layout_is_plain(dx->layout))
        cnn_blocked_maxpool_backward(q, g, dy, argmax, dx);
    else
        run(q, max_backward_job,
            &(struct pool){.g = *g, .x = dy->data, .y = dx->data, .chosen = argmax}, dx);
}

void cnn_cpu_maxpool_gather(struct cnn_queue *q, const struct cnn_tensor *x, const void *argmax,
                            struct cnn_tensor *y)
{
    struct cnn_window g = {
        .in_h = x->h, .in_w = x->w, .out_h = y->h, .out_w = y->w, .kh = 1, .kw = 1};
    if (!q->code)
        run(q, gather_job, &(struct pool){.g = g, .x = x->data, .y = y->data, .chosen = argmax}, x);
}

void cnn_cpu_avgpool_forward(struct cnn_queue *q, const struct cnn_window *g,
                             const struct cnn_tensor *x, struct cnn_tensor *y)
{
    if (q->code)
        return;
    if (!cnn_layout_is_plain(x->layout))
        cnn_blocked_avgpool_forward(q, g, x, y);
    else
        run(q, average_job, &(struct pool){.g = *g, .x = x->data, .y = y->data}, x);
}

void cnn_cpu_avgpool_backward(struct cnn_queue *q, const struct cnn_window *g,
                              const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    if (q->code)
        return;
    if (!cnn_layout_is_plain(dx->layout))
        cnn_blocked_avgpool_backward(q, g, dy, dx);
    else
        run(q, spread_job, &(struct pool){.g = *g, .x = dy->data, .y = dx->data}, dx);
}
