/* One pass over the inputs, the values of the chosen layers into their sinks; see features.h. */
#include <stdlib.h>
#include <string.h>

#include "task/features/private.h"
#include "task/made.h"

static const struct {
    const char *extension;
    enum cnn_features_format format;
} extensions[] = {
    {".npy", CNN_FEATURES_NPY},           {".tsv", CNN_FEATURES_TSV},
    {".svmlight", CNN_FEATURES_SVMLIGHT}, {".svm", CNN_FEATURES_SVMLIGHT},
    {".libsvm", CNN_FEATURES_SVMLIGHT},   {".tar", CNN_FEATURES_TAR},
};

int cnn_features_choose_format(const struct cnn_features_options *options,
                               enum cnn_features_format *out)
{
    size_t n = strlen(options->output);
    *out = options->format;
    if (*out == CNN_FEATURES_AUTO && !n)
        *out = CNN_FEATURES_TSV;
    for (size_t i = 0; *out == CNN_FEATURES_AUTO && i < sizeof extensions / sizeof *extensions;
         i++) {
        size_t k = strlen(extensions[i].extension);
        if (n > k && !strcmp(options->output + n - k, extensions[i].extension))
            *out = extensions[i].format;
    }
    if (*out == CNN_FEATURES_AUTO)
        return cnn_fail(CNN_EUSAGE,
                        "%s: its extension is none of .npy, .tsv, .svmlight, .tar; --format says "
                        "what it is",
                        options->output);
    return 0;
}

static int check_options(struct features *f)
{
    static const struct features_sink_type *const types[] = {
        [CNN_FEATURES_NPY] = &cnn_features_npy,
        [CNN_FEATURES_TSV] = &cnn_features_tsv,
        [CNN_FEATURES_SVMLIGHT] = &cnn_features_svmlight,
        [CNN_FEATURES_TAR] = &cnn_features_tar,
    };
    enum cnn_features_format format;
    if (!f->o->inputs)
        return cnn_fail(CNN_EUSAGE, "no INPUT ('-' is standard input)");
    if (!f->o->layer.count)
        return cnn_fail(CNN_EUSAGE, "no --layer (cnn-inspect lists them; 'output' is the last)");
    int rc = cnn_features_choose_format(f->o, &format);
    if (!rc && f->o->half && format != CNN_FEATURES_NPY)
        rc = cnn_fail(CNN_EUSAGE, "--float16 has no effect: it needs npy (--format npy)");
    if (!rc && f->o->incremental && (format != CNN_FEATURES_NPY || !f->o->output[0]))
        rc = cnn_fail(CNN_EUSAGE, "--incremental needs npy (--output FILE.npy)");
    if (!rc)
        f->type = types[format];
    return rc;
}

static int run(struct features *f)
{
    struct cnn_loader_options lo = cnn_features_loading(f);
    int rc = cnn_inputs_visit(&f->inputs, &lo, f->cb, cnn_features_take_batch, f);
    if (!rc && !f->type->keeps)
        cnn_features_note_streams(f);
    for (size_t i = 0; !rc && i < f->targets; i++)
        rc = f->type->finish(f->target[i].sink);
    if (!rc)
        rc = cnn_callbacks_ready(f->cb);
    for (size_t i = 0; !rc && i < f->targets; i++)
        rc = f->type->commit(f->target[i].sink);
    return rc;
}

/* One heading serves all rows. */
static int all_have_paths(const struct cnn_inputs *in)
{
    for (size_t k = 0; k < in->count; k++) {
        size_t n = cnn_dataset_count(in->ds[k]), i = 0;
        while (n != SIZE_MAX && i < n && cnn_dataset_record(in->ds[k], i)->path)
            i++;
        if (i < n)
            return 0;
    }
    return 1;
}

static int open_feed(struct features *f)
{
    const struct cnn_feed_config config = {.class = 1};
    int rc = cnn_feed_open(&f->feed, f->runner.graph, &config);
    if (rc)
        return cnn_fail_within("%s", f->o->model);
    for (size_t i = 0; !rc && i < f->inputs.count; i++)
        rc = cnn_feed_check(&f->feed, f->inputs.ds[i]);
    for (size_t i = 0; !rc && i < f->inputs.count; i++)
        rc = cnn_made_check_model(f->runner.model, f->inputs.ds[i]);
    if (!rc)
        cnn_features_look_at_fields(f);
    return rc;
}

static void features_free(struct features *f)
{
    for (size_t i = 0; f->target && i < f->targets; i++) {
        if (f->target[i].sink)
            f->type->close(f->target[i].sink);
        free(f->target[i].sink);
        free(f->target[i].row);
    }
    for (size_t i = 0; f->tap && i < f->taps; i++) {
        free(f->tap[i].values);
        free(f->tap[i].real);
    }
    for (size_t i = 0; f->map && i < f->inputs.count; i++)
        free(f->map[i]);
    free(f->map);
    free(f->target);
    free(f->tap);
    free(f->node);
    free(f->history);
    free(f->made);
    cnn_strings_free(&f->classes);
    cnn_inputs_close(&f->inputs);
    cnn_feed_close(&f->feed);
    cnn_runner_close(&f->runner);
}

/* All in one pass. */
static int dump(struct features *f, FILE *out, const char *name)
{
    struct cnn_runner_config config = {.compute = &f->o->compute, .callbacks = f->cb};
    config.batch = cnn_inputs_batch(&f->inputs, (size_t)f->o->batch);
    config.once = f->inputs.samples <= config.batch;
    config.keep = f->node;
    config.keeps = f->taps;
    int rc = cnn_features_open_targets(f, out, name);
    if (!rc)
        rc = cnn_runner_start(&f->runner, &config);
    return rc ? rc : run(f);
}

int cnn_features(const struct cnn_features_options *options, const struct cnn_callbacks *callbacks,
                 FILE *out, const char *name)
{
    struct features f = {.o = options, .cb = callbacks};
    struct cnn_dataset_options d = {.labels = options->labels[0] ? options->labels : NULL,
                                    .stream = CNN_STREAM_ONCE_LISTED,
                                    .empty = 1,
                                    .strict = options->strict,
                                    .stop = callbacks->stop,
                                    .note = callbacks->note,
                                    .context = callbacks->context};
    const struct cnn_runner_net which = {.size = options->size, .dense = options->dense, .hash = 1};
    int rc = check_options(&f);
    if (!rc)
        rc = cnn_runner_open(&f.runner, options->model, &which);
    if (!rc)
        rc = cnn_features_layers(&options->layer, options->model, f.runner.graph, &f.node, &f.taps);
    if (!rc && options->concat && f.taps == 1)
        rc = cnn_fail(CNN_EUSAGE, "--concat has no effect: it needs several layers");
    if (!rc && options->incremental && f.taps > 1 && !options->concat)
        rc = cnn_fail(CNN_EUSAGE, "--incremental needs one layer, or several with --concat");
    if (!rc)
        rc = cnn_inputs_open(&f.inputs, options->input, options->inputs, &d);
    if (!rc)
        rc = open_feed(&f);
    if (!rc)
        rc = cnn_features_classes(&f.inputs, &f.classes, &f.map);
    f.paths = all_have_paths(&f.inputs);
    if (!rc)
        rc = cnn_features_make_taps(&f, options->incremental
                                            ? (size_t)options->batch
                                            : cnn_inputs_batch(&f.inputs, (size_t)options->batch));
    if (!rc)
        rc = options->incremental ? cnn_features_update(&f) : dump(&f, out, name);
    features_free(&f);
    return rc;
}
