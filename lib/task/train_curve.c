/* The learning curve: losses over epochs and, with classes, what validation gets right. */
#include <math.h>
#include <stdlib.h>

#include "data/plot.h"
#include "task/train_private.h"

enum { EPOCH, LOSS, VAL_LOSS, VAL_TOP1, COLUMNS };
static const char *const columns[] = {"epoch", "loss", "val_loss", "val_top1"};

/* Column `c` of the curve into out (epochs); 1 when it has any number. */
static int column(const json_t *curve, int c, double *out)
{
    int any = 0;
    for (size_t i = 0; i < json_array_size(curve); i++) {
        const json_t *v = json_object_get(json_array_get(curve, i), columns[c]);
        out[i] = json_is_number(v) ? json_number_value(v) : NAN;
        any |= json_is_number(v);
    }
    return any;
}

int train_draw_curve(struct trainer *t)
{
    size_t n = json_array_size(t->s.curve);
    if (!t->o->curve[0] || !n)
        return 0;
    double *v = cnn_calloc(n * COLUMNS, sizeof *v);
    struct cnn_image im = {0};
    int any[COLUMNS];
    if (!v)
        return CNN_ESYSTEM;
    for (int c = 0; c < COLUMNS; c++)
        any[c] = column(t->s.curve, c, v + (size_t)c * n);
    struct cnn_plot_series losses[] = {{"training", v, v + LOSS * n, n},
                                       {"validation", v, v + VAL_LOSS * n, n}};
    struct cnn_plot_series hits = {"validation", v, v + VAL_TOP1 * n, n};
    struct cnn_plot_panel panels[] = {
        {.title = "Loss", .series = losses, .series_count = any[VAL_LOSS] ? 2 : 1},
        {.title = "Top-1", .series = &hits, .series_count = 1, .percent = 1}};
    int rc = cnn_plot_lines(panels, any[VAL_TOP1] ? 2 : 1, "epoch", 0, 0, &im);
    if (!rc)
        rc = cnn_png_write(t->o->curve, &im);
    cnn_image_free(&im);
    free(v);
    return rc;
}
