/* A net's memory and its construction; running it is run.c. See net.h. */
#include "net/net_private.h"

#include <stdlib.h>
#include <string.h>

enum { PARAM_ALIGN = CNN_ALIGN / sizeof(real) }; /* elements */

static size_t count_params(const struct cnn_graph *g)
{
    size_t n = 0;
    for (int i = 0; i < g->nodes; i++)
        n += g->node[i].share ? 0 : (size_t)g->node[i].layer.params;
    return n;
}

static int take_offset(size_t *total, size_t count, size_t *offset)
{
    size_t padded;
    *offset = *total;
    if (cnn_add_overflows(count, PARAM_ALIGN - 1, &padded) ||
        cnn_add_overflows(*total, padded - padded % PARAM_ALIGN, total) ||
        *total > SIZE_MAX / (4 * sizeof(real)))
        return cnn_fail(CNN_EDATA, "the net has too many parameters");
    return 0;
}

/* List the parameters and give each its place in the slabs. */
static int list_params(struct cnn_net *net)
{
    const struct cnn_graph *g = net->graph;
    net->params = count_params(g);
    net->param = cnn_arena_alloc(net->arena, (net->params + 1) * sizeof *net->param);
    if (!net->param)
        return CNN_ESYSTEM;
    size_t at = 0;
    for (int i = 0; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        int share = g->node[i].share;
        net->node[i].first_param = share ? net->node[share].first_param : at;
        for (int k = 0; !share && k < l->params; k++, at++) {
            struct cnn_net_param *p = &net->param[at];
            const struct cnn_param *d = &l->param[k];
            *p = (struct cnn_net_param){.shape = d->shape, .declared = *d, .trained = d->trained};
            p->frozen = d->trained && !(d->rate > 0);
            p->name =
                cnn_arena_printf(net->arena, "%s%s%s", l->name, *d->suffix ? "." : "", d->suffix);
            size_t *slab = d->trained ? &net->value_count : &net->statistic_count;
            if (!p->name || take_offset(slab, cnn_shape_count(&d->shape), &p->offset))
                return cnn_error_code();
        }
    }
    return 0;
}

/* Which nodes run backward: those that reach a loss (or config.from) and have something to train,
 * or a gradient that is asked for, at or before them. */
static int mark_backward(struct cnn_net *net, const struct cnn_net_config *config,
                         unsigned char **wants)
{
    const struct cnn_graph *g = net->graph;
    unsigned char *reaches = cnn_arena_alloc(net->arena, (size_t)g->nodes);
    unsigned char *w = cnn_arena_alloc(net->arena, (size_t)g->nodes);
    if (!reaches || !w)
        return CNN_ESYSTEM;
    for (size_t k = 0; k < config->gradients; k++) {
        int node = config->gradient[k];
        w[node] = w[node - g->node[node].port] = 1;
    }
    for (int i = g->nodes - 1; i >= g->inputs; i--) {
        const struct cnn_node *node = &g->node[i];
        if (config->from ? i == config->from : (node->layer.type->flags & CNN_LAYER_LOSS) != 0)
            reaches[i] = 1;
        for (int k = 0; reaches[i] && k < node->layer.inputs; k++)
            reaches[node->in[k]] = 1;
    }
    for (int i = g->inputs; i < g->nodes; i++) {
        const struct cnn_node *node = &g->node[i];
        for (int k = 0; k < node->layer.params; k++) {
            const struct cnn_net_param *p = &net->param[net->node[i].first_param + (size_t)k];
            w[i] |= (unsigned char)(config->training && p->trained && !p->frozen);
        }
        for (int k = 0; k < node->layer.inputs; k++)
            w[i] |= w[node->in[k]];
        w[i] &= reaches[i];
    }
    *wants = w;
    return 0;
}

/* Before anybody else runs on its weights; later ones find them so. */
static int make_ready(struct cnn_net *net)
{
    if (net->shared)
        return 0;
    int rc = net->ready ? 0 : cnn_net_prepare(net);
    if (!rc)
        rc = net->backend->ops->sync(net->backend);
    net->shared = !rc;
    return rc;
}

