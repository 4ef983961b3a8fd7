/* The mean of each window. */
#include "layer/pool/pooling.h"

static const struct cnn_option options[] = {
    CNN_POOLING_OPTIONS(1, "|DxHxW", CNN_POOLING_DEPTH),
    CNN_OPTION_FLAG(
        "count_pad", struct cnn_pooling, count_pad, "1", .metavar = "0|1",
        .help = "padding counts as zeros in the mean; 0: the mean is over what lies inside"),
    CNN_OPTION_INT("divisor", struct cnn_pooling, divisor, "0", .min = 0, .max = 1 << 30,
                   .metavar = "N",
                   .help = "what the sum of a window is divided by; 0: how many elements it has"),
    CNN_OPTION_END,
};

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    out->work = cnn_pooling_work(l, b, shapes->x[0]);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = cnn_pooling_window(l);
    struct cnn_depth d = cnn_pooling_depth(l);
    struct cnn_tensor planes = cnn_pooling_planes(l, p->x[0]);
    int deep = cnn_pooling_is_deep(l);
    planes.data = p->work;
    p->k->avgpool_forward(p->q, &g, p->x[0], deep ? &planes : p->y[0]);
    if (deep)
        p->k->depth_pool_forward(p->q, CNN_ROWS_MEAN, &d, p->x_rows[0], &planes, p->y[0], NULL);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = cnn_pooling_window(l);
    struct cnn_depth d = cnn_pooling_depth(l);
    int deep = cnn_pooling_is_deep(l);
    if (!p->dx[0])
        return;
    struct cnn_tensor planes = cnn_pooling_planes(l, p->dx[0]);
    planes.data = p->work;
    if (deep)
        p->k->depth_pool_backward(p->q, CNN_ROWS_MEAN, &d, p->x_rows[0], p->dy[0], NULL, &planes);
    p->k->avgpool_backward(p->q, &g, deep ? &planes : p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_avgpool = {
    .name = "avgpool",
    .summary = "mean over windows",
    .options = options,
    .options_size = sizeof(struct cnn_pooling),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT | CNN_LAYER_MIXES_ROWS,
    .setup = cnn_pooling_setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .window = cnn_pooling_layer_window,
    .slide = cnn_pooling_slide,
};
