/* Bilinear and nearest resampling through an affine map: output pixel p is the input at M p, from
 * the four pixels around it weighted by (1 - |dx|)(1 - |dy|). See warp.h. */
#include "data/warp.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { GRID_BITS = 20 };
static const int64_t GRID = (int64_t)1 << GRID_BITS;

/* A point in units of the grid. */
struct point {
    int64_t x, y;
};

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

int cnn_view_is_whole(const struct cnn_view *view, size_t h, size_t w)
{
    const struct cnn_affine *m = &view->map;
    return view->h == h && view->w == w && m->a == 1 && m->b == 0 && m->c == 0 && m->d == 0 &&
           m->e == 1 && m->f == 0;
}

/* On the grid; what is too far away to matter stays in reach of whole numbers. */
static int64_t on_grid(double v)
{
    const double far = 1e9;
    v = v > -far ? v : -far;
    v = v < far ? v : far;
    return (int64_t)floor(v * (double)GRID + 0.5);
}

static struct point map_point(const struct cnn_affine *m, size_t x, size_t y)
{
    double px = (double)x, py = (double)y;
    return (struct point){on_grid(m->a * px + m->b * py + m->c),
                          on_grid(m->d * px + m->e * py + m->f)};
}

/* The largest whole number of pixels that is not above v. */
static int64_t whole(int64_t v)
{
    return v >= 0 ? v >> GRID_BITS : -((-v + GRID - 1) >> GRID_BITS);
}

/* Where position i of an axis of n pixels is filled from; -1: from a value. */
static int64_t filled_from(int64_t i, size_t n, enum cnn_fill fill)
{
    int64_t last = (int64_t)n - 1;
    if (i >= 0 && i <= last)
        return i;
    if (fill == CNN_FILL_EDGE)
        return i < 0 ? 0 : last;
    if (fill != CNN_FILL_REFLECT)
        return -1;
    if (!last)
        return 0;
    i = (i < 0 ? -i : i) % (2 * last);
    return i <= last ? i : 2 * last - i;
}

static float fill_value(enum cnn_fill fill)
{
    return fill == CNN_FILL_WHITE ? 1.0f : fill == CNN_FILL_GREY ? 0.5f : 0.0f;
}

static float fetch(const float *plane, const struct cnn_image *im, int64_t y, int64_t x,
                   enum cnn_fill fill, float outside)
{
    y = filled_from(y, im->h, fill);
    x = filled_from(x, im->w, fill);
    return y < 0 || x < 0 ? outside : plane[(size_t)y * im->w + (size_t)x];
}

static float blend(const float v[4], float fx, float fy)
{
    float top = v[0] * (1 - fx) + v[1] * fx, bottom = v[2] * (1 - fx) + v[3] * fx;
    return top * (1 - fy) + bottom * fy;
}

static void bilinear(struct cnn_image *dst, size_t at, const struct cnn_image *src, struct point p,
                     enum cnn_fill fill)
{
    int64_t x = whole(p.x), y = whole(p.y);
    float fx = (float)(p.x - x * GRID) / (float)GRID, fy = (float)(p.y - y * GRID) / (float)GRID;
    size_t plane = src->h * src->w, outputs = dst->h * dst->w;
    int inside = x >= 0 && y >= 0 && x + 1 < (int64_t)src->w && y + 1 < (int64_t)src->h;
    float outside = fill_value(fill);
    for (size_t c = 0; c < src->c; c++) {
        const float *px = src->px + c * plane;
        float v[4];
        if (inside) {
            const float *q = px + (size_t)y * src->w + (size_t)x;
            memcpy(v, q, 2 * sizeof *v);
            memcpy(v + 2, q + src->w, 2 * sizeof *v);
        } else {
            for (int k = 0; k < 4; k++)
                v[k] = fetch(px, src, y + k / 2, x + k % 2, fill, outside);
        }
        dst->px[c * outputs + at] = blend(v, fx, fy);
    }
}

int cnn_image_warp(struct cnn_image *dst, const struct cnn_image *src, const struct cnn_view *view,
                   enum cnn_fill fill)
{
    int rc = cnn_image_reshape(dst, src->c, view->h, view->w, src->maxval);
    if (rc)
        return rc;
    for (size_t y = 0; y < dst->h; y++)
        for (size_t x = 0; x < dst->w; x++)
            bilinear(dst, y * dst->w + x, src, map_point(&view->map, x, y), fill);
    return 0;
}

int cnn_labels_warp(struct cnn_image *dst, const struct cnn_image *src, const struct cnn_view *view,
                    enum cnn_fill fill)
{
    int rc = cnn_image_reshape(dst, src->c, view->h, view->w, src->maxval);
    if (rc)
        return rc;
    size_t plane = src->h * src->w, outputs = dst->h * dst->w;
    for (size_t i = 0; i < outputs; i++) {
        struct point p = map_point(&view->map, i % dst->w, i / dst->w);
        int64_t x = whole(p.x + GRID / 2), y = whole(p.y + GRID / 2);
        for (size_t c = 0; c < src->c; c++)
            dst->px[c * outputs + i] = fetch(src->px + c * plane, src, y, x, fill, 0);
    }
    return 0;
}
