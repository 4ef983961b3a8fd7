/* The mean of each window. */
#include "layer/pool/pooling.h"

static const struct cnn_option options[] = {
    CNN_POOLING_OPTIONS,
    CNN_OPTION_FLAG(
        "count_pad", struct cnn_pooling, count_pad, "1", .metavar = "0|1",
        .help = "padding counts as zeros in the mean; 0: the mean is over what lies inside"),
    CNN_OPTION_INT("divisor", struct cnn_pooling, divisor, "0", .min = 0, .max = 1 << 30,
                   .metavar = "N",
                   .help = "what the sum of a window is divided by; 0: how many elements it has"),
    CNN_OPTION_END,
};

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = cnn_pooling_window(l);
    p->k->avgpool_forward(p->q, &g, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = cnn_pooling_window(l);
    if (p->dx[0])
        p->k->avgpool_backward(p->q, &g, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_avgpool = {
    .name = "avgpool",
    .summary = "mean over windows",
    .options = options,
    .options_size = sizeof(struct cnn_pooling),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = cnn_pooling_setup,
    .forward = forward,
    .backward = backward,
    .window = cnn_pooling_layer_window,
    .slide = cnn_pooling_slide,
};
