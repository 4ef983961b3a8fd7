/* Pooling in blocked layouts; see blocked.h. Jobs are bands of a plane's outputs, or whole
 * planes where windows add to what others have written. */
#include "kern/pool/blocked.h"

#include <string.h>

#include "kern/isa/isa.h"
#include "kern/taps.h"
#include "kern/window.h"

struct pool {
    const struct cnn_window *g;
    size_t lanes;
    struct cnn_taps h, w;
    struct cnn_bands bands;
    size_t in_plane, out_plane; /* elements */
    const real *from;           /* x (planes, in_plane), or dy (planes, out_plane) */
    real *to;                   /* y (planes, out_plane), or dx (planes, in_plane) */
    int32_t *argmax;            /* (planes, out_plane) */
    const int32_t *chosen;
};

/* A plane of it. */
struct plane {
    const struct cnn_window *g;
    const real *from;
    real *to;
    int32_t *argmax;
    const int32_t *chosen;
};

static struct pool plan(const struct cnn_window *g, size_t lanes)
{
    return (struct pool){
        .g = g,
        .lanes = lanes,
        .h = {g->in_h, g->out_h, g->kh, g->stride_h, g->dilation_h, (ptrdiff_t)g->pad_top},
        .w = {g->in_w, g->out_w, g->kw, g->stride_w, g->dilation_w, (ptrdiff_t)g->pad_left},
        .in_plane = g->in_h * g->in_w * lanes,
        .out_plane = g->out_h * g->out_w * lanes,
    };
}

static size_t planes_of(const struct cnn_tensor *t)
{
    struct cnn_tensor blocks = cnn_tensor_blocks(t);
    return blocks.n * cnn_ceil_div(blocks.c, blocks.layout.lanes);
}

static void max_visit(void *context, const struct cnn_rectangle *r, const struct cnn_piece *row,
                      const struct cnn_piece *column)
{
    const struct plane *p = context;
    (void)row;
    (void)column;
    cnn_isa()->pool_max(r, p->from, p->to, p->argmax);
}

static void max_back_visit(void *context, const struct cnn_rectangle *r,
                           const struct cnn_piece *row, const struct cnn_piece *column)
{
    const struct plane *p = context;
    (void)row;
    (void)column;
    cnn_isa()->pool_max_back(r, p->from, p->chosen, p->to);
}

static real scale_of(const struct cnn_window *g, const struct cnn_piece *row,
                     const struct cnn_piece *column)
{
    return 1 / (real)cnn_window_divisor(g, row->begin, column->begin, row->count, column->count);
}

static void sum_visit(void *context, const struct cnn_rectangle *r, const struct cnn_piece *row,
                      const struct cnn_piece *column)
{
    const struct plane *p = context;
    cnn_isa()->pool_sum(r, p->from, scale_of(p->g, row, column), p->to);
}

static void spread_visit(void *context, const struct cnn_rectangle *r, const struct cnn_piece *row,
                         const struct cnn_piece *column)
{
    const struct plane *p = context;
    cnn_isa()->pool_spread(r, p->from, scale_of(p->g, row, column), p->to);
}

static void forward_bands(const struct pool *p, size_t job, cnn_walk_visit *visit)
{
    struct cnn_range r = cnn_bands_of_job(&p->bands, job);
    struct cnn_walk walk = cnn_walk_forward(&p->h, &p->w, p->lanes);
    for (size_t i = r.begin; i < r.end; i++) {
        size_t plane = i / p->bands.bands;
        struct plane one = {.g = p->g,
                            .from = p->from + plane * p->in_plane,
                            .to = p->to + plane * p->out_plane,
                            .argmax = p->argmax ? p->argmax + plane * p->out_plane : NULL};
        cnn_walk(&walk, cnn_band_rows(&p->bands, i), visit, &one);
    }
}

static void max_forward_job(void *context, size_t job, int thread)
{
    (void)thread;
    forward_bands(context, job, max_visit);
}

static void average_job(void *context, size_t job, int thread)
{
    (void)thread;
    forward_bands(context, job, sum_visit);
}

/* Each input gathers from the windows that it is in. */
static void max_backward_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    struct cnn_range r = cnn_bands_of_job(&p->bands, job);
    size_t phases = p->g->stride_h * p->g->stride_w;
    (void)thread;
    for (size_t phase = 0; phase < phases; phase++) {
        struct cnn_walk walk =
            cnn_walk_back(&p->h, &p->w, p->lanes, phase / p->g->stride_w, phase % p->g->stride_w);
        for (size_t i = r.begin; i < r.end; i++) {
            size_t plane = i / p->bands.bands;
            struct plane one = {.from = p->from + plane * p->out_plane,
                                .to = p->to + plane * p->in_plane,
                                .chosen = p->chosen + plane * p->out_plane};
            cnn_walk(&walk, cnn_band_rows(&p->bands, i), max_back_visit, &one);
        }
    }
}

/* Whole planes: windows may overlap. */
static void spread_job(void *context, size_t job, int thread)
{
    const struct pool *p = context;
    struct cnn_range r = cnn_bands_of_job(&p->bands, job);
    struct cnn_walk walk = cnn_walk_forward(&p->h, &p->w, p->lanes);
    (void)thread;
    for (size_t plane = r.begin; plane < r.end; plane++) {
        struct plane one = {
            .g = p->g, .from = p->from + plane * p->out_plane, .to = p->to + plane * p->in_plane};
        memset(one.to, 0, p->in_plane * sizeof *one.to);
        cnn_walk(&walk, (struct cnn_range){0, p->g->out_h}, spread_visit, &one);
    }
}

void cnn_blocked_maxpool_forward(struct cnn_queue *q, const struct cnn_window *g,
                                 const struct cnn_tensor *x, struct cnn_tensor *y, int32_t *argmax)
{
    struct pool p = plan(g, cnn_tensor_lanes(x));
    p.from = x->data;
    p.to = y->data;
    p.argmax = argmax;
    p.bands = cnn_bands_of(planes_of(y), g->out_h, g->out_w * g->stride_h * g->stride_w);
    cnn_queue_run(q, p.bands.jobs, max_forward_job, &p);
}

void cnn_blocked_maxpool_backward(struct cnn_queue *q, const struct cnn_window *g,
                                  const struct cnn_tensor *dy, const int32_t *argmax,
                                  struct cnn_tensor *dx)
{
    struct pool p = plan(g, cnn_tensor_lanes(dx));
    p.from = dy->data;
    p.to = dx->data;
    p.chosen = argmax;
    p.bands = cnn_bands_of(planes_of(dx), g->in_h, g->in_w);
    cnn_queue_run(q, p.bands.jobs, max_backward_job, &p);
}

void cnn_blocked_avgpool_forward(struct cnn_queue *q, const struct cnn_window *g,
                                 const struct cnn_tensor *x, struct cnn_tensor *y)
{
    struct pool p = plan(g, cnn_tensor_lanes(x));
    p.from = x->data;
    p.to = y->data;
    p.bands = cnn_bands_of(planes_of(y), g->out_h, g->out_w * g->stride_h * g->stride_w);
    cnn_queue_run(q, p.bands.jobs, average_job, &p);
}

void cnn_blocked_avgpool_backward(struct cnn_queue *q, const struct cnn_window *g,
                                  const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    struct pool p = plan(g, cnn_tensor_lanes(dx));
    p.from = dy->data;
    p.to = dx->data;
    p.bands = cnn_bands_of(planes_of(dx), 1, g->in_h * g->in_w);
    cnn_queue_run(q, p.bands.jobs, spread_job, &p);
}
