/* Planes of another size: the nearest element, or a mean of the four around,
 *
 *     y[i, j] = (1 - a) (1 - b) x[k, l] + (1 - a) b x[k, l + 1] + a (1 - b) x[k + 1, l] + a b x[k + 1, l + 1]
 *
 * (kern/resize.h says which). A job is some planes; the gradient adds to what it has of a plane. */
#include "kern/resize.h"

#include <string.h>

#include "kern/hot.h"
#include "kern/planes.h"

enum { TILE = 256 }; /* columns whose places are worked out once for all rows */

struct resize {
    const struct cnn_resize *g;
    struct cnn_planes planes; /* of the input */
    size_t in_h, in_w, out_h, out_w, lanes;
    const real *from; /* x (planes, in_h, in_w, lanes), or dy (planes, out_h, out_w, lanes) */
    real *to;         /* the other: y or dx */
};

/* Where columns read, in elements, and what is beside them. */
struct columns {
    size_t count, first;
    uint32_t lower[TILE], upper[TILE];
    real share[TILE];
};

static struct cnn_resize_tap row_of(const struct resize *k, size_t i)
{
    return cnn_resize_at(k->g->mode, k->g->corners, k->g->step_h, (uint32_t)k->in_h, (uint32_t)i);
}

static void columns_from(const struct resize *k, size_t first, struct columns *c)
{
    c->first = first;
    c->count = cnn_min(TILE, k->out_w - first);
    for (size_t j = 0; j < c->count; j++) {
        struct cnn_resize_tap t = cnn_resize_at(k->g->mode, k->g->corners, k->g->step_w,
                                                (uint32_t)k->in_w, (uint32_t)(first + j));
        c->lower[j] = t.lower * (uint32_t)k->lanes;
        c->upper[j] = c->lower[j] + (t.lower + 1 < k->in_w ? (uint32_t)k->lanes : 0);
        c->share[j] = t.upper_share;
    }
}

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS void pick_row(const struct columns *c, size_t lanes, const real *x, real *y)
{
    for (size_t j = 0; j < c->count; j++)
        for (size_t l = 0; l < lanes; l++)
            y[j * lanes + l] = x[c->lower[j] + l];
}

/* a and b: the row above and the one below, which counts for `share`. */
ALWAYS void blend_row(const struct columns *c, size_t lanes, const real *a, const real *b,
                      real share, real *y)
{
    for (size_t j = 0; j < c->count; j++) {
        const real *a0 = a + c->lower[j], *a1 = a + c->upper[j];
        const real *b0 = b + c->lower[j], *b1 = b + c->upper[j];
        real w = c->share[j];
        for (size_t l = 0; l < lanes; l++) {
            real above = a0[l] + w * (a1[l] - a0[l]), below = b0[l] + w * (b1[l] - b0[l]);
            y[j * lanes + l] = above + share * (below - above);
        }
    }
}

ALWAYS void spread_row(const struct columns *c, size_t lanes, const real *dy, real share, real *a,
                       real *b)
{
    for (size_t j = 0; j < c->count; j++) {
        real w = c->share[j];
        for (size_t l = 0; l < lanes; l++) {
            real below = share * dy[j * lanes + l], above = dy[j * lanes + l] - below;
            a[c->lower[j] + l] += (1 - w) * above;
            a[c->upper[j] + l] += w * above;
            b[c->lower[j] + l] += (1 - w) * below;
            b[c->upper[j] + l] += w * below;
        }
    }
}

ALWAYS void add_row(const struct columns *c, size_t lanes, const real *dy, real *dx)
{
    for (size_t j = 0; j < c->count; j++)
        for (size_t l = 0; l < lanes; l++)
            dx[c->lower[j] + l] += dy[j * lanes + l];
}

