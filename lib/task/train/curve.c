/* The learning curve: losses over epochs and, with classes, what is answered rightly, of training
 * and of validation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/plot/plot.h"
#include "task/train/state.h"

enum { EPOCH, LOSS, VAL_LOSS, TRAIN_TOP1, VAL_TOP1, COLUMNS };
enum { TRAINING, VALIDATION }; /* colours */
static const char *const columns[] = {"epoch", "loss", "val_loss", "train_top1", "val_top1"};

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

/* The curves of two columns that have any number; returns how many. */
static size_t series(const double *v, size_t n, const int *any, int training, int validation,
                     struct cnn_plot_series out[2])
{
    size_t count = 0;
    if (any[training])
        out[count++] =
            (struct cnn_plot_series){"training", v, v + (size_t)training * n, n, TRAINING};
    if (any[validation])
        out[count++] =
            (struct cnn_plot_series){"validation", v, v + (size_t)validation * n, n, VALIDATION};
    return count;
}

static int plot(const struct train_state *s, const struct cnn_train_options *o, const double *v,
                size_t n, const int *any, struct cnn_buf *bytes)
{
    struct cnn_plot_series losses[2], hits[2];
    struct cnn_plot_panel panels[] = {{.title = "Loss", .series = losses},
                                      {.title = "Top-1 accuracy", .series = hits, .percent = 1}};
    struct cnn_plot p = {.panel = panels, .panels = 1, .shared_x = 1};
    struct cnn_buf title = {0};
    char best[48];
    enum cnn_picture format;
    int rc = cnn_picture_format(o->curve, &format);
    panels[0].series_count = series(v, n, any, LOSS, VAL_LOSS, losses);
    panels[1].series_count = series(v, n, any, TRAIN_TOP1, VAL_TOP1, hits);
    p.panels += panels[1].series_count > 0;
    panels[p.panels - 1].x_label = "epoch";
    if (s->has_best) {
        p.mark = (double)s->best_epoch;
        snprintf(best, sizeof best, "best: epoch %llu", (unsigned long long)s->best_epoch);
        p.mark_name = best;
    }
    const char *data = strcmp(o->data, "-") ? o->data : "";
    cnn_buf_printf(&title, "%s%s%s", o->net, o->net[0] && data[0] ? ", " : "", data);
    p.title = title.text;
    if (!rc)
        rc = title.failed ? CNN_ESYSTEM : cnn_plot_lines(&p, format, bytes);
    cnn_buf_free(&title);
    return rc;
}

int cnn_train_draw_curve(const struct train_state *s, const struct cnn_train_options *o)
{
    size_t n = json_array_size(s->curve);
    if (!o->curve[0] || !n)
        return 0;
    double *v = cnn_calloc(n * COLUMNS, sizeof *v);
    struct cnn_buf bytes = {0};
    int any[COLUMNS];
    if (!v)
        return CNN_ESYSTEM;
    for (int c = 0; c < COLUMNS; c++)
        any[c] = column(s->curve, c, v + (size_t)c * n);
    int rc = plot(s, o, v, n, any, &bytes);
    if (!rc)
        rc = cnn_picture_write(o->curve, &bytes);
    cnn_buf_free(&bytes);
    free(v);
    return rc;
}
