/* What runs: the graph that the net's text comes to, the net on its device, the weights that it
 * starts with. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/syntax.h"
#include "task/runner.h"
#include "task/train/engine.h"

static int open_feed(struct train_engine *e, const char *name, enum cnn_train_target target)
{
    static const enum cnn_field_kind kinds[] = {[CNN_TRAIN_CLASS] = CNN_FIELD_CLASS,
                                                [CNN_TRAIN_VECTOR] = CNN_FIELD_NUMBERS,
                                                [CNN_TRAIN_INPUT] = CNN_FIELD_INPUT};
    const struct cnn_feed_config config = {.targets = 1, .main = kinds[target], .required = 1};
    int rc = cnn_feed_open(&e->feed, e->graph, &config);
    if (rc)
        return cnn_fail_within("%s", name);
    if (target == CNN_TRAIN_CLASS && !cnn_feed_is_class(&e->feed))
        return cnn_fail(CNN_EDATA,
                        "%s: the first loss has the target '%s', no class: --target vector trains "
                        "without classes",
                        name, cnn_feed_name(&e->feed, 0));
    return 0;
}

static int check_monitor(const struct cnn_train_options *o, const struct cnn_wish *target)
{
    int pixels =
        target->kind == CNN_FIELD_LABELS && target->rows <= 1 && cnn_chw_count(target->shape) > 1;
    return o->monitor == CNN_MONITOR_IOU && !pixels
               ? cnn_fail(CNN_EUSAGE, "--monitor val_miou needs label images as the target")
               : 0;
}

/* The line of a layer, without its label. */
static void print_layer(const struct cnn_graph *g, const char *name, struct cnn_buf *out)
{
    cnn_node_print(&g->node[cnn_graph_find(g, name)], out);
}

/* "the head is new: fc, dense 2 in the place of dense 1000" */
static int note_heads(const struct train_engine *e, const struct cnn_graph *old,
                      const struct train_report *report)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < e->heads.count; i++) {
        struct cnn_buf now = {0}, then = {0};
        print_layer(e->graph, e->heads.item[i], &now);
        print_layer(old, e->heads.item[i], &then);
        rc = now.failed || then.failed ? CNN_ESYSTEM : 0;
        if (!rc)
            cnn_train_note(report, "the head is new: %s, %s%s%s", e->heads.item[i], now.text,
                           strcmp(now.text, then.text) ? " in the place of " : "",
                           strcmp(now.text, then.text) ? then.text : "");
        cnn_buf_free(&now);
        cnn_buf_free(&then);
    }
    return rc;
}

/* The graph once more, its heads with as many outputs as there are classes. */
static int build_heads(struct train_engine *e, struct cnn_graph_config *config,
                       const struct train_start *start, const struct train_report *report)
{
    struct cnn_graph *old = e->graph;
    if (!config->classes)
        return cnn_fail(CNN_EUSAGE,
                        "--head: how many classes there are is not known: they are not the target, "
                        "and --classes N does not say");
    int rc = cnn_graph_heads(old, &e->heads);
    if (rc)
        return cnn_fail_within("%s", config->name);
    config->heads = &e->heads;
    rc = cnn_graph_build(start->net_text, config, &e->graph);
    if (rc)
        e->graph = NULL;
    if (!rc && !start->from)
        rc = note_heads(e, old, report);
    cnn_graph_free(old);
    return rc;
}

int cnn_train_build_graph(struct train_engine *e, const struct train_settings *settings,
                          const struct train_data *data, const struct train_start *start,
                          const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    const char *name = start->net_name;
    struct cnn_graph_config config = {.name = name,
                                      .classes = settings->label_classes ? settings->label_classes
                                                                         : data->classes.count,
                                      .numbers = o->target != CNN_TRAIN_CLASS,
                                      .loss = o->loss[0] ? o->loss : NULL,
                                      .with_loss = 1};
    int rc = cnn_train_input_shape(data, settings, start->net_text, report, &config);
    if (!rc)
        rc = cnn_graph_build(start->net_text, &config, &e->graph);
    if (!rc && o->head)
        rc = build_heads(e, &config, start, report);
    if (!rc)
        rc = open_feed(e, name, o->target);
    if (!rc)
        rc = check_monitor(o, e->feed.wish);
    if (!rc)
        rc = cnn_train_check_net_outputs(e->graph, name, &data->classes, o);
    if (!rc)
        rc = cnn_train_check_loss(e->graph, name, &data->classes, o);
    if (!rc)
        rc = cnn_feed_check(&e->feed, data->train);
    return !rc && data->val ? cnn_feed_check(&e->feed, data->val) : rc;
}

/* The node of --freeze-to; 0: it is not given. */
static int find_freeze_to(const struct cnn_graph *g, const char *label, int *node)
{
    struct cnn_nearest near = {.word = label};
    char hint[80];
    *node = label[0] ? cnn_graph_find(g, label) : 0;
    if (!label[0] || *node >= g->inputs)
        return 0;
    cnn_labels_offer(g->labels, "", &near);
    return cnn_fail(CNN_EUSAGE, "--freeze-to: the net has no layer '%s'%s", label,
                    cnn_nearest_hint(&near, hint));
}

int cnn_train_net_config(const struct train_engine *e, const struct train_settings *settings,
                         const struct train_data *data, struct cnn_net_config *out)
{
    const struct cnn_train_options *o = &settings->options;
    *out = (struct cnn_net_config){.batch = (size_t)o->batch,
                                   .training = 1,
                                   .freeze = &o->freeze,
                                   .thaws_later = o->unfreeze.count > 0,
                                   .rates = &o->rate_of,
                                   .recompute = o->recompute,
                                   .keep = e->feed.node + 1,
                                   .keeps = data->val ? (size_t)e->feed.targets - 1 : 0,
                                   .average = o->ema > 0,
                                   .cut = o->freeze_to[0] != 0,
                                   .optimizer_slabs = cnn_optimizer_slabs(&settings->optimizer)};
    return find_freeze_to(e->graph, o->freeze_to, &out->freeze_to);
}

