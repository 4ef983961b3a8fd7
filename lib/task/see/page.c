/* The picture of a saliency map: the photograph, the map, one over the other, and the answer above; see private.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "task/see/private.h"

/* How much of the map's colour covers the photograph's grey. */
static double cover(enum see_look look, double v)
{
    return look == SEE_BOTH ? fmin(0.9, 1.3 * fabs(v)) : fmin(0.85, 1.4 * v * v);
}

static float grey_at(const struct cnn_image *im, size_t p)
{
    size_t plane = im->h * im->w;
    return im->c == 3
               ? 0.299f * im->px[p] + 0.587f * im->px[plane + p] + 0.114f * im->px[2 * plane + p]
               : im->px[p];
}

/* The heat in colours; over: over that photograph, in grey, or NULL. */
static int colour(enum see_look look, const struct cnn_image *heat, const struct cnn_image *over,
                  struct cnn_image *out)
{
    size_t plane = heat->h * heat->w;
    int rc = cnn_image_reshape(out, 3, heat->h, heat->w, 255);
    for (size_t i = 0; !rc && i < plane; i++) {
        double v = (double)heat->px[i];
        cnn_colour c = cnn_see_colour(look, v);
        if (over) {
            unsigned grey = (unsigned)lrintf(255 * (0.1f + 0.8f * grey_at(over, i)));
            c = cnn_colour_mix(grey << 16 | grey << 8 | grey, c, cover(look, v));
        }
        for (size_t k = 0; k < 3; k++)
            out->px[k * plane + i] = (float)(c >> (16 - 8 * k) & 255) / 255;
    }
    return rc;
}

/* Models whose classes have no names call them by their numbers. */
static int has_name(const struct see_target *t)
{
    char number[16];
    snprintf(number, sizeof number, "%d", t->class);
    return t->name[0] && strcmp(t->name, number) != 0;
}

void cnn_see_class_text(const struct see_target *t, struct cnn_buf *out)
{
    if (has_name(t))
        cnn_buf_printf(out, "%s (%d)", t->name, t->class);
    else
        cnn_buf_printf(out, "class %d", t->class);
    if (isfinite(t->probability))
        cnn_buf_printf(out, ": %.*f %%", t->probability < 0.01 ? 3 : 1, 100 * t->probability);
    else
        cnn_buf_printf(out, ": score %.3g", t->score);
}

void cnn_see_origin_text(const struct see *s, const char *key, struct cnn_buf *out)
{
    const char *name = strrchr(key, '/'), *model = strrchr(s->o->model, '/');
    cnn_buf_printf(out, "%s, %s",
                   s->noises ? "noise"
                   : name    ? name + 1
                             : key,
                   model ? model + 1 : s->o->model);
}

static void write_subtitle(const struct see *s, const char *key, struct cnn_buf *out)
{
    cnn_buf_puts(out, s->method->title);
    if (s->layer)
        cnn_buf_printf(out, " at %s", s->graph->node[s->layer].layer.name);
    cnn_buf_puts(out, ": ");
    cnn_see_origin_text(s, key, out);
}

/* Pixels by themselves are too small to be seen over a photograph: the mean of those around each, along one side. */
static void smooth_lines(const float *x, size_t lines, size_t length, size_t step, size_t next,
                         size_t reach, float *out)
{
    for (size_t i = 0; i < lines; i++)
        for (size_t j = 0; j < length; j++) {
            size_t from = j > reach ? j - reach : 0,
                   to = j + reach < length ? j + reach : length - 1;
            double sum = 0;
            for (size_t k = from; k <= to; k++)
                sum += (double)x[i * next + k * step];
            out[i * next + j * step] = (float)(sum / (double)(2 * reach + 1));
        }
}

/* Twice along both sides, and as bright as before. */
static void smooth(struct see *s, struct cnn_image *heat)
{
    size_t h = heat->h, w = heat->w, reach = (h < w ? h : w) / 75;
    for (int i = 0; i < 2; i++) {
        smooth_lines(heat->px, h, w, 1, w, reach, s->sorted);
        smooth_lines(s->sorted, w, h, w, 1, reach, heat->px);
    }
    float high = cnn_see_largest(s, heat->px, 0.995);
    for (size_t p = 0; p < h * w; p++)
        heat->px[p] = fminf(fmaxf(heat->px[p] / high, -1), 1);
}

/* image: photograph, heat, map, both. */
static int draw(struct see *s, const char *key, const struct cnn_image image[4],
                struct cnn_buf *out)
{
    enum see_look look = s->method->look;
    struct cnn_buf title = {0}, subtitle = {0};
    cnn_see_class_text(&s->target, &title);
    write_subtitle(s, key, &subtitle);
    const struct see_panel panel[] = {
        {.image = &image[0], .name = "what the net sees"},
        {.image = &image[2],
         .name = "what counts for the class",
         .bar = look != SEE_IMAGE,
         .look = look},
        {.image = &image[3],
         .name = s->method->plane ? "where that is" : "where that is, smoothed"}};
    int rc = cnn_see_panels(&(struct see_page){.title = cnn_label_text(&title),
                                               .subtitle = cnn_label_text(&subtitle),
                                               .panel = panel,
                                               .panels = 3},
                            s->output.picture, out);
    cnn_buf_free(&title);
    cnn_buf_free(&subtitle);
    return rc;
}

int cnn_see_page(struct see *s, const float *x, const char *key, struct cnn_buf *out)
{
    struct cnn_image image[4] = {{0}}; /* photograph, heat, map, both */
    enum see_look look = s->method->look;
    int rc = cnn_see_photograph(s, x, &image[0]);
    if (!rc)
        rc = cnn_see_heat(s, &image[1]);
    if (!rc)
        rc = look == SEE_IMAGE ? cnn_see_relief(s, &image[2])
                               : colour(look, &image[1], NULL, &image[2]);
    if (!rc && !s->method->plane)
        smooth(s, &image[1]);
    if (!rc)
        rc = colour(look, &image[1], &image[0], &image[3]);
    if (!rc)
        rc = draw(s, key, image, out);
    for (int i = 0; i < 4; i++)
        cnn_image_free(&image[i]);
    return rc;
}
