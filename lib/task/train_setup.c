/* Everything that a training run needs, opened and allocated in the order in which one follows from
 * another: checkpoint, data, net, buffers. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/safetensors.h"
#include "task/scores.h"
#include "task/train_private.h"

void train_note(const struct trainer *t, const char *format, ...)
{
    char text[1024];
    va_list ap;
    if (!t->cb->note)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    t->cb->note(t->cb->context, text);
}

/* What there is to go on from: the checkpoint of --resume, the tensors of --init. */
static int open_sources(struct trainer *t)
{
    const struct cnn_train_options *o = t->o;
    int rc = train_open_checkpoint(t);
    if (!rc && o->init[0])
        rc = cnn_safetensors_open(o->init, &t->init);
    if (!rc && t->init && cnn_safetensors_meta(t->init, "cnn.net"))
        rc = cnn_model_open(o->init, &t->init_model);
    if (!rc && !o->net[0] && !t->from && !t->init_model)
        rc = t->init
                 ? cnn_fail(CNN_EUSAGE, "%s holds weights without a net: --net is needed", o->init)
                 : cnn_fail(CNN_EUSAGE, "%s is not there yet, and a first run needs --net",
                            o->checkpoint);
    return rc;
}

/* The model that the net's text and classes come from when --net does not say; NULL: --net does. */
static const struct cnn_model *text_source(const struct trainer *t)
{
    return t->o->net[0] ? NULL : t->from ? t->from : t->init_model;
}

/* A stream may be read once, as it comes, where nothing needs to be known or seen twice. */
static int may_stream(const struct trainer *t)
{
    const struct cnn_train_options *o = t->o;
    return o->epochs == 1 && !o->shuffle && !o->overfit && !o->plan && !o->checkpoint[0] &&
           o->schedule == CNN_CONSTANT && !(o->warmup > 0) &&
           strcmp(o->class_weights, "balanced") &&
           (o->val[0] || !t->augmenter || !cnn_augmenter_active(t->augmenter));
}

static int open_train(struct trainer *t)
{
    const struct cnn_model *source = text_source(t);
    int classes = t->o->target == TARGET_CLASS;
    struct cnn_dataset_options d = {
        .unlabelled = !classes, .strict = t->o->strict, .stop = t->cb->stop};
    if (may_stream(t))
        d.stream = classes ? CNN_STREAM_ONCE_LISTED : CNN_STREAM_ONCE;
    if (source && source->classes.count && classes)
        d.classes = &source->classes;
    int rc = cnn_dataset_open(t->o->data, &d, &t->train);
    if (rc)
        return rc;
    t->streaming = cnn_dataset_count(t->train) == SIZE_MAX;
    if (!cnn_dataset_count(t->train))
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

/* How many of the samples of a dataset that is no stream have a class. */
static size_t count_classed(const struct cnn_dataset *ds)
{
    size_t classed = 0;
    for (size_t i = 0; i < cnn_dataset_count(ds); i++)
        classed += cnn_dataset_record(ds, i)->label >= 0;
    return classed;
}

/* Targets are classes: what has none among others is a bad sample, and all without are no data. */
static int check_classes(const struct trainer *t, const struct cnn_dataset *ds, const char *path)
{
    size_t count = cnn_dataset_count(ds), classed;
    if (t->o->target != TARGET_CLASS || count == SIZE_MAX || (classed = count_classed(ds)) == count)
        return 0;
    if (!classed)
        return cnn_fail(CNN_EDATA, "%s: no sample has a class", path);
    if (!t->skip_bad)
        return cnn_fail(CNN_EDATA,
                        "%s: %zu of %zu samples have no class (--on-bad skip leaves them out)",
                        path, count - classed, count);
    train_note(t, "%s: %zu of %zu samples have no class and are left out", path, count - classed,
               count);
    return 0;
}

static int open_val(struct trainer *t)
{
    int classes = t->o->target == TARGET_CLASS;
    struct cnn_dataset_options d = {
        .unlabelled = !classes, .strict = t->o->strict, .stop = t->cb->stop};
    if (!t->o->val[0])
        return 0;
    if (classes)
        d.classes = &t->model.classes;
    int rc = cnn_dataset_open(t->o->val, &d, &t->val);
    if (!rc && !cnn_dataset_count(t->val))
        rc = cnn_fail(CNN_EDATA, "%s: no samples", t->o->val);
    return rc ? rc : check_classes(t, t->val, t->o->val);
}

/* The names of classes without a training sample: no error, but rarely meant. */
static int note_empty_classes(const struct trainer *t)
{
    size_t classes = t->model.classes.count, empty = 0;
    unsigned char *seen = t->streaming || !classes ? NULL : cnn_calloc(classes, 1);
    if (t->streaming || !classes)
        return 0;
    if (!seen)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < cnn_dataset_count(t->train); i++) {
        int32_t label = cnn_dataset_record(t->train, i)->label;
        if (label >= 0 && (size_t)label < classes)
            seen[label] = 1;
    }
    struct cnn_buf names = {0};
    for (size_t c = 0; c < classes; c++) {
        if (!seen[c] && empty++ < 10)
            cnn_buf_printf(&names, "%s%s", empty > 1 ? ", " : "", t->model.classes.item[c]);
    }
    if (empty && !names.failed)
        train_note(t, "%zu of %zu classes have no training samples: %s%s", empty, classes,
                   names.text, empty > 10 ? ", ..." : "");
    cnn_buf_free(&names);
    free(seen);
    return 0;
}

