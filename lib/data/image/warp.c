/* Bilinear and nearest resampling through an affine map: output pixel p is the input at M p, or at
 * M (p + d) with a field d of displacements, from the four pixels around it weighted by
 * (1 - |dx|)(1 - |dy|). See warp.h.
 *
 * A row is done in runs: where the points of a run lie is computed in vectors, then its pixels as
 * if all were inside, then those that are not. Maps that only move and mirror whole pixels copy
 * rows. */
#include "data/image/warp.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kern/hot.h"

struct cnn_view cnn_view_whole(size_t h, size_t w)
{
    return (struct cnn_view){h, w, {1, 0, 0, 0, 1, 0}};
}

void cnn_view_then(struct cnn_view *view, const struct cnn_view *next)
{
    const struct cnn_affine m = view->map, n = next->map;
    view->map = (struct cnn_affine){m.a * n.a + m.b * n.d,       m.a * n.b + m.b * n.e,
                                    m.a * n.c + m.b * n.f + m.c, m.d * n.a + m.e * n.d,
                                    m.d * n.b + m.e * n.e,       m.d * n.c + m.e * n.f + m.f};
    view->h = next->h;
    view->w = next->w;
}

void cnn_view_find(const struct cnn_view *view, double x, double y, double out[2])
{
    const struct cnn_affine *m = &view->map;
    double det = m->a * m->e - m->b * m->d, dx = x - 0.5 - m->c, dy = y - 0.5 - m->f;
    out[0] = (m->e * dx - m->b * dy) / det + 0.5;
    out[1] = (m->a * dy - m->d * dx) / det + 0.5;
}

int cnn_view_is_whole(const struct cnn_view *view, size_t h, size_t w)
{
    const struct cnn_affine *m = &view->map;
    return view->h == h && view->w == w && m->a == 1 && m->b == 0 && m->c == 0 && m->d == 0 &&
           m->e == 1 && m->f == 0;
}

int cnn_displacements_reshape(struct cnn_displacements *f, size_t h, size_t w)
{
    if (h * w > f->capacity) {
        cnn_displacements_free(f);
        f->dx = cnn_calloc(h * w, sizeof *f->dx);
        f->dy = cnn_calloc(h * w, sizeof *f->dy);
        if (!f->dx || !f->dy)
            return CNN_ESYSTEM;
        f->capacity = h * w;
    }
    f->h = h;
    f->w = w;
    return 0;
}

void cnn_displacements_free(struct cnn_displacements *f)
{
    free(f->dx);
    free(f->dy);
    *f = (struct cnn_displacements){0};
}

static float fetch(const float *plane, const struct cnn_image *im, int64_t y, int64_t x,
                   enum cnn_fill fill, float outside)
{
    y = cnn_filled_from(y, (int64_t)im->h, fill);
    x = cnn_filled_from(x, (int64_t)im->w, fill);
    return y < 0 || x < 0 ? outside : plane[(size_t)y * im->w + (size_t)x];
}

/* What every pixel of a warp needs. */
struct warp {
    const struct cnn_image *src;
    struct cnn_image *dst;
    struct cnn_affine map;
    const struct cnn_displacements *field;
    enum cnn_fill fill;
    float outside; /* the value beyond the image, where the fill is one */
};

enum { RUN = 64 };

/* Consecutive pixels of an output row: each reads the input pixel (x, y) and those right and below
 * of it, of which it takes the shares fx and fy. */
struct run {
    double x[RUN], y[RUN];
    float fx[RUN], fy[RUN];
    int32_t at[RUN];     /* of (x, y) in a plane; anywhere when not all four are inside */
    int32_t inside[RUN]; /* whether they are */
};

/* The point of pixel x on one axis, step * x + row + shift: its whole pixels and the rest, as
 * on_grid and whole find them; doubles hold all these numbers exactly. */
CNN_HOT(locate,
        (size_t n, int32_t first, double step, double row, double shift, double *restrict pixel,
         float *restrict rest),
        (n, first, step, row, shift, pixel, rest))
{
    const double far = 1e9, grid = (double)(1 << CNN_GRID_BITS);
    for (size_t i = 0; i < n; i++) {
        double v = step * (double)(first + (int32_t)i) + row + shift;
        v = v > -far ? v : -far;
        v = v < far ? v : far;
        v = floor(v * grid + 0.5);
        pixel[i] = floor(v / grid);
        rest[i] = (float)((v - pixel[i] * grid) / grid);
    }
}

