/* Leaky rectified linear unit (Maas, Hannun, Ng 2013): y = x > 0 ? x : slope x. */
#include "layer/layer.h"

struct options {
    double slope;
};

/* The slope is not negative, so that y's sign is x's and backward needs y alone. */
static const struct cnn_option options[] = {
    {.name = "slope",
     .type = CNN_OPT_REAL,
     .offset = offsetof(struct options, slope),
     .fallback = "0.01",
     .min = 0,
     .max = 1,
     .position = 1,
     .metavar = "X",
     .help = "factor of negative inputs"},
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->activation_forward(p->q, CNN_LEAKY_RELU, o->slope, p->x[0], p->y);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->activation_backward(p->q, CNN_LEAKY_RELU, o->slope, p->y, p->dy, p->dx[0]);
}

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    const struct options *o = l->options;
    e->f = CNN_LEAKY_RELU;
    e->slope = o->slope;
}

const struct cnn_layer_type cnn_layer_leakyrelu = {
    .name = "leakyrelu",
    .summary = "x where positive, slope * x elsewhere",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT | CNN_LAYER_INPLACE | CNN_LAYER_NEEDS_Y,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .activation = activation,
};