/* Cross-entropy over one number is 0 whatever the net gives: that would be no training. */
static int check_loss(const struct trainer *t)
{
    const struct cnn_graph *g = t->graph;
    const char *loss = g->node[g->first_loss].layer.type->name;
    const struct cnn_strings *classes = &t->model.classes;
    if (strcmp(loss, "xent") || g->node[g->logits].layer.out.c != 1)
        return 0;
    if (t->o->target == TARGET_CLASS && classes->count == 1)
        return cnn_fail(CNN_EDATA, "%s: a single class, '%s': there is nothing to tell apart",
                        t->o->data, classes->item[0]);
    return cnn_fail(CNN_EDATA,
                    "%s: xent over a single output is always 0: --loss bce or --loss mse learns",
                    t->net_name);
}

static int check_outputs(const struct trainer *t)
{
    const struct cnn_graph *g = t->graph;
    struct cnn_chw out = g->node[g->logits].layer.out;
    size_t classes = t->model.classes.count;
    char shape[72];
    cnn_chw_format(out, shape);
    if (t->o->target == TARGET_CLASS && out.h * out.w != 1)
        return cnn_fail(CNN_EDATA, "%s: the net gives %s for each sample; classes need a vector",
                        t->net_name, shape);
    if (t->o->target == TARGET_CLASS && out.c != classes && !cnn_scores_are_pair(g, classes))
        return cnn_fail(CNN_EDATA, "%s: the net gives %zu outputs, %s has %zu classes", t->net_name,
                        out.c, t->o->data, classes);
    if (t->o->target == TARGET_INPUT && cnn_chw_count(out) != cnn_chw_count(g->input.shape)) {
        char in[72];
        cnn_chw_format(g->input.shape, in);
        return cnn_fail(CNN_EDATA,
                        "%s: the net gives %s for an input of %s; --target input needs "
                        "as many numbers",
                        t->net_name, shape, in);
    }
    return 0;
}

