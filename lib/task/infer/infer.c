/* Predictions and evaluation in one pass over the inputs; see infer.h. */
#include <stdlib.h>

#include "task/infer/private.h"
#include "task/made.h"

/* Of native samples each size has a net of its own. */
static int fit(struct infer *in, const struct cnn_batch *b)
{
    int rc = cnn_runner_fit(&in->runner, b->shape);
    if (!rc)
        rc = cnn_infer_check_plane(in);
    if (!rc && in->runner.number != in->fitted) {
        in->fitted = in->runner.number;
        rc = cnn_evaluator_move(in->evaluator, in->runner.net);
        if (!rc && in->predictions)
            rc = cnn_infer_fit_answers(in);
    }
    if (!rc)
        return 0;
    in->fitted = 0;
    in->feed.graph = in->runner.graph;
    return rc;
}

static int take_batch(void *context, size_t input, const struct cnn_batch *b)
{
    struct infer *in = context;
    int tiles = in->o->tile > 0, rc = tiles             ? cnn_infer_tiled(in, b)
                                      : in->runner.fits ? fit(in, b)
                                                        : 0;
    if (rc)
        return cnn_inputs_unfit(&in->inputs, input, b, in->o->skip_bad, in->cb);
    if (!tiles)
        rc = cnn_evaluator_add(in->evaluator, b);
    cnn_data_hash_add(&in->data[input], b);
    if (!rc && in->maps && !tiles)
        rc = cnn_infer_maps_add(in, b);
    return rc || !in->predictions ? rc : cnn_infer_answer(in, input, b);
}

static int run(struct infer *in)
{
    struct cnn_loader_options lo = {
        .batch = in->runner.config.batch,
        .native = in->runner.native,
        .multiple = in->runner.multiple,
        .threads = (int)in->o->compute.threads,
        .on_bad = in->o->skip_bad ? CNN_BAD_SKIP : CNN_BAD_FAIL,
    };
    cnn_feed_ask(&in->feed, &lo);
    lo.input = &in->runner.input;
    return cnn_inputs_visit(&in->inputs, &lo, in->cb, take_batch, in);
}

static int start(struct infer *in, size_t batch)
{
    struct cnn_runner_config config = {.compute = &in->o->compute,
                                       .callbacks = in->cb,
                                       .batch = batch,
                                       .keep = in->feed.node + 1,
                                       .keeps =
                                           in->feed.targets > 1 ? (size_t)in->feed.targets - 1 : 0,
                                       .once = in->inputs.samples <= batch};
    return cnn_runner_start(&in->runner, &config);
}

static int selftest(struct infer *in)
{
    double error = 0;
    char number[32];
    struct cnn_buf text = {0};
    size_t n = in->runner.model->selftest.samples, batch = (size_t)in->o->batch;
    int rc = start(in, n && n < batch ? n : batch);
    if (!rc)
        rc = cnn_model_selftest(in->runner.model, in->runner.net, &error);
    if (rc)
        return rc;
    cnn_format_real(error, 1, number);
    cnn_buf_printf(&text, "samples    %zu\nerror      %s\ntolerance  %g\n", n, number,
                   CNN_INFER_TOLERANCE);
    rc = cnn_infer_text(&in->main, &text);
    cnn_buf_free(&text);
    if (!rc)
        rc = cnn_infer_commit(&in->main);
    if (!rc && !(error <= CNN_INFER_TOLERANCE))
        rc = cnn_fail(CNN_ENEGATIVE, "%s: the self-test failed: error %s, tolerance %g",
                      in->runner.model->path, number, CNN_INFER_TOLERANCE);
    return rc;
}

static int check_apart(const struct infer *in)
{
    const struct cnn_infer_options *o = in->o;
    const struct cnn_apart_run run = {o->model, o->labels, o->input, o->inputs, &in->inputs};
    return cnn_infer_check_apart(in, &run);
}

