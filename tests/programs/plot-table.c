/* Draw a table of numbers as curves, for scripts/scaling:
 *
 *     plot-table OUT.png <TABLE
 *
 * A line of the table is "X-NAME <tab> Y-NAME <tab> CURVE <tab> x <tab> y". Lines that follow one
 * another with the same X-NAME and Y-NAME share a panel, those with the same CURVE in it a curve;
 * panels stand two a row, each with its own axes. Lines that begin with # are left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "data/plot.h"

enum { LINE = 512, PANELS = 16, CURVES = 8, POINTS = 64, WIDTH = 640, HEIGHT = 380 };

struct curve {
    char name[LINE];
    double x[POINTS], y[POINTS];
    size_t n;
};

struct panel {
    char x_name[LINE], y_name[LINE];
    struct curve curve[CURVES];
    size_t curves;
};

static const struct cli_program program = {.name = "plot-table",
                                           .synopsis = "OUT.png <TABLE",
                                           .summary = "draw a table of numbers as curves"};

/* The line's five fields; 0 where it has not as many or the last two are no numbers. */
static int fields(char *line, char *text[3], double value[2])
{
    char *end = line;
    for (int i = 0; i < 5; i++) {
        char *field = end;
        end += strcspn(end, "\t\n");
        if ((*end == '\t') != (i < 4))
            return 0;
        *end = '\0';
        if (i < 3)
            text[i] = field;
        else if (sscanf(field, "%lf", &value[i - 3]) != 1)
            return 0;
        end++;
    }
    return 1;
}

static struct curve *curve_of(struct panel *p, const char *name)
{
    size_t i = 0;
    while (i < p->curves && strcmp(p->curve[i].name, name))
        i++;
    if (i == CURVES)
        return NULL;
    if (i == p->curves) {
        snprintf(p->curve[i].name, LINE, "%s", name);
        p->curves++;
    }
    return &p->curve[i];
}

static int add(struct panel *panel, size_t *panels, char *text[3], const double value[2])
{
    struct panel *p = *panels ? &panel[*panels - 1] : NULL;
    if (!p || strcmp(p->x_name, text[0]) || strcmp(p->y_name, text[1])) {
        if (*panels == PANELS)
            return cnn_fail(CNN_EDATA, "more than %d panels", PANELS);
        p = &panel[(*panels)++];
        snprintf(p->x_name, LINE, "%s", text[0]);
        snprintf(p->y_name, LINE, "%s", text[1]);
    }
    struct curve *c = curve_of(p, text[2]);
    if (!c || c->n == POINTS)
        return cnn_fail(CNN_EDATA, "more than %d curves of %d points in a panel", CURVES, POINTS);
    c->x[c->n] = value[0];
    c->y[c->n++] = value[1];
    return 0;
}

/* The panels of standard input; their number, or a negative code. */
static int read_table(struct panel *panel)
{
    char line[LINE], *text[3];
    double value[2];
    size_t panels = 0;
    int rc = 0;
    while (!rc && fgets(line, sizeof line, stdin)) {
        if (line[0] == '#')
            continue;
        rc = fields(line, text, value)
                 ? add(panel, &panels, text, value)
                 : cnn_fail(CNN_EDATA, "not X-NAME, Y-NAME, CURVE, x and y: %s", line);
    }
    return rc ? rc : (int)panels;
}

static int draw_panel(const struct panel *p, struct cnn_image *out)
{
    struct cnn_plot_series series[CURVES];
    for (size_t i = 0; i < p->curves; i++)
        series[i] =
            (struct cnn_plot_series){p->curve[i].name, p->curve[i].x, p->curve[i].y, p->curve[i].n};
    struct cnn_plot_panel plot = {
        .y_label = p->y_name, .series = series, .series_count = p->curves};
    return cnn_plot_lines(&plot, 1, p->x_name, WIDTH, HEIGHT, out);
}

/* A picture into its place in a larger one; both are (3, h, w). */
static void place(struct cnn_image *whole, const struct cnn_image *part, size_t top, size_t left)
{
    for (size_t c = 0; c < part->c; c++)
        for (size_t y = 0; y < part->h; y++)
            memcpy(whole->px + (c * whole->h + top + y) * whole->w + left,
                   part->px + (c * part->h + y) * part->w, part->w * sizeof *part->px);
}

static int draw(const struct panel *panel, size_t panels, const char *path)
{
    size_t rows = (panels + 1) / 2, columns = panels > 1 ? 2 : 1;
    struct cnn_image whole = {0}, part = {0};
    int rc = cnn_image_reshape(&whole, 3, rows * HEIGHT, columns * WIDTH, 255);
    for (size_t i = 0; !rc && i < 3 * whole.h * whole.w; i++)
        whole.px[i] = 1;
    for (size_t i = 0; !rc && i < panels; i++) {
        rc = draw_panel(&panel[i], &part);
        if (!rc)
            place(&whole, &part, i / 2 * HEIGHT, i % 2 * WIDTH);
    }
    if (!rc)
        rc = cnn_png_write(path, &whole);
    cnn_image_free(&whole);
    cnn_image_free(&part);
    return rc;
}

int main(int argc, char **argv)
{
    static struct panel panel[PANELS];
    if (argc != 2)
        return cli_usage(&program, "one OUT.png");
    int rc = read_table(panel);
    if (!rc)
        rc = cnn_fail(CNN_EDATA, "an empty table");
    return cli_end(&program, rc < 0 ? rc : draw(panel, (size_t)rc, argv[1]));
}
