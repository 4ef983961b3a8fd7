/* Group normalisation (Wu and He 2018): of groups of channels, each sample by itself. */
#include "layer/norm/norm.h"

struct options {
    long long groups;
    double eps;
    int affine;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("groups", struct options, groups, "32", .min = 1, .max = 1 << 20, .position = 1,
                   .metavar = "N", .help = "channels are cut into so many groups"),
    CNN_OPTION_REAL("eps", struct options, eps, "1e-5", .min = 1e-12, .max = 1, .metavar = "X",
                    .help = "added to the variance"),
    CNN_OPTION_FLAG("affine", struct options, affine, "1", .metavar = "0|1",
                    .help = "scale and shift each channel by trained numbers"),
    CNN_OPTION_END,
};

static size_t groups_of(const struct cnn_layer *l)
{
    return (size_t)((const struct options *)l->options)->groups;
}

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    if (l->in[0].c % groups_of(l))
        return cnn_fail(CNN_EDATA, "groups=%lld does not divide %zu channels", o->groups,
                        l->in[0].c);
    cnn_norm_setup(l, o->affine, l->in[0].c);
    return 0;
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    cnn_groups_reserve(l, b, shapes, groups_of(l), out);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    cnn_groups_forward(l, p, groups_of(l), o->eps);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    cnn_groups_backward(l, p, groups_of(l));
}

const struct cnn_layer_type cnn_layer_groupnorm = {
    .name = "groupnorm",
    .summary = "group normalisation: groups of channels, each sample by itself",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_EPILOGUE | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
};
