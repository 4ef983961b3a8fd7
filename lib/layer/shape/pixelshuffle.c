/* Channels to pixels: each square of factor x factor channels at a place becomes a square of pixels
 * (Shi et al. 2016); and back. */
#include "base/memory.h"
#include "layer/layer.h"

struct options {
    long long factor;
};

#define FACTOR(text)                                                                               \
    CNN_OPTION_INT("factor", struct options, factor, NULL, .min = 1, .max = 1 << 10,               \
                   .position = 1, .metavar = "N", .help = text)

static const struct cnn_option to_pixels[] = {
    FACTOR("height and width grow by this; N * N neighbouring channels become one (channelshuffle "
           "N * N before it: those "
           "of equal distance do, as in TensorFlow's depth_to_space)"),
    CNN_OPTION_END,
};
static const struct cnn_option to_channels[] = {
    FACTOR("height and width shrink by this; a channel becomes N * N"),
    CNN_OPTION_END,
};

static size_t factor_of(const struct cnn_layer *l)
{
    return (size_t)((const struct options *)l->options)->factor;
}

static int setup_shuffle(struct cnn_layer *l)
{
    size_t r = factor_of(l);
    struct cnn_chw in = l->in[0];
    if (in.c % (r * r))
        return cnn_fail(CNN_EDATA, "%zu channels are no multiple of %zux%zu", in.c, r, r);
    l->out = (struct cnn_chw){in.c / (r * r), in.h * r, in.w * r};
    return 0;
}

static int setup_unshuffle(struct cnn_layer *l)
{
    size_t r = factor_of(l), c;
    struct cnn_chw in = l->in[0];
    if (in.h % r || in.w % r)
        return cnn_fail(CNN_EDATA, "%zu does not divide %zux%zu", r, in.h, in.w);
    if (cnn_mul_overflows(in.c, r * r, &c))
        return cnn_fail(CNN_EDATA, "too many channels");
    l->out = (struct cnn_chw){c, in.h / r, in.w / r};
    return 0;
}

/* The gradient of one is the other. */
static void shuffle(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->pixel_shuffle(p->q, factor_of(l), p->x[0], p->y[0]);
}

static void unshuffle(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->pixel_unshuffle(p->q, factor_of(l), p->x[0], p->y[0]);
}

static void shuffle_back(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dx[0])
        p->k->pixel_unshuffle(p->q, factor_of(l), p->dy[0], p->dx[0]);
}

static void unshuffle_back(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dx[0])
        p->k->pixel_shuffle(p->q, factor_of(l), p->dy[0], p->dx[0]);
}

static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    size_t r = factor_of(l);
    *out = (struct cnn_layer_window){.kernel = {r, r}, .stride = {r, r}, .dilation = {1, 1}};
}

const struct cnn_layer_type cnn_layer_pixelshuffle = {
    .name = "pixelshuffle",
    .summary = "channels to pixels: y[c, h N + i, w N + j] = x[c N N + i N + j, h, w]",
    .options = to_pixels,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup_shuffle,
    .forward = shuffle,
    .backward = shuffle_back,
};

const struct cnn_layer_type cnn_layer_pixelunshuffle = {
    .name = "pixelunshuffle",
    .summary = "pixels to channels: y[c N N + i N + j, h, w] = x[c, h N + i, w N + j]",
    .options = to_channels,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup_unshuffle,
    .forward = unshuffle,
    .backward = unshuffle_back,
    .window = window,
};
