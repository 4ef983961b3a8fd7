/* Adaptive average pooling: the mean of windows that divide each (h, w) plane as evenly as they
 * can.
 *
 * Of h rows and h' outputs, output i is over the rows floor(i h / h') .. ceil((i + 1) h / h') - 1;
 * columns likewise. Windows overlap where h' does not divide h. The rule is that of
 * torch.nn.AdaptiveAvgPool2d.
 */
#include <string.h>

#include "kern/isa/isa.h"
#include "kern/parallel.h"

struct pool {
    size_t in_h, in_w, out_h, out_w, planes, chunk;
    size_t lanes;     /* of a blocked layout, whose planes are of vectors; else 1 */
    const real *from; /* x (planes, in_h, in_w), or dy (planes, out_h, out_w) */
    real *to;         /* y (planes, out_h, out_w), or dx (planes, in_h, in_w) */
};

/* What the index-th of `out` windows covers of `in` rows or columns. */
static struct cnn_range window(size_t index, size_t in, size_t out)
{
    return (struct cnn_range){index * in / out, cnn_ceil_div((index + 1) * in, out)};
}

static void average_plane(const struct pool *p, const real *x, real *y)
{
    for (size_t i = 0; i < p->out_h; i++) {
        struct cnn_range rows = window(i, p->in_h, p->out_h);
        for (size_t j = 0; j < p->out_w; j++) {
            struct cnn_range cols = window(j, p->in_w, p->out_w);
            double sum = 0;
            for (size_t r = rows.begin; r < rows.end; r++)
                for (size_t c = cols.begin; c < cols.end; c++)
                    sum += (double)x[r * p->in_w + c];
            *y++ = (real)(sum / (double)((rows.end - rows.begin) * (cols.end - cols.begin)));
        }
    }
}

static void spread_plane(const struct pool *p, const real *dy, real *dx)
{
    memset(dx, 0, p->in_h * p->in_w * sizeof *dx);
    for (size_t i = 0; i < p->out_h; i++) {
        struct cnn_range rows = window(i, p->in_h, p->out_h);
        for (size_t j = 0; j < p->out_w; j++) {
            struct cnn_range cols = window(j, p->in_w, p->out_w);
            real share = *dy++ / (real)((rows.end - rows.begin) * (cols.end - cols.begin));
            for (size_t r = rows.begin; r < rows.end; r++)
                for (size_t c = cols.begin; c < cols.end; c++)
                    dx[r * p->in_w + c] += share;
        }
    }
}

/* One window of a plane of vectors; its taps are those of `r`, for which `scale` is left. */
static real window_rectangle(const struct pool *p, size_t i, size_t j, struct cnn_rectangle *r)
{
    struct cnn_range rows = window(i, p->in_h, p->out_h), cols = window(j, p->in_w, p->out_w);
    *r = (struct cnn_rectangle){.in = (ptrdiff_t)((rows.begin * p->in_w + cols.begin) * p->lanes),
                                .out = (i * p->out_w + j) * p->lanes,
                                .rows = 1,
                                .columns = 1,
                                .taps_h = rows.end - rows.begin,
                                .taps_w = cols.end - cols.begin,
                                .tap_row = (ptrdiff_t)(p->in_w * p->lanes),
                                .tap_column = (ptrdiff_t)p->lanes};
    return 1 / (real)(r->taps_h * r->taps_w);
}

static void average_vectors(const struct pool *p, const real *x, real *y)
{
    struct cnn_rectangle r;
    for (size_t i = 0; i < p->out_h; i++)
        for (size_t j = 0; j < p->out_w; j++) {
            real scale = window_rectangle(p, i, j, &r);
            cnn_isa()->pool_sum(&r, x, scale, y);
        }
}

static void spread_vectors(const struct pool *p, const real *dy, real *dx)
{
    struct cnn_rectangle r;
    memset(dx, 0, p->in_h * p->in_w * p->lanes * sizeof *dx);
    for (size_t i = 0; i < p->out_h; i++)
        for (size_t j = 0; j < p->out_w; j++) {
            real scale = window_rectangle(p, i, j, &r);
            cnn_isa()->pool_spread(&r, dy, scale, dx);
        }
}

static void average_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->planes);
    size_t in = p->in_h * p->in_w * p->lanes, out = p->out_h * p->out_w * p->lanes;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        (p->lanes > 1 ? average_vectors : average_plane)(p, p->from + i * in, p->to + i * out);
}

static void spread_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->planes);
    size_t in = p->in_h * p->in_w * p->lanes, out = p->out_h * p->out_w * p->lanes;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        (p->lanes > 1 ? spread_vectors : spread_plane)(p, p->from + i * out, p->to + i * in);
}

/* in: x or dx; out: y or dy. */
static void run(struct cnn_queue *q, cnn_job *job, const struct cnn_tensor *in,
                const struct cnn_tensor *out, const real *from, real *to)
{
    if (q->code)
        return;
    struct cnn_tensor t = cnn_tensor_blocks(in);
    size_t lanes = cnn_tensor_lanes(in);
    struct pool p = {in->h, in->w, out->h, out->w, .lanes = lanes, .from = from, .to = to};
    p.planes = t.n * cnn_ceil_div(t.c, lanes);
    p.chunk = cnn_chunk_of((in->h * in->w + out->h * out->w) * lanes);
    cnn_queue_run(q, cnn_ceil_div(p.planes, p.chunk), job, &p);
}

void cnn_cpu_adaptive_avgpool_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                                      struct cnn_tensor *y)
{
    run(q, average_job, x, y, x->data, y->data);
}

void cnn_cpu_adaptive_avgpool_backward(struct cnn_queue *q, const struct cnn_tensor *dy,
                                       struct cnn_tensor *dx)
{
    run(q, spread_job, dx, dy, dy->data, dx->data);
}
