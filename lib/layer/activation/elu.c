/* Exponential linear unit (Clevert, Unterthiner, Hochreiter 2016): y = x > 0 ? x : alpha (exp(x) -
 * 1). */
#include "layer/activation/elementwise.h"

struct options {
    double alpha;
};

/* alpha is not negative, so that y's sign is x's and backward needs y alone. */
static const struct cnn_option options[] = {
    CNN_OPTION_REAL("alpha", struct options, alpha, "1", .max = 100, .position = 1, .metavar = "X",
                    .help = "how far down negative inputs lead"),
    CNN_OPTION_END,
};

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    const struct options *o = l->options;
    e->f = CNN_ELU;
    e->a[0] = o->alpha;
}

const struct cnn_layer_type cnn_layer_elu = {.name = "elu",
                                             .summary =
                                                 "x where positive, alpha * (exp(x) - 1) elsewhere",
                                             .options = options,
                                             .options_size = sizeof(struct options),
                                             .activation = activation,
                                             CNN_ELEMENTWISE(Y)};