static int open_net(struct train_engine *e, const struct train_settings *settings,
                    const struct train_data *data, const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    struct cnn_net_config config;
    struct cnn_buf note = {0};
    int rc = cnn_train_net_config(e, settings, data, &config);
    if (rc)
        return rc;
    rc = cnn_compute_net(&o->compute, e->graph, &config, &note, &e->backend, &e->net);
    if (note.size)
        cnn_train_note(report, "%s", note.text);
    cnn_buf_free(&note);
    if (rc)
        return rc;
    size_t params, open = 0;
    const struct cnn_net_param *param = cnn_net_params(e->net, &params);
    for (size_t i = 0; i < params; i++)
        open += param[i].trained && !param[i].frozen;
    return open ? 0 : cnn_fail(CNN_EUSAGE, "nothing to train: every parameter is frozen");
}

/* Rows that are not real would count in the statistics of a batch: samples need all of them, which of
 * what a layer counts nobody knows beforehand. */
static int check_rows(struct train_engine *e, const char *name)
{
    const struct cnn_graph *g = e->graph;
    int i = cnn_net_blends_rows(e->net);
    if (!i)
        return 0;
    int counter = g->node[i].counter;
    const char *layer = g->node[i].layer.name, *type = g->node[i].layer.type->summary;
    snprintf(e->whole, sizeof e->whole, "'%.60s' (%s) takes all rows of a batch together", layer,
             type);
    return counter < g->inputs ? 0
                               : cnn_fail(CNN_EDATA,
                                          "%s: %s, and behind '%s' not all are real: --freeze "
                                          "keeps its statistics",
                                          name, e->whole, g->node[counter].layer.name);
}

int cnn_train_engine_open(struct train_engine *e, const struct train_settings *settings,
                          const struct train_data *data, const char *name,
                          const struct train_report *report)
{
    int rc = open_net(e, settings, data, report);
    if (!rc && settings->options.epochs)
        rc = check_rows(e, name);
    if (rc)
        return rc;
    e->weight = cnn_calloc((size_t)settings->options.batch, sizeof *e->weight);
    if (!e->weight)
        return CNN_ESYSTEM;
    if (data->class_weight && e->feed.wish->kind == CNN_FIELD_LABELS)
        rc = cnn_net_weigh_classes(e->net, 0, data->class_weight);
    if (rc)
        return rc;
    return data->val ? cnn_evaluator_new(e->net, &e->feed, data->classes.count, 0, &e->evaluator)
                     : 0;
}

void cnn_train_engine_close(struct train_engine *e)
{
    cnn_evaluator_free(e->evaluator);
    cnn_net_free(e->net);
    cnn_feed_close(&e->feed);
    cnn_strings_free(&e->heads);
    cnn_graph_free(e->graph);
    cnn_backend_close(e->backend);
    free(e->weight);
}

/* Hidden layers of zeros pass on nothing, neither forwards nor back; a single layer learns. A layer
 * that says itself how it starts does not heed the option. */
static void note_zeros(const struct cnn_graph *g, const struct train_report *report)
{
    int weights = 0;
    for (int i = 1; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        for (int k = 0; k < l->params; k++)
            weights += l->param[k].init == CNN_INIT_DEFAULT && l->param[k].shape.rank > 1;
    }
    if (weights > 1)
        cnn_train_note(report,
                       "--weights zero: a net with hidden layers that starts so learns nothing");
}

static int load_weights(struct cnn_net *net, const struct cnn_train_options *o,
                        const struct cnn_model *init, const struct cnn_strings *heads,
                        const struct train_report *report)
{
    struct cnn_load_options how = {&o->allow_new, &o->rename, heads};
    struct cnn_buf note = {0};
    int rc = cnn_model_load_params(init->tensors, net, &how, &note);
    if (!rc && note.size)
        cnn_train_note(report, "%s", note.text);
    cnn_buf_free(&note);
    if (!rc && cnn_model_is_blank(init->tensors))
        cnn_train_note(report, "%s: every weight is zero: a net that starts so learns nothing",
                       o->init);
    return rc;
}

int cnn_train_start_weights(struct train_engine *e, const struct train_settings *settings,
                            const struct cnn_model *init, const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    int rc = cnn_net_init(e->net, (uint64_t)o->seed, o->weights);
    if (!rc && init)
        rc = load_weights(e->net, o, init, &e->heads, report);
    if (!rc && !init && o->weights == CNN_INIT_ZERO)
        note_zeros(e->graph, report);
    return !rc && o->ema > 0 ? cnn_net_average_start(e->net) : rc;
}

int cnn_train_check_finite(const struct train_engine *e, const struct cnn_schedule *schedule,
                           uint64_t step)
{
    struct cnn_backend *b = e->backend;
    size_t count;
    double squares = 0;
    const real *values = cnn_net_slab_values(e->net, &count);
    b->kernels->sum_squares(&b->queue, count, values, &squares);
    int rc = b->ops->sync(b);
    if (!rc && !isfinite(squares))
        rc = cnn_fail(CNN_EINTERNAL,
                      "the parameters are not finite after step %llu: a lower --rate (now %g) or "
                      "--clip-norm may help",
                      (unsigned long long)step, cnn_schedule_rate(schedule, step));
    return rc;
}
