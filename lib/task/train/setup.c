/* Everything that a training run needs, opened and allocated in the order in which one follows from
 * another: checkpoint, data, net, buffers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/source/dataset_open.h"
#include "file/tensors.h"
#include "task/train/private.h"

/* What there is to go on from: the checkpoint of --resume, the tensors of --init. */
static int open_sources(struct trainer *t)
{
    const struct cnn_train_options *o = t->o;
    int rc = cnn_train_open_checkpoint(t);
    if (!rc && o->init[0])
        rc = cnn_model_open(o->init, &t->init);
    if (!rc && !o->net[0] && !cnn_train_text_source(t))
        rc = t->init
                 ? cnn_fail(CNN_EUSAGE, "%s holds weights without a net: --net is needed", o->init)
                 : cnn_fail(CNN_EUSAGE, "%s is not there yet, and a first run needs --net",
                            o->checkpoint);
    return rc;
}

static int open_train(struct trainer *t)
{
    const struct cnn_model *source = cnn_train_text_source(t);
    int classes = t->o->target == CNN_TRAIN_CLASS;
    struct cnn_dataset_options d = {.unlabelled = !classes,
                                    .strict = t->o->strict,
                                    .stop = t->cb->stop,
                                    .note = t->cb->note,
                                    .context = t->cb->context};
    if (cnn_train_may_stream(t))
        d.stream = classes ? CNN_STREAM_ONCE_LISTED : CNN_STREAM_ONCE;
    if (source && source->classes.count && classes)
        d.classes = &source->classes;
    int rc = cnn_train_list_classes(t);
    if (t->listed.count)
        d.classes = &t->listed;
    d.empty = t->no_data;
    if (!rc)
        rc = t->no_data ? cnn_dataset_open_images(NULL, 0, &d, &t->train)
                        : cnn_dataset_open(t->o->data, &d, &t->train);
    if (rc)
        return rc;
    t->streaming = cnn_dataset_count(t->train) == SIZE_MAX;
    if (!t->no_data && !cnn_dataset_count(t->train))
        return cnn_fail(CNN_EDATA, "%s: no samples", t->o->data);
    if (!classes)
        return 0;
    if (!cnn_dataset_classes(t->train)->count)
        return cnn_fail(
            CNN_EDATA, "%s: no classes%s (--target vector or input trains without)", t->o->data,
            t->streaming ? " in the stream's header; with --shuffle 1 they are collected"
            : !strcmp(cnn_dataset_form(t->train), "manifest")
                ? ": its lines are paths, not path<TAB>class"
                : "");
    return cnn_strings_copy(&t->model.classes, cnn_dataset_classes(t->train));
}

