/* Images that excite a unit most (Erhan, Bengio, Courville, Vincent 2009; Simonyan et al. 2013), by gradient ascent from
 * noise. So that they look like images, each step moves the image by some pixels at random before the gradient is taken
 * (jitter: Mordvintsev, Olah, Tyka 2015) and takes a part of it away, and every few steps it is blurred, less and less
 * (Yosinski, Clune, Nguyen, Fuchs, Lipson 2015, Understanding Neural Networks Through Deep Visualization). The unit is a
 * plane of a layer, of which the mean is taken, or one number. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "task/named.h"
#include "task/see/private.h"

enum { EVERY = 4, NOISE = 20 }; /* steps between blurs; levels of 255 */

/* A number, or of the scores a class. */
static int find_unit(struct see *s, const char *unit)
{
    static const struct cnn_strings none;
    const struct cnn_strings *names = &s->runner.model->classes;
    int at, scores = s->layer == s->graph->logits && names->count;
    int rc =
        cnn_named_class(scores ? names : &none, s->planes.c, "--maximize", s->o->model, unit, &at);
    if (rc == CNN_EUSAGE && !scores)
        rc = cnn_fail(CNN_EUSAGE, "--maximize: '%s' is no unit of '%s': they are 0 to %zu", unit,
                      s->graph->node[s->layer].layer.name, s->planes.c - 1);
    s->unit = rc ? 0 : (size_t)at;
    return rc;
}

static int check(struct see *s)
{
    const char *what = s->o->maximize, *colon = strrchr(what, ':');
    if (!colon || colon == what || !colon[1])
        return cnn_fail(CNN_EUSAGE, "--maximize: '%s' is not LAYER:UNIT", what);
    char *layer = cnn_strndup(what, (size_t)(colon - what));
    int rc = layer ? cnn_see_layer_values(s, "--maximize", layer) : CNN_ESYSTEM;
    free(layer);
    return rc ? rc : find_unit(s, colon + 1);
}

/* What the gradient goes up: of each image the mean of the unit's plane. */
static void ask(struct see *s)
{
    size_t plane = s->planes.h * s->planes.w;
    memset(s->dy, 0, s->batch * s->values * sizeof *s->dy);
    for (size_t n = 0; n < s->batch; n++)
        for (size_t p = 0; p < plane; p++)
            s->dy[n * s->values + s->unit * plane + p] = 1 / (float)plane;
}

static double mean_of(const struct see *s, size_t n)
{
    size_t plane = s->planes.h * s->planes.w;
    double sum = 0;
    for (size_t p = 0; p < plane; p++)
        sum += (double)s->value[n * s->values + s->unit * plane + p];
    return sum / (double)plane;
}

/* Steps as long for each image, whatever the gradient's size, and back towards grey by the decay. */
static void climb(const struct see *s, double rate)
{
    size_t plane = s->in.h * s->in.w;
    for (size_t n = 0; n < s->batch; n++) {
        const float *dx = s->dx + n * s->pixels;
        float *x = s->map + n * s->pixels;
        double square = 0;
        for (size_t i = 0; i < s->pixels; i++)
            square += (double)dx[i] * (double)dx[i];
        double size = sqrt(square / (double)s->pixels) + 1e-30;
        for (size_t i = 0; i < s->pixels; i++) {
            float low, high;
            cnn_see_bounds(s, i / plane, &low, &high);
            double grey = ((double)low + (double)high) / 2, range = (double)high - (double)low;
            double v = (double)x[i] + rate * range * (double)dx[i] / size;
            v = grey + (v - grey) * (1 - s->o->decay);
            x[i] = (float)fmin(fmax(v, (double)low), (double)high);
        }
    }
}

/* By (w, 1, w) / (1 + 2 w) along rows and columns; edges are repeated. */
static void blur(const struct see *s, double w, float *plane)
{
    size_t h = s->in.h, width = s->in.w;
    for (int along = 0; along < 2; along++) {
        memcpy(s->sorted, plane, h * width * sizeof *plane);
        for (size_t i = 0; i < h; i++)
            for (size_t j = 0; j < width; j++) {
                size_t step = along ? width : 1, at = i * width + j, k = along ? i : j;
                float before = s->sorted[k ? at - step : at];
                float after = s->sorted[k + 1 < (along ? h : width) ? at + step : at];
                plane[at] = (float)(((double)s->sorted[at] + w * ((double)before + (double)after)) /
                                    (1 + 2 * w));
            }
    }
}

