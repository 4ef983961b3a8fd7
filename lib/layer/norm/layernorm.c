/* Layer normalisation (Ba, Kiros, Hinton 2016): of all elements of a sample, with a weight and a bias for each; they are
 * the channels of a single place then. Or of the channels at each place by itself, as ConvNeXt and the blocks of ViT
 * have it. */
#include "layer/norm/norm.h"

extern const struct cnn_layer_type cnn_layer_layernorm;

static const struct cnn_option of_elements[] = {
    CNN_NORM_OPTIONS("1", "element"),
    CNN_OPTION_END,
};
static const struct cnn_option of_channels[] = {
    CNN_NORM_OPTIONS("1", "channel"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    struct cnn_chw in = l->in[0];
    int whole = l->type == &cnn_layer_layernorm && in.h * in.w > 1;
    cnn_norm_setup(l, (struct cnn_shape){whole ? 3 : 1, {in.c, in.h, in.w}});
    return 0;
}

/* A value as the places whose channels are normalised. */
static struct cnn_tensor places_of(const struct cnn_layer *l, const struct cnn_tensor *t)
{
    if (l->type != &cnn_layer_layernorm)
        return *t;
    return (struct cnn_tensor){t->n, t->c * t->h * t->w, 1, 1, t->layout, t->data};
}

/* Saved: mean and 1 / sqrt(variance + eps) of each place. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    struct cnn_tensor x = places_of(l, shapes->x[0]);
    if (!shapes->saves)
        return;
    out->saved[0] = out->saved[1] = cnn_layout_samples(x.layout, x.n) * x.h * x.w * sizeof(real);
    out->work = b->kernels->layernorm_work(&b->queue, &x);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct cnn_norm *o = l->options;
    struct cnn_tensor x = places_of(l, p->x[0]), y = places_of(l, p->y[0]);
    p->k->layernorm_forward(p->q, o->eps, &x, cnn_norm_param(l, p, 0), cnn_norm_param(l, p, 1),
                            p->saves ? p->saved[0] : NULL, p->saves ? p->saved[1] : NULL, &y);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_tensor x = places_of(l, p->x[0]), dy = places_of(l, p->dy[0]), dx = x;
    if (p->dx[0])
        dx = places_of(l, p->dx[0]);
    p->k->layernorm_backward(p->q, &x, cnn_norm_param(l, p, 0), p->saved[0], p->saved[1], &dy,
                             p->dx[0] ? &dx : NULL, cnn_norm_gradient(l, p, 0),
                             cnn_norm_gradient(l, p, 1), p->work);
}

/* clang-format off */
#define NORM(what, text, table, more)                                                              \
    const struct cnn_layer_type cnn_layer_##what = {                                               \
        .name = #what,                                                                             \
        .summary = text,                                                                           \
        .options = table,                                                                          \
        .options_size = sizeof(struct cnn_norm),                                                   \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .flags = CNN_LAYER_NEEDS_X | (more),                                                       \
        .setup = setup,                                                                            \
        .reserve = reserve,                                                                        \
        .forward = forward,                                                                        \
        .backward = backward,                                                                      \
    };
NORM(layernorm, "layer normalisation: all elements of a sample", of_elements, CNN_LAYER_SEES_ALL)
NORM(layernorm2d, "layer normalisation: the channels at each place", of_channels, CNN_LAYER_ANY_LAYOUT)
/* clang-format on */
