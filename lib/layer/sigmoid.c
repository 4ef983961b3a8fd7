/* Logistic function: y = 1 / (1 + exp(-x)). */
#include "layer/elementwise.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

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
    .flags = CNN_ELEMENTWISE_FLAGS,
    .setup = cnn_elementwise_setup,
    .forward = cnn_elementwise_forward,
    .backward = cnn_elementwise_backward,
    .activation = activation,
};
