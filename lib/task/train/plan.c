/* The plan of a run as text, what --plan prints: memory, then ways and times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"
#include "task/train/trainer.h"

/* What code, libraries, threads and their stacks take before the first slab: measured. */
static const uint64_t PROGRAM = (uint64_t)9 << 20;

struct listing {
    struct cnn_buf text;
    uint64_t total;
};

static void line(struct listing *l, const char *what, uint64_t bytes)
{
    char size[32];
    cnn_format_bytes(bytes, size);
    cnn_buf_printf(&l->text, "%-28s %12s %16llu\n", what, size, (unsigned long long)bytes);
    l->total += bytes;
}

static uint64_t largest_param(struct cnn_net *net)
{
    size_t params;
    uint64_t most = 0;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    for (size_t i = 0; i < params; i++)
        if (cnn_shape_count(&param[i].shape) > most)
            most = cnn_shape_count(&param[i].shape);
    return most * sizeof(float);
}

static uint64_t targets_bytes(const struct cnn_graph *g, size_t batch)
{
    uint64_t each = 0;
    for (int i = 0; i < g->targets; i++) {
        struct cnn_chw s = g->target[i].shape;
        each += g->target[i].rows * (cnn_chw_count(s) * sizeof(real) + s.h * s.w * 4 + 12);
    }
    return batch * each;
}

static void list_net(const struct train_engine *e, const struct train_settings *settings,
                     int keeps_best, struct listing *l)
{
    size_t values, params, all = cnn_net_snapshot_count(e->net),
                           batch = (size_t)settings->options.batch;
    const struct cnn_net_param *param = cnn_net_params(e->net, &params);
    uint64_t statistics = 0;
    for (size_t i = 0; i < params; i++)
        statistics += param[i].trained ? 0 : cnn_shape_count(&param[i].shape) * sizeof(real);
    const struct cnn_plan *p = cnn_net_plan(e->net);
    cnn_net_slab_values(e->net, &values);
    line(l, "parameters", values * sizeof(real));
    line(l, "statistics", statistics);
    line(l, "gradients", values * sizeof(real));
    line(l, "optimizer state",
         (uint64_t)cnn_optimizer_slabs(&settings->optimizer) * values * sizeof(real));
    line(l, "activations and scratch", p->activation_bytes);
    line(l, "targets", targets_bytes(e->graph, batch));
    if (settings->options.ema > 0)
        line(l, "averages", values * sizeof(real) + statistics);
    if (keeps_best)
        line(l, "best parameters", all * sizeof(float));
    line(l, "one tensor, for files", largest_param(e->net));
}

static void list_data(const struct trainer *t, struct listing *l)
{
    const struct train_data *d = &t->data;
    struct cnn_loader_options o = cnn_train_loader_options(&t->settings, d, &t->engine);
    uint64_t data = cnn_dataset_bytes(d->train) + (d->val ? cnn_dataset_bytes(d->val) : 0);
    line(l, "datasets", data);
    o.augmenter = t->settings.augmenter;
    if (cnn_train_kept_bytes(t))
        line(l, "outputs that are kept", cnn_train_kept_bytes(t));
    line(l, "batches, read ahead", cnn_loader_bytes(&o));
    o.augmenter = NULL;
    if (d->val)
        line(l, "batches of validation",
             cnn_loader_bytes(&o) + cnn_evaluator_bytes(t->engine.evaluator));
    line(l, "self-test", t->made.selftest.room * t->made.selftest.all * sizeof(float));
}

/* "head fc, new: dense 2, 1.03 k parameters" */
static void list_heads(const struct train_engine *e, struct cnn_buf *out)
{
    for (size_t i = 0; i < e->heads.count; i++) {
        const struct cnn_node *n = &e->graph->node[cnn_graph_find(e->graph, e->heads.item[i])];
        char parameters[32];
        cnn_format_count(cnn_node_parameters(n, 1), parameters);
        cnn_buf_printf(out, "new head %s: ", n->layer.name);
        cnn_node_print(n, out);
        cnn_buf_printf(out, ", %s parameters\n", parameters);
    }
}

static void heading(const struct cnn_graph *g, const char *name, long long batch, struct listing *l)
{
    char in[96], out[96], parameters[32];
    cnn_layer_format(&g->node[0].layer, in);
    cnn_layer_format(&g->node[g->output].layer, out);
    cnn_format_count(cnn_graph_parameters(g), parameters);
    cnn_buf_show(&l->text, name);
    cnn_buf_printf(&l->text, ": %s to %s, %s parameters, batches of %lld\n", in, out, parameters,
                   batch);
}

int cnn_train_plan(const struct trainer *t, char **out)
{
    struct listing l = {{0}, 0};
    char saved[32];
    const struct cnn_plan *p = cnn_net_plan(t->engine.net);
    heading(t->engine.graph, t->start.net_name, t->settings.options.batch, &l);
    list_heads(&t->engine, &l.text);
    list_net(&t->engine, &t->settings, t->made.best != NULL, &l);
    list_data(t, &l);
    line(&l, "program and libraries", PROGRAM);
    uint64_t total = l.total;
    line(&l, "in all", total);
    cnn_format_bytes(p->unshared_bytes - p->activation_bytes, saved);
    cnn_buf_printf(&l.text, "(activations share memory: %s less than apart)\n", saved);
    int rc = cnn_train_plan_time(&t->engine, &t->settings, &l.text);
    *out = cnn_buf_take(&l.text);
    return rc ? rc : *out ? 0 : CNN_ESYSTEM;
}
