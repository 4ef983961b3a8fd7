/* Layer normalisation (Ba, Kiros, Hinton 2016) of the channels at each place by itself, as ConvNeXt
 * and the blocks of ViT have it. */
#include "layer/norm/norm.h"

struct options {
    double eps;
    int affine;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("eps", struct options, eps, "1e-5", .min = 1e-12, .max = 1, .metavar = "X",
                    .help = "added to the variance"),
    CNN_OPTION_FLAG("affine", struct options, affine, "1", .metavar = "0|1",
                    .help = "scale and shift each channel by trained numbers"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    cnn_norm_setup(l, o->affine, l->in[0].c);
    return 0;
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    const struct cnn_tensor *x = shapes->x[0];
    (void)l;
    if (!shapes->saves)
        return;
    out->saved[0] = out->saved[1] =
        cnn_layout_samples(x->layout, x->n) * x->h * x->w * sizeof(real);
    out->work = b->kernels->layernorm_work(&b->queue, x);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->layernorm_forward(p->q, o->eps, p->x[0], cnn_norm_param(l, p, 0), cnn_norm_param(l, p, 1),
                            p->saves ? p->saved[0] : NULL, p->saves ? p->saved[1] : NULL, p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->layernorm_backward(p->q, p->x[0], cnn_norm_param(l, p, 0), p->saved[0], p->saved[1],
                             p->dy[0], p->dx[0], cnn_norm_gradient(l, p, 0),
                             cnn_norm_gradient(l, p, 1), p->work);
}

const struct cnn_layer_type cnn_layer_layernorm2d = {
    .name = "layernorm2d",
    .summary = "layer normalisation: the channels at each place",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
};
