/* Dropout of whole channels (Tompson et al. 2015): in training each channel of a sample is zeroed
 * with probability `rate` and the others grow by 1 / (1 - rate); at inference nothing happens. */
#include "layer/drop/drop.h"

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("rate", struct cnn_drop_options, rate, "0.5", .max = 0.999, .position = 1,
                    .metavar = "P", .help = "probability that a channel is dropped"),
    CNN_OPTION_END,
};

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    cnn_drop(l, p, 0, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dx[0])
        cnn_drop(l, p, 0, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_dropout2d = {
    .name = "dropout2d",
    .summary = "zero a random part of the channels, in training",
    .options = options,
    .options_size = sizeof(struct cnn_drop_options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_INPLACE | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_RESTS,
    .setup = cnn_drop_setup,
    .forward = forward,
    .backward = backward,
};