static int build_graph(struct trainer *t)
{
    const struct cnn_model *source = text_source(t);
    char *text = NULL;
    int rc = 0;
    if (!source)
        rc = cnn_net_text(t->o->net, &text, &t->net_name);
    else if (!(text = cnn_strdup(source->net_text)) || !(t->net_name = cnn_strdup(source->path)))
        rc = CNN_ESYSTEM;
    struct cnn_graph_config config = {.name = t->net_name,
                                      .classes = t->model.classes.count,
                                      .numbers = t->o->target != TARGET_CLASS,
                                      .loss = t->o->loss[0] ? t->o->loss : NULL,
                                      .with_loss = 1};
    if (!rc)
        rc = train_input_shape(t, text, &config);
    if (!rc)
        rc = cnn_graph_build(text, &config, &t->graph);
    free(text);
    if (!rc)
        rc = check_outputs(t);
    if (!rc)
        rc = check_loss(t);
    if (!rc && !strncmp(t->net_name, "zoo/", 4) && !(t->zoo = cnn_strdup(t->net_name)))
        rc = CNN_ESYSTEM;
    if (rc)
        return rc;
    t->outputs = cnn_chw_count(t->graph->node[t->graph->logits].layer.out);
    t->model.net_text = cnn_strdup(t->graph->print);
    return t->model.net_text ? 0 : CNN_ESYSTEM;
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

/* The first batch normalisation that sees one number of each channel for a sample; NULL: none. */
static const char *lonely_bn(const struct cnn_graph *g)
{
    for (int i = 1; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        if (!strcmp(l->type->name, "bn") && l->out.h * l->out.w == 1)
            return l->name;
    }
    return NULL;
}

/* A single value is its own mean: normalised it is 0 whatever it was. */
static int check_bn(const struct trainer *t)
{
    const char *bn = lonely_bn(t->graph);
    if (!bn)
        return 0;
    if (t->o->batch == 1)
        return cnn_fail(CNN_EUSAGE,
                        "--batch 1: '%s' (batch normalisation) would see one value of each channel "
                        "and learn nothing: two samples at a time are needed",
                        bn);
    if (!t->streaming && cnn_dataset_count(t->train) % (size_t)t->o->batch == 1)
        train_note(t,
                   "the last batch of an epoch is one sample, of which '%s' (batch normalisation) "
                   "learns nothing: another --batch avoids it",
                   bn);
    return 0;
}

static int open_net(struct trainer *t)
{
    struct cnn_net_config config = {.batch = (size_t)t->o->batch,
                                    .training = 1,
                                    .freeze = &t->o->freeze,
                                    .recompute = t->o->recompute,
                                    .optimizer_slabs = cnn_optimizer_slabs(&t->optimizer)};
    struct cnn_buf note = {0};
    int rc = cnn_compute_net(&t->o->compute, t->graph, &config, &note, &t->backend, &t->net);
    if (note.size)
        train_note(t, "%s", note.text);
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
    size_t in = cnn_chw_count(t->graph->input.shape), bound = 200000;
    t->weight = cnn_calloc((size_t)t->o->batch, sizeof *t->weight);
    t->selftest_count = in > bound / 8 ? (in > bound ? 1 : bound / in) : 8;
    t->selftest = cnn_calloc(t->selftest_count * in, sizeof *t->selftest);
    t->s.curve = json_array();
    t->s.changes = json_array();
    if (!t->weight || !t->selftest || !t->s.curve || !t->s.changes)
        return CNN_ESYSTEM;
    if (t->val && t->o->keep == KEEP_BEST &&
        !(t->best = cnn_calloc(cnn_net_snapshot_count(t->net) + 1, sizeof *t->best)))
        return CNN_ESYSTEM;
    return t->val ? cnn_evaluator_new(t->net, t->model.classes.count, 0, &t->evaluator) : 0;
}

struct cnn_loader_options train_loader_options(const struct trainer *t)
{
    static const enum cnn_target_kind kinds[] = {CNN_TARGET_CLASS, CNN_TARGET_VECTOR,
                                                 CNN_TARGET_INPUT};
    return (struct cnn_loader_options){
        .input = &t->graph->input,
        .target = kinds[t->o->target],
        .needs_class = 1,
        .outputs = t->outputs,
        .batch = (size_t)t->o->batch,
        .seed = (uint64_t)t->o->seed,
        .threads = (int)t->o->compute.threads,
        .store = t->images,
        .on_bad = t->skip_bad ? CNN_BAD_SKIP : CNN_BAD_FAIL,
    };
}

int train_open_images(struct trainer *t)
{
    const struct cnn_input *in = &t->graph->input;
    size_t train = cnn_dataset_count(t->train);
    size_t val = t->val ? cnn_dataset_count(t->val) : 0, each = cnn_chw_count(in->shape);
    if (!t->backend->queue.cuda || t->o->target != TARGET_CLASS || t->streaming)
        return 0;
    struct cnn_image_rule rule = cnn_preprocess_rule(in, cnn_augmenter_fill(t->augmenter));
    size_t stay = val + (cnn_augmenter_is_geometric(t->augmenter) ? train : 0);
    return cnn_image_store_open(t->backend, &rule, train + val, (size_t)t->o->batch,
                                each * sizeof(float), stay, &t->images);
}

int train_open(struct trainer *t)
{
    int rc = open_sources(t);
    if (!rc)
        rc = open_train(t);
    if (!rc)
        rc = open_val(t);
    if (!rc)
        rc = build_graph(t);
    if (!rc)
        rc = check_classes(t, t->train, t->o->data);
    if (!rc)
        rc = note_empty_classes(t);
    if (!rc)
        rc = train_class_weights(t);
    if (rc)
        return rc;
    count_steps(t);
    if (t->o->epochs)
        rc = check_bn(t);
    if (!rc)
        rc = open_net(t);
    return rc ? rc : allocate(t);
}

int train_start_weights(struct trainer *t)
{
    struct cnn_load_options how = {&t->o->allow_new, &t->o->rename};
    struct cnn_buf note = {0};
    int rc = cnn_net_init(t->net, (uint64_t)t->o->seed, (enum cnn_init)t->o->weights);
    if (!rc && t->init)
        rc = cnn_model_load_params(t->init, t->o->init, t->net, &how, &note);
    if (!rc && note.size)
        train_note(t, "%s", note.text);
    cnn_buf_free(&note);
    if (!rc && t->init && cnn_model_is_blank(t->init))
        train_note(t, "%s: every weight is zero: a net that starts so learns nothing", t->o->init);
    return rc;
}

void train_close(struct trainer *t)
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
    cnn_model_free(t->init_model);
    cnn_safetensors_close(t->init);
    cnn_strings_free(&t->model.classes);
    free(t->model.net_text);
    free(t->model.history);
    free(t->net_name);
    free(t->zoo);
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
