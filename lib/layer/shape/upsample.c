/* Planes made larger or smaller by interpolation, as PyTorch's interpolate. */
#include <math.h>

#include "layer/layer.h"

enum { NOT_GIVEN = -1, OF_SECOND = -2 };

struct options {
    struct cnn_reals scale;
    struct cnn_pair size;
    enum cnn_resize_mode mode;
    int align_corners;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REALS("scale", struct options, scale, "0", .min = 0, .max = 1 << 14, .position = 1,
                     .metavar = "X|H,W",
                     .help = "sizes of the output are those of the input times this, rounded down; "
                             "0: size says them"),
    CNN_OPTION_PAIR("size", struct options, size, "scale", .min = 1, .max = 1 << 14,
                    .choices = "scale|second", .metavar = "N|HxW|scale|second",
                    .help = "height and width of the output; second: those of a second input, "
                            "which from=A,B names"),
    CNN_OPTION_CHOICE("mode", struct options, mode, "nearest", CNN_RESIZES, .metavar = "MODE",
                      .help = "which elements an output is made of"),
    CNN_OPTION_FLAG("align_corners", struct options, align_corners, "0", .metavar = "0|1",
                    .help = "bilinear: the middles of the corners fall together, not their outer "
                            "edges"),
    CNN_OPTION_END,
};

/* The factor of axis k; 0: none was given. */
static double scale_of(const struct options *o, int k)
{
    return o->scale.value[o->scale.count > 1 ? k : 0];
}

static size_t scaled(size_t in, double scale)
{
    return (size_t)floor((double)in * scale);
}

static int check(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    int by_scale = scale_of(o, 0) > 0, by_size = o->size.h != NOT_GIVEN;
    if (o->scale.count > 2)
        return cnn_fail(CNN_EDATA,
                        "scale: %d values; there is one, or one for the height and one "
                        "for the width",
                        o->scale.count);
    if (by_scale == by_size)
        return cnn_fail(CNN_EDATA,
                        by_scale ? "it has both scale and size" : "it has neither scale nor size");
    if ((o->size.h == OF_SECOND) != (l->inputs > 1))
        return cnn_fail(CNN_EDATA, l->inputs > 1 ? "a second input has no effect without "
                                                   "size=second"
                                                 : "size=second needs a second input (from=A,B)");
    if (o->align_corners && o->mode != CNN_RESIZE_BILINEAR)
        return cnn_fail(CNN_EDATA, "align_corners has no effect: it needs mode=bilinear");
    return 0;
}

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_chw in = l->in[0];
    int rc = check(l);
    if (rc)
        return rc;
    l->out = in;
    if (o->size.h == OF_SECOND) {
        l->out.h = l->in[1].h;
        l->out.w = l->in[1].w;
    } else if (o->size.h != NOT_GIVEN) {
        l->out.h = (size_t)o->size.h;
        l->out.w = (size_t)o->size.w;
    } else {
        l->out.h = scaled(in.h, scale_of(o, 0));
        l->out.w = scaled(in.w, scale_of(o, 1));
    }
    if (!l->out.h || !l->out.w)
        return cnn_fail(CNN_EDATA, "scale leaves nothing of %zux%zu", in.h, in.w);
    return 0;
}

static double step_of(const struct options *o, int k, size_t in, size_t out)
{
    if (o->align_corners)
        return out > 1 ? (double)(in - 1) / (double)(out - 1) : 0;
    return scale_of(o, k) > 0 ? 1 / scale_of(o, k) : (double)in / (double)out;
}

static struct cnn_resize rule_of(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    return (struct cnn_resize){.mode = o->mode,
                               .corners = o->align_corners,
                               .step_h = step_of(o, 0, l->in[0].h, l->out.h),
                               .step_w = step_of(o, 1, l->in[0].w, l->out.w)};
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_resize g = rule_of(l);
    p->k->resize_forward(p->q, &g, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_resize g = rule_of(l);
    if (p->dx[0])
        p->k->resize_backward(p->q, &g, p->dy[0], p->dx[0]);
    if (l->inputs > 1 && p->dx[1])
        cnn_layer_zero(p, p->dx[1]);
}

static int slide(const struct cnn_layer *l, struct cnn_buf *line)
{
    (void)line;
    return ((const struct options *)l->options)->size.h > 0
               ? cnn_fail(CNN_EDATA, "%zux%zu is its size, whatever it reads", l->out.h, l->out.w)
               : 0;
}

/* Outputs closer to each other than inputs are not told. */
static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    const struct options *o = l->options;
    struct cnn_resize g = rule_of(l);
    size_t taps = o->mode == CNN_RESIZE_BILINEAR ? 2 : 1;
    *out = (struct cnn_layer_window){
        .kernel = {taps, taps},
        .stride = {g.step_h > 1 ? (size_t)g.step_h : 1, g.step_w > 1 ? (size_t)g.step_w : 1},
        .dilation = {1, 1}};
}

const struct cnn_layer_type cnn_layer_upsample = {
    .name = "upsample",
    .summary = "planes of another size by interpolation",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 2,
    .flags = CNN_LAYER_ANY_LAYOUT | CNN_LAYER_REFERS,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .window = window,
    .slide = slide,
};
