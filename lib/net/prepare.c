/* Weights made ready for inference, once after each change: normalisations folded into the layer
 * before them, then packed in the order in which kernels read them. */
#include "net/net_private.h"

static size_t count_of(const struct cnn_net *net, int head, int k)
{
    return cnn_shape_count(&net->param[net->node[head].first_param + (size_t)k].shape);
}

static size_t aligned(size_t elements)
{
    size_t each = CNN_ALIGN / sizeof(real);
    return (elements + each - 1) / each * each;
}

/* Weights that are packed afterwards are folded at the beginning of the slab, one layer's after the
 * other's; the rest of it is for what stays. */
int cnn_net_reserve_folds(struct cnn_net *net)
{
    const struct cnn_step *step = net->plan->step;
    size_t passing = 0, total = 0;
    for (int i = 1; i < net->graph->nodes; i++) {
        if (!step[i].layer || step[i].fold < 0)
            continue;
        size_t count = aligned(count_of(net, step[i].head, 0));
        if (net->node[i].packed)
            passing = count > passing ? count : passing;
        else
            total += count;
        total += aligned(step[i].layer->out.c);
    }
    if (total && !net->like &&
        !(net->folded = cnn_net_device_alloc(net, passing + total, sizeof *net->folded)))
        return CNN_ESYSTEM;
    size_t at = passing;
    for (int i = 1; i < net->graph->nodes; i++) {
        struct cnn_net_node *nn = &net->node[i];
        if (!step[i].layer || step[i].fold < 0)
            continue;
        nn->folded_weight = *nn->w[0];
        nn->folded_weight.data = nn->packed ? net->folded : net->folded + at;
        at += nn->packed ? 0 : aligned(count_of(net, step[i].head, 0));
        nn->folded_bias = cnn_tensor_plain(1, step[i].layer->out.c, 1, 1, net->folded + at);
        at += aligned(step[i].layer->out.c);
    }
    return 0;
}

static void fold(struct cnn_net *net, int i)
{
    const struct cnn_step *step = &net->plan->step[i];
    const struct cnn_layer *norm = &net->graph->node[step->fold].layer;
    struct cnn_net_node *nn = &net->node[i];
    struct cnn_tensor *w[CNN_LAYER_MAX_PARAMS];
    struct cnn_net_param *first = &net->param[net->node[step->head].first_param];
    const struct cnn_tensor *bias = step->layer->params > 1 ? &first[1].value : NULL;
    for (int k = 0; k < norm->params; k++)
        w[k] = &net->param[net->node[step->fold].first_param + (size_t)k].value;
    struct cnn_pass p = {.k = net->backend->kernels, .q = &net->backend->queue, .w = w};
    norm->type->fold(norm, &p, &first[0].value, bias, &nn->folded_weight, &nn->folded_bias);
}

int cnn_net_prepare(struct cnn_net *net)
{
    net->ready = 1;
    for (int i = 1; i < net->graph->nodes; i++) {
        const struct cnn_step *step = &net->plan->step[i];
        if (!step->layer)
            continue;
        if (step->fold >= 0 && !net->like)
            fold(net, i);
        if (step->fold >= 0) /* the step's layer then runs on the folded weights */
            net->node[i].w[0] = &net->node[i].folded_weight;
        if (net->node[i].packed && !net->like) {
            struct cnn_pass p = cnn_net_pass(net, i);
            step->layer->type->pack(step->layer, &p);
        }
    }
    return net->backend->ops->check(net->backend);
}