/* Weights of another net. */
static int use_weights(struct cnn_net *net, struct cnn_net *like)
{
    int rc = make_ready(like);
    if (!rc &&
        (like->training || net->training || like->once || like->value_count != net->value_count ||
         like->statistic_count != net->statistic_count ||
         like->plan->packed_bytes != net->plan->packed_bytes))
        rc = cnn_fail(CNN_EINTERNAL, "nets that share weights differ");
    net->like = like;
    net->values = like->values;
    net->statistics = like->statistics;
    net->packed = like->packed;
    net->folded = like->folded;
    return rc;
}

/* Parameters and statistics of another net. */
static int borrow(struct cnn_net *net, struct cnn_net *from)
{
    if (net->training || from->training || from->once || from->value_count != net->value_count ||
        from->statistic_count != net->statistic_count)
        return cnn_fail(CNN_EINTERNAL, "nets of other sizes that share weights differ");
    net->borrows = 1;
    net->values = from->values;
    net->statistics = from->statistics;
    return 0;
}

static int allocate_own(struct cnn_net *net)
{
    net->values = cnn_net_device_alloc(net, net->value_count, sizeof(real));
    net->statistics = cnn_net_device_alloc(net, net->statistic_count, sizeof(real));
    return net->values && net->statistics ? 0 : CNN_ESYSTEM;
}

/* Slabs of weights as they are and as they are packed. */
static int allocate_weights(struct cnn_net *net, const struct cnn_net_config *config)
{
    if (config->like)
        return use_weights(net, config->like);
    int rc = config->weights ? borrow(net, config->weights) : allocate_own(net);
    if (rc)
        return rc;
    if (net->plan->packed_bytes &&
        !(net->packed = cnn_net_device_alloc(net, net->plan->packed_bytes, 1)))
        return CNN_ESYSTEM;
    return 0;
}

/* What training has beside the weights, and the views of parameters. */
static int allocate_params(struct cnn_net *net, const struct cnn_net_config *config)
{
    if (config->training) {
        net->gradients = cnn_net_device_alloc(net, net->value_count, sizeof(real));
        if (!net->gradients)
            return CNN_ESYSTEM;
        size_t slabs = (size_t)config->optimizer_slabs;
        if (slabs && !(net->state = cnn_arena_alloc(net->arena, slabs * sizeof *net->state)))
            return CNN_ESYSTEM;
        for (net->states = 0; net->states < config->optimizer_slabs; net->states++) {
            real *slab = cnn_net_device_alloc(net, net->value_count, sizeof(real));
            if (!slab)
                return CNN_ESYSTEM;
            net->state[net->states] = slab;
        }
    }
    if (config->training && config->average) {
        net->mean_values = cnn_net_device_alloc(net, net->value_count, sizeof(real));
        net->mean_statistics = cnn_net_device_alloc(net, net->statistic_count, sizeof(real));
        if (!net->mean_values || !net->mean_statistics)
            return CNN_ESYSTEM;
    }
    for (size_t i = 0; i < net->params; i++) {
        struct cnn_net_param *p = &net->param[i];
        real *base = p->trained ? net->values : net->statistics;
        p->value = cnn_shape_tensor(&p->shape, base + p->offset);
        if (p->trained && net->gradients && !p->frozen)
            p->gradient = cnn_shape_tensor(&p->shape, net->gradients + p->offset);
    }
    return 0;
}

/* Of whole numbers, bfloat16's eight bits tell those up to 256 apart. */
static int check_numbers(const struct cnn_net *net)
{
    for (int i = net->graph->inputs; i < net->graph->nodes; i++) {
        const struct cnn_layer *l = &net->graph->node[i].layer;
        if (l->type->flags & CNN_LAYER_READS_NUMBERS &&
            net->backend->layout.type == CNN_TYPE_BF16 && l->param[0].shape.dim[0] > 257)
            return cnn_fail(CNN_EDATA, "%s: bfloat16 cannot tell %zu numbers apart", l->name,
                            l->param[0].shape.dim[0]);
    }
    return 0;
}

