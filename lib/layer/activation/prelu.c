/* Parametric rectified linear unit (He et al. 2015, section 2.1): y = x > 0 ? x : w x, with a
 * learned slope w for each channel or for all. */
#include "layer/layer.h"

struct options {
    int shared;
};

static const struct cnn_option options[] = {
    CNN_OPTION_FLAG("shared", struct options, shared, "0", .metavar = "0|1",
                    .help = "one slope for all channels, not one for each"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_shape shape = {1, {o->shared ? 1 : l->in[0].c}};
    l->out = l->in[0];
    cnn_layer_param(l, "weight", shape, CNN_INIT_CONSTANT, 1, 1);
    cnn_layer_starts_at(l, 0.25);
    return 0;
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    (void)l;
    if (shapes->saves)
        out->work = b->kernels->prelu_work(&b->queue, shapes->x[0]);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->prelu_forward(p->q, p->x[0], p->w[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->prelu_backward(p->q, p->x[0], p->w[0], p->dy[0], p->dx[0], p->dw[0], p->work);
}

const struct cnn_layer_type cnn_layer_prelu = {
    .name = "prelu",
    .summary = "x where positive, a learned slope times x elsewhere",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ELEMENTWISE | CNN_LAYER_NEEDS_X | CNN_LAYER_INPLACE | CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
};
