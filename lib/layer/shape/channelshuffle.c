/* Channels in another order, so that groups meet (Zhang et al. 2018, ShuffleNet). */
#include "layer/layer.h"

struct options {
    long long groups;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("groups", struct options, groups, NULL, .min = 1, .max = 1 << 20, .position = 1,
                   .metavar = "N",
                   .help = "the first channels of all groups come first, then the second ones"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    if (l->in[0].c % (size_t)o->groups)
        return cnn_fail(CNN_EDATA, "groups=%lld does not divide %zu channels", o->groups,
                        l->in[0].c);
    l->out = l->in[0];
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->channel_shuffle(p->q, (size_t)o->groups, p->x[0], p->y[0]);
}

/* A matrix that was transposed is, turned back. */
static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->channel_shuffle(p->q, l->in[0].c / (size_t)o->groups, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_channelshuffle = {
    .name = "channelshuffle",
    .summary = "channels of groups, interleaved",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
