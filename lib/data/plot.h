/* Pictures for people: curves, mosaics of filters, tables of counts. Each makes an RGB image for
 * cnn_png_write. */
#ifndef CNN_DATA_PLOT_H
#define CNN_DATA_PLOT_H

#include <stddef.h>

#include "data/image.h"

/* A curve; points that are not finite are gaps. */
struct cnn_plot_series {
    const char *name;
    const double *x, *y; /* (n) */
    size_t n;
};

/* A coordinate system with its curves. */
struct cnn_plot_panel {
    const char *title;   /* may be NULL */
    const char *y_label; /* may be NULL */
    const struct cnn_plot_series *series;
    size_t series_count;
    int logarithmic; /* the y axis; values of 0 and below are gaps */
    int percent;     /* y is a share of 1, shown in percent */
};

/* One or more panels above each other over the same x axis. width and height 0: 900 x (350 a
 * panel). CNN_EDATA when no point is finite. */
int cnn_plot_lines(const struct cnn_plot_panel *panels, size_t panel_count, const char *x_label,
                   size_t width, size_t height, struct cnn_image *out);

/* n tiles of c x h x w (c 1: grey, 3: RGB, other: the planes become tiles of their own, one row a
 * tile), each stretched to its own range, enlarged to a readable size and separated by thin gaps.
 * columns 0: about square. */
int cnn_plot_montage(const float *tiles, size_t n, size_t c, size_t h, size_t w, size_t columns,
                     struct cnn_image *out);

/* A confusion matrix: rows are what is true, columns what was predicted, each cell shaded by its
 * share of its row and, where there is room, showing its count. names (n); NULL: numbers. */
int cnn_plot_confusion(const size_t *counts, const char *const *names, size_t n,
                       struct cnn_image *out);

#endif
