/* --unfreeze: from some epoch on more of the net is trained. Another net takes the place of the one that was, with all that
 * training has made so far; what follows from the net is made anew: loaders, outputs that are kept, what validates. */
#include <stdlib.h>
#include <string.h>

#include "task/train/trainer.h"

/* "3:PATTERN": the epoch, counted from 1, and the pattern behind it. */
static int read_unfreeze(const char *text, int64_t *epoch, const char **pattern)
{
    const char *colon = strchr(text, ':');
    char *number = colon ? cnn_strndup(text, (size_t)(colon - text)) : NULL;
    if (colon && !number)
        return CNN_ESYSTEM;
    int rc = number && colon[1] ? cnn_parse_int(number, 2, INT32_MAX, epoch) : CNN_EUSAGE;
    free(number);
    *pattern = colon ? colon + 1 : NULL;
    return rc ? cnn_fail(CNN_EUSAGE, "--unfreeze '%s' is not N:PATTERN, N an epoch from 2 on", text)
              : 0;
}

/* The patterns of --unfreeze that are due in an epoch, which counts from 0. */
static int list_thawed(const struct cnn_train_options *o, uint64_t epoch, struct cnn_strings *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < o->unfreeze.count; i++) {
        const char *pattern;
        int64_t from;
        rc = read_unfreeze(o->unfreeze.item[i], &from, &pattern);
        if (!rc && (uint64_t)from <= epoch + 1)
            rc = cnn_strings_add(out, pattern);
    }
    return rc;
}

/* Whether all that is to be trained some time is there, and frozen. */
int cnn_train_check_unfreeze(const struct train_engine *e, const struct train_settings *settings,
                             const struct train_data *data)
{
    const struct cnn_train_options *o = &settings->options;
    struct cnn_strings all = {0};
    struct cnn_net *net = NULL;
    struct cnn_buf note = {0};
    struct cnn_net_config config;
    int rc = list_thawed(o, UINT64_MAX - 1, &all);
    if (!rc)
        rc = cnn_train_net_config(e, settings, data, &config);
    config.thaw = &all;
    if (!rc && all.count)
        rc = cnn_compute_another(&o->compute, e->backend, e->graph, &config, &note, &net);
    cnn_net_free(net);
    cnn_buf_free(&note);
    cnn_strings_free(&all);
    return rc;
}

/* Parameters and statistics as they are now, or where they have changed places with their averages those. */
static int copy_params(struct cnn_net *from, struct cnn_net *to)
{
    size_t count;
    const struct cnn_net_param *p = cnn_net_params(from, &count), *q = cnn_net_params(to, &count);
    for (size_t i = 0; i < count; i++) {
        float *values = cnn_calloc(cnn_shape_count(&p[i].shape), sizeof *values);
        if (!values)
            return CNN_ESYSTEM;
        cnn_net_param_get(from, &p[i], values);
        cnn_net_param_set(to, &q[i], values);
        free(values);
    }
    return 0;
}

/* All that training has made; 0 + 1 (x - 0) is x. */
static int move_net(struct train_engine *e, int slabs, int averages, struct cnn_net *to)
{
    struct cnn_backend *b = e->backend;
    size_t count;
    int rc = averages ? cnn_net_average_swap(e->net) : 0;
    if (!rc && averages)
        rc = copy_params(e->net, to);
    if (!rc && averages)
        rc = cnn_net_average_swap(e->net);
    if (!rc && averages)
        rc = cnn_net_average_swap(to);
    if (!rc)
        rc = copy_params(e->net, to);
    (void)cnn_net_slab_values(to, &count);
    for (int i = 0; !rc && i < slabs; i++) {
        b->kernels->fill(&b->queue, 0, count, cnn_net_slab_state(to, i));
        b->kernels->average(&b->queue, 1, count, cnn_net_slab_state(e->net, i),
                            cnn_net_slab_state(to, i));
    }
    return rc ? rc : b->ops->sync(b);
}

static int thaw(struct train_engine *e, const struct train_settings *settings,
                const struct train_data *data, uint64_t epoch)
{
    const struct cnn_train_options *o = &settings->options;
    struct cnn_net_config config;
    struct cnn_strings due = {0};
    struct cnn_buf note = {0};
    struct cnn_net *net = NULL;
    int rc = list_thawed(o, epoch, &due), other = due.count != e->thawed;
    if (!rc && other)
        rc = cnn_train_net_config(e, settings, data, &config);
    config.thaw = &due;
    if (!rc && other)
        rc = cnn_compute_another(&o->compute, e->backend, e->graph, &config, &note, &net);
    if (!rc && other)
        rc = move_net(e, config.optimizer_slabs, config.average, net);
    if (!rc && other) {
        cnn_evaluator_free(e->evaluator);
        cnn_net_free(e->net);
        e->evaluator = NULL;
        e->net = net;
        e->thawed = due.count;
        net = NULL;
    }
    if (!rc && other && data->val)
        rc = cnn_evaluator_new(e->net, &e->feed, data->classes.count, 0, &e->evaluator);
    cnn_net_free(net);
    cnn_buf_free(&note);
    cnn_strings_free(&due);
    return rc ? rc : other;
}

/* What holds the net or its kept outputs. */
static void close_around(struct train_data *d)
{
    cnn_loader_close(d->loader);
    cnn_loader_close(d->val_loader);
    d->loader = d->val_loader = NULL;
    cnn_image_store_close(d->images);
    d->images = NULL;
    cnn_dataset_close(d->kept);
    cnn_dataset_close(d->kept_val);
    d->kept = d->kept_val = NULL;
    cnn_train_cache_close(&d->cache);
}

int cnn_train_prepare(struct trainer *t)
{
    int rc = cnn_train_keep_outputs(t);
    if (!rc)
        rc = cnn_train_open_images(&t->data, &t->settings, &t->engine);
    return rc ? rc : cnn_train_open_val_loader(t);
}

int cnn_train_thaw(struct trainer *t)
{
    const struct cnn_strings *all = &t->settings.options.unfreeze;
    struct train_engine *e = &t->engine;
    int rc = all->count ? thaw(e, &t->settings, &t->data, t->state.epoch) : 0;
    if (rc <= 0)
        return rc;
    close_around(&t->data);
    e->feed.from_cut = 0;
    cnn_train_note(&t->report, "epoch %llu: %zu of %zu patterns of --unfreeze are trained",
                   (unsigned long long)t->state.epoch + 1, e->thawed, all->count);
    return 1;
}
