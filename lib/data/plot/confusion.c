/* A confusion matrix as a picture; see plot.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/plot/plot.h"

enum { MARGIN = 14, MATRIX = 900, MAX_CELL = 64, NAME = 200, WITH_TOTALS = 40 };

static const struct cnn_label heading = {.size = 15, .align = 0.5, .bold = 1, .colour = 0x4a5568};

struct layout {
    size_t n;
    double cell, left, top, total; /* total: the side of the margin with totals; 0: none */
    int counts;                    /* counts are shown */
    struct cnn_label label, upward, number;
    const char *const *name;
    const size_t *count;
};

static void class_name(const struct layout *l, size_t i, struct cnn_buf *out)
{
    char number[32];
    snprintf(number, sizeof number, "%zu", i);
    cnn_text_cut(&l->label, NAME, l->name ? l->name[i] : number, out);
}

static double widest_count(const struct layout *l)
{
    size_t largest = 0;
    char text[32];
    for (size_t i = 0; i < l->n * l->n; i++)
        largest = l->count[i] > largest ? l->count[i] : largest;
    snprintf(text, sizeof text, "%zu", largest);
    return cnn_text_width(&l->number, text);
}

static void plan(struct layout *l)
{
    double names = 0, wanted;
    l->cell = floor(fmax(1, fmin(MAX_CELL, MATRIX / (double)l->n)));
    l->number = (struct cnn_label){.size = l->cell >= 36 ? 13 : 9, .align = 0.5};
    wanted = widest_count(l) + 8;
    if (l->n <= 12 && l->cell < wanted)
        l->cell = ceil(wanted);
    l->counts = l->cell >= wanted - 4 && l->cell >= 14;
    double size = fmin(13, l->cell * 0.8);
    l->label = (struct cnn_label){.size = size >= 7 ? size : 0, .align = 1, .colour = 0x2d3748};
    l->upward = l->label;
    l->upward.align = 0;
    l->upward.upward = 1;
    for (size_t i = 0; i < l->n && l->label.size > 0; i++) {
        struct cnn_buf name = {0};
        class_name(l, i, &name);
        names = fmax(names, cnn_text_width(&l->label, cnn_label_text(&name)));
        cnn_buf_free(&name);
    }
    l->left = l->top = MARGIN + 22 + ceil(names) + 8;
    l->total = l->n <= WITH_TOTALS ? 110 : 0;
}

/* Right answers are blue; mistakes red, by the root of their share so that rare ones are seen. */
static cnn_colour shade(int right, double share)
{
    return cnn_colour_mix(right ? 0xe8f0f8 : 0xf7f8fa, right ? 0x1f5fa8 : 0xc53030,
                          right ? share : sqrt(share));
}

static void draw_cell(struct cnn_canvas *c, const struct layout *l, size_t row, size_t column,
                      double share)
{
    double x = l->left + (double)column * l->cell, y = l->top + (double)row * l->cell;
    double side = l->cell - (l->cell >= 8 ? 1 : 0);
    size_t count = l->count[row * l->n + column];
    int right = row == column;
    struct cnn_label how = l->number;
    char text[32];
    if (l->cell < 8 && !count && !right)
        return;
    cnn_draw_rect(c, x, y, side, side, shade(right, share));
    if (!l->counts || (!count && !right))
        return;
    snprintf(text, sizeof text, "%zu", count);
    how.colour = (right ? share > 0.45 : share > 0.2) ? 0xffffff : 0x2d3748;
    cnn_draw_text(c, x + side / 2, y + side / 2, &how, text);
}

/* The sum of a row (down 0) or a column. */
static double sum_of(const struct layout *l, size_t i, int down)
{
    double sum = 0;
    for (size_t j = 0; j < l->n; j++)
        sum += (double)l->count[down ? j * l->n + i : i * l->n + j];
    return sum;
}

