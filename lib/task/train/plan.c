/* The plan of a run as text, what --plan prints: memory, then ways and times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"
#include "task/train/private.h"

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

static void list_net(struct trainer *t, struct listing *l)
{
    size_t values, params, all = cnn_net_snapshot_count(t->net), batch = (size_t)t->o->batch;
    const struct cnn_net_param *param = cnn_net_params(t->net, &params);
    uint64_t statistics = 0;
    for (size_t i = 0; i < params; i++)
        statistics += param[i].trained ? 0 : cnn_shape_count(&param[i].shape) * sizeof(real);
    struct cnn_chw out = t->graph->node[t->graph->logits].layer.out;
    const struct cnn_plan *p = cnn_net_plan(t->net);
    cnn_net_slab_values(t->net, &values);
    line(l, "parameters", values * sizeof(real));
    line(l, "statistics", statistics);
    line(l, "gradients", values * sizeof(real));
    line(l, "optimizer state",
         (uint64_t)cnn_optimizer_slabs(&t->optimizer) * values * sizeof(real));
    line(l, "activations and scratch", p->activation_bytes);
    line(l, "targets", batch * (cnn_chw_count(out) * sizeof(real) + out.h * out.w * 4 + 12));
    if (t->o->ema > 0)
        line(l, "averages", values * sizeof(real) + statistics);
    if (t->best)
        line(l, "best parameters", all * sizeof(float));
    line(l, "one tensor, for files", largest_param(t->net));
}

static void list_data(struct trainer *t, struct listing *l)
{
    struct cnn_loader_options o = cnn_train_loader_options(t);
    size_t in = cnn_chw_count(t->graph->input->shape);
    uint64_t data = cnn_dataset_bytes(t->train) + (t->val ? cnn_dataset_bytes(t->val) : 0);
    line(l, "datasets", data);
    o.augmenter = t->augmenter;
    line(l, "batches, read ahead", cnn_loader_bytes(&o));
    o.augmenter = NULL;
    if (t->val)
        line(l, "batches of validation", cnn_loader_bytes(&o) + cnn_evaluator_bytes(t->evaluator));
    line(l, "self-test", t->selftest_count * in * sizeof(float));
}

static void heading(const struct trainer *t, struct listing *l)
{
    char in[72], out[72], parameters[32];
    cnn_chw_format(t->graph->input->shape, in);
    cnn_chw_format(t->graph->node[t->graph->output].layer.out, out);
    cnn_format_count(cnn_graph_parameters(t->graph), parameters);
    cnn_buf_show(&l->text, t->net_name);
    cnn_buf_printf(&l->text, ": %s to %s, %s parameters, batches of %lld\n", in, out, parameters,
                   t->o->batch);
}

int cnn_train_plan(struct trainer *t, char **out)
{
    struct listing l = {{0}, 0};
    char saved[32];
    const struct cnn_plan *p = cnn_net_plan(t->net);
    heading(t, &l);
    list_net(t, &l);
    list_data(t, &l);
    line(&l, "program and libraries", PROGRAM);
    uint64_t total = l.total;
    line(&l, "in all", total);
    cnn_format_bytes(p->unshared_bytes - p->activation_bytes, saved);
    cnn_buf_printf(&l.text, "(activations share memory: %s less than apart)\n", saved);
    int rc = cnn_train_plan_time(t, &l.text);
    *out = cnn_buf_take(&l.text);
    return rc ? rc : *out ? 0 : CNN_ESYSTEM;
}
