/* Axes: their range and what is marked on them. */
#ifndef CNN_DATA_PLOT_AXIS_H
#define CNN_DATA_PLOT_AXIS_H

#include "base/error.h"
#include "data/plot/plot.h"

enum { MAX_TICKS = 64 };

/* A value's range, and which values get a tick. */
struct plot_axis {
    double lo, hi;
    int logarithmic, percent;
    int ticks;
    double tick[MAX_TICKS];
    double step;
};

/* A value that can be shown. */
int cnn_plot_usable(double v, int logarithmic);
/* A value's position from 0 at lo to 1 at hi. */
double cnn_plot_share(const struct plot_axis *a, double v);
void cnn_plot_format_tick(const struct plot_axis *a, double v, char out[32]);
void cnn_plot_fit_y(const struct cnn_plot_panel *p, struct plot_axis *a);
/* Of all n panels together. CNN_EDATA when there is nothing to plot. */
CNN_CHECKED int cnn_plot_fit_x(const struct cnn_plot_panel *panels, size_t n, struct plot_axis *a);

#endif
