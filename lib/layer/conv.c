/* Convolution: y[k] = b[k] + sum_c w[k, c] * x[c] (cross-correlation, as in all frameworks),
 * in groups that see only their own channels.
 *
 * Of volumes, whose slices are the rows of a sample, the slices that a filter sees become channels,
 * c * depth + d (kern/shape/depth.c): then it is a convolution of planes, with the same weights. */
#include "base/memory.h"
#include "layer/window.h"

struct options {
    long long filters, groups;
    struct cnn_pair kernel, stride, dilation;
    struct cnn_pad pad;
    int bias;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("filters", struct options, filters, NULL, .min = 1, .max = 1 << 20,
                   .position = 1, .metavar = "N", .help = "output channels"),
    CNN_OPTION_PAIR("kernel", struct options, kernel, NULL, .min = 1, .max = 1 << 14, .depth = 1,
                    .position = 2, .metavar = "N|HxW|DxHxW",
                    .help = "size of the filters; with a depth: over so many rows, the slices of "
                            "a volume"),
    CNN_OPTION_PAIR("stride", struct options, stride, "1", .min = 1, .max = 1 << 14, .depth = 1,
                    .metavar = "N|HxW|DxHxW",
                    .help = "step from output to output, in input pixels"),
    CNN_OPTION_PAD("pad", struct options, pad, "0", .max = 1 << 14, .depth = 1,
                   .metavar = "N|HxW|DxHxW|T,L,B,R|same|valid|full|same_lower",
                   .help = "zeros around the input, alike on opposite sides or top, left, bottom "
                           "and right; same: output size = input size / stride, rounded up, an "
                           "odd zero behind (same_lower: before); valid: none; full: dilation * "
                           "(kernel - 1)"),
    CNN_OPTION_PAIR("dilation", struct options, dilation, "1", .min = 1, .max = 1 << 14, .depth = 1,
                    .metavar = "N|HxW|DxHxW",
                    .help = "step from weight to weight, in input pixels"),
    CNN_OPTION_INT("groups", struct options, groups, "1", .min = 1, .max = 1 << 20, .metavar = "N",
                   .help = "channels are cut into so many groups, each convolved by itself"),
    CNN_OPTION_FLAG("bias", struct options, bias, "1", .metavar = "0|1",
                    .help = "add a number to each output channel"),
    CNN_OPTION_END,
};

static void axes(const struct cnn_layer *l, struct cnn_axis *h, struct cnn_axis *w)
{
    const struct options *o = l->options;
    *h = (struct cnn_axis){.in = l->in[0].h,
                           .kernel = (size_t)o->kernel.h,
                           .stride = (size_t)o->stride.h,
                           .dilation = (size_t)o->dilation.h,
                           .pad = {o->pad.top, o->pad.bottom}};
    *w = (struct cnn_axis){.in = l->in[0].w,
                           .kernel = (size_t)o->kernel.w,
                           .stride = (size_t)o->stride.w,
                           .dilation = (size_t)o->dilation.w,
                           .pad = {o->pad.left, o->pad.right}};
}

static struct cnn_depth_options depth_options(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    return (struct cnn_depth_options){
        .kernel = o->kernel, .stride = o->stride, .dilation = o->dilation, .pad = o->pad};
}

static struct cnn_axis depth(const struct cnn_layer *l)
{
    struct cnn_depth_options o = depth_options(l);
    return cnn_depth_fit_again(&o, l->in_rows[0]);
}

/* (filters, in / groups, [depth,] height, width) */
static struct cnn_shape weight_shape(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t filters = (size_t)o->filters, in = l->in[0].c / (size_t)o->groups;
    size_t h = (size_t)o->kernel.h, w = (size_t)o->kernel.w;
    if (o->kernel.d)
        return (struct cnn_shape){5, {filters, in, (size_t)o->kernel.d, h, w}};
    return (struct cnn_shape){4, {filters, in, h, w}};
}

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t filters = (size_t)o->filters, groups = (size_t)o->groups, in = l->in[0].c;
    struct cnn_depth_options deep = depth_options(l);
    struct cnn_axis d, h, w;
    axes(l, &h, &w);
    if (in % groups || filters % groups)
        return cnn_fail(CNN_EDATA, "groups=%zu does not divide %zu input channels and %zu filters",
                        groups, in, filters);
    int rc = cnn_axis_fit(&h, &w);
    if (!rc)
        rc = cnn_depth_fit(&deep, l->in_rows[0], &d);
    if (rc)
        return rc;
    l->out = (struct cnn_chw){filters, h.out, w.out};
    l->rows = d.out;
    if (cnn_depth_is_flat(&d))
        cnn_layer_keeps_rows(l);
    struct cnn_shape shape = weight_shape(l);
    size_t taps = d.kernel * h.kernel * w.kernel;
    cnn_layer_param(l, "weight", shape, CNN_INIT_DEFAULT, in / groups * taps, filters * taps);
    if (o->bias)
        cnn_layer_param(l, "bias", (struct cnn_shape){1, {filters}}, CNN_INIT_ZERO, 1, 1);
    return 0;
}

