/* The elementwise sum of branches: y = x0 + x1 + ... */
#include "layer/layer.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static int setup(struct cnn_layer *l)
{
    char first[72], other[72];
    for (int i = 1; i < l->inputs; i++)
        if (!cnn_chw_equal(l->in[0], l->in[i])) {
            cnn_chw_format(l->in[0], first);
            cnn_chw_format(l->in[i], other);
            return cnn_fail(CNN_EDATA, "branches differ in shape: %s and %s", first, other);
        }
    l->out = l->in[0];
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->sum_forward(p->q, l->inputs, p->x, p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    for (int i = 0; i < l->inputs; i++)
        if (p->dx[i])
            p->k->copy(p->q, p->dy[0], p->dx[i]);
}

const struct cnn_layer_type cnn_layer_sum = {
    .name = "sum",
    .summary = "elementwise sum of branches",
    .options = options,
    .min_inputs = 1,
    .max_inputs = CNN_LAYER_MAX_INPUTS,
    .flags = CNN_LAYER_ELEMENTWISE | CNN_LAYER_INPLACE | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_ADDS,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
