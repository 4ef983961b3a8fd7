/* How long each step takes, and what it has to do in that time; see net.h. */
#include "base/clock.h"
#include "net/net_private.h"

void cnn_net_profile(struct cnn_net *net, double *forward, double *backward)
{
    net->seconds[0] = forward;
    net->seconds[1] = backward;
}

void cnn_net_note_time(struct cnn_net *net, int backward, int i, double *start)
{
    if (!net->seconds[backward])
        return;
    net->backend->ops->sync(net->backend);
    double now = cnn_seconds();
    net->seconds[backward][i] += now - *start;
    *start = now;
}

static double value_elements(const struct cnn_net *net, int node)
{
    return (double)(net->batch * net->graph->node[node].layer.rows) *
           (double)cnn_chw_count(net->graph->node[node].layer.out);
}

/* Of all that step i makes. */
static double made_elements(const struct cnn_net *net, int i)
{
    double elements = 0;
    for (int o = i; o < i + cnn_step_outputs(net->plan->step, i); o++)
        elements += value_elements(net, o);
    return elements;
}

static double param_elements(const struct cnn_layer *l)
{
    double n = 0;
    for (int k = 0; k < l->params; k++)
        n += (double)cnn_shape_count(&l->param[k].shape);
    return n;
}

static double saved_bytes(const struct cnn_net *net, int i)
{
    double bytes = 0;
    for (int k = 0; k < CNN_LAYER_MAX_SAVED; k++) {
        int block = net->plan->node[i].run.saved[k];
        bytes += block < 0 ? 0 : (double)net->plan->block[block].size;
    }
    return bytes;
}

static double multiply_adds(const struct cnn_net *net, const struct cnn_layer *l)
{
    return l->type->multiply_adds
               ? (double)(net->batch * l->rows) * (double)l->type->multiply_adds(l)
               : 0;
}

static double cycles(const struct cnn_net *net, int i, enum cnn_conv_pass pass)
{
    return cnn_step_cost(net->graph, net->plan->step, i, net->backend, net->batch, pass, NULL);
}

/* Inputs and weights in; the result and what backward will need out. */
static struct cnn_net_work forward_work(const struct cnn_net *net, int i)
{
    const struct cnn_step *step = &net->plan->step[i];
    double elements = made_elements(net, i) + param_elements(step->layer);
    for (int k = 0; k < step->inputs; k++)
        elements += value_elements(net, step->in[k]);
    return (struct cnn_net_work){multiply_adds(net, step->layer),
                                 elements * sizeof(real) + saved_bytes(net, i),
                                 cycles(net, i, CNN_CONV_FORWARD)};
}

/* dy, what was kept, and weights in; dx out, and the gradients of parameters in and out. */
static struct cnn_net_work backward_work(const struct cnn_net *net, int i)
{
    const struct cnn_step *step = &net->plan->step[i];
    const struct cnn_net_node *nn = &net->node[i];
    const struct cnn_layer *l = step->layer;
    double elements = nn->gradient.data ? made_elements(net, i) : 0;
    if (!net->wants[i])
        return (struct cnn_net_work){0};
    if ((l->type->flags & CNN_LAYER_NEEDS_Y) || step->epilogue.activate)
        elements += made_elements(net, i);
    for (int k = 0; k < step->inputs; k++) {
        int in_place = k == step->addend && nn->dx[k] && nn->dx[k]->data == nn->gradient.data;
        if ((l->type->flags & CNN_LAYER_NEEDS_X) && k != step->addend)
            elements += value_elements(net, step->in[k]);
        if (nn->dx[k] && !in_place)
            elements += value_elements(net, step->in[k]);
    }
    for (int k = 0; k < l->params; k++)
        elements += (nn->dw[k] ? 2 : 0) * (double)cnn_shape_count(&l->param[k].shape);
    if (nn->dx[0])
        elements += param_elements(l);
    int data = nn->dx[0] != NULL, weight = l->params && nn->dw[0];
    return (struct cnn_net_work){(data + weight) * multiply_adds(net, l),
                                 elements * sizeof(real) + saved_bytes(net, i),
                                 (data ? cycles(net, i, CNN_CONV_DATA) : 0) +
                                     (weight ? cycles(net, i, CNN_CONV_WEIGHT) : 0)};
}

struct cnn_net_work cnn_net_work(const struct cnn_net *net, int step, int backward)
{
    if (step == 0)
        return (struct cnn_net_work){.bytes =
                                         backward ? 0 : 2 * value_elements(net, 0) * sizeof(real)};
    if (!net->plan->step[step].layer)
        return (struct cnn_net_work){0};
    return backward ? backward_work(net, step) : forward_work(net, step);
}

/* What layers do not know of themselves: bytes from a near cache, and multiply-adds in vectors. */
static double expected_cycles(struct cnn_net_work w)
{
    return w.cycles > 0 ? w.cycles : w.bytes / 16 + w.multiply_adds / 32;
}

void cnn_net_expect_cycles(struct cnn_net *net)
{
    for (int i = 1; i < net->graph->nodes; i++)
        for (int backward = 0; backward <= net->backward; backward++)
            net->node[i].cycles[backward] =
                expected_cycles(cnn_net_work(net, i, backward)) / (double)net->batch;
}
