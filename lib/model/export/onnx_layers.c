/* Layers with weights, functions of elements and pooling as operators; see onnx_layers.def. */
#include <string.h>

#include "layer/window.h"
#include "model/export/onnx_private.h"

/* Functions */

/* An operator that does not care for rows and columns. */
static Cnn__Onnx__Node *put_function(struct onnx_writer *w, int node, const char *op)
{
    int x = cnn_onnx_input_of(w, node, 0);
    const char *in = cnn_onnx_either(w, x);
    return cnn_onnx_put(w, op, cnn_onnx_give(w, node, cnn_onnx_form(w, x)), 1, &in);
}

static int put_clip(struct onnx_writer *w, int node, double min, double max)
{
    int x = cnn_onnx_input_of(w, node, 0);
    const char *name = cnn_onnx_layer_of(w, node)->name, *in[3] = {cnn_onnx_either(w, x)};
    in[1] = cnn_onnx_put_scalar(w, name, min);
    in[2] = cnn_onnx_put_scalar(w, name, max);
    return cnn_onnx_made(
        cnn_onnx_put(w, "Clip", cnn_onnx_give(w, node, cnn_onnx_form(w, x)), 3, in));
}

int cnn_onnx_put_relu6(struct onnx_writer *w, int node)
{
    return put_clip(w, node, 0, 6);
}

int cnn_onnx_put_hardtanh(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    return put_clip(w, node, cnn_onnx_number(l, "min"), cnn_onnx_number(l, "max"));
}

int cnn_onnx_put_silu(struct onnx_writer *w, int node)
{
    int x = cnn_onnx_input_of(w, node, 0);
    const char *in[2] = {cnn_onnx_either(w, x),
                         cnn_onnx_between(w, cnn_onnx_layer_of(w, node)->name)};
    if (!cnn_onnx_put(w, "Sigmoid", in[1], 1, in))
        return cnn_error_code();
    return cnn_onnx_made(
        cnn_onnx_put(w, "Mul", cnn_onnx_give(w, node, cnn_onnx_form(w, x)), 2, in));
}

int cnn_onnx_put_gelu(struct onnx_writer *w, int node)
{
    Cnn__Onnx__Node *n = put_function(w, node, "Gelu");
    return !cnn_onnx_number(cnn_onnx_layer_of(w, node), "approximate")
               ? cnn_onnx_made(n)
               : cnn_onnx_put_text(w, n, "approximate", "tanh");
}

int cnn_onnx_put_hardsigmoid(struct onnx_writer *w, int node)
{
    Cnn__Onnx__Node *n = put_function(w, node, "HardSigmoid");
    int rc = cnn_onnx_put_real(w, n, "alpha", 1.0 / 6);
    return rc ? rc : cnn_onnx_put_real(w, n, "beta", 0.5);
}

int cnn_onnx_put_factor(struct onnx_writer *w, int node)
{
    int x = cnn_onnx_input_of(w, node, 0);
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *in[2] = {cnn_onnx_either(w, x)};
    in[1] = cnn_onnx_put_scalar(w, l->name, cnn_onnx_number(l, "by"));
    return cnn_onnx_made(
        cnn_onnx_put(w, "Mul", cnn_onnx_give(w, node, cnn_onnx_form(w, x)), 2, in));
}

int cnn_onnx_put_softmax(struct onnx_writer *w, int node)
{
    return cnn_onnx_put_int(w, put_function(w, node, "Softmax"), "axis", 1);
}

int cnn_onnx_put_nothing(struct onnx_writer *w, int node)
{
    return cnn_onnx_made(put_function(w, node, "Identity"));
}

/* Weights */

/* Windows of the last two axes, or of three: the depth, rows and columns. */
struct windows {
    size_t axes, kernel[3], stride[3], dilation[3], pads[6]; /* pads: before, then after */
};

static void windows_of(const struct cnn_layer *l, struct windows *out)
{
    const struct cnn_pair *kernel = cnn_onnx_option(l, "kernel");
    const struct cnn_pair *stride = cnn_onnx_option(l, "stride"),
                          *dilation = cnn_onnx_option(l, "dilation");
    const struct cnn_depth_options o = {.kernel = *kernel,
                                        .stride = *stride,
                                        .dilation = *dilation,
                                        .pad = *(const struct cnn_pad *)cnn_onnx_option(l, "pad"),
                                        .ceiling = cnn_onnx_flag(l, "ceil")};
    struct cnn_layer_window g;
    struct cnn_axis d = cnn_depth_fit_again(&o, l->in_rows[0]);
    size_t deep = kernel->d > 0, axes = 2 + deep;
    l->type->window(l, &g);
    *out = (struct windows){.axes = axes,
                            .kernel = {d.kernel},
                            .stride = {d.stride},
                            .dilation = {d.dilation},
                            .pads = {d.before, 0, 0, d.after}};
    for (size_t k = 0; k < 2; k++) {
        out->kernel[deep + k] = g.kernel[k];
        out->stride[deep + k] = g.stride[k];
        out->dilation[deep + k] = g.dilation[k];
        out->pads[deep + k] = g.before[k];
        out->pads[axes + deep + k] = g.after[k];
    }
}

