/* Softmax over channels, at each position: y_c = exp(x_c) / sum_k exp(x_k). */
#include "layer/layer.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static int setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->softmax_forward(p->q, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        p->k->softmax_backward(p->q, p->y[0], p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_softmax = {
    .name = "softmax",
    .summary = "probabilities over the channels of each position",
    .options = options,
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_INPLACE | CNN_LAYER_NEEDS_Y,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
