/* A line on the terminal that shows how far a run is, redrawn in place at most ten times a second:
 *
 *     epoch 3  [=========>          ]  47%  28,200/60,000  21,334/s  0:01 left  loss 0.0312
 *
 * The rate is the mean since the count last began anew, which is what the time left follows from.
 * The bar is the first to give way in a narrow window.
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

enum { BAR = 22, SHORTEST_BAR = 5, BAR_FRAME = 9 /* "  []  47%" */ };

struct cli_progress {
    char *label;
    double begin, drawn;  /* seconds; drawn 0: not on the screen */
    uint64_t first, last; /* the count at `begin`, and the latest one */
    int started, visible;
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
    if (p && !(p->label = strdup(label))) {
        free(p);
        p = NULL;
    }
    return p;
}

/* As long as `room` columns allow, none where they are too few. */
static void add_bar(struct cnn_buf *line, double part, size_t room)
{
    char bar[BAR + 1];
    if (room < BAR_FRAME + SHORTEST_BAR)
        return;
    size_t size = room < BAR_FRAME + BAR ? room - BAR_FRAME : BAR;
    size_t full = (size_t)(part * (double)size);
    memset(bar, '=', full);
    memset(bar + full, ' ', size - full);
    if (full < size)
        bar[full] = '>';
    bar[size] = '\0';
    cnn_buf_printf(line, "  [%s] %3d%%", bar, (int)(100 * part));
}

static void add_time(struct cnn_buf *line, double seconds)
{
    unsigned long s = seconds < 3.6e8 ? (unsigned long)(seconds + 0.5) : 360000000ul;
    if (s >= 3600)
        cnn_buf_printf(line, "  %lu:%02lu:%02lu left", s / 3600, s / 60 % 60, s % 60);
    else
        cnn_buf_printf(line, "  %lu:%02lu left", s / 60, s % 60);
}

static void add_counts(struct cnn_buf *line, uint64_t done, uint64_t total, double rate)
{
    char text[32];
    cnn_format_count(done, text);
    cnn_buf_printf(line, "  %s", text);
    if (total) {
        cnn_format_count(total, text);
        cnn_buf_printf(line, "/%s", text);
    }
    if (!(rate > 0))
        return;
    if (rate < 10)
        snprintf(text, sizeof text, "%.2f", rate);
    else
        cnn_format_count((uint64_t)rate, text);
    cnn_buf_printf(line, "  %s/s", text);
    if (total > done)
        add_time(line, (double)(total - done) / rate);
}

/* Cut to the window, between characters, and nothing in it that moves the cursor. */
static void fit(struct cnn_buf *line)
{
    size_t width = columns() - 1, used = 0, at = 0;
    for (; line->text[at]; at++) {
        unsigned char c = (unsigned char)line->text[at];
        if ((c & 0xc0) != 0x80 && ++used > width)
            break;
        if (c < ' ' || c == 0x7f)
            line->text[at] = '?';
    }
    line->text[at] = '\0';
    line->size = at;
}

static void draw(struct cli_progress *p, uint64_t done, uint64_t total, const char *text)
{
    double passed = now() - p->begin;
    double rate = passed > 0.2 && done > p->first ? (double)(done - p->first) / passed : 0;
    struct cnn_buf line = {0}, rest = {0};
    add_counts(&rest, done, total, rate);
    if (text && *text)
        cnn_buf_printf(&rest, "  %s", text);
    cnn_buf_puts(&line, p->label);
    size_t used = line.size + rest.size + 1, width = columns();
    if (total && used < width)
        add_bar(&line, done < total ? (double)done / (double)total : 1.0, width - used);
    if (!rest.failed && rest.text)
        cnn_buf_puts(&line, rest.text);
    if (!line.failed && !rest.failed) {
        fit(&line);
        fprintf(stderr, "\r%s\033[K", line.text);
        p->visible = 1;
    }
    cnn_buf_free(&rest);
    cnn_buf_free(&line);
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