static int put_windows(struct onnx_writer *w, Cnn__Onnx__Node *n, const struct windows *g)
{
    int rc = cnn_onnx_put_ints(w, n, "kernel_shape", g->axes, g->kernel);
    if (!rc)
        rc = cnn_onnx_put_ints(w, n, "strides", g->axes, g->stride);
    return rc ? rc : cnn_onnx_put_ints(w, n, "pads", 2 * g->axes, g->pads);
}

/* What windows of so many axes read. */
static const char *seen_by(struct onnx_writer *w, int node, const struct windows *g)
{
    int x = cnn_onnx_input_of(w, node, 0);
    return g->axes == 3 ? cnn_onnx_volume(w, x) : cnn_onnx_planes(w, x);
}

/* x, the weights in that shape and, where there is one, the bias. */
static Cnn__Onnx__Node *put_weighted(struct onnx_writer *w, int node, const char *op, const char *x,
                                     enum onnx_form form)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *in[3] = {x};
    for (int k = 0; k < l->params; k++)
        in[1 + k] = cnn_onnx_put_param(w, node, k, l->param[k].shape.rank, l->param[k].shape.dim);
    return cnn_onnx_put(w, op, cnn_onnx_give(w, node, form), 1 + l->params, in);
}

int cnn_onnx_put_conv(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    struct windows g;
    windows_of(l, &g);
    Cnn__Onnx__Node *n = put_weighted(w, node, "Conv", seen_by(w, node, &g),
                                      g.axes == 3 ? ONNX_VOLUME : ONNX_PLANES);
    int rc = put_windows(w, n, &g);
    if (!rc)
        rc = cnn_onnx_put_ints(w, n, "dilations", g.axes, g.dilation);
    return rc ? rc : cnn_onnx_put_int(w, n, "group", (int64_t)cnn_onnx_number(l, "groups"));
}

/* What of an axis is left out at its beginning, by the number or word that says it. */
static size_t first_pad(int pad, size_t all, size_t full)
{
    return pad >= 0                    ? (size_t)pad
           : pad == CNN_PAD_SAME       ? all / 2
           : pad == CNN_PAD_SAME_LOWER ? all - all / 2
                                       : full;
}

int cnn_onnx_put_deconv(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const struct cnn_pair *kernel = cnn_onnx_option(l, "kernel"),
                          *stride = cnn_onnx_option(l, "stride");
    const struct cnn_pair *dilation = cnn_onnx_option(l, "dilation"),
                          *more = cnn_onnx_option(l, "output_pad");
    const struct cnn_pad *pad = cnn_onnx_option(l, "pad");
    struct windows g = {.axes = 2,
                        .kernel = {(size_t)kernel->h, (size_t)kernel->w},
                        .stride = {(size_t)stride->h, (size_t)stride->w},
                        .dilation = {(size_t)dilation->h, (size_t)dilation->w}};
    const size_t in[2] = {l->in[0].h, l->in[0].w}, out[2] = {l->out.h, l->out.w};
    const size_t extra[2] = {(size_t)more->h, (size_t)more->w};
    for (int k = 0; k < 2; k++) {
        size_t reach = g.dilation[k] * (g.kernel[k] - 1);
        size_t all = g.stride[k] * (in[k] - 1) + reach + 1 + extra[k] - out[k];
        g.pads[k] = first_pad(k ? pad->left : pad->top, all, reach);
        g.pads[2 + k] = all - g.pads[k];
    }
    Cnn__Onnx__Node *n = put_weighted(
        w, node, "ConvTranspose", cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0)), ONNX_PLANES);
    int rc = put_windows(w, n, &g);
    if (!rc)
        rc = cnn_onnx_put_ints(w, n, "dilations", 2, g.dilation);
    if (!rc)
        rc = cnn_onnx_put_ints(w, n, "output_padding", 2, extra);
    return rc ? rc : cnn_onnx_put_int(w, n, "group", (int64_t)cnn_onnx_number(l, "groups"));
}

int cnn_onnx_put_dense(struct onnx_writer *w, int node)
{
    const char *x = cnn_onnx_flat(w, cnn_onnx_input_of(w, node, 0));
    return cnn_onnx_put_int(w, put_weighted(w, node, "Gemm", x, ONNX_FLAT), "transB", 1);
}

