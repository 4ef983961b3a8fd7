/* Rectified linear unit, cut off at six (Howard et al. 2017, MobileNets): y = min(max(x, 0), 6). */
#include "layer/elementwise.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static void activation(const struct cnn_layer *l, struct cnn_epilogue *e)
{
    (void)l;
    e->f = CNN_RELU6;
}

const struct cnn_layer_type cnn_layer_relu6 = {
    .name = "relu6",
    .summary = "min(max(x, 0), 6)",
    .options = options,
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_ELEMENTWISE_FLAGS,
    .setup = cnn_elementwise_setup,
    .forward = cnn_elementwise_forward,
    .backward = cnn_elementwise_backward,
    .activation = activation,
};
