/* Normalisations, and what scales each channel by a number of its own, as operators; see onnx_layers.def. */
#include "model/export/onnx_private.h"

int cnn_onnx_put_bn(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int x = cnn_onnx_input_of(w, node, 0), affine = l->params == 4;
    const struct cnn_shape channels = {1, {l->out.c}};
    const char *in[5] = {cnn_onnx_either(w, x)};
    for (int k = 0; k < 4; k++)
        in[1 + k] = affine || k > 1
                        ? cnn_onnx_put_param(w, node, affine ? k : k - 2, 1, channels.dim)
                        : cnn_onnx_put_reals(w, l->name, &channels, k == 0);
    Cnn__Onnx__Node *n =
        cnn_onnx_put(w, "BatchNormalization", cnn_onnx_give(w, node, cnn_onnx_form(w, x)), 5, in);
    return cnn_onnx_put_real(w, n, "epsilon", cnn_onnx_number(l, "eps"));
}

int cnn_onnx_put_lrn(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *x = cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0));
    int64_t size = (int64_t)cnn_onnx_number(l, "size");
    if (cnn_onnx_flag(l, "within") || size % 2 == 0)
        return cnn_fail(CNN_EDATA, "within a channel, or of an even size");
    Cnn__Onnx__Node *n = cnn_onnx_put(w, "LRN", cnn_onnx_give(w, node, ONNX_PLANES), 1, &x);
    int rc = cnn_onnx_put_int(w, n, "size", size);
    if (!rc)
        rc = cnn_onnx_put_real(w, n, "alpha", cnn_onnx_number(l, "alpha"));
    if (!rc)
        rc = cnn_onnx_put_real(w, n, "beta", cnn_onnx_number(l, "beta"));
    return rc ? rc : cnn_onnx_put_real(w, n, "bias", cnn_onnx_number(l, "k"));
}

/* What is done with `more` numbers, in one step: y = OP(x, more). */
static int put_two(struct onnx_writer *w, const char *op, const char *x, const char *more,
                   const char *out)
{
    const char *in[2] = {x, more};
    return cnn_onnx_made(cnn_onnx_put(w, op, out, 2, in));
}

/* A parameter as numbers of channels that have rows and columns. */
static const char *by_channel(struct onnx_writer *w, int node, int k)
{
    const size_t dim[3] = {cnn_onnx_layer_of(w, node)->out.c, 1, 1};
    return cnn_onnx_put_param(w, node, k, 3, dim);
}

/* Times the first parameter, and plus the last. */
static int put_affine(struct onnx_writer *w, int node, const char *x, int scaled, int shifted)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *last = cnn_onnx_give(w, node, ONNX_PLANES);
    const char *out = shifted ? cnn_onnx_between(w, l->name) : last;
    int rc = scaled ? put_two(w, "Mul", x, by_channel(w, node, 0), out) : 0;
    if (rc || !shifted)
        return rc;
    return put_two(w, "Add", scaled ? out : x, by_channel(w, node, scaled), last);
}

int cnn_onnx_put_scale(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *x = cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0));
    return put_affine(w, node, x, cnn_onnx_flag(l, "weight"), cnn_onnx_flag(l, "bias"));
}

int cnn_onnx_put_prelu(struct onnx_writer *w, int node)
{
    static const size_t one = 1;
    const char *x = cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0));
    const char *slope = cnn_onnx_flag(cnn_onnx_layer_of(w, node), "shared")
                            ? cnn_onnx_put_param(w, node, 0, 1, &one)
                            : by_channel(w, node, 0);
    return put_two(w, "PRelu", x, slope, cnn_onnx_give(w, node, ONNX_PLANES));
}

/* Each sample by itself */

/* OP(x, weight, bias), with the layer's parameters in that shape, or numbers that change nothing. */
static Cnn__Onnx__Node *put_norm(struct onnx_writer *w, int node, const char *op, const char *x,
                                 const char *out, const struct cnn_shape *shape, int affine)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *in[3] = {x};
    for (int k = 0; k < 2; k++)
        in[1 + k] = affine ? cnn_onnx_put_param(w, node, k, shape->rank, shape->dim)
                           : cnn_onnx_put_reals(w, l->name, shape, k == 0);
    Cnn__Onnx__Node *n = cnn_onnx_put(w, op, out, 3, in);
    return cnn_onnx_put_real(w, n, "epsilon", cnn_onnx_number(l, "eps")) ? NULL : n;
}

int cnn_onnx_put_instancenorm(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const struct cnn_shape channels = {1, {l->out.c}};
    const char *x = cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0));
    return cnn_onnx_made(put_norm(w, node, "InstanceNormalization", x,
                                  cnn_onnx_give(w, node, ONNX_PLANES), &channels, l->params > 0));
}

/* With a group as a channel: GroupNormalization of this opset has weights of groups. */
int cnn_onnx_put_groupnorm(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const int64_t groups = (int64_t)cnn_onnx_number(l, "groups"), together[3] = {0, groups, -1};
    const int64_t apart[4] = {0, (int64_t)l->out.c, (int64_t)l->out.h, (int64_t)l->out.w};
    const struct cnn_shape shape = {1, {(size_t)groups}};
    const char *x = cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0));
    const char *joined = cnn_onnx_between(w, l->name), *done = cnn_onnx_between(w, l->name);
    const char *out =
        l->params ? cnn_onnx_between(w, l->name) : cnn_onnx_give(w, node, ONNX_PLANES);
    int rc = put_two(w, "Reshape", x, cnn_onnx_put_list(w, l->name, 3, together), joined);
    if (!rc)
        rc = cnn_onnx_made(put_norm(w, node, "InstanceNormalization", joined, done, &shape, 0));
    if (!rc)
        rc = put_two(w, "Reshape", done, cnn_onnx_put_list(w, l->name, 4, apart), out);
    return rc || !l->params ? rc : put_affine(w, node, out, 1, 1);
}

/* All elements of a sample. */
int cnn_onnx_put_layernorm(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int x = cnn_onnx_input_of(w, node, 0), flat = l->out.h * l->out.w == 1;
    const struct cnn_shape all = {flat ? 1 : 3, {l->out.c, l->out.h, l->out.w}};
    const char *in = flat ? cnn_onnx_flat(w, x) : cnn_onnx_planes(w, x);
    Cnn__Onnx__Node *n =
        put_norm(w, node, "LayerNormalization", in,
                 cnn_onnx_give(w, node, flat ? ONNX_FLAT : ONNX_PLANES), &all, l->params > 0);
    return cnn_onnx_put_int(w, n, "axis", 1);
}

/* The channels of each place, which are the last axis meanwhile. */
int cnn_onnx_put_layernorm2d(struct onnx_writer *w, int node)
{
    static const size_t there[4] = {0, 2, 3, 1}, back[4] = {0, 3, 1, 2};
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const struct cnn_shape channels = {1, {l->out.c}};
    const char *x = cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0));
    const char *turned = cnn_onnx_between(w, l->name), *done = cnn_onnx_between(w, l->name);
    int rc = cnn_onnx_put_transposed(w, x, turned, 4, there);
    if (!rc)
        rc = cnn_onnx_put_int(
            w, put_norm(w, node, "LayerNormalization", turned, done, &channels, l->params > 0),
            "axis", -1);
    return rc ? rc : cnn_onnx_put_transposed(w, done, cnn_onnx_give(w, node, ONNX_PLANES), 4, back);
}
