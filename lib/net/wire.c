/* The pointers of every step: views of parameters and of planned memory, and what its layer is
 * called with. */
#include "net/net_private.h"

/* A layer is frozen when it has parameters and all that could be trained (statistics, where there
 * is nothing to train) are. */
int cnn_net_layer_frozen(const struct cnn_net *net, int i)
{
    const struct cnn_layer *l = &net->graph->node[i].layer;
    int trained = 0, open_trained = 0, open_statistics = 0;
    for (int k = 0; k < l->params; k++) {
        const struct cnn_net_param *p = &net->param[net->node[i].first_param + (size_t)k];
        trained += p->trained;
        open_trained += p->trained && !p->frozen;
        open_statistics += !p->trained && !p->frozen;
    }
    return l->params && (trained ? !open_trained : !open_statistics);
}

int cnn_net_blends_rows(const struct cnn_net *net)
{
    for (int i = net->graph->inputs; i < net->graph->nodes; i++) {
        const struct cnn_node *node = &net->graph->node[i];
        if ((node->layer.type->flags & CNN_LAYER_MIXES_SAMPLES) && node->counter >= 0 &&
            !cnn_net_layer_frozen(net, i))
            return i;
    }
    return 0;
}

void *cnn_net_block(const struct cnn_net *net, int block)
{
    return block < 0 ? NULL : net->activations + net->plan->block[block].offset;
}

static struct cnn_tensor view(const struct cnn_net *net, int node, int block)
{
    struct cnn_tensor t = cnn_step_shape(net->graph, net->plan->step, node, net->plan->batch);
    t.data = cnn_net_block(net, block);
    return t;
}

/* What a layer did not declare is NULL. */
static int allocate_views(struct cnn_net *net, struct cnn_net_node *nn, size_t inputs,
                          size_t outputs)
{
    const size_t params = CNN_LAYER_MAX_PARAMS;
    nn->y = cnn_arena_alloc(net->arena, outputs * sizeof *nn->y);
    nn->dy = cnn_arena_alloc(net->arena, outputs * sizeof *nn->dy);
    nn->x_rows = cnn_arena_alloc(net->arena, (inputs + 1) * sizeof *nn->x_rows);
    nn->y_rows = cnn_arena_alloc(net->arena, outputs * sizeof *nn->y_rows);
    nn->x = cnn_arena_alloc(net->arena, (inputs + 1) * sizeof *nn->x);
    nn->dx = cnn_arena_alloc(net->arena, (inputs + 1) * sizeof *nn->dx);
    nn->extra = cnn_arena_alloc(net->arena, (inputs + 1) * sizeof *nn->extra);
    nn->converted = cnn_arena_alloc(net->arena, (inputs + 1) * sizeof *nn->converted);
    nn->w = cnn_arena_alloc(net->arena, params * sizeof *nn->w);
    nn->dw = cnn_arena_alloc(net->arena, params * sizeof *nn->dw);
    return nn->y && nn->dy && nn->x_rows && nn->y_rows && nn->x && nn->dx && nn->extra &&
                   nn->converted && nn->w && nn->dw
               ? 0
               : CNN_ESYSTEM;
}

static void wire_input(struct cnn_net *net, int i, int k)
{
    const struct cnn_step *step = &net->plan->step[i];
    const struct cnn_plan_node *pn = &net->plan->node[i];
    struct cnn_net_node *nn = &net->node[i];
    int x = step->in[k];
    nn->extra[k] = view(net, x, pn->extra[k]);
    nn->converted[k] = view(net, x, pn->run.converted[k]);
    nn->extra[k].layout = nn->converted[k].layout = cnn_step_input_layout(net->plan->step, i, k);
    nn->x[k] = pn->run.converted[k] >= 0 ? &nn->converted[k] : &net->node[x].value;
    if (net->wants[i] && net->wants[x])
        nn->dx[k] = pn->extra[k] >= 0 ? &nn->extra[k] : &net->node[x].gradient;
}

void cnn_net_use_run(struct cnn_net *net, int i, int again)
{
    const struct cnn_plan_node *pn = &net->plan->node[i];
    const struct cnn_plan_run *run = again ? &pn->again : &pn->run;
    struct cnn_net_node *nn = &net->node[i];
    for (int k = 0; k < cnn_step_outputs(net->plan->step, i); k++) {
        const struct cnn_plan_node *po = &net->plan->node[i + k];
        net->node[i + k].value.data = cnn_net_block(net, again ? po->again.value : po->run.value);
    }
    nn->work = cnn_net_block(net, run->work);
    for (int k = 0; k < net->plan->step[i].inputs; k++)
        nn->converted[k].data = cnn_net_block(net, run->converted[k]);
    for (int k = 0; k < CNN_LAYER_MAX_SAVED; k++)
        nn->saved[k] = cnn_net_block(net, run->saved[k]);
}

