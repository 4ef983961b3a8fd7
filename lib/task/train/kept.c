/* The outputs of frozen layers, which stay the same: computed once, and every epoch begins at them. What is in
 * front of the net's cut then does not run again, and images are not read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/source/kept.h"
#include "task/train/trainer.h"

static size_t samples(const struct train_data *d)
{
    size_t val = d->val ? cnn_dataset_count(d->val) : 0;
    return cnn_dataset_count(d->train) + val;
}

static struct cnn_chw shape_of(const struct train_engine *e, int node)
{
    return e->graph->node[node].layer.out;
}

/* The node whose outputs are kept; 0: none, and *why says why not, NULL where nothing is frozen or none
 * are wanted. */
static int find_cut(const struct trainer *t, const char **why)
{
    const struct cnn_train_options *o = &t->settings.options;
    int cut = cnn_net_cut(t->engine.net, why);
    int none = !strcmp(o->cache, "none");
    if (none)
        *why = NULL;
    if (!cut || none)
        return 0;
    *why = t->settings.augmenter && cnn_augmenter_active(t->settings.augmenter)
               ? "the samples are augmented"
           : t->data.streaming ? "the samples are read once"
           : o->target != CNN_TRAIN_CLASS || t->engine.feed.wishes > 1
               ? "samples have other targets than a class"
               : NULL;
    return *why ? 0 : cut;
}

uint64_t cnn_train_kept_bytes(const struct trainer *t)
{
    const char *why;
    int cut = find_cut(t, &why);
    return cut && !cnn_train_caches(&t->settings.options)
               ? cnn_kept_bytes(samples(&t->data), shape_of(&t->engine, cut))
               : 0;
}

/* Told once, in the first epoch. */
static void bad_sample(void *context, const char *source, const char *message)
{
    const struct trainer *t = context;
    if (t->state.epoch == 0 && t->report.cb->bad)
        t->report.cb->bad(t->report.cb->context, source, message);
}

static int put_batch(struct trainer *t, const struct cnn_batch *b, int cut, float *values,
                     struct cnn_dataset *out)
{
    size_t each = cnn_chw_count(shape_of(&t->engine, cut));
    struct cnn_batch_view v = cnn_feed_view(&t->engine.feed, b, b->weight);
    v.target = NULL;
    int rc = cnn_net_forward(t->engine.net, &v, 0, 0, 0);
    if (!rc)
        rc = cnn_net_value(t->engine.net, cut, values);
    for (size_t i = 0; !rc && i < b->n; i++)
        cnn_kept_put(out, b->index[i], b->hash[i], values + i * each);
    return rc;
}

/* All of a dataset, as at inference: of layers that are frozen that is the same. */
static int put_all(struct trainer *t, struct cnn_dataset *of, int cut, float *values,
                   struct cnn_dataset *out)
{
    struct cnn_loader_options l = cnn_train_loader_options(&t->settings, &t->data, &t->engine);
    struct cnn_loader *loader;
    struct cnn_batch b;
    l.bad = bad_sample;
    l.context = t;
    int rc = cnn_loader_open(of, &l, 0, 0, &loader);
    while (!rc && (rc = cnn_loader_next(loader, &b)) > 0) {
        rc = put_batch(t, &b, cut, values, out);
        if (!rc && train_stopped(&t->report))
            rc = cnn_fail(CNN_EINTERRUPTED,
                          "interrupted while outputs of frozen layers were computed: nothing is "
                          "lost");
    }
    cnn_loader_close(loader);
    return rc;
}

static int keep_all(struct trainer *t, int cut)
{
    struct train_data *d = &t->data;
    struct train_engine *e = &t->engine;
    const struct cnn_kept_place *place = d->cache.map ? d->cache.place : NULL;
    struct cnn_chw shape = shape_of(e, cut);
    float *values =
        cnn_calloc((size_t)t->settings.options.batch, cnn_chw_count(shape) * sizeof *values);
    int rc = values ? cnn_kept_new(d->train, shape, place, &d->kept) : CNN_ESYSTEM;
    if (!rc && d->val)
        rc = cnn_kept_new(d->val, shape, place ? place + 1 : NULL, &d->kept_val);
    if (!rc && !d->cache.found)
        rc = put_all(t, d->train, cut, values, d->kept);
    if (!rc && d->val && !d->cache.found)
        rc = put_all(t, d->val, cut, values, d->kept_val);
    if (!rc && d->cache.map && !d->cache.found)
        rc = cnn_train_cache_commit(&d->cache);
    free(values);
    e->kept = (struct cnn_input){.shape = shape, .scale = 1};
    e->feed.from_cut = !rc;
    return rc;
}

static void note_kept(struct trainer *t, int cut, const char *size, double seconds)
{
    const struct train_cache *c = &t->data.cache;
    char shape[72];
    cnn_chw_format(shape_of(&t->engine, cut), shape);
    cnn_train_note(&t->report, "the outputs of '%s' (%s) are %s%s: %zu samples, %s, %.1f s",
                   t->engine.graph->node[cut].layer.name, shape,
                   c->found ? "those of "
                   : c->map ? "computed once and kept in "
                            : "computed once and kept",
                   c->map ? c->path : "", samples(&t->data), size, seconds);
}

int cnn_train_keep_outputs(struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    const char *why;
    char size[32];
    int cut = find_cut(t, &why), rc = 0;
    if (why)
        cnn_train_note(&t->report, "outputs of frozen layers are not kept: %s", why);
    if (!cut)
        return 0;
    size_t bytes = cnn_kept_bytes(samples(&t->data), shape_of(&t->engine, cut));
    double begun = cnn_seconds();
    cnn_format_bytes(bytes, size);
    if (cnn_train_caches(o)) {
        rc = cnn_train_cache_open(&t->data.cache, o, &t->data, &t->engine, cut);
    } else if (bytes > cnn_memory_available() / 2) {
        cnn_train_note(&t->report, "outputs of frozen layers are not kept: they would take %s",
                       size);
        return 0;
    }
    if (!rc)
        rc = keep_all(t, cut);
    if (!rc)
        note_kept(t, cut, size, cnn_seconds() - begun);
    return rc;
}
