/* Curves in coordinate systems; see plot.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "data/plot/axis.h"

enum { WIDTH = 900, ROW = 330, TITLE = 34, MARGIN = 16, LINE = 20, TICK = 5, MARKED = 40 };

static const cnn_colour palette[] = {0x2b6cb0, 0xdd6b20, 0x2f855a, 0xc53030,
                                     0x6b46c1, 0x00838f, 0xb7791f, 0x4a5568};
static const struct cnn_label title_text = {.size = 17, .bold = 1, .colour = 0x1a202c};
static const struct cnn_label name_text = {.size = 14, .bold = 1, .colour = 0x1a202c};
static const struct cnn_label text = {.size = 13, .colour = 0x2d3748};
static const struct cnn_label middle = {.size = 13, .align = 0.5, .colour = 0x4a5568};
static const struct cnn_label right = {.size = 13, .align = 1, .colour = 0x4a5568};
static const struct cnn_label upward = {.size = 13, .align = 0.5, .upward = 1, .colour = 0x4a5568};

static const cnn_colour mark_colour = 0x718096;

/* The rectangle that the curves lie in. */
struct frame {
    double x, y, w, h;
};

static double x_at(const struct frame *f, const struct plot_axis *a, double v)
{
    return f->x + 10 + cnn_plot_share(a, v) * (f->w - 20); /* a little distance from the sides */
}

static double y_at(const struct frame *f, const struct plot_axis *a, double v)
{
    return f->y + (1 - cnn_plot_share(a, v)) * f->h;
}

/* Thin lines are sharp in the middle of a pixel. */
static double sharp(double v)
{
    return floor(v) + 0.5;
}

static void draw_axes(struct cnn_canvas *c, const struct frame *f, const struct plot_axis *ax,
                      const struct plot_axis *ay)
{
    const cnn_colour grid = 0xe2e8f0, line = 0xa0aec0;
    char label[32];
    cnn_draw_rect(c, f->x, f->y, f->w, f->h, 0xfafbfc);
    for (int i = 0; i < ay->ticks; i++) {
        double y = sharp(y_at(f, ay, ay->tick[i]));
        cnn_draw_line(c, f->x, y, f->x + f->w, y, 1, 0, grid);
        cnn_plot_format_tick(ay, ay->tick[i], label);
        cnn_draw_text(c, f->x - 8, y, &right, label);
    }
    for (int i = 0; i < ax->ticks; i++) {
        double x = sharp(x_at(f, ax, ax->tick[i]));
        cnn_draw_line(c, x, f->y, x, f->y + f->h, 1, 0, grid);
        cnn_draw_line(c, x, f->y + f->h, x, f->y + f->h + TICK, 1, 0, line);
        cnn_plot_format_tick(ax, ax->tick[i], label);
        cnn_draw_text(c, x, f->y + f->h + TICK + 10, &middle, label);
    }
    cnn_draw_line(c, f->x, sharp(f->y + f->h), f->x + f->w, sharp(f->y + f->h), 1, 0, line);
    cnn_draw_line(c, sharp(f->x), f->y, sharp(f->x), f->y + f->h, 1, 0, line);
}

static int draw_curve(struct cnn_canvas *c, const struct frame *f, const struct plot_axis *ax,
                      const struct plot_axis *ay, const struct cnn_plot_series *s)
{
    cnn_colour colour = palette[(size_t)s->colour % (sizeof palette / sizeof *palette)];
    double(*point)[2] = cnn_calloc(s->n ? s->n : 1, sizeof *point);
    if (!point)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < s->n; i++) {
        int shown = isfinite(s->x[i]) && cnn_plot_usable(s->y[i], ay->logarithmic);
        point[i][0] = shown ? x_at(f, ax, s->x[i]) : NAN;
        point[i][1] = shown ? y_at(f, ay, s->y[i]) : NAN;
        if (shown && s->n <= MARKED)
            cnn_draw_dot(c, point[i][0], point[i][1], 3, colour);
    }
    cnn_draw_curve(c, (const double(*)[2])point, s->n, 2, colour);
    free(point);
    return 0;
}

/* Names with a dash of their colour above the frame, from the right; what has no room is left out.
 */
static void draw_legend(struct cnn_canvas *c, const struct frame *f, const struct cnn_plot *plot,
                        const struct cnn_plot_panel *p, double left)
{
    double x = f->x + f->w, y = f->y - LINE / 2.0;
    for (size_t s = p->series_count; s-- > 0;) {
        size_t colour = (size_t)p->series[s].colour % (sizeof palette / sizeof *palette);
        x -= cnn_text_width(&text, p->series[s].name);
        if (x - 28 < left)
            return;
        cnn_draw_text(c, x, y, &text, p->series[s].name);
        cnn_draw_line(c, x - 26, y, x - 10, y, 4, 0, palette[colour]);
        x -= 46;
    }
    if (plot->mark_name && x - cnn_text_width(&text, plot->mark_name) - 28 >= left) {
        x -= cnn_text_width(&text, plot->mark_name);
        cnn_draw_text(c, x, y, &text, plot->mark_name);
        cnn_draw_line(c, x - 26, y, x - 10, y, 1.5, 1, mark_colour);
    }
}