static int wire_node(struct cnn_net *net, int i)
{
    const struct cnn_step *step = &net->plan->step[i];
    const struct cnn_layer *l = &net->graph->node[step->head].layer;
    const struct cnn_plan_node *pn = &net->plan->node[i];
    struct cnn_net_node *nn = &net->node[i];
    size_t params = (size_t)l->params, first = net->node[step->head].first_param;
    int outputs = cnn_step_outputs(net->plan->step, i);
    if (allocate_views(net, nn, (size_t)step->inputs, (size_t)outputs))
        return CNN_ESYSTEM;
    for (int k = 0; k < outputs; k++) {
        nn->y[k] = &net->node[i + k].value;
        nn->dy[k] = &net->node[i + k].gradient;
    }
    nn->value = view(net, i, pn->run.value);
    nn->gradient = view(net, i, pn->gradient);
    nn->kept_gradient = view(net, i, pn->kept_gradient);
    for (int k = 0; k < step->inputs; k++)
        wire_input(net, i, k);
    for (size_t k = 0; k < params; k++) {
        struct cnn_net_param *p = &net->param[first + k];
        nn->w[k] = &p->value;
        nn->dw[k] = p->gradient.data ? &p->gradient : NULL;
    }
    cnn_net_use_run(net, i, 0);
    nn->epilogue = step->epilogue;
    if (step->addend >= 0)
        nn->epilogue.add = nn->x[step->addend];
    if (pn->packed_bytes)
        nn->packed = net->packed + pn->packed;
    nn->frozen = cnn_net_layer_frozen(net, step->head);
    nn->name_hash = cnn_hash_string(l->name ? l->name : "input", 0);
    return 0;
}

int cnn_net_wire(struct cnn_net *net)
{
    for (int i = 0; i < net->graph->nodes; i++) {
        if (wire_node(net, i))
            return CNN_ESYSTEM;
        net->counts |= net->graph->node[i].counter >= 0;
    }
    if (net->counts)
        net->given_rows = cnn_arena_alloc(net->arena, net->batch * sizeof *net->given_rows);
    return net->counts && !net->given_rows ? CNN_ESYSTEM : 0;
}

int32_t *cnn_net_counts(const struct cnn_net *net, int node)
{
    int counter = net->graph->node[node].counter;
    int32_t *counts = counter < 0 ? NULL : cnn_net_block(net, net->plan->node[counter].counts);
    return counts ? counts + net->at : NULL;
}

static void point_at_counts(struct cnn_net *net, int i)
{
    struct cnn_net_node *nn = &net->node[i];
    for (int k = 0; k < net->plan->step[i].inputs; k++)
        nn->x_rows[k] = cnn_net_counts(net, net->plan->step[i].in[k]);
    for (int k = 0; k < cnn_step_outputs(net->plan->step, i); k++)
        nn->y_rows[k] =
            net->graph->node[i + k].counter == i + k ? cnn_net_counts(net, i + k) : NULL;
}

struct cnn_pass cnn_net_pass(struct cnn_net *net, int i)
{
    struct cnn_net_node *nn = &net->node[i];
    if (net->counts)
        point_at_counts(net, i);
    return (struct cnn_pass){
        .k = net->backend->kernels,
        .q = &net->backend->queue,
        .batch = cnn_step_batch(net->plan->step, i, net->batch) *
                 (net->plan->step[i].layer ? net->plan->step[i].layer->in_rows[0] : 1),
        .training = net->was_training && !net->still[net->plan->step[i].head],
        .saves = net->was_training || net->from,
        .frozen = nn->frozen,
        .again = net->again,
        .seed = net->seed,
        .stream = cnn_hash_u64(net->step, nn->name_hash),
        .x = nn->x,
        .y = nn->y,
        .x_rows = nn->x_rows,
        .y_rows = nn->y_rows,
        .epilogue = net->plan->step[i].fused ? &nn->epilogue : NULL,
        .bias = nn->folded_bias.data ? &nn->folded_bias : NULL,
        .packed = nn->packed,
        .w = nn->w,
        .dw = nn->dw,
        .saved = nn->saved,
        .targets =
            i >= net->graph->first_loss ? &net->target[net->graph->node[i].target].now : NULL,
    };
}
