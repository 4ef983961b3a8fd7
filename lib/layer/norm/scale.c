/* A learned scale and shift for each channel, y = w x + b (Caffe's Scale and Bias; layer scale of
 * Touvron et al. 2021): batch normalisation of what has mean 0 and variance 1. */
#include "layer/layer.h"

struct options {
    int weight, bias, bare;
};

static const struct cnn_option options[] = {
    CNN_OPTION_FLAG("weight", struct options, weight, "1", .metavar = "0|1",
                    .help = "multiply by a number for each channel"),
    CNN_OPTION_FLAG("bias", struct options, bias, "1", .metavar = "0|1",
                    .help = "add a number to each channel"),
    CNN_OPTION_FLAG("bare", struct options, bare, "0", .metavar = "0|1",
                    .help = "the weight is called as the layer is, and has the shape Cx1x1"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t c = l->in[0].c;
    struct cnn_shape channels = {1, {c}}, planes = {3, {c, 1, 1}};
    l->out = l->in[0];
    if (!o->weight && !o->bias)
        return cnn_fail(CNN_EDATA, "it has neither weight nor bias");
    if (o->bare && !o->weight)
        return cnn_fail(CNN_EDATA, "bare=1 has no effect without a weight");
    if (o->weight)
        cnn_layer_param(l, o->bare ? "" : "weight", o->bare ? planes : channels, CNN_INIT_ONE, 1,
                        1);
    if (o->bias)
        cnn_layer_param(l, "bias", channels, CNN_INIT_ZERO, 1, 1);
    return 0;
}

static struct cnn_tensor *of(const struct cnn_layer *l, struct cnn_tensor *const *w, int bias)
{
    const struct options *o = l->options;
    return !(bias ? o->bias : o->weight) ? NULL : w[bias ? o->weight : 0];
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->batchnorm_infer(p->q, 0, p->x[0], of(l, p->w, 0), of(l, p->w, 1), NULL, NULL, p->epilogue,
                          p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->batchnorm_backward_frozen(p->q, 0, p->x[0], of(l, p->w, 0), of(l, p->w, 1), NULL, NULL,
                                    p->y[0], p->epilogue, p->dy[0], p->dx[0], p->dadd,
                                    of(l, p->dw, 0), of(l, p->dw, 1));
}

static void fold(const struct cnn_layer *l, struct cnn_pass *p, const struct cnn_tensor *w,
                 const struct cnn_tensor *b, struct cnn_tensor *w_out, struct cnn_tensor *b_out)
{
    p->k->batchnorm_fold(p->q, 0, of(l, p->w, 0), of(l, p->w, 1), NULL, NULL, w, b, w_out, b_out);
}

/* Groups of samples are not for batch normalisation's kernels. */
const struct cnn_layer_type cnn_layer_scale = {
    .name = "scale",
    .summary = "a learned scale and shift for each channel",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_MIXES_SAMPLES |
             CNN_LAYER_EPILOGUE | CNN_LAYER_EPILOGUE_BACKWARD,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .fold = fold,
};
