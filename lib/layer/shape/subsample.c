/* The shortcut without parameters (He et al. 2016, option A): every stride-th row and column, new
 * channels of zeros on both sides. */
#include "layer/layer.h"

struct options {
    long long channels, stride;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("channels", struct options, channels, NULL, .min = 1, .max = 1 << 20,
                   .position = 1, .metavar = "N", .help = "output channels, at least the input's"),
    CNN_OPTION_INT("stride", struct options, stride, "1", .min = 1, .max = 1 << 14, .position = 2,
                   .metavar = "N", .help = "every so many-th row and column is kept"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t c = (size_t)o->channels, s = (size_t)o->stride;
    struct cnn_chw in = l->in[0];
    if (c < in.c)
        return cnn_fail(CNN_EDATA, "%zu channels are fewer than the input's %zu", c, in.c);
    l->out = (struct cnn_chw){c, (in.h - 1) / s + 1, (in.w - 1) / s + 1};
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->subsample_forward(p->q, (size_t)o->stride, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->subsample_backward(p->q, (size_t)o->stride, p->dy[0], p->dx[0]);
}

static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    const struct options *o = l->options;
    size_t s = (size_t)o->stride;
    *out = (struct cnn_layer_window){.kernel = {1, 1}, .stride = {s, s}, .dilation = {1, 1}};
}

const struct cnn_layer_type cnn_layer_subsample = {
    .name = "subsample",
    .summary = "every stride-th row and column, new channels of zeros on both sides",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .window = window,
};
