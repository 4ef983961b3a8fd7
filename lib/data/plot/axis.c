/* The axes of plots; see axis.h. */
#include "data/plot/axis.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"

int cnn_plot_usable(double v, int logarithmic)
{
    return isfinite(v) && (!logarithmic || v > 0);
}

double cnn_plot_share(const struct plot_axis *a, double v)
{
    if (a->logarithmic)
        return (log10(v) - log10(a->lo)) / (log10(a->hi) - log10(a->lo));
    return (v - a->lo) / (a->hi - a->lo);
}

/* The smallest of 1, 2 and 5 times a power of ten that is at least `rough`. */
static double nice_step(double rough)
{
    double power = pow(10, floor(log10(rough))), m = rough / power;
    return power * (m <= 1.0000001 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

static void linear_ticks(struct plot_axis *a, int about, int whole)
{
    a->step = nice_step((a->hi - a->lo) / about);
    if (whole && a->step < 1)
        a->step = 1;
    double first = ceil(a->lo / a->step - 1e-9);
    a->ticks = 0;
    for (int i = 0; i < MAX_TICKS; i++) {
        double v = (first + i) * a->step;
        if (v > a->hi + 1e-9 * a->step)
            break;
        a->tick[a->ticks++] = v;
    }
}

/* Powers of ten; where there are few, their doubles and fivefolds too. */
static void logarithmic_ticks(struct plot_axis *a, int about)
{
    double decades = log10(a->hi / a->lo);
    int every = (int)ceil(decades / about);
    every = every < 1 ? 1 : every;
    a->ticks = 0;
    for (int e = (int)floor(log10(a->lo)); e <= (int)ceil(log10(a->hi)); e++) {
        static const double parts[] = {1, 2, 5};
        for (int k = 0; k < (decades < 3 ? 3 : 1); k++) {
            double v = parts[k] * pow(10, e);
            int wanted = e % every == 0 && v >= a->lo * (1 - 1e-9) && v <= a->hi * (1 + 1e-9);
            if (wanted && a->ticks < MAX_TICKS)
                a->tick[a->ticks++] = v;
        }
    }
}

void cnn_plot_format_tick(const struct plot_axis *a, double v, char out[32])
{
    double factor = a->percent ? 100 : 1, step = a->step * factor;
    const char *unit = a->percent ? "%" : "";
    double digits = a->logarithmic ? 0 : -floor(log10(step) + 1e-9);
    v = v * factor;
    if (a->logarithmic || fabs(v) >= 1e6 || digits > 5)
        snprintf(out, 32, "%.4g%s", v, unit);
    else
        snprintf(out, 32, "%.*f%s", digits > 0 ? (int)digits : 0, v + 0.0, unit);
}

/* Widen [lo, hi] by a value. */
static void include(struct plot_axis *a, double v)
{
    a->lo = v < a->lo ? v : a->lo;
    a->hi = v > a->hi ? v : a->hi;
}

static struct plot_axis empty_axis(void)
{
    return (struct plot_axis){.lo = INFINITY, .hi = -INFINITY};
}

void cnn_plot_fit_y(const struct cnn_plot_panel *p, struct plot_axis *a)
{
    *a = empty_axis();
    a->logarithmic = p->logarithmic;
    a->percent = p->percent;
    for (size_t s = 0; s < p->series_count; s++)
        for (size_t i = 0; i < p->series[s].n; i++)
            if (cnn_plot_usable(p->series[s].y[i], a->logarithmic) && isfinite(p->series[s].x[i]))
                include(a, p->series[s].y[i]);
    if (a->logarithmic) {
        if (!(a->hi / a->lo > 1.01)) { /* also where nothing is to be seen */
            a->lo = isfinite(a->lo) ? a->lo / 2 : 0.1;
            a->hi = isfinite(a->hi) ? a->hi * 2 : 1;
        }
        double pad = pow(a->hi / a->lo, 0.05);
        a->lo /= pad;
        a->hi *= pad;
        logarithmic_ticks(a, 6);
        return;
    }
    if (!isfinite(a->lo))
        a->lo = a->hi = 0;
    double top = a->hi, bottom = a->lo, span = top - bottom;
    if (!(span > 1e-12 * fabs(top)))
        span = top != 0 ? fabs(top) : 1;
    a->lo = bottom >= 0 && bottom < 0.3 * top ? 0 : bottom - 0.06 * span;
    a->hi = top + 0.06 * span;
    if (a->percent && top <= 1 && a->hi > 1)
        a->hi = 1.005;
    linear_ticks(a, 6, 0);
}

int cnn_plot_fit_x(const struct cnn_plot_panel *panels, size_t n, struct plot_axis *a)
{
    int whole = 1;
    *a = empty_axis();
    for (size_t p = 0; p < n; p++)
        for (size_t s = 0; s < panels[p].series_count; s++) {
            const struct cnn_plot_series *c = &panels[p].series[s];
            for (size_t i = 0; i < c->n; i++) {
                if (!isfinite(c->x[i]) || !cnn_plot_usable(c->y[i], panels[p].logarithmic))
                    continue;
                include(a, c->x[i]);
                whole &= c->x[i] == floor(c->x[i]);
            }
        }
    if (!isfinite(a->lo))
        return cnn_fail(CNN_EDATA, "nothing to plot");
    if (!(a->hi > a->lo)) {
        a->lo -= 1;
        a->hi += 1;
    }
    linear_ticks(a, 9, whole);
    return 0;
}
