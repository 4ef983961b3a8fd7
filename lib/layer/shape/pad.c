/* Elements around the plane. */
#include "layer/layer.h"

struct options {
    struct cnn_pad pad;
    enum cnn_border_mode mode;
    double value;
};

static const struct cnn_option options[] = {
    CNN_OPTION_PAD("pad", struct options, pad, NULL, .max = 1 << 14, .position = 1,
                   .metavar = "N|HxW|T,L,B,R",
                   .help = "rows and columns around the input, alike on opposite sides or top, "
                           "left, bottom and right"),
    CNN_OPTION_CHOICE("mode", struct options, mode, "constant", CNN_BORDERS, .metavar = "MODE",
                      .help = "what stands there: the value, the input mirrored at its border, or "
                              "the nearest element"),
    CNN_OPTION_REAL("value", struct options, value, "0", .min = -1e30, .max = 1e30, .metavar = "X",
                    .help = "where mode is constant"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_chw in = l->in[0];
    const struct cnn_pad *p = &o->pad;
    if (p->top < 0)
        return cnn_fail(CNN_EDATA, "pad: there are no windows here that a word could mean");
    size_t h = (size_t)(p->top > p->bottom ? p->top : p->bottom);
    size_t w = (size_t)(p->left > p->right ? p->left : p->right);
    if (o->mode == CNN_BORDER_REFLECT && (h >= in.h || w >= in.w))
        return cnn_fail(CNN_EDATA, "%zux%zu has no %zu rows and %zu columns to mirror", in.h, in.w,
                        h, w);
    if (o->mode != CNN_BORDER_CONSTANT && o->value != 0)
        return cnn_fail(CNN_EDATA, "value has no effect: it needs mode=constant");
    l->out = (struct cnn_chw){in.c, in.h + (size_t)p->top + (size_t)p->bottom,
                              in.w + (size_t)p->left + (size_t)p->right};
    return 0;
}

static struct cnn_border border(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    return (struct cnn_border){
        .mode = o->mode, .top = o->pad.top, .left = o->pad.left, .value = o->value};
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_border g = border(l);
    p->k->pad_forward(p->q, &g, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_border g = border(l);
    if (p->dx[0])
        p->k->pad_backward(p->q, &g, p->dy[0], p->dx[0]);
}

static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    const struct cnn_pad *p = &((const struct options *)l->options)->pad;
    *out = (struct cnn_layer_window){.kernel = {1, 1},
                                     .stride = {1, 1},
                                     .dilation = {1, 1},
                                     .before = {(size_t)p->top, (size_t)p->left},
                                     .after = {(size_t)p->bottom, (size_t)p->right}};
}

const struct cnn_layer_type cnn_layer_pad = {
    .name = "pad",
    .summary = "zeros or other elements around the plane",
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
