/* A batch of samples: what the net makes of it at the chosen layers, to the sinks; see private.h. */
#include "task/features/private.h"

/* Of native samples each size has a net of its own. */
static int fit(struct features *f, const struct cnn_batch *b)
{
    int rc = cnn_runner_fit(&f->runner, b->shape);
    f->feed.graph = f->runner.graph;
    return rc ? rc : cnn_features_fit_taps(f, cnn_net_plan(f->runner.net)->batch);
}

static int run_batch(struct features *f, const struct cnn_batch *b)
{
    struct cnn_batch_view v = cnn_feed_view(&f->feed, b, NULL);
    int rc = cnn_net_forward(f->runner.net, &v, 0, 0, 0);
    for (size_t k = 0; !rc && k < f->taps; k++) {
        rc = cnn_net_value(f->runner.net, f->tap[k].node, f->tap[k].values);
        if (!rc)
            rc = cnn_net_rows(f->runner.net, f->tap[k].node, f->tap[k].real);
        cnn_features_take(f, &f->tap[k], b);
    }
    return rc;
}

int cnn_features_take_batch(void *context, size_t input, const struct cnn_batch *b)
{
    struct features *f = context;
    int rc = f->runner.fits ? fit(f, b) : 0;
    if (rc)
        return cnn_inputs_unfit(&f->inputs, input, b, f->o->skip_bad, f->cb);
    rc = run_batch(f, b);
    for (size_t i = 0; !rc && i < b->n; i++) {
        int32_t own = b->field->label[i];
        int known = own >= 0 && (size_t)own < cnn_dataset_classes(f->inputs.ds[input])->count;
        struct features_row row = {
            .key = b->key[i], .weight = b->weight[i], .fields = b->kept ? &b->kept[i] : NULL};
        row.path = cnn_inputs_path(&f->inputs, input, b->index[i]);
        row.label = known ? f->map[input][own] : -1;
        for (size_t t = 0; !rc && t < f->targets; t++) {
            const struct features_target *to = &f->target[t];
            const struct features_tap *tap = &f->tap[to->first_tap];
            rc = cnn_features_check_shapes(f, to, b, i);
            if (rc)
                return rc;
            row.values = cnn_features_row_of(f, to, i);
            row.shape = to->taps > 1 ? to->shape : cnn_features_shape(tap, b, i);
            row.rows = (size_t)tap->real[i];
            rc = f->type->add(to->sink, &row);
        }
    }
    return rc;
}

struct cnn_loader_options cnn_features_loading(const struct features *f)
{
    struct cnn_loader_options lo = {
        .batch = f->runner.config.batch,
        .native = f->runner.native,
        .multiple = f->runner.multiple,
        .threads = (int)f->o->compute.threads,
        .on_bad = f->o->skip_bad ? CNN_BAD_SKIP : CNN_BAD_FAIL,
        .fields = f->type->keeps,
    };
    cnn_feed_ask(&f->feed, &lo);
    lo.input = &f->runner.input;
    return lo;
}
