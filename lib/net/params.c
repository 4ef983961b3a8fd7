/* Parameters of a net: their values in and out, or lent where they lie, and the slabs that hold them. */
#include <stdint.h>

#include "net/net_private.h"

struct cnn_net_param *cnn_net_params(struct cnn_net *net, size_t *count)
{
    *count = net->params;
    return net->param;
}

/* Its own memory: it may have been lent another. */
static struct cnn_tensor *own_value(struct cnn_net *net, const struct cnn_net_param *p)
{
    struct cnn_tensor *t = &net->param[p - net->param].value;
    net->ready = 0;
    if (p->trained)
        t->data = net->values + p->offset;
    return t;
}

void cnn_net_param_set(struct cnn_net *net, const struct cnn_net_param *p, const float *values)
{
    net->backend->ops->upload(net->backend, own_value(net, p), values);
}

/* Whether parameters are floats in memory. */
static int has_floats(const struct cnn_net *net)
{
    return sizeof(real) == sizeof(float) && !net->backend->is_gpu;
}

float *cnn_net_param_place(struct cnn_net *net, const struct cnn_net_param *p)
{
    return has_floats(net) ? own_value(net, p)->data : NULL;
}

/* Whether all that read the parameter do so wherever it lies. */
static int read_anywhere(const struct cnn_net *net, size_t param)
{
    const struct cnn_step *step = net->plan->step;
    for (int i = 1; i < net->graph->nodes; i++) {
        const struct cnn_layer *l = &net->graph->node[i].layer;
        size_t first = net->node[i].first_param;
        if (param < first || param >= first + (size_t)l->params)
            continue;
        if (param > first || !(l->type->flags & CNN_LAYER_ANY_ADDRESS))
            return 0;
    }
    for (int i = 1; i < net->graph->nodes; i++) /* what folds reads as any */
        if (step[i].layer && step[i].fold >= 0 && net->node[step[i].head].first_param == param)
            return 0;
    return 1;
}

int cnn_net_param_borrows(const struct cnn_net *net, const struct cnn_net_param *p,
                          const unsigned char *values)
{
    if (!net->once || net->training || !has_floats(net) || !p->trained)
        return 0;
    return !((uintptr_t)values % _Alignof(float)) || read_anywhere(net, (size_t)(p - net->param));
}

void cnn_net_param_lend(struct cnn_net *net, const struct cnn_net_param *p,
                        const unsigned char *values)
{
    net->param[p - net->param].value.data = (void *)values; /* nets that infer only read them */
    net->ready = 0;
}

void cnn_net_param_get(struct cnn_net *net, const struct cnn_net_param *p, float *values)
{
    net->backend->ops->download(net->backend, values, &p->value);
}

real *cnn_net_slab_values(struct cnn_net *net, size_t *count)
{
    *count = net->value_count;
    return net->values;
}

real *cnn_net_slab_gradients(struct cnn_net *net)
{
    return net->gradients;
}

real *cnn_net_slab_state(struct cnn_net *net, int i)
{
    return i < net->states ? net->state[i] : NULL;
}