static int run(struct see *s, const float *x, float *map)
{
    size_t steps = (size_t)s->o->steps, n = s->batch;
    ptrdiff_t most = (ptrdiff_t)(s->in.h < s->in.w ? s->in.h : s->in.w) / 16;
    struct cnn_random r;
    (void)x;
    for (size_t i = 0; i < n; i++)
        cnn_see_noise(s, i, NOISE, map + i * s->pixels);
    ask(s);
    cnn_random_start(&r, (uint64_t)s->o->seed, cnn_hash_string("jitter", 0));
    for (size_t k = 0; k < steps; k++) {
        double left = 1 - (double)k / (double)steps;
        ptrdiff_t rows = (ptrdiff_t)cnn_random_below(&r, 2 * (uint64_t)most + 1) - most;
        ptrdiff_t columns = (ptrdiff_t)cnn_random_below(&r, 2 * (uint64_t)most + 1) - most;
        cnn_see_roll(s, map, n, rows, columns, s->x);
        int rc = cnn_see_forward(s, s->x, n);
        if (!rc)
            rc = cnn_see_back(s, s->x);
        if (rc)
            return rc;
        cnn_see_roll(s, s->x, n, -rows, -columns, s->dx);
        climb(s, 0.01 + 0.02 * left);
        for (size_t p = 0; k % EVERY == EVERY - 1 && p < n * s->in.c; p++)
            blur(s, left / 2, map + p * s->in.h * s->in.w);
        if (s->cb->stop && *s->cb->stop)
            return cnn_fail(CNN_EINTERRUPTED, "interrupted");
    }
    for (size_t i = 0; i < n; i++)
        cnn_see_round(s, map + i * s->pixels);
    int rc = cnn_see_forward(s, map, n);
    if (!rc)
        rc = cnn_net_value(s->runner.net, s->layer, s->value);
    s->reached = 0;
    for (size_t i = 0; !rc && i < n; i++)
        s->reached += mean_of(s, i) / (double)n;
    return rc;
}

static void write_unit(const struct see *s, struct cnn_buf *out)
{
    const struct cnn_strings *names = &s->runner.model->classes;
    cnn_buf_printf(out, "%s:%zu", s->graph->node[s->layer].layer.name, s->unit);
    if (s->layer == s->graph->logits && s->unit < names->count)
        cnn_buf_printf(out, " (%s)", names->item[s->unit]);
}

static int page(struct see *s, const float *x, const char *key, struct cnn_buf *out)
{
    struct cnn_image *image = cnn_calloc(s->batch, sizeof *image);
    struct see_panel *panel = cnn_calloc(s->batch, sizeof *panel);
    char(*note)[32] = cnn_calloc(s->batch, sizeof *note);
    struct cnn_buf title = {0}, subtitle = {0};
    int rc = image && panel && note ? 0 : CNN_ESYSTEM;
    (void)x;
    for (size_t i = 0; !rc && i < s->batch; i++) {
        rc = cnn_see_photograph(s, s->map + i * s->pixels, &image[i]);
        snprintf(note[i], sizeof note[i], "it answers %.3g", mean_of(s, i));
        panel[i] = (struct see_panel){.image = &image[i], .name = note[i]};
    }
    cnn_buf_puts(&title, "What excites ");
    write_unit(s, &title);
    cnn_see_origin_text(s, key, &subtitle);
    if (!rc)
        rc = cnn_see_panels(&(struct see_page){.title = cnn_label_text(&title),
                                               .subtitle = cnn_label_text(&subtitle),
                                               .panel = panel,
                                               .panels = s->batch},
                            s->output.picture, out);
    for (size_t i = 0; image && i < s->batch; i++)
        cnn_image_free(&image[i]);
    free(image);
    free(panel);
    free(note);
    cnn_buf_free(&title);
    cnn_buf_free(&subtitle);
    return rc;
}

static void line(const struct see *s, struct cnn_buf *out)
{
    cnn_buf_printf(out, "%s\t%zu\t%.6g\n", s->graph->node[s->layer].layer.name, s->unit,
                   s->reached);
}

const struct see_technique cnn_see_maximize = {.title = "Activation maximisation",
                                               .needs = SEE_FROM | SEE_SEEDS,
                                               .images = 1,
                                               .check = check,
                                               .run = run,
                                               .page = page,
                                               .line = line};
