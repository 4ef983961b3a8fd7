/* Many small images in one; see plot.h. */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/draw.h"
#include "data/plot.h"

enum {
    GAP = 2,
    TILE = 48,        /* a tile's side when there is room */
    FULL_WIDTH = 1600 /* tiles become smaller rather than the image wider */
};

/* How tiles lie: rows x columns of h x w values, each a square of `zoom` pixels. */
struct grid {
    size_t rows, columns, h, w, zoom;
};

/* What becomes black and what white. */
struct range {
    float lo, hi;
};

static struct range range_of(const float *x, size_t n)
{
    struct range r = {INFINITY, -INFINITY};
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            r.lo = x[i] < r.lo ? x[i] : r.lo;
            r.hi = x[i] > r.hi ? x[i] : r.hi;
        }
    return r;
}

/* Magenta for what is no number, grey where all is the same. */
static float level(const struct range *r, float x, int channel)
{
    if (!isfinite(x))
        return channel == 1 ? 0.0f : 1.0f;
    return r->hi > r->lo ? (x - r->lo) / (r->hi - r->lo) : 0.5f;
}

/* One tile at place `at`; colour planes are `step` values apart (0: grey). */
static void draw_tile(struct cnn_image *im, const struct grid *g, size_t at, const float *x,
                      size_t step, const struct range *r)
{
    size_t top = GAP + at / g->columns * (g->h * g->zoom + GAP);
    size_t left = GAP + at % g->columns * (g->w * g->zoom + GAP), plane = im->h * im->w;
    for (size_t i = 0; i < g->h * g->zoom; i++)
        for (size_t j = 0; j < g->w * g->zoom; j++)
            for (size_t k = 0; k < 3; k++) {
                float v = x[k * step + i / g->zoom * g->w + j / g->zoom];
                im->px[k * plane + (top + i) * im->w + left + j] = level(r, v, (int)k);
            }
}

static size_t about_square(size_t n, size_t h, size_t w)
{
    size_t columns = (size_t)ceil(sqrt((double)n * (double)h / (double)w));
    return columns < 1 ? 1 : columns > n ? n : columns;
}

static int montage_size(const struct grid *g, size_t *h, size_t *w)
{
    return cnn_mul_overflows(g->h, g->zoom, h) || cnn_add_overflows(*h, GAP, h) ||
           cnn_mul_overflows(*h, g->rows, h) || cnn_add_overflows(*h, GAP, h) ||
           cnn_mul_overflows(g->w, g->zoom, w) || cnn_add_overflows(*w, GAP, w) ||
           cnn_mul_overflows(*w, g->columns, w) || cnn_add_overflows(*w, GAP, w);
}

int cnn_plot_montage(const float *tiles, size_t n, size_t c, size_t h, size_t w, size_t columns,
                     struct cnn_image *out)
{
    if (!n || !c || !h || !w)
        return cnn_fail(CNN_EDATA, "nothing to show");
    int apart = c != 1 && c != 3; /* planes are tiles of their own */
    struct grid g = {.rows = n, .columns = c, .h = h, .w = w};
    if (!apart) {
        g.columns = columns ? columns : about_square(n, h, w);
        g.rows = (n + g.columns - 1) / g.columns;
    }
    size_t side = h > w ? h : w, fit = FULL_WIDTH / g.columns / w, height, width;
    g.zoom = TILE / side < fit ? TILE / side : fit;
    g.zoom = g.zoom ? g.zoom : 1;
    if (montage_size(&g, &height, &width))
        return cnn_fail(CNN_EDATA, "%zu tiles of %zux%zux%zu are too many", n, c, h, w);
    int code = cnn_draw_canvas(out, height, width, cnn_colour(0xffffff));
    if (code)
        return code;
    for (size_t i = 0; i < n; i++) {
        const float *x = tiles + i * c * h * w; /* (c, h, w) */
        struct range r = range_of(x, c * h * w);
        if (!apart)
            draw_tile(out, &g, i, x, c == 3 ? h * w : 0, &r);
        for (size_t k = 0; apart && k < c; k++)
            draw_tile(out, &g, i * c + k, x + k * h * w, 0, &r);
    }
    return 0;
}
