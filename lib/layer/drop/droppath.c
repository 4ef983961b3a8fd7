/* Stochastic depth (Huang, Sun, Liu, Sedra, Weinberger 2016): in training a branch is zeroed for a
 * sample with probability `rate` and otherwise grows by 1 / (1 - rate); at inference nothing
 * happens. */
#include "layer/drop/drop.h"

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("rate", struct cnn_drop_options, rate, NULL, .max = 0.999, .position = 1,
                    .metavar = "P", .help = "probability that a sample is dropped"),
    CNN_OPTION_END,
};

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    cnn_drop(l, p, 1, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dx[0])
        cnn_drop(l, p, 1, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_droppath = {
    .name = "droppath",
    .summary = "zero the whole of some samples, in training",
    .options = options,
    .options_size = sizeof(struct cnn_drop_options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_INPLACE | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_RESTS,
    .setup = cnn_drop_setup,
    .forward = forward,
    .backward = backward,
};
