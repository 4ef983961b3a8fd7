/* Many small images in one; see plot.h. */
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "data/plot/plot.h"

enum { GAP = 6, MARGIN = 12, TILE = 64, FULL_WIDTH = 1400, NUMBER = 14, TITLE = 30 };

/* How tiles lie: rows x columns of h x w values, each `zoom` pixels wide. */
struct grid {
    size_t rows, columns, h, w;
    double zoom, number; /* number: room under a tile for its number */
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
static float level(const struct range *r, float x, size_t channel)
{
    if (!isfinite(x))
        return channel == 1 ? 0.0f : 1.0f;
    return r->hi > r->lo ? (x - r->lo) / (r->hi - r->lo) : 0.5f;
}

/* One tile at place `at`; colour planes are `step` values apart (0: grey). */
static int draw_tile(struct cnn_canvas *c, const struct grid *g, size_t at, const float *x,
                     size_t step, const struct range *r)
{
    static const struct cnn_label how = {.size = 10, .align = 0.5, .colour = 0x4a5568};
    struct cnn_image im = {0};
    char number[32];
    double w = (double)g->w * g->zoom, h = (double)g->h * g->zoom;
    double left = MARGIN + (double)(at % g->columns) * (w + GAP);
    double top = TITLE + (double)(at / g->columns) * (h + GAP + g->number);
    int rc = cnn_image_reshape(&im, 3, g->h, g->w, 255);
    for (size_t k = 0; k < 3 && !rc; k++)
        for (size_t i = 0; i < g->h * g->w; i++)
            im.px[k * g->h * g->w + i] = level(r, x[k * step + i], k);
    if (!rc)
        rc = cnn_draw_image(c, left, top, w, h, &im);
    snprintf(number, sizeof number, "%zu", at);
    if (g->number > 0)
        cnn_draw_text(c, left + w / 2, top + h + NUMBER / 2.0 + 1, &how, number);
    cnn_image_free(&im);
    return rc;
}

static size_t about_square(size_t n, size_t h, size_t w)
{
    size_t columns = (size_t)ceil(sqrt((double)n * (double)h / (double)w));
    return columns < 1 ? 1 : columns > n ? n : columns;
}

/* Whole zooms, so that all pixels have one size. */
static void plan(struct grid *g)
{
    double side = (double)(g->h > g->w ? g->h : g->w);
    double fit = (FULL_WIDTH - 2.0 * MARGIN) / (double)g->columns - GAP;
    g->zoom = fmax(1, fmin(ceil(TILE / side), floor(fit / (double)g->w)));
    g->number = (double)g->w * g->zoom >= 18 ? NUMBER : 0;
}

static int draw_tiles(struct cnn_canvas *c, const struct grid *g, const float *tiles, size_t n,
                      size_t channels)
{
    int apart = channels != 1 && channels != 3, rc = 0;
    size_t plane = g->h * g->w;
    for (size_t i = 0; i < n && !rc; i++) {
        const float *x = tiles + i * channels * plane; /* (c, h, w) */
        struct range r = range_of(x, channels * plane);
        if (!apart)
            rc = draw_tile(c, g, i, x, channels == 3 ? plane : 0, &r);
        for (size_t k = 0; apart && k < channels && !rc; k++)
            rc = draw_tile(c, g, i * channels + k, x + k * plane, 0, &r);
    }
    return rc;
}

int cnn_plot_montage(const float *tiles, size_t n, size_t c, size_t h, size_t w, size_t columns,
                     const char *title, enum cnn_picture format, struct cnn_buf *out)
{
    static const struct cnn_label how = {.size = 13, .bold = 1, .colour = 0x1a202c};
    struct cnn_canvas *canvas;
    struct cnn_buf unused = {0}, name = {0};
    if (!n || !c || !h || !w)
        return cnn_fail(CNN_EDATA, "nothing to show");
    struct grid g = {.rows = n, .columns = c, .h = h, .w = w};
    if (c == 1 || c == 3) {
        g.columns = columns ? columns : about_square(n, h, w);
        g.rows = (n - 1) / g.columns + 1;
    }
    plan(&g);
    double width = 2 * MARGIN + (double)g.columns * ((double)w * g.zoom + GAP) - GAP;
    double height = TITLE + MARGIN + (double)g.rows * ((double)h * g.zoom + GAP + g.number) - GAP;
    width = fmax(width, fmin(title ? cnn_text_width(&how, title) + 2 * MARGIN : 0, 640));
    int rc = cnn_canvas_new(format, width, height, &canvas);
    if (rc)
        return rc;
    cnn_text_cut(&how, width - 2 * MARGIN, title ? title : "", &name);
    cnn_draw_text(canvas, MARGIN, TITLE / 2.0, &how, cnn_label_text(&name));
    rc = draw_tiles(canvas, &g, tiles, n, c);
    int end = cnn_canvas_end(canvas, rc ? &unused : out);
    cnn_buf_free(&unused);
    cnn_buf_free(&name);
    return rc ? rc : end;
}