/* How many pixels of the run are inside. */
CNN_HOT_OF(size_t, place, (size_t n, struct run *restrict r, double h, double w), (n, r, h, w))
{
    int32_t count = 0;
    for (size_t i = 0; i < n; i++) {
        double x = r->x[i], y = r->y[i];
        int inside = (x >= 0) & (y >= 0) & (x < w - 1) & (y < h - 1);
        r->inside[i] = inside;
        r->at[i] = (int32_t)(inside ? y * w + x : 0);
        count += inside;
    }
    return (size_t)count;
}

/* `below` is the plane from its second row. */
CNN_HOT(blend_run,
        (size_t n, const struct run *restrict r, const float *restrict plane,
         const float *restrict below, float *restrict dst),
        (n, r, plane, below, dst))
{
    for (size_t i = 0; i < n; i++) {
        int32_t at = r->at[i];
        float fx = r->fx[i], fy = r->fy[i];
        float top = plane[at] * (1 - fx) + plane[at + 1] * fx;
        float bottom = below[at] * (1 - fx) + below[at + 1] * fx;
        dst[i] = top * (1 - fy) + bottom * fy;
    }
}

/* Pixel i of the run, some of whose four are outside. */
static void blend_border(const struct warp *job, const struct run *r, size_t i, size_t at)
{
    const struct cnn_image *src = job->src;
    int64_t x = (int64_t)r->x[i], y = (int64_t)r->y[i];
    size_t plane = src->h * src->w, outputs = job->dst->h * job->dst->w;
    for (size_t c = 0; c < src->c; c++) {
        float v[4];
        for (int k = 0; k < 4; k++)
            v[k] = fetch(src->px + c * plane, src, y + k / 2, x + k % 2, job->fill, job->outside);
        job->dst->px[c * outputs + at] = cnn_blend(v, r->fx[i], r->fy[i]);
    }
}

/* The n pixels from `at` on of the run, whose points are known. */
static void blend(const struct warp *job, struct run *r, size_t n, size_t at)
{
    const struct cnn_image *src = job->src, *dst = job->dst;
    size_t plane = src->h * src->w, outputs = dst->h * dst->w;
    size_t inside = place(n, r, (double)src->h, (double)src->w);
    for (size_t c = 0; inside && c < src->c; c++) {
        const float *px = src->px + c * plane;
        blend_run(n, r, px, px + src->w, dst->px + c * outputs + at);
    }
    for (size_t i = 0; inside < n && i < n; i++)
        if (!r->inside[i])
            blend_border(job, r, i, at + i);
}

static void warp_row(const struct warp *job, size_t y)
{
    const struct cnn_affine *m = &job->map;
    size_t w = job->dst->w;
    struct run r;
    for (size_t x = 0; x < w; x += RUN) {
        size_t n = w - x < RUN ? w - x : RUN;
        locate(n, (int32_t)x, m->a, m->b * (double)y, m->c, r.x, r.fx);
        locate(n, (int32_t)x, m->d, m->e * (double)y, m->f, r.y, r.fy);
        blend(job, &r, n, y * w + x);
    }
}

/* The point that pixel i of a bent output shows. */
static void bent_point(const struct cnn_affine *m, const struct cnn_displacements *field, size_t i,
                       double *px, double *py)
{
    double x = (double)(i % field->w) + (double)field->dx[i];
    double y = (double)(i / field->w) + (double)field->dy[i];
    *px = m->a * x + m->b * y + m->c;
    *py = m->d * x + m->e * y + m->f;
}

static void bend_row(const struct warp *job, size_t y)
{
    size_t w = job->dst->w;
    struct run r;
    for (size_t x = 0; x < w; x += RUN) {
        size_t n = w - x < RUN ? w - x : RUN, at = y * w + x;
        for (size_t i = 0; i < n; i++) {
            bent_point(&job->map, job->field, at + i, &r.x[i], &r.y[i]);
            r.x[i] = (double)cnn_on_axis(r.x[i], &r.fx[i]);
            r.y[i] = (double)cnn_on_axis(r.y[i], &r.fy[i]);
        }
        blend(job, &r, n, at);
    }
}

