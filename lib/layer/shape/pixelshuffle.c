/* Channels to pixels: each square of factor x factor channels at a place becomes a square of pixels
 * (Shi et al. 2016). */
#include "layer/layer.h"

struct options {
    long long factor;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("factor", struct options, factor, NULL, .min = 1, .max = 1 << 10, .position = 1,
                   .metavar = "N",
                   .help = "height and width grow by this; N * N neighbouring channels become one "
                           "(channelshuffle N * N before it: those of equal distance do, as in "
                           "TensorFlow's depth_to_space)"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t r = (size_t)o->factor;
    struct cnn_chw in = l->in[0];
    if (in.c % (r * r))
        return cnn_fail(CNN_EDATA, "%zu channels are no multiple of %zux%zu", in.c, r, r);
    l->out = (struct cnn_chw){in.c / (r * r), in.h * r, in.w * r};
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->pixel_shuffle(p->q, (size_t)o->factor, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->pixel_unshuffle(p->q, (size_t)o->factor, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_pixelshuffle = {
    .name = "pixelshuffle",
    .summary = "channels to pixels: y[c, h N + i, w N + j] = x[c N N + i N + j, h, w]",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