/* Pooling */

static int put_pool(struct onnx_writer *w, int node, const char *op, const char *global,
                    Cnn__Onnx__Node **out)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    struct windows g;
    windows_of(l, &g);
    const char *x = seen_by(w, node, &g);
    int whole = g.axes == 2 && g.kernel[0] == l->in[0].h && g.kernel[1] == l->in[0].w &&
                l->out.h * l->out.w == 1 && !g.pads[0] && !g.pads[1];
    int dilated = g.dilation[0] > 1 || g.dilation[1] > 1 || (g.axes == 3 && g.dilation[2] > 1);
    *out = cnn_onnx_put(w, whole ? global : op,
                        cnn_onnx_give(w, node, g.axes == 3 ? ONNX_VOLUME : ONNX_PLANES), 1, &x);
    int rc = whole ? cnn_onnx_made(*out) : put_windows(w, *out, &g);
    if (!rc && !whole && dilated)
        rc = cnn_onnx_put_ints(w, *out, "dilations", g.axes, g.dilation);
    if (!rc && !whole && cnn_onnx_flag(l, "ceil"))
        rc = cnn_onnx_put_int(w, *out, "ceil_mode", 1);
    return rc ? rc : whole;
}

int cnn_onnx_put_maxpool(struct onnx_writer *w, int node)
{
    Cnn__Onnx__Node *n;
    int rc = put_pool(w, node, "MaxPool", "GlobalMaxPool", &n);
    return rc < 0 ? rc : 0;
}

int cnn_onnx_put_avgpool(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    Cnn__Onnx__Node *n;
    if (cnn_onnx_number(l, "divisor") != 0)
        return cnn_fail(CNN_EDATA, "a divisor of its own");
    int rc = put_pool(w, node, "AveragePool", "GlobalAveragePool", &n);
    return rc ? (rc < 0 ? rc : 0)
              : cnn_onnx_put_int(w, n, "count_include_pad", cnn_onnx_flag(l, "count_pad"));
}

int cnn_onnx_put_lppool(struct onnx_writer *w, int node)
{
    double p = cnn_onnx_number(cnn_onnx_layer_of(w, node), "p");
    Cnn__Onnx__Node *n;
    if (p != (double)(int64_t)p)
        return cnn_fail(CNN_EDATA, "a p that is no whole number");
    int rc = put_pool(w, node, "LpPool", "GlobalLpPool", &n);
    return rc < 0 ? rc : cnn_onnx_put_int(w, n, "p", (int64_t)p);
}

int cnn_onnx_put_adaptive(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *x = cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0));
    const size_t size[2] = {l->in[0].h / l->out.h, l->in[0].w / l->out.w};
    if (l->in[0].h % l->out.h || l->in[0].w % l->out.w)
        return cnn_fail(CNN_EDATA, "windows that are not alike");
    Cnn__Onnx__Node *n = cnn_onnx_put(w, "AveragePool", cnn_onnx_give(w, node, ONNX_PLANES), 1, &x);
    int rc = cnn_onnx_put_ints(w, n, "kernel_shape", 2, size);
    return rc ? rc : cnn_onnx_put_ints(w, n, "strides", 2, size);
}

/* The list */

static const struct function {
    const char *layer, *operator, * option, *attribute;
} functions[] = {
#define CNN_ONNX_LAYER(name, function)
#define CNN_ONNX_FUNCTION(name, operator, option, attribute) {#name, #operator, option, attribute},
#include "model/export/onnx_layers.def"
#undef CNN_ONNX_LAYER
#undef CNN_ONNX_FUNCTION
};

static const struct {
    const char *layer;
    cnn_onnx_layer_function *put;
} layers[] = {
#define CNN_ONNX_LAYER(name, function) {#name, cnn_onnx_put_##function},
#define CNN_ONNX_FUNCTION(name, operator, option, attribute)
#include "model/export/onnx_layers.def"
#undef CNN_ONNX_LAYER
#undef CNN_ONNX_FUNCTION
};

int cnn_onnx_put_layer(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (!strcmp(layers[i].layer, l->type->name))
            return layers[i].put(w, node);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const struct function *f = &functions[i];
        if (strcmp(f->layer, l->type->name) != 0)
            continue;
        Cnn__Onnx__Node *n = put_function(w, node, f->operator);
        return f->option ? cnn_onnx_put_real(w, n, f->attribute, cnn_onnx_number(l, f->option))
                         : cnn_onnx_made(n);
    }
    return cnn_fail(CNN_EDATA, "no operator");
}