ALWAYS void forward_plane(const struct resize *k, size_t lanes, const real *x, real *y)
{
    struct columns c;
    for (size_t j = 0; j < k->out_w; j += TILE) {
        columns_from(k, j, &c);
        for (size_t i = 0; i < k->out_h; i++) {
            struct cnn_resize_tap r = row_of(k, i);
            const real *a = x + r.lower * k->in_w * lanes;
            real *to = y + (i * k->out_w + j) * lanes;
            if (k->g->mode == CNN_RESIZE_BILINEAR)
                blend_row(&c, lanes, a, a + (r.lower + 1 < k->in_h ? k->in_w * lanes : 0),
                          r.upper_share, to);
            else
                pick_row(&c, lanes, a, to);
        }
    }
}

ALWAYS void backward_plane(const struct resize *k, size_t lanes, const real *dy, real *dx)
{
    struct columns c;
    memset(dx, 0, k->in_h * k->in_w * lanes * sizeof *dx);
    for (size_t j = 0; j < k->out_w; j += TILE) {
        columns_from(k, j, &c);
        for (size_t i = 0; i < k->out_h; i++) {
            struct cnn_resize_tap r = row_of(k, i);
            real *a = dx + r.lower * k->in_w * lanes;
            const real *at = dy + (i * k->out_w + j) * lanes;
            if (k->g->mode == CNN_RESIZE_BILINEAR)
                spread_row(&c, lanes, at, r.upper_share, a,
                           a + (r.lower + 1 < k->in_h ? k->in_w * lanes : 0));
            else
                add_row(&c, lanes, at, dx + r.lower * k->in_w * lanes);
        }
    }
}

/* The lanes of vectors are a constant in the loops over them. */
#define BY_LANES(name, plane)                                                                      \
    CNN_HOT(name, (const struct resize *k, const real *from, real *to), (k, from, to))             \
    {                                                                                              \
        if (k->lanes == 1)                                                                         \
            plane(k, 1, from, to);                                                                 \
        else if (k->lanes == 8)                                                                    \
            plane(k, 8, from, to);                                                                 \
        else if (k->lanes == 16)                                                                   \
            plane(k, 16, from, to);                                                                \
        else                                                                                       \
            plane(k, k->lanes, from, to);                                                          \
    }
BY_LANES(forward_of, forward_plane)
BY_LANES(backward_of, backward_plane)

static void forward_job(void *context, size_t job, int thread)
{
    const struct resize *k = context;
    struct cnn_range r = cnn_range_of(job, k->planes.chunk, k->planes.count);
    size_t in = k->in_h * k->in_w * k->lanes, out = k->out_h * k->out_w * k->lanes;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        forward_of(k, k->from + i * in, k->to + i * out);
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct resize *k = context;
    struct cnn_range r = cnn_range_of(job, k->planes.chunk, k->planes.count);
    size_t in = k->in_h * k->in_w * k->lanes, out = k->out_h * k->out_w * k->lanes;
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++)
        backward_of(k, k->from + i * out, k->to + i * in);
}

/* in: x or dx; out: y or dy. */
static void run(struct cnn_queue *q, const struct cnn_resize *g, const struct cnn_tensor *in,
                const struct cnn_tensor *out, const real *from, real *to, cnn_job *job)
{
    struct resize k = {.g = g,
                       .planes = cnn_planes_of(in),
                       .in_h = in->h,
                       .in_w = in->w,
                       .out_h = out->h,
                       .out_w = out->w,
                       .lanes = cnn_tensor_lanes(in),
                       .from = from,
                       .to = to};
    k.planes.chunk = cnn_chunk_of((in->h * in->w + out->h * out->w) * k.lanes);
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(k.planes.count, k.planes.chunk), job, &k);
}

void cnn_cpu_resize_forward(struct cnn_queue *q, const struct cnn_resize *g,
                            const struct cnn_tensor *x, struct cnn_tensor *y)
{
    run(q, g, x, y, x->data, y->data, forward_job);
}

void cnn_cpu_resize_backward(struct cnn_queue *q, const struct cnn_resize *g,
                             const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    run(q, g, dx, dy, dy->data, dx->data, backward_job);
}