static int open_val(struct trainer *t)
{
    int classes = t->o->target == CNN_TRAIN_CLASS;
    struct cnn_dataset_options d = {.unlabelled = !classes,
                                    .strict = t->o->strict,
                                    .stop = t->cb->stop,
                                    .note = t->cb->note,
                                    .context = t->cb->context};
    if (!t->o->val[0])
        return 0;
    if (classes)
        d.classes = &t->model.classes;
    int rc = cnn_dataset_open(t->o->val, &d, &t->val);
    if (!rc && !cnn_dataset_count(t->val))
        rc = cnn_fail(CNN_EDATA, "%s: no samples", t->o->val);
    return rc ? rc : cnn_train_check_classes(t, t->val, t->o->val);
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static void count_steps(struct trainer *t)
{
    if (t->streaming)
        return;
    uint64_t batches = divide_up(cnn_dataset_count(t->train), (uint64_t)t->o->batch);
    uint64_t per_epoch = divide_up(batches, (uint64_t)t->o->accumulate),
             limit = (uint64_t)t->o->steps;
    t->schedule.steps_per_epoch = per_epoch;
    t->schedule.total_steps = per_epoch * (uint64_t)t->o->epochs;
    if (limit && limit < t->schedule.total_steps)
        t->schedule.total_steps = limit;
}

static int open_net(struct trainer *t)
{
    struct cnn_net_config config = {.batch = (size_t)t->o->batch,
                                    .training = 1,
                                    .freeze = &t->o->freeze,
                                    .recompute = t->o->recompute,
                                    .average = t->o->ema > 0,
                                    .optimizer_slabs = cnn_optimizer_slabs(&t->optimizer)};
    struct cnn_buf note = {0};
    int rc = cnn_compute_net(&t->o->compute, t->graph, &config, &note, &t->backend, &t->net);
    if (note.size)
        cnn_train_note(t, "%s", note.text);
    cnn_buf_free(&note);
    if (rc)
        return rc;
    size_t params, open = 0;
    const struct cnn_net_param *param = cnn_net_params(t->net, &params);
    for (size_t i = 0; i < params; i++)
        open += param[i].trained && !param[i].frozen;
    return open ? 0 : cnn_fail(CNN_EUSAGE, "nothing to train: every parameter is frozen");
}

static int allocate(struct trainer *t)
{
    size_t in = cnn_chw_count(t->graph->input->shape), bound = 200000;
    t->weight = cnn_calloc((size_t)t->o->batch, sizeof *t->weight);
    t->selftest_count = in > bound / 8 ? (in > bound ? 1 : bound / in) : 8;
    t->selftest = cnn_calloc(t->selftest_count * in, sizeof *t->selftest);
    t->s.curve = json_array();
    t->s.changes = json_array();
    if (!t->s.curve || !t->s.changes)
        return cnn_fail(CNN_ESYSTEM, "out of memory");
    if (!t->weight || !t->selftest)
        return CNN_ESYSTEM;
    if (t->val && t->o->keep == CNN_KEEP_BEST &&
        !(t->best = cnn_calloc(cnn_net_snapshot_count(t->net) + 1, sizeof *t->best)))
        return CNN_ESYSTEM;
    return t->val ? cnn_evaluator_new(t->net, t->model.classes.count, 0, &t->evaluator) : 0;
}

/* The options that the rest follows from: those given, else the recipe's. */
static int open_options(struct trainer *t)
{
    int rc = open_sources(t);
    if (!rc)
        rc = cnn_train_open_text(t);
    if (!rc)
        rc = cnn_train_recipe(t);
    return rc ? rc : cnn_train_parse(t);
}

int cnn_train_open(struct trainer *t)
{
    int rc = open_options(t);
    if (!rc)
        rc = open_train(t);
    if (!rc)
        rc = open_val(t);
    if (!rc)
        rc = cnn_train_check_samples(t);
    if (!rc)
        rc = cnn_train_build_graph(t);
    if (!rc)
        rc = cnn_train_check_classes(t, t->train, t->o->data);
    if (!rc)
        rc = t->no_data ? 0 : cnn_train_check_empty_classes(t);
    if (!rc)
        rc = cnn_train_note_overlap(t);
    if (!rc)
        rc = cnn_train_class_weights(t);
    if (rc)
        return rc;
    count_steps(t);
    rc = cnn_train_recipe_for_data(t);
    if (!rc)
        cnn_train_note_schedule(t);
    if (!rc && t->o->epochs)
        rc = cnn_train_check_bn(t);
    if (!rc)
        rc = open_net(t);
    return rc ? rc : allocate(t);
}

/* Hidden layers of zeros pass on nothing, neither forwards nor back; a single layer learns. A layer
 * that says itself how it starts does not heed the option. */
static void note_zeros(const struct trainer *t)
{
    int weights = 0;
    for (int i = 1; i < t->graph->nodes; i++) {
        const struct cnn_layer *l = &t->graph->node[i].layer;
        for (int k = 0; k < l->params; k++)
            weights += l->param[k].init == CNN_INIT_DEFAULT && l->param[k].shape.rank > 1;
    }
    if (weights > 1)
        cnn_train_note(t, "--weights zero: a net with hidden layers that starts so learns nothing");
}

int cnn_train_start_weights(struct trainer *t)
{
    struct cnn_load_options how = {&t->o->allow_new, &t->o->rename};
    struct cnn_buf note = {0};
    int rc = cnn_net_init(t->net, (uint64_t)t->o->seed, t->o->weights);
    if (!rc && t->init)
        rc = cnn_model_load_params(t->init->tensors, t->net, &how, &note);
    if (!rc && note.size)
        cnn_train_note(t, "%s", note.text);
    cnn_buf_free(&note);
    if (!rc && t->init && cnn_model_is_blank(t->init->tensors))
        cnn_train_note(t, "%s: every weight is zero: a net that starts so learns nothing",
                       t->o->init);
    if (!rc && !t->init && t->o->weights == CNN_INIT_ZERO)
        note_zeros(t);
    return !rc && t->o->ema > 0 ? cnn_net_average_start(t->net) : rc;
}

void cnn_train_close(struct trainer *t)
{
    cnn_loader_close(t->loader);
    cnn_loader_close(t->val_loader);
    cnn_image_store_close(t->images);
    cnn_evaluator_free(t->evaluator);
    cnn_net_free(t->net);
    cnn_graph_free(t->graph);
    cnn_backend_close(t->backend);
    cnn_dataset_close(t->train);
    cnn_dataset_close(t->val);
    cnn_divided_free(&t->parts);
    cnn_divided_free(&t->val_parts);
    cnn_model_free(t->from);
    cnn_model_free(t->init);
    cnn_strings_free(&t->model.classes);
    cnn_strings_free(&t->listed);
    free(t->model.net_text);
    free(t->model.history);
    free(t->net_name);
    free(t->net_text);
    cnn_buf_free(&t->recipe);
    cnn_augmenter_free(t->own_augmenter);
    cnn_arena_free(t->arena);
    free(t->origin);
    free(t->weight);
    free(t->class_weight);
    free(t->best);
    free(t->selftest);
    json_decref(t->identity);
    json_decref(t->s.curve);
    json_decref(t->s.changes);
    if (t->log)
        fclose(t->log);
}
