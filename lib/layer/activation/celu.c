/* Exponential linear unit whose slope does not jump (Barron 2017): y = x > 0 ? x : alpha
 * (exp(x / alpha) - 1). */
#include "layer/activation/elementwise.h"

struct options {
    double alpha;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("alpha", struct options, alpha, "1", .min = 1e-3, .max = 100, .position = 1,
                    .metavar = "X", .help = "how far down negative inputs lead"),
    CNN_OPTION_END,
};

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    const struct options *o = l->options;
    e->f = CNN_CELU;
    e->a[0] = o->alpha;
}

const struct cnn_layer_type cnn_layer_celu = {
    .name = "celu",
    .summary = "x where positive, alpha * (exp(x / alpha) - 1) elsewhere",
    .options = options,
    .options_size = sizeof(struct options),
    .activation = activation,
    CNN_ELEMENTWISE(Y)};
