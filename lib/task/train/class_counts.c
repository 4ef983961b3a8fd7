/* How frequent classes are in the training set, before anything is trained: samples as they are listed, and of label
 * images the pixels as the net gets them, which takes a pass over the data. */
#include <stdlib.h>
#include <string.h>

#include "task/train/trainer.h"

static void count_samples(struct train_class_counts *c, size_t classes, const struct train_data *d)
{
    for (size_t i = 0; i < cnn_dataset_count(d->train); i++) {
        int32_t label = cnn_dataset_record(d->train, i)->label;
        if (label < 0 || (size_t)label >= classes)
            continue;
        c->own[label]++;
        c->total++;
    }
    for (size_t k = 0; k < classes; k++)
        c->all[k] = c->total;
}

/* Of one label image, of which one (classes) becomes the counts. */
static void count_image(struct train_class_counts *c, size_t classes, const int32_t *label,
                        size_t n, double *one)
{
    double all = 0;
    memset(one, 0, classes * sizeof *one);
    for (size_t p = 0; p < n; p++)
        if (label[p] >= 0 && (size_t)label[p] < classes) {
            one[label[p]]++;
            all++;
        }
    for (size_t k = 0; k < classes; k++) {
        c->own[k] += one[k];
        c->all[k] += one[k] > 0 ? all : 0;
    }
    c->total += all;
}

/* Samples that cannot be used are told of when they are trained on. */
static int count_pixels(struct train_class_counts *c, size_t classes, const struct train_data *d,
                        const struct train_settings *settings, const struct train_engine *engine)
{
    const struct cnn_graph_target *t = engine->graph->target;
    struct cnn_loader_options o = cnn_train_loader_options(settings, d, engine);
    struct cnn_loader *l = NULL;
    struct cnn_batch b;
    size_t each = t->rows * t->shape.h * t->shape.w;
    double *one = cnn_calloc(classes, sizeof *one);
    int rc = one ? cnn_loader_open(d->train, &o, 0, 0, &l) : CNN_ESYSTEM;
    while (!rc && (rc = cnn_loader_next(l, &b)) > 0) {
        for (size_t i = 0; i < b.n && b.field->label; i++)
            count_image(c, classes, b.field->label + i * each, each, one);
        rc = 0;
    }
    cnn_loader_close(l);
    free(one);
    return rc;
}

int cnn_train_count_classes(struct train_class_counts *out, size_t classes,
                            const struct train_data *d, const struct train_settings *settings,
                            const struct train_engine *engine)
{
    *out = (struct train_class_counts){.own = cnn_calloc(classes, sizeof *out->own),
                                       .all = cnn_calloc(classes, sizeof *out->all)};
    if (!out->own || !out->all)
        return CNN_ESYSTEM;
    if (engine->feed.wish->kind == CNN_FIELD_LABELS)
        return count_pixels(out, classes, d, settings, engine);
    count_samples(out, classes, d);
    return 0;
}

void cnn_train_class_counts_free(struct train_class_counts *c)
{
    free(c->own);
    free(c->all);
    *c = (struct train_class_counts){0};
}
