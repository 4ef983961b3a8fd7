/* Leaky rectified linear unit (Maas, Hannun, Ng 2013): y = x > 0 ? x : slope x. */
#include "layer/activation/elementwise.h"

struct options {
    double slope;
};

/* The slope is not negative, so that y's sign is x's and backward needs y alone. */
static const struct cnn_option options[] = {
    CNN_OPTION_REAL("slope", struct options, slope, "0.01", .max = 1, .position = 1, .metavar = "X",
                    .help = "factor of negative inputs"),
    CNN_OPTION_END,
};

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    const struct options *o = l->options;
    e->f = CNN_LEAKY_RELU;
    e->a[0] = o->slope;
}

const struct cnn_layer_type cnn_layer_leakyrelu = {.name = "leakyrelu",
                                                   .summary =
                                                       "x where positive, slope * x elsewhere",
                                                   .options = options,
                                                   .options_size = sizeof(struct options),
                                                   .activation = activation,
                                                   CNN_ELEMENTWISE(Y)};
