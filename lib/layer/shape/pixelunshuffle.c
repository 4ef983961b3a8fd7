/* Pixels to channels: each square of factor x factor pixels becomes as many channels. */
#include "base/memory.h"
#include "layer/layer.h"

struct options {
    long long factor;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("factor", struct options, factor, NULL, .min = 1, .max = 1 << 10, .position = 1,
                   .metavar = "N",
                   .help = "height and width shrink by this; a channel becomes N * N"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t r = (size_t)o->factor, c;
    struct cnn_chw in = l->in[0];
    if (in.h % r || in.w % r)
        return cnn_fail(CNN_EDATA, "%zu does not divide %zux%zu", r, in.h, in.w);
    if (cnn_mul_overflows(in.c, r * r, &c))
        return cnn_fail(CNN_EDATA, "too many channels");
    l->out = (struct cnn_chw){c, in.h / r, in.w / r};
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->pixel_unshuffle(p->q, (size_t)o->factor, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->pixel_shuffle(p->q, (size_t)o->factor, p->dy[0], p->dx[0]);
}

static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    const struct options *o = l->options;
    size_t r = (size_t)o->factor;
    *out = (struct cnn_layer_window){.kernel = {r, r}, .stride = {r, r}, .dilation = {1, 1}};
}

const struct cnn_layer_type cnn_layer_pixelunshuffle = {
    .name = "pixelunshuffle",
    .summary = "pixels to channels: y[c N N + i N + j, h, w] = x[c, h N + i, w N + j]",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .window = window,
};