/* Whether whole pixels go to whole pixels, turned by no more than mirroring. */
static int moves_pixels(const struct cnn_affine *m)
{
    const double far = 1e8;
    return fabs(m->a) == 1 && fabs(m->e) == 1 && m->b == 0 && m->d == 0 && fabs(m->c) < far &&
           fabs(m->f) < far && m->c == floor(m->c) && m->f == floor(m->f);
}

static size_t clamp(int64_t v, size_t most)
{
    return v < 0 ? 0 : (size_t)v < most ? (size_t)v : most;
}

/* n pixels from those of `row`, beginning at `at` and going right, or left when mirrored. */
static void move_row(const struct warp *job, float *dst, size_t n, const float *row, int64_t at,
                     int mirrored)
{
    int64_t w = (int64_t)job->src->w;
    size_t begin = clamp(mirrored ? at - w + 1 : -at, n),
           end = clamp(mirrored ? at + 1 : w - at, n);
    for (size_t x = 0; x < n; x++) {
        if (x == begin && end > begin)
            x = end;
        if (x >= n)
            break;
        int64_t from = cnn_filled_from(mirrored ? at - (int64_t)x : at + (int64_t)x, w, job->fill);
        dst[x] = from < 0 ? job->outside : row[from];
    }
    if (!mirrored && end > begin)
        memcpy(dst + begin, row + (at + (int64_t)begin), (end - begin) * sizeof *dst);
    for (size_t x = begin; mirrored && x < end; x++)
        dst[x] = row[at - (int64_t)x];
}

static void move_rows(const struct warp *job, size_t y)
{
    const struct cnn_image *src = job->src, *dst = job->dst;
    int64_t from = (int64_t)(job->map.e * (double)y + job->map.f);
    from = cnn_filled_from(from, (int64_t)src->h, job->fill);
    for (size_t c = 0; c < src->c; c++) {
        float *to = dst->px + (c * dst->h + y) * dst->w;
        if (from < 0)
            for (size_t x = 0; x < dst->w; x++)
                to[x] = job->outside;
        else
            move_row(job, to, dst->w, src->px + (c * src->h + (size_t)from) * src->w,
                     (int64_t)job->map.c, job->map.a < 0);
    }
}

int cnn_image_bend(struct cnn_image *dst, const struct cnn_image *src, const struct cnn_view *view,
                   const struct cnn_displacements *field, enum cnn_fill fill)
{
    int rc = cnn_image_reshape(dst, src->c, view->h, view->w, src->maxval);
    if (rc)
        return rc;
    struct warp job = {src, dst, view->map, field, fill, cnn_fill_value(fill)};
    void (*row)(const struct warp *, size_t) = field                      ? bend_row
                                               : moves_pixels(&view->map) ? move_rows
                                                                          : warp_row;
    for (size_t y = 0; y < dst->h; y++)
        row(&job, y);
    return 0;
}

int cnn_image_warp(struct cnn_image *dst, const struct cnn_image *src, const struct cnn_view *view,
                   enum cnn_fill fill)
{
    return cnn_image_bend(dst, src, view, NULL, fill);
}

int cnn_labels_bend(struct cnn_image *dst, const struct cnn_image *src, const struct cnn_view *view,
                    const struct cnn_displacements *field, enum cnn_fill fill)
{
    int rc = cnn_image_reshape(dst, src->c, view->h, view->w, src->maxval);
    if (rc)
        return rc;
    size_t plane = src->h * src->w, outputs = dst->h * dst->w;
    for (size_t i = 0; i < outputs; i++) {
        const struct cnn_affine *m = &view->map;
        double px = (double)(i % dst->w), py = (double)(i / dst->w);
        double sx = m->a * px + m->b * py + m->c, sy = m->d * px + m->e * py + m->f;
        float fx, fy;
        if (field)
            bent_point(m, field, i, &sx, &sy);
        int64_t x = cnn_on_axis(sx, &fx), y = cnn_on_axis(sy, &fy);
        x += fx >= 0.5f;
        y += fy >= 0.5f;
        for (size_t c = 0; c < src->c; c++)
            dst->px[c * outputs + i] = fetch(src->px + c * plane, src, y, x, fill, 0);
    }
    return 0;
}

int cnn_labels_warp(struct cnn_image *dst, const struct cnn_image *src, const struct cnn_view *view,
                    enum cnn_fill fill)
{
    return cnn_labels_bend(dst, src, view, NULL, fill);
}
