/* An image from what a layer makes of it (Mahendran and Vedaldi 2014, Understanding Deep Image Representations by
 * Inverting Them): from noise down the gradient of
 *
 *     ||f(y) - f(x)||^2 / ||f(x)||^2  +  a mean(|u|^6)  +  smooth mean(d_rows u^2 + d_columns u^2)
 *
 * u being y as parts of half its range around grey: what the layer did not keep is grey and smooth. */
#include <math.h>
#include <string.h>

#include "task/see/private.h"

enum { NOISE = 20 }; /* levels of 255 */
static const double LARGE = 0.01;

static int check(struct see *s)
{
    return cnn_see_layer_values(s, "--invert", s->o->invert);
}

/* The first term, and its gradient by the layer's values into dy; slope holds f(x). */
static double compare(struct see *s)
{
    double square = 0, off = 0;
    for (size_t i = 0; i < s->values; i++)
        square += (double)s->slope[i] * (double)s->slope[i];
    square = square > 0 ? square : 1;
    for (size_t i = 0; i < s->values; i++) {
        double d = (double)s->value[i] - (double)s->slope[i];
        off += d * d / square;
        s->dy[i] = (float)(2 * d / square);
    }
    return off;
}

/* The gradients of the other terms by u, added. */
static void regularise(const struct see *s, const float *u, float *du)
{
    size_t h = s->in.h, w = s->in.w;
    double all = (double)s->pixels, smooth = 2 * s->o->smooth / all;
    for (size_t i = 0; i < s->pixels; i++) {
        double v = (double)u[i];
        size_t row = i / w % h, column = i % w;
        double d = 6 * LARGE * pow(v, 5) / all;
        if (row)
            d += smooth * (v - (double)u[i - w]);
        if (row + 1 < h)
            d += smooth * (v - (double)u[i + w]);
        if (column)
            d += smooth * (v - (double)u[i - 1]);
        if (column + 1 < w)
            d += smooth * (v - (double)u[i + 1]);
        du[i] += (float)d;
    }
}

/* From u to the net's numbers: u is s->sorted's kin in units of half a range. */
static void to_input(const struct see *s, const float *u, float *y)
{
    size_t plane = s->in.h * s->in.w;
    for (size_t i = 0; i < s->pixels; i++)
        y[i] = (float)cnn_see_level_to(s, i / plane, 127.5 * (1 + (double)u[i]));
}

static int values_of(struct see *s, const float *x, float *out)
{
    int rc = cnn_see_forward(s, x, 1);
    return rc ? rc : cnn_net_value(s->runner.net, s->layer, out);
}

/* One step of y = map from u; s->x is u. */
static int descend(struct see *s, float *u, float *map, size_t k, double rate)
{
    size_t plane = s->in.h * s->in.w;
    to_input(s, u, map);
    int rc = values_of(s, map, s->value);
    if (rc)
        return rc;
    s->reached = sqrt(compare(s));
    rc = cnn_see_back(s, s->dx);
    if (rc)
        return rc;
    for (size_t i = 0; i < s->pixels; i++)
        s->dx[i] *=
            (float)(cnn_see_level_to(s, i / plane, 127.5) - cnn_see_level_to(s, i / plane, 0));
    regularise(s, u, s->dx);
    cnn_see_descend(u, s->dx, s->pixels, rate, k, s->moment);
    for (size_t i = 0; i < s->pixels; i++)
        u[i] = u[i] < -1 ? -1 : u[i] > 1 ? 1 : u[i];
    return 0;
}

static int run(struct see *s, const float *x, float *map)
{
    size_t steps = (size_t)s->o->steps, plane = s->in.h * s->in.w;
    int rc = values_of(s, x, s->slope);
    for (int i = 0; i < 2; i++)
        memset(s->moment[i], 0, s->pixels * sizeof **s->moment);
    cnn_see_noise(s, s->stream, NOISE, s->x);
    for (size_t i = 0; i < s->pixels; i++)
        s->x[i] = (float)(cnn_see_level_of(s, i / plane, (double)s->x[i]) / 127.5 - 1);
    for (size_t k = 1; !rc && k <= steps; k++) {
        double left = 1 - (double)(k - 1) / (double)steps;
        rc = descend(s, s->x, map, k, 0.05 * left);
        if (!rc && s->cb->stop && *s->cb->stop)
            rc = cnn_fail(CNN_EINTERRUPTED, "interrupted");
    }
    if (rc)
        return rc;
    to_input(s, s->x, map);
    cnn_see_round(s, map);
    rc = values_of(s, map, s->value);
    s->reached = rc ? 0 : sqrt(compare(s));
    return rc;
}

static int page(struct see *s, const float *x, const char *key, struct cnn_buf *out)
{
    struct cnn_image image[2] = {{0}};
    struct cnn_buf title = {0}, subtitle = {0}, note = {0};
    const char *layer = s->graph->node[s->layer].layer.name;
    int rc = cnn_see_photograph(s, x, &image[0]);
    if (!rc)
        rc = cnn_see_photograph(s, s->map, &image[1]);
    cnn_buf_printf(&title, "What %s keeps of an image", layer);
    cnn_see_origin_text(s, key, &subtitle);
    cnn_buf_printf(&note, "its values are off by %.3g %%", 100 * s->reached);
    const struct see_panel panel[] = {{.image = &image[0], .name = "the image"},
                                      {.image = &image[1],
                                       .name = "made from the layer's values",
                                       .note = cnn_label_text(&note)}};
    if (!rc)
        rc = cnn_see_panels(&(struct see_page){.title = cnn_label_text(&title),
                                               .subtitle = cnn_label_text(&subtitle),
                                               .panel = panel,
                                               .panels = 2},
                            s->output.picture, out);
    cnn_image_free(&image[0]);
    cnn_image_free(&image[1]);
    cnn_buf_free(&title);
    cnn_buf_free(&subtitle);
    cnn_buf_free(&note);
    return rc;
}

static void line(const struct see *s, struct cnn_buf *out)
{
    cnn_buf_printf(out, "%s\t%.6g\n", s->graph->node[s->layer].layer.name, s->reached);
}

const struct see_technique cnn_see_invert = {.title = "Inversion",
                                             .needs = SEE_FROM,
                                             .images = 1,
                                             .check = check,
                                             .run = run,
                                             .page = page,
                                             .line = line};
