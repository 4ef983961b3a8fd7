/* Transposed convolution: the map whose gradient is a convolution (Zeiler et al. 2010; Long,
 * Shelhamer, Darrell 2015). x and y stand in each other's place: forward is a convolution's data
 * gradient, and dx its forward. Weights are (in, out / groups, kh, kw), as PyTorch's. */
#include "layer/window.h"

struct options {
    long long filters, groups;
    struct cnn_pair kernel, stride, output_pad, dilation;
    struct cnn_pad pad;
    int bias;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("filters", struct options, filters, NULL, .min = 1, .max = 1 << 20,
                   .position = 1, .metavar = "N", .help = "output channels"),
    CNN_OPTION_PAIR("kernel", struct options, kernel, NULL, .min = 1, .max = 1 << 14, .position = 2,
                    .metavar = "N|HxW", .help = "size of the filters"),
    CNN_OPTION_PAIR("stride", struct options, stride, "1", .min = 1, .max = 1 << 14,
                    .metavar = "N|HxW", .help = "step from input to input, in output pixels"),
    CNN_OPTION_PAD("pad", struct options, pad, "0", .max = 1 << 14,
                   .metavar = "N|HxW|T,L,B,R|same|valid|full|same_lower",
                   .help = "rows and columns of the output that are left out, as a conv from there "
                           "to here would pad; same: output size = input size * stride"),
    CNN_OPTION_PAIR("output_pad", struct options, output_pad, "0", .min = 0, .max = 1 << 14,
                    .metavar = "N|HxW",
                    .help = "rows and columns more below and to the right, fewer than the stride"),
    CNN_OPTION_PAIR("dilation", struct options, dilation, "1", .min = 1, .max = 1 << 14,
                    .metavar = "N|HxW", .help = "step from weight to weight, in output pixels"),
    CNN_OPTION_INT("groups", struct options, groups, "1", .min = 1, .max = 1 << 20, .metavar = "N",
                   .help = "channels are cut into so many groups, each convolved by itself"),
    CNN_OPTION_FLAG("bias", struct options, bias, "1", .metavar = "0|1",
                    .help = "add a number to each output channel"),
    CNN_OPTION_END,
};

/* An axis of the convolution back: what it reads, `in`, is this layer's output. */
struct back {
    size_t in, out, kernel, stride, dilation, before, after;
};

/* CNN_EDATA when nothing would be left. */
static int fit(struct back *a, int before, int after, int more)
{
    size_t reach = a->dilation * (a->kernel - 1) + 1, full = (a->out - 1) * a->stride + reach;
    size_t same = a->out * a->stride, extra = full > same ? full - same : 0;
    if (before == CNN_PAD_SAME || before == CNN_PAD_SAME_LOWER) {
        a->before = extra / 2 + (before == CNN_PAD_SAME_LOWER ? extra % 2 : 0);
        a->after = extra - a->before;
        full += same + extra - full;
    } else {
        a->before = before == CNN_PAD_FULL ? reach - 1 : (size_t)before;
        a->after = before == CNN_PAD_FULL ? reach - 1 : (size_t)after;
    }
    if (more && (before == CNN_PAD_SAME || before == CNN_PAD_SAME_LOWER))
        return cnn_fail(CNN_EDATA, "output_pad: pad=same says how large the output is");
    full += (size_t)more;
    if (full <= a->before + a->after)
        return cnn_fail(CNN_EDATA, "pad leaves nothing of %zu rows or columns", full);
    if ((full - reach) / a->stride + 1 != a->out)
        return cnn_fail(CNN_EDATA, "output_pad %d is not below the stride %zu", more, a->stride);
    a->in = full - a->before - a->after;
    return 0;
}