/* Of planes; batch: rows of the input. */
static struct cnn_conv geometry(const struct cnn_layer *l, size_t batch)
{
    const struct options *o = l->options;
    struct cnn_axis h, w;
    axes(l, &h, &w);
    cnn_axis_fit_again(&h, &w);
    return (struct cnn_conv){.batch = batch / l->in_rows[0] * l->rows,
                             .in_c = l->in[0].c * (o->kernel.d ? (size_t)o->kernel.d : 1),
                             .in_h = h.in,
                             .in_w = w.in,
                             .out_c = l->out.c,
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

/* What filters of planes see of x or dx, without data: all that is there, or each row with the
 * slices that it sees. */
static struct cnn_tensor seen(const struct cnn_layer *l, const struct cnn_tensor *x)
{
    struct cnn_axis d = depth(l);
    struct cnn_tensor t = *x;
    t.data = NULL;
    t.n = x->n / l->in_rows[0] * d.out;
    t.c *= d.kernel;
    return t;
}

static int is_flat(const struct cnn_layer *l)
{
    struct cnn_axis d = depth(l);
    return cnn_depth_is_flat(&d);
}

/* Bytes of `work` that what is seen takes; what kernels need stands behind it. */
static size_t seen_bytes(const struct cnn_tensor *t)
{
    size_t bytes = cnn_tensor_size(t);
    return bytes < SIZE_MAX - CNN_ALIGN ? (bytes + CNN_ALIGN - 1) / CNN_ALIGN * CNN_ALIGN
                                        : SIZE_MAX;
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    struct cnn_conv g = geometry(l, shapes->batch);
    struct cnn_tensor x = seen(l, shapes->x[0]);
    out->work = b->kernels->conv_work(&b->queue, &g, &x, shapes->y[0]);
    if (!shapes->saves)
        out->packed = b->kernels->conv_packed(&b->queue, &g, &x, shapes->y[0]);
    if (!is_flat(l) && (b->ops->tensor_bytes(b, &x) == SIZE_MAX ||
                        cnn_add_overflows(out->work, seen_bytes(&x), &out->work)))
        out->work = SIZE_MAX;
}

/* What filters of planes see of x, which is moved into work where it is a volume; *work: what is
 * left. */
static struct cnn_tensor see(const struct cnn_layer *l, const struct cnn_pass *p, void **work)
{
    struct cnn_tensor t = seen(l, p->x[0]);
    struct cnn_axis d = depth(l);
    struct cnn_depth g = cnn_depth_of(&d);
    *work = p->work;
    if (cnn_depth_is_flat(&d))
        return *p->x[0];
    t.data = p->work;
    *work = (char *)p->work + seen_bytes(&t);
    p->k->depth_gather(p->q, &g, p->x_rows[0], p->x[0], &t);
    return t;
}

static const struct cnn_tensor *bias_of(const struct cnn_layer *l, const struct cnn_pass *p)
{
    return p->bias ? p->bias : l->params > 1 ? p->w[1] : NULL;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_conv g = geometry(l, p->batch);
    void *work;
    struct cnn_tensor x = see(l, p, &work);
    p->k->conv_forward(p->q, &g, &x, p->w[0], bias_of(l, p), p->packed, p->epilogue, p->y[0], work);
}

static void pack(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_conv g = geometry(l, p->batch);
    struct cnn_tensor x = seen(l, p->x[0]);
    p->k->conv_pack(p->q, &g, &x, p->y[0], p->w[0], p->packed);
}

static double cost(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                   enum cnn_conv_pass pass, const char **algorithm)
{
    struct cnn_conv g = geometry(l, shapes->batch);
    struct cnn_tensor x = seen(l, shapes->x[0]);
    return b->kernels->conv_cost(&b->queue, &g, &x, shapes->y[0], pass, algorithm);
}

/* dx, of volumes by way of the gradient of what is seen. */
static void backward_data(const struct cnn_layer *l, const struct cnn_conv *g, struct cnn_pass *p)
{
    struct cnn_tensor t = seen(l, p->dx[0]);
    struct cnn_axis d = depth(l);
    struct cnn_depth windows = cnn_depth_of(&d);
    if (cnn_depth_is_flat(&d)) {
        p->k->conv_backward_data(p->q, g, p->dy[0], p->w[0], p->dx[0], p->work);
        return;
    }
    t.data = p->work;
    p->k->conv_backward_data(p->q, g, p->dy[0], p->w[0], &t, (char *)p->work + seen_bytes(&t));
    p->k->depth_scatter(p->q, &windows, p->x_rows[0], &t, p->dx[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_conv g = geometry(l, p->batch);
    if (p->dw[0]) {
        void *work;
        struct cnn_tensor x = see(l, p, &work);
        p->k->conv_backward_weight(p->q, &g, &x, p->dy[0], p->dw[0], work);
    }
    if (l->params > 1 && p->dw[1])
        p->k->bias_backward(p->q, p->dy[0], p->dw[1]);
    if (p->dx[0])
        backward_data(l, &g, p);
}

static uint64_t multiply_adds(const struct cnn_layer *l)
{
    return (uint64_t)l->out.h * l->out.w * cnn_shape_count(&l->param[0].shape);
}

static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    struct cnn_axis h, w;
    axes(l, &h, &w);
    cnn_axis_fit_again(&h, &w);
    *out = (struct cnn_layer_window){.kernel = {h.kernel, w.kernel},
                                     .stride = {h.stride, w.stride},
                                     .dilation = {h.dilation, w.dilation},
                                     .before = {h.before, w.before},
                                     .after = {h.after, w.after}};
}

const struct cnn_layer_type cnn_layer_conv = {
    .name = "conv",
    .summary = "convolution",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_MIXES_LAYOUTS | CNN_LAYER_MIXES_ROWS |
             CNN_LAYER_EPILOGUE | CNN_LAYER_FOLDABLE,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .pack = pack,
    .cost = cost,
    .multiply_adds = multiply_adds,
    .window = window,
};
