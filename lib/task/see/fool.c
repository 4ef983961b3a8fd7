/* An image changed until the net takes it for something else, and the picture of it; see private.h. */
#include <math.h>
#include <string.h>

#include "task/see/private.h"

static const double SURE = 0.99;

/* d log p / d scores: of a softmax 1 - p for the class and -p for others; else what raises the score. */
static void towards(struct see *s)
{
    const struct see_target *t = &s->target;
    int logistic = t->kind == CNN_SCORES_LOGISTIC;
    cnn_see_target_gradient(s, s->dy);
    if (!t->probable || t->pair || logistic || s->out.h * s->out.w > 1)
        return;
    cnn_scores_convert(CNN_SCORES_SOFTMAX, s->score, s->out.c, s->dy);
    for (size_t c = 0; c < s->out.c; c++)
        s->dy[c] = ((int)c == t->class ? 1 : 0) - s->dy[c];
}

/* A step within the limit around x, and within what an image can be. */
static void step(const struct see *s, const float *x, double size, double limit, float *out)
{
    size_t plane = s->in.h * s->in.w;
    for (size_t i = 0; i < s->pixels; i++) {
        size_t c = i / plane;
        float low, high;
        double level = cnn_see_level_to(s, c, 1) - cnn_see_level_to(s, c, 0), g = (double)s->dx[i];
        double v = (double)out[i] + (g > 0 ? 1 : g < 0 ? -1 : 0) * size * level;
        cnn_see_bounds(s, c, &low, &high);
        if (limit > 0) {
            v = fmin(v, (double)x[i] + limit * level);
            v = fmax(v, (double)x[i] - limit * level);
        }
        out[i] = (float)fmin(fmax(v, (double)low), (double)high);
    }
}

int cnn_see_fool(struct see *s, const float *x, size_t steps, double size, double limit, float *out)
{
    int wanted = s->target.wanted;
    s->before = s->target;
    memcpy(out, x, s->pixels * sizeof *out);
    for (size_t k = 0; k < steps; k++) {
        int rc = cnn_see_answer(s, out, wanted);
        if (rc)
            return rc;
        if (steps > 1 && s->target.probability >= SURE)
            break;
        towards(s);
        rc = cnn_see_back(s, s->dx);
        if (rc)
            return rc;
        step(s, x, size, limit, out);
    }
    cnn_see_round(s, out);
    return cnn_see_answer(s, out, wanted);
}

/* What was added, around grey, as large as it can be shown; *most: of it, in levels. */
static int difference(const struct see *s, const float *x, struct cnn_image *out, double *most)
{
    size_t plane = s->in.h * s->in.w;
    int rc = cnn_image_reshape(out, s->in.c, s->in.h, s->in.w, 255);
    *most = 0;
    for (int pass = 0; !rc && pass < 2; pass++)
        for (size_t i = 0; i < s->pixels; i++) {
            size_t c = i / plane, to = s->runner.input.bgr && s->in.c == 3 ? 2 - c : c;
            double d =
                cnn_see_level_of(s, c, (double)s->map[i]) - cnn_see_level_of(s, c, (double)x[i]);
            if (pass)
                out->px[to * plane + i % plane] = (float)(0.5 + (*most > 0 ? d / *most / 2 : 0));
            else
                *most = fmax(*most, fabs(d));
        }
    return rc;
}

static int draw(const struct see *s, const char *key, const struct cnn_image image[3], double most,
                struct cnn_buf *out)
{
    struct cnn_buf title = {0}, subtitle = {0}, before = {0}, after = {0}, change = {0};
    cnn_see_class_text(&s->target, &after);
    cnn_see_class_text(&s->before, &before);
    cnn_buf_printf(&title, "%s for %s",
                   cnn_see_target_best(s) == s->target.class ? "Taken" : "Not taken",
                   cnn_label_text(&after));
    cnn_buf_printf(&subtitle, "%s: ", s->method->title);
    cnn_see_origin_text(s, key, &subtitle);
    cnn_buf_printf(&change, "%.0f of 255 levels at most", most);
    const struct see_panel panel[] = {
        {.image = &image[0], .name = "before", .note = cnn_label_text(&before)},
        {.image = &image[1], .name = "what was added, enlarged", .note = cnn_label_text(&change)},
        {.image = &image[2], .name = "after", .note = cnn_label_text(&after)}};
    int rc = cnn_see_panels(&(struct see_page){.title = cnn_label_text(&title),
                                               .subtitle = cnn_label_text(&subtitle),
                                               .panel = panel,
                                               .panels = 3},
                            s->output.picture, out);
    struct cnn_buf *const all[] = {&title, &subtitle, &before, &after, &change};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cnn_buf_free(all[i]);
    return rc;
}

int cnn_see_fool_page(struct see *s, const float *x, const char *key, struct cnn_buf *out)
{
    struct cnn_image image[3] = {{0}};
    double most = 0;
    int rc = cnn_see_photograph(s, x, &image[0]);
    if (!rc)
        rc = difference(s, x, &image[1], &most);
    if (!rc)
        rc = cnn_see_photograph(s, s->map, &image[2]);
    if (!rc)
        rc = draw(s, key, image, most, out);
    for (int i = 0; i < 3; i++)
        cnn_image_free(&image[i]);
    return rc;
}
