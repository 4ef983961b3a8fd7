/* Curves in coordinate systems above each other; see plot.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "data/draw.h"
#include "data/plot.h"

enum {
    DEFAULT_WIDTH = 900,
    DEFAULT_PANEL = 350,
    SCALE = 2, /* of the text */
    LINE = 20, /* height of a line of text */
    MARGIN = 14,
    TICK = 5,
    MAX_TICKS = 64,
    MARKED = 40, /* a curve of no more points has a mark at each */
};

static const unsigned palette[] = {0x2b6cb0, 0xdd6b20, 0x2f855a, 0xc53030,
                                   0x6b46c1, 0x00838f, 0xb7791f, 0x4a5568};

/* A value's range, and which values get a tick. */
struct axis {
    double lo, hi;
    int logarithmic, percent;
    int ticks;
    double tick[MAX_TICKS];
    double step;
};

/* The rectangle that the curves lie in. */
struct frame {
    int x, y, w, h;
};

static int usable(double v, int logarithmic)
{
    return isfinite(v) && (!logarithmic || v > 0);
}

/* A value's position from 0 at lo to 1 at hi. */
static double share(const struct axis *a, double v)
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

static void linear_ticks(struct axis *a, int about, int whole)
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
static void logarithmic_ticks(struct axis *a, int about)
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

static void format_tick(const struct axis *a, double v, char out[32])
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
static void include(struct axis *a, double v)
{
    a->lo = v < a->lo ? v : a->lo;
    a->hi = v > a->hi ? v : a->hi;
}

static struct axis empty_axis(void)
{
    return (struct axis){.lo = INFINITY, .hi = -INFINITY};
}

