/* Occlusion (Zeiler and Fergus 2013, Visualizing and Understanding Convolutional Networks): by how much the class's
 * score falls where a patch of the image is 0 to the net; of each pixel the mean over the patches that hide it. */
#include "task/see/private.h"

/* Patches along one side. */
struct side {
    size_t length, patch, step, count;
};

static struct side side_of(size_t length, int patch, int step)
{
    struct side d = {.length = length};
    d.patch = patch > 0 ? (size_t)patch : (length + 6) / 7;
    d.patch = d.patch < length ? d.patch : length;
    d.step = step > 0 ? (size_t)step : (d.patch + 1) / 2;
    d.count = (length - d.patch + d.step - 1) / d.step + 1;
    return d;
}

/* Where patch i begins: the last one ends with the image. */
static size_t begin_of(const struct side *d, size_t i)
{
    size_t at = i * d->step, last = d->length - d->patch;
    return at < last ? at : last;
}

static size_t patches_over(const struct side *d, size_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < d->count; i++)
        n += begin_of(d, i) <= at && at < begin_of(d, i) + d->patch;
    return n;
}

struct grid {
    struct side rows, columns;
};

static void hide(const struct see *s, const struct grid *g, size_t k, float *x)
{
    size_t top = begin_of(&g->rows, k / g->columns.count);
    size_t left = begin_of(&g->columns, k % g->columns.count);
    for (size_t c = 0; c < s->in.c; c++)
        for (size_t i = top; i < top + g->rows.patch; i++)
            for (size_t j = left; j < left + g->columns.patch; j++)
                x[(c * s->in.h + i) * s->in.w + j] = 0;
}

static void add(const struct see *s, const struct grid *g, size_t k, float fall, float *map)
{
    size_t top = begin_of(&g->rows, k / g->columns.count);
    size_t left = begin_of(&g->columns, k % g->columns.count);
    for (size_t i = top; i < top + g->rows.patch; i++)
        for (size_t j = left; j < left + g->columns.patch; j++)
            map[i * s->in.w + j] += fall;
}

static int run(struct see *s, const float *x, float *map)
{
    struct grid g = {side_of(s->in.h, s->o->patch.h, s->o->patch_stride.h),
                     side_of(s->in.w, s->o->patch.w, s->o->patch_stride.w)};
    size_t all = g.rows.count * g.columns.count;
    for (size_t i = 0; i < s->in.h * s->in.w; i++)
        map[i] = 0;
    for (size_t k = 0; k < all; k += s->batch) {
        size_t n = all - k < s->batch ? all - k : s->batch;
        for (size_t i = 0; i < n * s->pixels; i++)
            s->x[i] = x[i % s->pixels];
        for (size_t j = 0; j < n; j++)
            hide(s, &g, k + j, s->x + j * s->pixels);
        int rc = cnn_see_forward(s, s->x, n);
        if (rc)
            return rc;
        for (size_t j = 0; j < n; j++)
            add(s, &g, k + j,
                (float)(s->target.score - cnn_see_target_score(s, s->score + j * s->scores)), map);
    }
    for (size_t i = 0; i < s->in.h; i++)
        for (size_t j = 0; j < s->in.w; j++) {
            size_t n = patches_over(&g.rows, i) * patches_over(&g.columns, j);
            map[i * s->in.w + j] /= n ? (float)n : 1;
        }
    return 0;
}

const struct see_technique cnn_see_occlusion = {
    .title = "Occlusion", .look = SEE_BOTH, .needs = SEE_MANY, .plane = 1, .run = run};
