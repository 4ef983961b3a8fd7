/* Each sample by itself: normalisation of groups of channels (Wu and He 2018), and of each channel, which is then a
 * group (instance normalisation: Ulyanov, Vedaldi, Lempitsky 2016). */
#include "layer/norm/norm.h"

static const struct cnn_option of_groups[] = {
    CNN_OPTION_INT("groups", struct cnn_norm, groups, "32", .min = 1, .max = 1 << 20, .position = 1,
                   .metavar = "N", .help = "channels are cut into so many groups"),
    CNN_NORM_OPTIONS("1", "channel"),
    CNN_OPTION_END,
};
static const struct cnn_option of_channels[] = {
    CNN_NORM_OPTIONS("0", "channel"),
    CNN_OPTION_END,
};

static const struct cnn_norm *options_of(const struct cnn_layer *l)
{
    return l->options;
}

static size_t groups_of(const struct cnn_layer *l)
{
    return options_of(l)->groups ? (size_t)options_of(l)->groups : l->in[0].c;
}

static int setup(struct cnn_layer *l)
{
    if (l->in[0].c % groups_of(l))
        return cnn_fail(CNN_EDATA, "groups=%zu does not divide %zu channels", groups_of(l),
                        l->in[0].c);
    cnn_norm_setup(l, (struct cnn_shape){1, {l->in[0].c}});
    return 0;
}

/* Saved: mean and 1 / sqrt(variance + eps) of each group. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    if (shapes->saves)
        out->saved[0] = out->saved[1] = shapes->x[0]->n * groups_of(l) * sizeof(real);
    out->work = b->kernels->groupnorm_work(&b->queue, groups_of(l), shapes->x[0]);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->groupnorm_forward(p->q, groups_of(l), options_of(l)->eps, p->x[0],
                            cnn_norm_param(l, p, 0), cnn_norm_param(l, p, 1),
                            p->saves ? p->saved[0] : NULL, p->saves ? p->saved[1] : NULL,
                            p->epilogue, p->y[0], p->work);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->groupnorm_backward(p->q, groups_of(l), p->x[0], cnn_norm_param(l, p, 0), p->saved[0],
                             p->saved[1], p->dy[0], p->dx[0], cnn_norm_gradient(l, p, 0),
                             cnn_norm_gradient(l, p, 1), p->work);
}

/* clang-format off */
#define NORM(what, text, table)                                                                    \
    const struct cnn_layer_type cnn_layer_##what = {                                               \
        .name = #what,                                                                             \
        .summary = text,                                                                           \
        .options = table,                                                                          \
        .options_size = sizeof(struct cnn_norm),                                                   \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_EPILOGUE | CNN_LAYER_SEES_ALL, \
        .setup = setup,                                                                            \
        .reserve = reserve,                                                                        \
        .forward = forward,                                                                        \
        .backward = backward,                                                                      \
    };
NORM(groupnorm, "group normalisation: groups of channels, each sample by itself", of_groups)
NORM(instancenorm, "instance normalisation: each channel of each sample by itself", of_channels)
/* clang-format on */