static void draw_mark(struct cnn_canvas *c, const struct frame *f, const struct plot_axis *ax,
                      const struct cnn_plot *plot)
{
    if (!plot->mark_name || !(plot->mark >= ax->lo && plot->mark <= ax->hi))
        return;
    double x = sharp(x_at(f, ax, plot->mark));
    cnn_draw_line(c, x, f->y, x, f->y + f->h, 1.5, 1, mark_colour);
}

static int draw_panel(struct cnn_canvas *c, const struct frame *cell, const struct cnn_plot *plot,
                      const struct cnn_plot_panel *p, const struct plot_axis *ax, double labels)
{
    struct plot_axis ay;
    double below = TICK + LINE + (p->x_label ? LINE : 0);
    struct frame f = {cell->x + MARGIN + labels + 8 + (p->y_label ? LINE : 0), cell->y + 26, 0, 0};
    f.w = cell->x + cell->w - MARGIN - f.x;
    f.h = cell->y + cell->h - below - f.y;
    cnn_plot_fit_y(p, &ay);
    double left = f.x;
    if (p->title) {
        cnn_draw_text(c, f.x, f.y - LINE / 2.0, &name_text, p->title);
        left += cnn_text_width(&name_text, p->title) + MARGIN;
    }
    draw_legend(c, &f, plot, p, left);
    draw_axes(c, &f, ax, &ay);
    if (p->y_label)
        cnn_draw_text(c, cell->x + MARGIN, f.y + f.h / 2, &upward, p->y_label);
    if (p->x_label)
        cnn_draw_text(c, f.x + f.w / 2, f.y + f.h + TICK + 10 + LINE, &middle, p->x_label);
    draw_mark(c, &f, ax, plot);
    int rc = 0;
    for (size_t s = 0; s < p->series_count && !rc; s++)
        rc = draw_curve(c, &f, ax, &ay, &p->series[s]);
    return rc;
}

static double widest_tick(const struct cnn_plot *plot)
{
    double widest = 0;
    for (size_t p = 0; p < plot->panels; p++) {
        struct plot_axis a;
        char label[32];
        cnn_plot_fit_y(&plot->panel[p], &a);
        for (int i = 0; i < a.ticks; i++) {
            cnn_plot_format_tick(&a, a.tick[i], label);
            widest = fmax(widest, cnn_text_width(&right, label));
        }
    }
    return widest;
}

static int draw_panels(struct cnn_canvas *c, const struct cnn_plot *plot, const struct frame *all)
{
    size_t columns = plot->columns ? plot->columns : 1,
           rows = (plot->panels + columns - 1) / columns;
    double labels = widest_tick(plot), w = all->w / (double)columns, h = all->h / (double)rows;
    struct plot_axis ax;
    int rc = cnn_plot_fit_x(plot->panel, plot->panels, &ax);
    for (size_t p = 0; p < plot->panels && !rc; p++) {
        struct frame cell = {all->x + w * (double)(p % columns), all->y + h * (double)(p / columns),
                             w, h};
        if (!plot->shared_x)
            rc = cnn_plot_fit_x(&plot->panel[p], 1, &ax);
        if (!rc)
            rc = draw_panel(c, &cell, plot, &plot->panel[p], &ax, labels);
    }
    return rc;
}

int cnn_plot_lines(const struct cnn_plot *plot, enum cnn_picture format, struct cnn_buf *out)
{
    struct plot_axis ax;
    struct cnn_canvas *c;
    struct cnn_buf unused = {0};
    if (!plot->panels)
        return cnn_fail(CNN_EDATA, "nothing to plot");
    int rc = cnn_plot_fit_x(plot->panel, plot->panels, &ax);
    size_t columns = plot->columns ? plot->columns : 1,
           rows = (plot->panels + columns - 1) / columns;
    double top = plot->title ? TITLE : 6, w = plot->width > 0 ? plot->width : WIDTH;
    double h = plot->height > 0 ? plot->height : top + ROW * (double)rows;
    if (!rc && (w / (double)columns < 200 || (h - top) / (double)rows < 110))
        rc = cnn_fail(CNN_EUSAGE, "a plot of %.0f x %.0f pixels is too small", w, h);
    if (!rc)
        rc = cnn_canvas_new(format, w, h, &c);
    if (rc)
        return rc;
    if (plot->title) {
        struct cnn_buf title = {0};
        cnn_text_cut(&title_text, w - 2 * MARGIN, plot->title, &title);
        cnn_draw_text(c, MARGIN, 20, &title_text, cnn_label_text(&title));
        cnn_buf_free(&title);
    }
    struct frame all = {0, top, w, h - top - 4};
    rc = draw_panels(c, plot, &all);
    int end = cnn_canvas_end(c, rc ? &unused : out);
    cnn_buf_free(&unused);
    return rc ? rc : end;
}
