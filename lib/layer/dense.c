/* Fully connected: y = w x + b, x of any shape read as a vector. */
#include "layer/layer.h"

struct options {
    long long units;
    int bias;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("units", struct options, units, NULL, .min = 1, .max = 1 << 24, .position = 1,
                   .metavar = "N", .help = "outputs"),
    CNN_OPTION_FLAG("bias", struct options, bias, "1", .metavar = "0|1",
                    .help = "add a number to each output"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t in = cnn_chw_count(l->in[0]), units = (size_t)o->units;
    l->out = (struct cnn_chw){units, 1, 1};
    cnn_layer_param(l, "weight", (struct cnn_shape){2, {units, in}}, CNN_INIT_DEFAULT, in, units);
    if (o->bias)
        cnn_layer_param(l, "bias", (struct cnn_shape){1, {units}}, CNN_INIT_ZERO, 1, 1);
    return 0;
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    out->work = b->kernels->dense_work(&b->queue, shapes->batch, cnn_chw_count(l->in[0]), l->out.c);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct cnn_tensor *bias = p->bias ? p->bias : l->params > 1 ? p->w[1] : NULL;
    p->k->dense_forward(p->q, p->x[0], p->w[0], bias, p->epilogue, p->y[0], p->work);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dw[0])
        p->k->dense_backward_weight(p->q, p->x[0], p->dy[0], p->dw[0], p->work);
    if (l->params > 1 && p->dw[1])
        p->k->bias_backward(p->q, p->dy[0], p->dw[1]);
    if (p->dx[0])
        p->k->dense_backward_data(p->q, p->dy[0], p->w[0], p->dx[0], p->work);
}

/* The convolution of all that it reads: the weights are the same, in the same order. */
static int slide(const struct cnn_layer *l, struct cnn_buf *line)
{
    const struct options *o = l->options;
    cnn_buf_printf(line, "conv %lld %zux%zu bias=%d", o->units, l->in[0].h, l->in[0].w, o->bias);
    return 1;
}

static uint64_t multiply_adds(const struct cnn_layer *l)
{
    return cnn_shape_count(&l->param[0].shape);
}

const struct cnn_layer_type cnn_layer_dense = {
    .name = "dense",
    .summary = "fully connected layer",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_EPILOGUE | CNN_LAYER_FOLDABLE | CNN_LAYER_SEES_ALL |
             CNN_LAYER_ANY_ADDRESS,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .multiply_adds = multiply_adds,
    .slide = slide,
};