/* What outlives forward: the cut, too. */
static int keep_cut(struct cnn_net *net, const int **keep, size_t *keeps)
{
    int *more = cnn_arena_alloc(net->arena, (*keeps + 1) * sizeof *more);
    if (!more)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < *keeps; i++)
        more[i] = (*keep)[i];
    more[*keeps] = net->cut;
    *keep = more;
    ++*keeps;
    return 0;
}

static int build(struct cnn_net *net, const struct cnn_net_config *config)
{
    const struct cnn_graph *g = net->graph;
    net->batch = config->batch;
    net->training = config->training;
    net->from = config->from;
    net->rectifier = config->from ? config->rectifier : CNN_RECTIFIER_PLAIN;
    net->backward = config->training || config->from;
    net->once = net->backend->queue.once = config->once;
    net->node = cnn_arena_alloc(net->arena, (size_t)g->nodes * sizeof *net->node);
    if (!net->node)
        return CNN_ESYSTEM;
    int rc = list_params(net);
    if (!rc)
        rc = check_numbers(net);
    if (!rc)
        rc = cnn_net_freeze(net, config);
    if (!rc)
        rc = mark_backward(net, config, &net->wants);
    if (!rc && config->cut)
        rc = cnn_net_find_cut(net);
    const int *keep = config->keep;
    size_t keeps = config->keeps;
    if (!rc && net->cut)
        rc = keep_cut(net, &keep, &keeps);
    if (!rc)
        rc = cnn_plan_new(g, net->backend,
                          &(struct cnn_plan_request){.batch = config->batch,
                                                     .training = config->training,
                                                     .backward = net->backward,
                                                     .recompute = config->recompute,
                                                     .wants_gradient = net->wants,
                                                     .keep = keep,
                                                     .keeps = keeps,
                                                     .from = config->from,
                                                     .gradient = config->gradient,
                                                     .gradients = config->gradients},
                          &net->plan);
    if (!rc)
        rc = cnn_net_check_room(net, config);
    if (!rc)
        rc = allocate_weights(net, config);
    if (!rc)
        rc = allocate_params(net, config);
    if (!rc && !(net->activations = cnn_net_device_alloc(net, net->plan->activation_bytes, 1)))
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = cnn_net_wire(net);
    if (!rc)
        rc = cnn_net_reserve_folds(net);
    if (!rc)
        rc = cnn_net_allocate_targets(net);
    if (!rc)
        cnn_net_expect_cycles(net);
    return rc;
}

int cnn_net_new(const struct cnn_graph *graph, struct cnn_backend *backend,
                const struct cnn_net_config *config, struct cnn_net **out)
{
    *out = NULL;
    struct cnn_net *net = cnn_calloc(1, sizeof *net);
    if (!net)
        return CNN_ESYSTEM;
    net->graph = graph;
    net->backend = backend;
    int rc = (net->arena = cnn_arena_new()) ? build(net, config) : CNN_ESYSTEM;
    if (rc) {
        cnn_net_free(net);
        return rc;
    }
    *out = net;
    return 0;
}

void cnn_net_free(struct cnn_net *net)
{
    if (!net)
        return;
    for (size_t i = 0; i < sizeof net->record / sizeof *net->record; i++)
        if (net->record[i])
            net->backend->ops->forget(net->backend, net->record[i]);
    if (net->borrows)
        net->values = net->statistics = NULL;
    void *slabs[] = {net->gradients, net->mean_values, net->mean_statistics, net->activations,
                     net->values,    net->statistics,  net->packed,          net->folded};
    size_t weights = 4, own = sizeof slabs / sizeof *slabs - (net->like ? weights : 0);
    for (size_t i = 0; i < own; i++)
        if (slabs[i])
            net->backend->ops->free(net->backend, slabs[i]);
    for (int i = 0; i < net->states; i++)
        net->backend->ops->free(net->backend, net->state[i]);
    cnn_net_free_targets(net);
    cnn_plan_free(net->plan);
    cnn_arena_free(net->arena);
    free(net);
}

const struct cnn_graph *cnn_net_graph(const struct cnn_net *net)
{
    return net->graph;
}

const struct cnn_plan *cnn_net_plan(const struct cnn_net *net)
{
    return net->plan;
}

struct cnn_backend *cnn_net_backend(const struct cnn_net *net)
{
    return net->backend;
}
