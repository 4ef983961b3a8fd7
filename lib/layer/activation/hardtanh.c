/* What lies between two bounds, and the bounds themselves elsewhere (Collobert 2004). */
#include "layer/activation/elementwise.h"

struct options {
    double min, max;
};

#define FAR 1e38

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("min", struct options, min, "-1", .min = -FAR, .max = FAR, .position = 1,
                    .metavar = "X", .help = "nothing is less"),
    CNN_OPTION_REAL("max", struct options, max, "1", .min = -FAR, .max = FAR, .position = 2,
                    .metavar = "X", .help = "nothing is more"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    if (!(o->min < o->max))
        return cnn_fail(CNN_EDATA, "nothing lies between min=%g and max=%g", o->min, o->max);
    return cnn_elementwise_setup(l);
}

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    const struct options *o = l->options;
    e->f = CNN_HARD_TANH;
    e->a[0] = o->min;
    e->a[1] = o->max;
}

const struct cnn_layer_type cnn_layer_hardtanh = {
    .name = "hardtanh",
    .summary = "min(max(x, min), max)",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ELEMENTWISE | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_INPLACE | CNN_LAYER_NEEDS_Y,
    .setup = setup,
    .activation = activation,
    .forward = cnn_elementwise_forward,
    .backward = cnn_elementwise_backward,
};
