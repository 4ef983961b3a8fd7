/* Layer normalisation (Ba, Kiros, Hinton 2016): of all elements of a sample, with a weight and a
 * bias for each. The elements are the channels of a single place. */
#include "layer/norm/norm.h"

struct options {
    double eps;
    int affine;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("eps", struct options, eps, "1e-5", .min = 1e-12, .max = 1, .metavar = "X",
                    .help = "added to the variance"),
    CNN_OPTION_FLAG("affine", struct options, affine, "1", .metavar = "0|1",
                    .help = "scale and shift each element by trained numbers"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_chw in = l->in[0];
    struct cnn_shape shape = {in.h * in.w > 1 ? 3 : 1, {in.c, in.h, in.w}};
    cnn_norm_setup(l, o->affine, in.c);
    for (int k = 0; k < l->params; k++)
        l->param[k].shape = shape;
    return 0;
}

static struct cnn_tensor flat(const struct cnn_tensor *t)
{
    return (struct cnn_tensor){t->n, t->c * t->h * t->w, 1, 1, t->layout, t->data};
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    struct cnn_tensor x = flat(shapes->x[0]);
    (void)l;
    if (!shapes->saves)
        return;
    out->saved[0] = out->saved[1] = x.n * sizeof(real);
    out->work = b->kernels->layernorm_work(&b->queue, &x);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    struct cnn_tensor x = flat(p->x[0]), y = flat(p->y[0]);
    p->k->layernorm_forward(p->q, o->eps, &x, cnn_norm_param(l, p, 0), cnn_norm_param(l, p, 1),
                            p->saves ? p->saved[0] : NULL, p->saves ? p->saved[1] : NULL, &y);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_tensor x = flat(p->x[0]), dy = flat(p->dy[0]), dx = flat(p->x[0]);
    if (p->dx[0])
        dx.data = p->dx[0]->data;
    p->k->layernorm_backward(p->q, &x, cnn_norm_param(l, p, 0), p->saved[0], p->saved[1], &dy,
                             p->dx[0] ? &dx : NULL, cnn_norm_gradient(l, p, 0),
                             cnn_norm_gradient(l, p, 1), p->work);
}

const struct cnn_layer_type cnn_layer_layernorm = {
    .name = "layernorm",
    .summary = "layer normalisation: all elements of a sample",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
};
