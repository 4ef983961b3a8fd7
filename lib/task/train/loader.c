/* What loaders of a run are opened with, and where a device keeps the images. */
#include "task/train/trainer.h"

struct cnn_loader_options cnn_train_loader_options(const struct train_settings *settings,
                                                   const struct train_data *data,
                                                   const struct train_engine *engine)
{
    const struct cnn_train_options *o = &settings->options;
    struct cnn_loader_options out = {
        .batch = (size_t)o->batch,
        .seed = (uint64_t)o->seed,
        .threads = (int)o->compute.threads,
        .store = data->images,
        .on_bad = settings->skip_bad ? CNN_BAD_SKIP : CNN_BAD_FAIL,
    };
    cnn_feed_ask(&engine->feed, &out);
    if (engine->feed.from_cut) {
        out.input = &engine->kept;
        out.input_name = NULL;
    }
    return out;
}

int cnn_train_open_images(struct train_data *data, const struct train_settings *settings,
                          const struct train_engine *engine)
{
    const struct cnn_train_options *o = &settings->options;
    const struct cnn_input *in = engine->graph->input;
    size_t train = cnn_dataset_count(data->train);
    size_t val = data->val ? cnn_dataset_count(data->val) : 0, each = cnn_chw_count(in->shape);
    int mixes = cnn_augmenter_next_mixing(settings->augmenter, NULL) != NULL; /* on the host */
    if (!engine->backend->is_gpu || data->kept || data->no_data || (mixes && !val) ||
        o->target != CNN_TRAIN_CLASS || engine->feed.wishes > 1 || data->streaming ||
        cnn_input_rows(in) > 1)
        return 0;
    struct cnn_image_rule rule = cnn_preprocess_rule(in, cnn_augmenter_fill(settings->augmenter));
    size_t stay = val + (cnn_augmenter_is_affine(settings->augmenter) && !mixes ? train : 0);
    return cnn_image_store_open(engine->backend, &rule, train + val, (size_t)o->batch,
                                each * sizeof(float), stay, &data->images);
}

/* Told once, in the first epoch. */
static void bad_sample(void *context, const char *source, const char *message)
{
    struct trainer *t = context;
    if (t->state.epoch == 0 && t->report.cb->bad)
        t->report.cb->bad(t->report.cb->context, source, message);
}

int cnn_train_open_loader(struct trainer *t)
{
    struct cnn_loader_options l = cnn_train_loader_options(&t->settings, &t->data, &t->engine);
    l.augmenter = t->settings.augmenter;
    l.shuffle = (int)t->settings.options.shuffle;
    l.whole = t->engine.whole[0] ? t->engine.whole : NULL;
    l.bad = t->data.kept && !t->data.cache.found ? NULL : bad_sample;
    l.context = t;
    return cnn_loader_open(t->data.kept ? t->data.kept : t->data.train, &l, t->state.epoch,
                           (size_t)t->state.position, &t->data.loader);
}

int cnn_train_open_val_loader(struct trainer *t)
{
    struct train_data *d = &t->data;
    if (!d->val)
        return 0;
    struct cnn_loader_options l = cnn_train_loader_options(&t->settings, d, &t->engine);
    l.store_first = l.store ? cnn_dataset_count(d->train) : 0;
    l.bad = d->kept_val && !d->cache.found ? NULL : bad_sample;
    l.context = t;
    return cnn_loader_open(d->kept_val ? d->kept_val : d->val, &l, 0, 0, &d->val_loader);
}