static void fit_y(const struct cnn_plot_panel *p, struct axis *a)
{
    *a = empty_axis();
    a->logarithmic = p->logarithmic;
    a->percent = p->percent;
    for (size_t s = 0; s < p->series_count; s++)
        for (size_t i = 0; i < p->series[s].n; i++)
            if (usable(p->series[s].y[i], a->logarithmic) && isfinite(p->series[s].x[i]))
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

static int fit_x(const struct cnn_plot_panel *panels, size_t n, struct axis *a)
{
    int whole = 1;
    *a = empty_axis();
    for (size_t p = 0; p < n; p++)
        for (size_t s = 0; s < panels[p].series_count; s++) {
            const struct cnn_plot_series *c = &panels[p].series[s];
            for (size_t i = 0; i < c->n; i++) {
                if (!isfinite(c->x[i]) || !usable(c->y[i], panels[p].logarithmic))
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

static int widest_tick(const struct axis *a)
{
    int widest = 0;
    for (int i = 0; i < a->ticks; i++) {
        char text[32];
        format_tick(a, a->tick[i], text);
        int w = cnn_draw_text_width(SCALE, text);
        widest = w > widest ? w : widest;
    }
    return widest;
}

static double x_pixel(const struct frame *f, const struct axis *a, double v)
{
    /* curves keep a little distance from the sides */
    return f->x + 10 + share(a, v) * (f->w - 21);
}

static double y_pixel(const struct frame *f, const struct axis *a, double v)
{
    return f->y + (1 - share(a, v)) * (f->h - 1);
}

static void draw_axes(struct cnn_image *im, const struct frame *f, const struct axis *ax,
                      const struct axis *ay)
{
    struct cnn_colour grid = cnn_colour(0xe2e8f0), line = cnn_colour(0xa0aec0);
    struct cnn_colour text = cnn_colour(0x4a5568);
    char label[32];
    cnn_draw_rect(im, f->x, f->y, f->w, f->h, cnn_colour(0xfafbfc), 1);
    for (int i = 0; i < ay->ticks; i++) {
        int y = (int)lround(y_pixel(f, ay, ay->tick[i]));
        cnn_draw_rect(im, f->x, y, f->w, 1, grid, 1);
        format_tick(ay, ay->tick[i], label);
        cnn_draw_text(im, f->x - 8 - cnn_draw_text_width(SCALE, label),
                      y - CNN_FONT_H * SCALE / 2 + 1, SCALE, label, text);
    }
    for (int i = 0; i < ax->ticks; i++) {
        int x = (int)lround(x_pixel(f, ax, ax->tick[i]));
        cnn_draw_rect(im, x, f->y, 1, f->h, grid, 1);
        cnn_draw_rect(im, x, f->y + f->h, 1, TICK, line, 1);
        format_tick(ax, ax->tick[i], label);
        cnn_draw_text(im, x - cnn_draw_text_width(SCALE, label) / 2, f->y + f->h + TICK + 4, SCALE,
                      label, text);
    }
    cnn_draw_rect(im, f->x, f->y + f->h - 1, f->w, 1, line, 1);
    cnn_draw_rect(im, f->x, f->y, 1, f->h, line, 1);
}

static void draw_curve(struct cnn_image *im, const struct frame *f, const struct axis *ax,
                       const struct axis *ay, const struct cnn_plot_series *s,
                       struct cnn_colour colour)
{
    double x0 = 0, y0 = 0;
    int joined = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->x[i]) || !usable(s->y[i], ay->logarithmic)) {
            joined = 0;
            continue;
        }
        double x = x_pixel(f, ax, s->x[i]), y = y_pixel(f, ay, s->y[i]);
        if (joined)
            cnn_draw_line(im, x0, y0, x, y, 2, colour);
        if (s->n <= MARKED || !joined)
            cnn_draw_line(im, x, y, x, y, s->n <= MARKED ? 6 : 2, colour);
        x0 = x;
        y0 = y;
        joined = 1;
    }
}

/* Names with a dash of their colour, right above the frame; more than fit are left out from the
 * left. */
static void draw_legend(struct cnn_image *im, const struct frame *f, const struct cnn_plot_panel *p,
                        int left)
{
    int x = f->x + f->w, y = f->y - LINE;
    for (size_t s = p->series_count; s-- > 0;) {
        struct cnn_colour colour = cnn_colour(palette[s % (sizeof palette / sizeof *palette)]);
        x -= cnn_draw_text_width(SCALE, p->series[s].name);
        if (x - 28 < left)
            return;
        cnn_draw_text(im, x, y, SCALE, p->series[s].name, cnn_colour(0x2d3748));
        cnn_draw_line(im, x - 26, y + 7, x - 10, y + 7, 4, colour);
        x -= 46;
    }
}

static void draw_panel(struct cnn_image *im, const struct frame *f, const struct axis *ax,
                       const struct axis *ay, const struct cnn_plot_panel *p)
{
    int left = f->x;
    if (p->title) {
        cnn_draw_text(im, f->x, f->y - LINE, SCALE, p->title, cnn_colour(0x1a202c));
        left += cnn_draw_text_width(SCALE, p->title) + MARGIN;
    }
    draw_legend(im, f, p, left);
    draw_axes(im, f, ax, ay);
    if (p->y_label)
        cnn_draw_text_up(im, MARGIN, f->y + (f->h + cnn_draw_text_width(SCALE, p->y_label)) / 2,
                         SCALE, p->y_label, cnn_colour(0x4a5568));
    for (size_t s = 0; s < p->series_count; s++)
        draw_curve(im, f, ax, ay, &p->series[s],
                   cnn_colour(palette[s % (sizeof palette / sizeof *palette)]));
}

int cnn_plot_lines(const struct cnn_plot_panel *panels, size_t panel_count, const char *x_label,
                   size_t width, size_t height, struct cnn_image *out)
{
    struct axis ax, ay;
    int labels = 0, label_line = 0;
    int code =
        panel_count ? fit_x(panels, panel_count, &ax) : cnn_fail(CNN_EDATA, "nothing to plot");
    width = width ? width : DEFAULT_WIDTH;
    height = height ? height : DEFAULT_PANEL * panel_count;
    if (!code && (width < 200 || height / panel_count < 120))
        code = cnn_fail(CNN_EUSAGE, "a plot of %zu x %zu pixels is too small", width, height);
    if (!code)
        code = cnn_draw_canvas(out, height, width, cnn_colour(0xffffff));
    if (code)
        return code;
    for (size_t p = 0; p < panel_count; p++) {
        fit_y(&panels[p], &ay);
        int w = widest_tick(&ay);
        labels = w > labels ? w : labels;
        label_line |= panels[p].y_label != NULL;
    }
    int bottom = x_label ? LINE + 4 : 0, each = ((int)height - bottom - MARGIN) / (int)panel_count;
    struct frame f = {.x = MARGIN + labels + 8 + (label_line ? LINE + 4 : 0)};
    f.w = (int)width - f.x - MARGIN - 8;
    f.h = each - LINE - MARGIN - LINE - TICK - 4;
    for (size_t p = 0; p < panel_count; p++) {
        f.y = MARGIN + (int)p * each + LINE;
        fit_y(&panels[p], &ay);
        draw_panel(out, &f, &ax, &ay, &panels[p]);
    }
    if (x_label)
        cnn_draw_text(out, f.x + (f.w - cnn_draw_text_width(SCALE, x_label)) / 2,
                      (int)height - LINE - 4, SCALE, x_label, cnn_colour(0x4a5568));
    return 0;
}
