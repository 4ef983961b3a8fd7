/* A fixed number times each element: y = by x. It scales branches (Szegedy et al. 2016) and the tangents of older nets;
 * a learned one is scale. */
#include "layer/activation/elementwise.h"

struct options {
    double by;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("by", struct options, by, NULL, .min = -1e6, .max = 1e6, .position = 1,
                    .metavar = "X", .help = "the number"),
    CNN_OPTION_END,
};

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    const struct options *o = l->options;
    e->f = CNN_FACTOR;
    e->a[0] = o->by;
}

const struct cnn_layer_type cnn_layer_factor = {.name = "factor",
                                                .summary = "each element times a fixed number",
                                                .options = options,
                                                .options_size = sizeof(struct options),
                                                .activation = activation,
                                                CNN_ELEMENTWISE(Y)};