static int axes(const struct cnn_layer *l, struct back *h, struct back *w)
{
    const struct options *o = l->options;
    *h = (struct back){.out = l->in[0].h,
                       .kernel = (size_t)o->kernel.h,
                       .stride = (size_t)o->stride.h,
                       .dilation = (size_t)o->dilation.h};
    *w = (struct back){.out = l->in[0].w,
                       .kernel = (size_t)o->kernel.w,
                       .stride = (size_t)o->stride.w,
                       .dilation = (size_t)o->dilation.w};
    int rc = fit(h, o->pad.top, o->pad.bottom, o->output_pad.h);
    return rc ? rc : fit(w, o->pad.left, o->pad.right, o->output_pad.w);
}

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t filters = (size_t)o->filters, groups = (size_t)o->groups, in = l->in[0].c;
    struct back h, w;
    if (in % groups || filters % groups)
        return cnn_fail(CNN_EDATA, "groups=%zu does not divide %zu input channels and %zu filters",
                        groups, in, filters);
    int rc = axes(l, &h, &w);
    if (rc)
        return rc;
    l->out = (struct cnn_chw){filters, h.in, w.in};
    struct cnn_shape shape = {4, {in, filters / groups, h.kernel, w.kernel}};
    size_t taps = h.kernel * w.kernel, steps = h.stride * w.stride;
    size_t meet = (in / groups * taps + steps - 1) / steps; /* in an output, on the average */
    cnn_layer_param(l, "weight", shape, CNN_INIT_DEFAULT, meet, filters / groups * taps);
    if (o->bias)
        cnn_layer_param(l, "bias", (struct cnn_shape){1, {filters}}, CNN_INIT_ZERO, 1, 1);
    return 0;
}

/* Of the convolution back. */
static struct cnn_conv geometry(const struct cnn_layer *l, size_t batch)
{
    const struct options *o = l->options;
    struct back h, w;
    axes(l, &h, &w); /* fitted in setup */
    return (struct cnn_conv){.batch = batch,
                             .in_c = l->out.c,
                             .in_h = h.in,
                             .in_w = w.in,
                             .out_c = l->in[0].c,
                             .out_h = h.out,
                             .out_w = w.out,
                             .kh = h.kernel,
                             .kw = w.kernel,
                             .stride_h = h.stride,
                             .stride_w = w.stride,
                             .dilation_h = h.dilation,
                             .dilation_w = w.dilation,
                             .groups = (size_t)o->groups,
                             .pad_top = h.before,
                             .pad_left = w.before,
                             .pad_bottom = h.after,
                             .pad_right = w.after};
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    struct cnn_conv g = geometry(l, shapes->batch);
    out->work = b->kernels->conv_work(&b->queue, &g, shapes->y[0], shapes->x[0]);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_conv g = geometry(l, p->batch);
    p->k->conv_backward_data(p->q, &g, p->x[0], p->w[0], p->y[0], p->work);
    if (l->params > 1)
        p->k->bias_forward(p->q, p->w[1], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_conv g = geometry(l, p->batch);
    if (p->dw[0])
        p->k->conv_backward_weight(p->q, &g, p->dy[0], p->x[0], p->dw[0], p->work);
    if (l->params > 1 && p->dw[1])
        p->k->bias_backward(p->q, p->dy[0], p->dw[1]);
    if (p->dx[0])
        p->k->conv_forward(p->q, &g, p->dy[0], p->w[0], NULL, NULL, NULL, p->dx[0], p->work);
}

static double cost(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                   enum cnn_conv_pass pass, const char **algorithm)
{
    static const enum cnn_conv_pass back[] = {CNN_CONV_DATA, CNN_CONV_FORWARD, CNN_CONV_WEIGHT};
    struct cnn_conv g = geometry(l, shapes->batch);
    return b->kernels->conv_cost(&b->queue, &g, shapes->y[0], shapes->x[0], back[pass], algorithm);
}

static uint64_t multiply_adds(const struct cnn_layer *l)
{
    return (uint64_t)l->in[0].h * l->in[0].w * cnn_shape_count(&l->param[0].shape);
}

/* The inputs that an output may see; that outputs are closer to each other than these is not told. */
static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    struct back h, w;
    axes(l, &h, &w); /* fitted in setup */
    *out =
        (struct cnn_layer_window){.kernel = {(h.dilation * (h.kernel - 1) + h.stride) / h.stride,
                                             (w.dilation * (w.kernel - 1) + w.stride) / w.stride},
                                  .stride = {1, 1},
                                  .dilation = {1, 1}};
}

const struct cnn_layer_type cnn_layer_deconv = {
    .name = "deconv",
    .summary = "transposed convolution",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_MIXES_LAYOUTS,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .cost = cost,
    .multiply_adds = multiply_adds,
    .window = window,
};
