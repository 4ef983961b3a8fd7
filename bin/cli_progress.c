/* A line on the terminal that shows how far a run is, redrawn in place at most ten times a second:
 *
 *     epoch 3  [=========>          ]  47%  28,200/60,000  21,334/s  0:01 left  loss 0.0312
 *
 * The rate is the mean since the count last began anew; the time left follows from it, or is what
 * the caller knows of the whole run. In a narrow window the bar becomes shorter, then fields give
 * way, whole: no word is ever cut.
 */
#define _DEFAULT_SOURCE
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

enum { BAR = 22, SHORTEST_BAR = 5, BAR_FRAME = 4 /* "  []" */ };

struct cli_progress {
    char *label;
    double begin, drawn;  /* seconds; drawn 0: not on the screen */
    uint64_t first, last; /* the count at `begin`, and the latest one */
    int started, visible;
    int told;    /* the time left is what the caller says */
    double left; /* seconds; negative: not known */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t columns(void)
{
    struct winsize size;
    return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

struct cli_progress *cli_progress_new(const char *label, int quiet)
{
    const char *term = getenv("TERM");
    if (quiet || !isatty(STDERR_FILENO) || !term || !strcmp(term, "dumb"))
        return NULL;
    struct cli_progress *p = calloc(1, sizeof *p);
    if (p)
        p->left = -1;
    if (p && !(p->label = strdup(label))) {
        free(p);
        p = NULL;
    }
    return p;
}

/* What a line is made of, in the order in which it is shown. */
enum field { LABEL, BAR_FIELD, PERCENT, COUNTS, RATE, LEFT, TEXT, FIELDS };

struct line {
    struct cnn_buf field[FIELDS]; /* text NULL: it has none */
    double part;                  /* done, 0..1; of the bar */
};

static size_t width_of(const struct cnn_buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->size; i++)
        n += ((unsigned char)b->text[i] & 0xc0) != 0x80;
    return n;
}

static size_t line_width(const struct line *l)
{
    size_t n = 0;
    for (int i = 0; i < FIELDS; i++)
        n += width_of(&l->field[i]);
    return n;
}

/* As long as `room` columns allow, none where they are too few. */
static void add_bar(struct line *l, size_t room)
{
    char bar[BAR + 1];
    if (room < BAR_FRAME + SHORTEST_BAR)
        return;
    size_t size = room < BAR_FRAME + BAR ? room - BAR_FRAME : BAR;
    size_t full = (size_t)(l->part * (double)size);
    memset(bar, '=', full);
    memset(bar + full, ' ', size - full);
    if (full < size)
        bar[full] = '>';
    bar[size] = '\0';
    cnn_buf_printf(&l->field[BAR_FIELD], "  [%s]", bar);
}

static void add_time(struct cnn_buf *field, double seconds)
{
    unsigned long s = seconds < 3.6e8 ? (unsigned long)(seconds + 0.5) : 360000000ul;
    if (s >= 3600)
        cnn_buf_printf(field, "  %lu:%02lu:%02lu left", s / 3600, s / 60 % 60, s % 60);
    else
        cnn_buf_printf(field, "  %lu:%02lu left", s / 60, s % 60);
}

static void add_counts(struct line *l, uint64_t done, uint64_t total, double rate)
{
    char text[32];
    cnn_format_count(done, text);
    cnn_buf_printf(&l->field[COUNTS], "  %s", text);
    if (total) {
        cnn_format_count(total, text);
        cnn_buf_printf(&l->field[COUNTS], "/%s", text);
        cnn_buf_printf(&l->field[PERCENT], " %3d%%", (int)(100 * l->part));
    }
    if (!(rate > 0))
        return;
    if (rate < 10)
        snprintf(text, sizeof text, "%.2f", rate);
    else
        cnn_format_count((uint64_t)rate, text);
    cnn_buf_printf(&l->field[RATE], "  %s/s", text);
}

/* Fields give way whole, the least telling first, until the line is narrower than the window; the
 * bar takes what room is left. Nothing is shown where not even the label fits. */
static void fit(struct line *l, size_t width)
{
    static const enum field order[] = {COUNTS, RATE, PERCENT, TEXT, LEFT, LABEL};
    for (size_t i = 0; i < sizeof order / sizeof *order && line_width(l) >= width; i++)
        cnn_buf_free(&l->field[order[i]]);
    size_t used = line_width(l) + 1;
    if (l->field[PERCENT].size && used < width)
        add_bar(l, width - used);
}

/* Nothing in it that moves the cursor. */
static void show(struct cli_progress *p, struct line *l)
{
    struct cnn_buf out = {0};
    for (int i = 0; i < FIELDS; i++)
        cnn_buf_add(&out, l->field[i].text ? l->field[i].text : "", l->field[i].size);
    for (size_t i = 0; i < out.size; i++)
        if ((unsigned char)out.text[i] < ' ' || out.text[i] == 0x7f)
            out.text[i] = '?';
    if (!out.failed) {
        fprintf(stderr, "\r%s\033[K", out.size ? out.text : "");
        p->visible = 1;
    }
    cnn_buf_free(&out);
}

static void draw(struct cli_progress *p, uint64_t done, uint64_t total, const char *text)
{
    double passed = now() - p->begin, left = p->left;
    double rate = passed > 0.2 && done > p->first ? (double)(done - p->first) / passed : 0;
    struct line l = {.part = total && done < total ? (double)done / (double)total : 1};
    cnn_buf_puts(&l.field[LABEL], p->label);
    add_counts(&l, done, total, rate);
    if (!p->told && rate > 0 && total > done)
        left = (double)(total - done) / rate;
    if (left >= 0)
        add_time(&l.field[LEFT], left);
    if (text && *text)
        cnn_buf_printf(&l.field[TEXT], "  %s", text);
    fit(&l, columns());
    show(p, &l);
    for (int i = 0; i < FIELDS; i++)
        cnn_buf_free(&l.field[i]);
}

void cli_progress_left(struct cli_progress *p, double seconds)
{
    if (!p)
        return;
    p->told = 1;
    p->left = seconds;
}

void cli_progress_update(struct cli_progress *p, uint64_t done, uint64_t total, const char *text)
{
    if (!p)
        return;
    double t = now();
    if (!p->started || done < p->last) {
        p->begin = t;
        p->first = done;
        p->started = 1;
    }
    p->last = done;
    if (t - p->drawn < 0.1)
        return;
    p->drawn = t;
    draw(p, done, total, text);
}

void cli_progress_clear(struct cli_progress *p)
{
    if (!p || !p->visible)
        return;
    fputs("\r\033[K", stderr);
    p->visible = 0;
    p->drawn = 0;
}

void cli_progress_free(struct cli_progress *p)
{
    cli_progress_clear(p);
    if (p)
        free(p->label);
    free(p);
}
