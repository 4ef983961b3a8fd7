/* Labels: how many rows the numbers of a field are, and how they become classes, a label image those of the pixels that a
 * net sees. */
#include <math.h>
#include <stdio.h>

#include "data/loader/private.h"

/* What a message calls the field. */
const char *cnn_loader_called(const struct cnn_loader_wish *w, char out[CNN_FIELD_NAME_MAX + 16])
{
    snprintf(out, CNN_FIELD_NAME_MAX + 16, w->named ? "field '%.63s'" : "a target", w->name);
    return out;
}

/* How many rows so many numbers are. */
int cnn_loader_count_rows(const struct cnn_loader_wish *w, size_t count, size_t *rows)
{
    char name[CNN_FIELD_NAME_MAX + 16];
    *rows = count / w->elements;
    if (w->rows > 1 && count % w->elements)
        return cnn_fail(CNN_EDATA, "%s of %zu numbers, no rows of %zu", cnn_loader_called(w, name),
                        count, w->elements);
    if (w->rows == 1 && count != w->elements)
        return cnn_fail(CNN_EDATA, "%s of %zu numbers where %zu are needed",
                        cnn_loader_called(w, name), count, w->elements);
    if (*rows > w->rows)
        return cnn_fail(CNN_EDATA, "%s of %zu rows where %zu are the most",
                        cnn_loader_called(w, name), *rows, w->rows);
    return 0;
}

/* Whether a label is no class: the one that the wish ignores, 255 where there are no more classes, and -1 where
 * there are rows. */
static int is_none(const struct cnn_loader_wish *w, double x)
{
    size_t most = w->w.classes;
    return (w->w.kind == CNN_FIELD_LABELS && most && most <= 255 && x == 255) ||
           (w->w.ignores && x == (double)w->w.ignored) || (w->rows > 1 && x == -1);
}

/* Number i is no class; of a label image its place is told, as it lies after augmentation. */
static int fail_label(const struct cnn_loader_wish *w, const struct cnn_image *v, size_t i,
                      double x)
{
    char name[CNN_FIELD_NAME_MAX + 16], place[64] = "", list[48] = "";
    if (v->h > 1 && v->w > 1 && v->c == 1)
        snprintf(place, sizeof place, " at row %zu, column %zu", i / v->w, i % v->w);
    if (w->w.classes)
        snprintf(list, sizeof list, " of its list, which has %zu", w->w.classes);
    return cnn_fail(CNN_EDATA, "%s has %g%s, which is no class%s", cnn_loader_called(w, name), x,
                    place, list);
}

/* Whole numbers below the classes. */
int cnn_loader_gather_labels(const struct cnn_loader_wish *w, const struct cnn_field *f,
                             const struct cnn_loader_place *to, size_t *rows)
{
    const struct cnn_image *v = &f->values;
    size_t count = v->c * v->h * v->w, most = w->w.classes;
    int rc = cnn_loader_count_rows(w, count, rows);
    for (size_t i = 0; !rc && i < count; i++) {
        double x = (double)v->px[i];
        int none = is_none(w, x);
        if (!none && !(x >= 0 && x < (most ? (double)most : 2147483648.0) && x == floor(x)))
            return fail_label(w, v, i, x);
        to->label[i] = none ? -1 : (int32_t)x;
    }
    return rc;
}

/* A label image that is as large as the sample's, in the view that the net has of that. */
int cnn_loader_gather_label_image(const struct cnn_loader *l, struct cnn_loader_scratch *s,
                                  const struct cnn_loader_wish *w, const struct cnn_field *f,
                                  const struct cnn_loader_place *to, size_t *rows)
{
    size_t h = s->sample.image.h, width = s->sample.image.w;
    struct cnn_view view = cnn_preprocess_view(l->options.input, h, width);
    struct cnn_field seen = {.values = s->preprocess.a};
    char name[CNN_FIELD_NAME_MAX + 16];
    if (w->rows == 1 && s->sample.image.maxval && (f->values.h != h || f->values.w != width) &&
        (l->options.native || f->values.h * f->values.w != w->elements))
        return cnn_fail(CNN_EDATA, "%s is a label image of %zux%zu, its image has %zux%zu",
                        cnn_loader_called(w, name), f->values.h, f->values.w, h, width);
    if (l->options.native || w->rows > 1 || !s->sample.image.maxval || f->values.h != h ||
        f->values.w != width || w->elements != view.h * view.w ||
        cnn_view_is_whole(&view, h, width))
        return cnn_loader_gather_labels(w, f, to, rows);
    int rc = cnn_labels_warp(&seen.values, &f->values, &view, CNN_FILL_BLACK);
    s->preprocess.a = seen.values;
    return rc ? rc : cnn_loader_gather_labels(w, &seen, to, rows);
}