static int evaluate(struct infer *in)
{
    const struct cnn_infer_options *o = in->o;
    const struct cnn_strings *classes = &in->runner.model->classes;
    int matrix = in->classes && in->classes <= INFER_MATRIX_CLASSES;
    struct cnn_dataset_options d = {.classes = in->classes ? classes : NULL,
                                    .labels = o->labels[0] ? o->labels : NULL,
                                    .stream = CNN_STREAM_ONCE,
                                    .unlabelled = !in->classes,
                                    .empty = !in->eval,
                                    .strict = in->o->strict,
                                    .stop = in->cb->stop,
                                    .note = in->cb->note,
                                    .context = in->cb->context};
    int rc = cnn_inputs_open(&in->inputs, o->input, o->inputs, &d);
    for (size_t i = 0; !rc && i < in->inputs.count; i++)
        rc = cnn_made_check_model(in->runner.model, in->inputs.ds[i]);
    if (!rc && !(in->data = cnn_calloc(in->inputs.count, sizeof *in->data)))
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = check_apart(in);
    if (!rc)
        rc = cnn_infer_check_labels(in);
    if (!rc)
        rc = start(in, cnn_inputs_batch(&in->inputs, (size_t)o->batch));
    if (!rc)
        rc = cnn_evaluator_new(in->runner.net, &in->feed, in->classes, matrix, &in->evaluator);
    if (!rc && in->eval)
        rc = cnn_evaluator_look_at_boundaries(in->evaluator);
    in->pair = in->runner.graph->node[in->runner.graph->output].layer.rows == 1 &&
               cnn_scores_are_pair(in->runner.graph, classes->count);
    in->kind = cnn_scores_kind(in->runner.graph, classes->count);
    in->metrics = rc ? NULL : cnn_evaluator_metrics(in->evaluator);
    in->names = in->palette.count ? &in->palette.names : classes;
    in->classed = cnn_infer_is_of_classes(in);
    if (!rc)
        rc = cnn_infer_open_answers(in);
    if (!rc)
        rc = cnn_infer_check_maps(in);
    if (!rc)
        cnn_infer_note_map(in);
    if (!rc)
        rc = run(in);
    return rc ? rc : cnn_infer_finish(in);
}

static void infer_free(struct infer *in)
{
    cnn_infer_free_answers(in);
    cnn_infer_map_free(&in->map);
    cnn_infer_tiles_free(&in->tiles);
    cnn_palette_free(&in->palette);
    cnn_outfolder_free(in->maps);
    cnn_evaluator_free(in->evaluator);
    cnn_inputs_close(&in->inputs);
    cnn_feed_close(&in->feed);
    cnn_runner_close(&in->runner);
    cnn_outfile_abort(in->main.file);
    cnn_outfile_abort(in->beside.file);
    cnn_outfile_abort(in->picture.file);
    free(in->gate);
    free(in->data);
}

static int with_model(struct infer *in, FILE *out, const char *name)
{
    const struct cnn_infer_options *o = in->o;
    struct cnn_runner_net which = {.size = o->size, .dense = o->dense};
    if (o->tile && o->size.h == CNN_SIZE_AUTO)
        which.size.h = CNN_SIZE_NATIVE;
    int rc = cnn_infer_check_options(in);
    if (!rc)
        rc = check_apart(in);
    if (!rc)
        rc = cnn_runner_open(&in->runner, o->model, &which);
    if (!rc)
        rc = cnn_infer_choose_target(in);
    if (!rc)
        rc = cnn_infer_check_tiles(in);
    if (!rc)
        rc = cnn_infer_open_palette(in);
    if (!rc)
        rc = cnn_infer_open_sinks(in, out, name);
    return rc ? rc : (o->selftest ? selftest : evaluate)(in);
}

int cnn_infer(const struct cnn_infer_options *options, const struct cnn_callbacks *callbacks,
              FILE *out, const char *name)
{
    struct infer in = {.o = options, .cb = callbacks};
    int rc = (options->knn[0] ? cnn_infer_knn : with_model)(&in, out, name);
    infer_free(&in);
    return rc;
}
