/* A confusion matrix as a picture; see plot.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "data/draw.h"
#include "data/plot.h"

enum {
    MARGIN = 14,
    MATRIX = 900, /* pixels, when cells may become smaller */
    MAX_CELL = 64,
    LONGEST = 24,   /* characters of a name */
    SMALL_TEXT = 1, /* scales */
    LARGE_TEXT = 2,
};

struct layout {
    size_t n;
    int cell, gap;
    int text;   /* scale of the names; 0: none */
    int counts; /* scale of the counts; 0: none */
    int left, top, names;
    const char *const *name;
};

static void class_name(const struct layout *l, size_t i, char out[32])
{
    if (!l->name)
        snprintf(out, 32, "%zu", i);
    else if (strlen(l->name[i]) <= LONGEST)
        snprintf(out, 32, "%s", l->name[i]);
    else
        snprintf(out, 32, "%.*s..", LONGEST - 2, l->name[i]);
}

static void plan(struct layout *l, const size_t *counts)
{
    size_t largest = 0;
    char text[32];
    for (size_t i = 0; i < l->n * l->n; i++)
        largest = counts[i] > largest ? counts[i] : largest;
    snprintf(text, sizeof text, "%zu", largest);
    int wanted = cnn_draw_text_width(LARGE_TEXT, text) + 12, room = MATRIX / (int)l->n;
    l->cell = room < MAX_CELL ? room : MAX_CELL;
    if (l->n <= 12 && l->cell < wanted)
        l->cell = wanted;
    l->cell = l->cell < 2 ? 2 : l->cell;
    l->gap = l->cell >= 8;
    l->counts = l->cell >= wanted                                      ? LARGE_TEXT
                : l->cell >= cnn_draw_text_width(SMALL_TEXT, text) + 4 ? SMALL_TEXT
                                                                       : 0;
    l->text = l->cell >= 18 ? LARGE_TEXT : l->cell >= 9 ? SMALL_TEXT : 0;
    for (size_t i = 0; i < l->n && l->text; i++) {
        class_name(l, i, text);
        int w = cnn_draw_text_width(l->text, text);
        l->names = w > l->names ? w : l->names;
    }
    l->left = l->top = MARGIN + 14 + MARGIN + (l->names ? l->names + 8 : 0);
}

/* Right answers are blue; mistakes red, by the root of their share so that rare ones are seen. */
static struct cnn_colour shade(int right, double share)
{
    struct cnn_colour none = cnn_colour(right ? 0xe8f0f8 : 0xf7f8fa);
    return cnn_colour_mix(none, cnn_colour(right ? 0x1f5fa8 : 0xc53030),
                          (float)(right ? share : sqrt(share)));
}

static void draw_cell(struct cnn_image *im, const struct layout *l, size_t row, size_t column,
                      size_t count, double share)
{
    int x = l->left + (int)column * l->cell, y = l->top + (int)row * l->cell;
    int side = l->cell - l->gap, right = row == column;
    char text[32];
    cnn_draw_rect(im, x, y, side, side, shade(right, share), 1);
    if (!l->counts || (!count && !right))
        return;
    snprintf(text, sizeof text, "%zu", count);
    int dark = right ? share > 0.45 : share > 0.2;
    cnn_draw_text(im, x + (side - cnn_draw_text_width(l->counts, text)) / 2 + 1,
                  y + (side - CNN_FONT_H * l->counts) / 2 + 1, l->counts, text,
                  cnn_colour(dark ? 0xffffff : 0x2d3748));
}

static void draw_names(struct cnn_image *im, const struct layout *l)
{
    struct cnn_colour ink = cnn_colour(0x2d3748);
    char text[32];
    for (size_t i = 0; i < l->n && l->text; i++) {
        int middle = (int)i * l->cell + (l->cell - l->gap - CNN_FONT_H * l->text) / 2 + 1;
        class_name(l, i, text);
        cnn_draw_text(im, l->left - 8 - cnn_draw_text_width(l->text, text), l->top + middle,
                      l->text, text, ink);
        cnn_draw_text_up(im, l->left + middle, l->top - 8, l->text, text, ink);
    }
}

int cnn_plot_confusion(const size_t *counts, const char *const *names, size_t n,
                       struct cnn_image *out)
{
    struct layout l = {.n = n, .name = names};
    if (!n || n > 10000)
        return cnn_fail(CNN_EDATA, "a confusion matrix of %zu classes cannot be drawn", n);
    plan(&l, counts);
    size_t matrix = n * (size_t)l.cell, side = matrix + (size_t)l.left + MARGIN;
    int code = cnn_draw_canvas(out, side, side, cnn_colour(0xffffff));
    if (code)
        return code;
    struct cnn_colour grey = cnn_colour(0x718096);
    cnn_draw_text(out, l.left + ((int)matrix - cnn_draw_text_width(LARGE_TEXT, "predicted")) / 2,
                  MARGIN, LARGE_TEXT, "predicted", grey);
    cnn_draw_text_up(out, MARGIN,
                     l.top + ((int)matrix + cnn_draw_text_width(LARGE_TEXT, "true")) / 2,
                     LARGE_TEXT, "true", grey);
    draw_names(out, &l);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += (double)counts[i * n + j];
        for (size_t j = 0; j < n; j++)
            draw_cell(out, &l, i, j, counts[i * n + j],
                      sum > 0 ? (double)counts[i * n + j] / sum : 0);
    }
    return 0;
}
