/* Pictures for people: curves, mosaics of filters, tables of counts. Each adds the bytes of a PNG,
 * SVG or PDF file to *out. */
#ifndef CNN_DATA_PLOT_PLOT_H
#define CNN_DATA_PLOT_PLOT_H

#include <stddef.h>

#include "base/error.h"
#include "data/plot/draw.h"

/* A curve; points that are not finite are gaps. */
struct cnn_plot_series {
    const char *name;
    const double *x, *y; /* (n) */
    size_t n;
    int colour; /* of the palette; what is the same thing in two panels has the same */
};

/* A coordinate system with its curves. */
struct cnn_plot_panel {
    const char *title;   /* may be NULL */
    const char *y_label; /* may be NULL */
    const char *x_label; /* may be NULL */
    const struct cnn_plot_series *series;
    size_t series_count;
    int logarithmic; /* the y axis; values of 0 and below are gaps */
    int percent;     /* y is a share of 1, shown in percent */
};

struct cnn_plot {
    const char *title; /* may be NULL */
    const struct cnn_plot_panel *panel;
    size_t panels, columns; /* columns 0: 1 */
    int shared_x;           /* all panels have the same x axis */
    double mark;            /* a vertical line there in every panel, unless NULL: */
    const char *mark_name;
    double width, height; /* 0: 900 x (330 a row) */
};

/* CNN_EDATA when no point is finite, CNN_EUSAGE when it would be too small. */
CNN_CHECKED int cnn_plot_lines(const struct cnn_plot *plot, enum cnn_picture format,
                               struct cnn_buf *out);

/* n tiles of c x h x w (c 1: grey, 3: RGB, other: the planes become tiles of their own, one row a
 * tile), each stretched to its own range, from black to white, enlarged until they are seen, and
 * numbered from 0. columns 0: about square. title may be NULL. */
CNN_CHECKED int cnn_plot_montage(const float *tiles, size_t n, size_t c, size_t h, size_t w,
                                 size_t columns, const char *title, enum cnn_picture format,
                                 struct cnn_buf *out);

/* A confusion matrix: rows are what is true, columns what was predicted, each cell shaded by its
 * share of its row and, where there is room, showing its count; totals of rows and columns with
 * recall and precision. names (n); NULL: numbers. */
CNN_CHECKED int cnn_plot_confusion(const size_t *counts, const char *const *names, size_t n,
                                   enum cnn_picture format, struct cnn_buf *out);

#endif
