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
#include "data/plot/plot.h"

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

static int draw(const struct panel *panel, size_t panels, const char *path)
{
    struct cnn_plot_series series[PANELS][CURVES];
    struct cnn_plot_panel plots[PANELS];
    struct cnn_plot plot = {.panel = plots, .panels = panels, .columns = panels > 1 ? 2 : 1};
    struct cnn_buf bytes = {0};
    enum cnn_picture format;
    for (size_t i = 0; i < panels; i++) {
        const struct panel *p = &panel[i];
        for (size_t k = 0; k < p->curves; k++)
            series[i][k] = (struct cnn_plot_series){p->curve[k].name, p->curve[k].x, p->curve[k].y,
                                                    p->curve[k].n, (int)k};
        plots[i] = (struct cnn_plot_panel){.y_label = p->y_name,
                                           .x_label = p->x_name,
                                           .series = series[i],
                                           .series_count = p->curves};
    }
    plot.width = WIDTH * (double)plot.columns;
    plot.height = HEIGHT * (double)((panels + 1) / 2);
    int rc = cnn_picture_format(path, &format);
    if (!rc)
        rc = cnn_plot_lines(&plot, format, &bytes);
    if (!rc)
        rc = cnn_picture_write(path, &bytes);
    cnn_buf_free(&bytes);
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
