/* Logistic function: y = 1 / (1 + exp(-x)). */
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
    p->k->activation_forward(p->q, CNN_SIGMOID, 0, p->x[0], p->y);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        p->k->activation_backward(p->q, CNN_SIGMOID, 0, p->y, p->dy, p->dx[0]);
}

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    (void)l;
    e->f = CNN_SIGMOID;
}

const struct cnn_layer_type cnn_layer_sigmoid = {
    .name = "sigmoid",
    .summary = "1 / (1 + exp(-x))",
    .options = options,
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT | CNN_LAYER_INPLACE | CNN_LAYER_NEEDS_Y,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .activation = activation,
};