/* "980  99.1 %": a row's total and recall, a column's and precision. */
static void draw_total(struct cnn_canvas *c, const struct layout *l, size_t i, int down)
{
    struct cnn_label how = {.size = fmin(12, l->label.size), .colour = 0x2d3748};
    double at = ((double)i + 0.5) * l->cell, end = (double)l->n * l->cell + 8;
    double sum = sum_of(l, i, down);
    char text[64];
    if (sum > 0)
        snprintf(text, sizeof text, "%.0f  %.1f %%", sum,
                 100 * (double)l->count[i * l->n + i] / sum);
    else
        snprintf(text, sizeof text, "0");
    how.upward = down;
    how.align = down;
    if (down)
        cnn_draw_text(c, l->left + at, l->top + end, &how, text);
    else
        cnn_draw_text(c, l->left + end, l->top + at, &how, text);
}

static void draw_margins(struct cnn_canvas *c, const struct layout *l)
{
    struct cnn_label upward = heading, side = {.size = 12, .colour = 0x4a5568};
    double half = (double)l->n * l->cell / 2, end = 2 * half;
    upward.upward = 1;
    cnn_draw_text(c, l->left + half, MARGIN + 6, &heading, "predicted");
    cnn_draw_text(c, MARGIN + 6, l->top + half, &upward, "true");
    for (size_t i = 0; i < l->n; i++) {
        double at = ((double)i + 0.5) * l->cell;
        struct cnn_buf name = {0};
        class_name(l, i, &name);
        if (l->label.size > 0 && name.text) {
            cnn_draw_text(c, l->left - 8, l->top + at, &l->label, name.text);
            cnn_draw_text(c, l->left + at, l->top - 8, &l->upward, name.text);
        }
        cnn_buf_free(&name);
        for (int down = 0; down < 2 && l->total > 0; down++)
            draw_total(c, l, i, down);
    }
    if (l->total > 0) {
        cnn_draw_text(c, l->left + end + 8, l->top - 10, &side, "total, recall");
        cnn_draw_text(c, l->left + end + 8, l->top + end + 14, &side, "total, precision");
    }
}

/* "9,912 of 10,000 right (99.12 %)" */
static void draw_sum(struct cnn_canvas *c, const struct layout *l, double y)
{
    struct cnn_label how = {.size = 13, .bold = 1, .colour = 0x1a202c};
    double right = 0, all = 0;
    char text[96], a[32], b[32];
    for (size_t i = 0; i < l->n; i++) {
        right += (double)l->count[i * l->n + i];
        all += sum_of(l, i, 0);
    }
    cnn_format_count((uint64_t)fmin(right, 1e18), a);
    cnn_format_count((uint64_t)fmin(all, 1e18), b);
    snprintf(text, sizeof text, "%s of %s right (%.2f %%)", a, b, all > 0 ? 100 * right / all : 0);
    cnn_draw_text(c, MARGIN, y, &how, text);
}

int cnn_plot_confusion(const size_t *counts, const char *const *names, size_t n,
                       enum cnn_picture format, struct cnn_buf *out)
{
    struct layout l = {.n = n, .name = names, .count = counts};
    struct cnn_canvas *c;
    if (!n || n > 10000)
        return cnn_fail(CNN_EDATA, "a confusion matrix of %zu classes cannot be drawn", n);
    plan(&l);
    double matrix = (double)n * l.cell, w = l.left + matrix + l.total + MARGIN;
    double h = l.top + matrix + l.total + 28;
    int rc = cnn_canvas_new(format, fmax(w, 330), h, &c);
    if (rc)
        return rc;
    draw_margins(c, &l);
    if (l.cell < 8)
        cnn_draw_rect(c, l.left, l.top, matrix, matrix, shade(0, 0));
    for (size_t i = 0; i < n; i++) {
        double sum = sum_of(&l, i, 0);
        for (size_t j = 0; j < n; j++)
            draw_cell(c, &l, i, j, sum > 0 ? (double)counts[i * n + j] / sum : 0);
    }
    draw_sum(c, &l, h - 14);
    return cnn_canvas_end(c, out);
}
