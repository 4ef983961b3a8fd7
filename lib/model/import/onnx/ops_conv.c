/* Convolutions of ONNX; see onnx_ops.def. */
#include <stdio.h>

#include "layer/window.h"
#include "model/import/onnx/ops.h"

/* The line LABEL: WORD FILTERS WINDOW, with its tensors. */
static int add_layer(struct onnx_graph *g, const struct onnx_node *n, const char *word,
                     const struct onnx_window *w, struct cnn_chw out, const size_t dim[4])
{
    const struct onnx_value *x = n->in[0];
    const char *label = cnn_onnx_label(g, n, n->in[1]);
    size_t groups = (size_t)cnn_onnx_int(n, "group", 1);
    const struct onnx_constant *bias = NULL;
    char more[48] = "";
    if (cnn_onnx_has(n, 2) && !(bias = cnn_onnx_weight(n, 2, "bias")))
        return cnn_error_code();
    if (groups != 1)
        snprintf(more, sizeof more, " groups=%zu", groups);
    int rc = cnn_onnx_line(g, n->out[0], label, &x, 1, out, "%s %zu %s%s%s", word, out.c, w->words,
                           more, bias ? "" : " bias=0");
    if (!rc)
        rc = cnn_onnx_param(g, label, "weight", n->in[1]->constant, 4, dim);
    if (!rc && bias)
        rc = cnn_onnx_param(g, label, "bias", bias, 1, &out.c);
    cnn_onnx_like(g, n->out[0], x->rank, out);
    return rc;
}

/* The input in order, its weights' shape with rows and columns, and its windows. */
static int read_both(struct onnx_graph *g, const struct onnx_node *n, struct cnn_chw *in,
                     size_t dim[4], struct onnx_window *w)
{
    const struct onnx_constant *weight = cnn_onnx_weight(n, 1, "weight");
    int64_t groups = cnn_onnx_int(n, "group", 1);
    if (!weight)
        return cnn_error_code();
    int rc = cnn_onnx_plain(g, n, n->in[0], in);
    if (rc)
        return rc;
    if (weight->rank != n->in[0]->rank || !weight->count)
        return cnn_fail(CNN_EDATA, "weights of %d dimensions for a value of %d", weight->rank,
                        n->in[0]->rank);
    if (groups < 1 || (uint64_t)groups > in->c)
        return cnn_fail(CNN_EDATA, "group of %lld", (long long)groups);
    dim[0] = weight->dim[0];
    dim[1] = weight->dim[1];
    dim[2] = weight->rank == 4 ? weight->dim[2] : 1;
    dim[3] = weight->dim[weight->rank - 1];
    return cnn_onnx_window(n, weight->rank, weight->dim + 2, w);
}

int cnn_onnx_conv(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_window w;
    struct cnn_chw shape;
    size_t dim[4], groups = (size_t)cnn_onnx_int(n, "group", 1);
    int rc = read_both(g, n, &shape, dim, &w);
    if (rc)
        return rc;
    if (shape.c % groups || dim[1] != shape.c / groups || dim[0] % groups)
        return cnn_fail(CNN_EDATA, "weights %zux%zu for %zu channels in %zu groups", dim[0], dim[1],
                        shape.c, groups);
    rc = cnn_onnx_windows(&w, 0, &shape);
    shape.c = dim[0];
    return rc ? rc : add_layer(g, n, "conv", &w, shape, dim);
}

/* Pads that give the output a size (auto_pad: that of the input times the stride, whatever
 * output_padding says), and what is more of it than there can be. */
static int fit_output(const struct onnx_node *n, struct cnn_chw in, struct onnx_window *w,
                      int more[2])
{
    int count, axes = n->in[0]->rank - 2;
    const int64_t *size = cnn_onnx_ints(n, "output_shape", &count);
    size_t from[2] = {in.h, in.w};
    int64_t same[2];
    if (!size && w->pad[1] < 0 && (more[0] || more[1])) {
        count = axes;
        for (int i = 0; i < axes; i++)
            same[i] = (int64_t)(from[2 - axes + i] * w->stride[2 - axes + i]);
        size = same;
    }
    for (int i = 0; size && count == axes && i < axes; i++) {
        int k = 2 - axes + i;
        int64_t all =
            (int64_t)(w->stride[k] * (from[k] - 1) + w->dilation[k] * (w->kernel[k] - 1) + 1) +
            more[k] - size[i];
        int upper = cnn_onnx_is(n, "auto_pad", "SAME_UPPER");
        if (size[i] < 1 || all > 1 << 14 || all < -(1 << 14))
            return cnn_fail(CNN_EDATA, "output_shape of %lld", (long long)size[i]);
        w->pad[k] = (int)(all < 0 ? 0 : upper ? all / 2 : all - all / 2);
        w->pad[2 + k] = (int)(all < 0 ? 0 : all - w->pad[k]);
        more[k] = all < 0 ? (int)-all + more[k] : more[k];
    }
    if (size && count != axes)
        return cnn_fail(CNN_EDATA, "output_shape has %d numbers for %d axes", count, axes);
    for (int i = 0; size && axes == 1 && i < 4; i += 2)
        w->pad[i] = 0;
    return 0;
}

static int read_more(const struct onnx_node *n, int axes, int more[2])
{
    int count;
    const int64_t *list = cnn_onnx_ints(n, "output_padding", &count);
    for (int i = 0; list && i < count && i < axes; i++) {
        if (list[i] < 0 || list[i] > 1 << 14)
            return cnn_fail(CNN_EDATA, "output_padding of %lld", (long long)list[i]);
        more[2 - axes + i] = (int)list[i];
    }
    return 0;
}

/* What an axis of the output has. */
static int extent(const struct onnx_window *w, int k, size_t in, int more, size_t *out)
{
    int64_t n = (int64_t)(w->stride[k] * (in - 1) + w->dilation[k] * (w->kernel[k] - 1) + 1) + more;
    *out = w->pad[k] < 0 ? in * w->stride[k] : (size_t)(n - w->pad[k] - w->pad[2 + k]);
    return w->pad[k] < 0 || n > w->pad[k] + w->pad[2 + k]
               ? 0
               : cnn_fail(CNN_EDATA, "nothing is left of an axis");
}

int cnn_onnx_deconv(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_window w;
    struct cnn_chw in, out;
    size_t dim[4], groups = (size_t)cnn_onnx_int(n, "group", 1);
    int more[2] = {0, 0}, rc = read_both(g, n, &in, dim, &w);
    if (rc)
        return rc;
    if (dim[0] != in.c || in.c % groups)
        return cnn_fail(CNN_EDATA, "weights of %zu channels for %zu in %zu groups", dim[0], in.c,
                        groups);
    if ((rc = read_more(n, n->in[0]->rank - 2, more)) || (rc = fit_output(n, in, &w, more)))
        return rc;
    out.c = dim[1] * groups;
    if ((rc = extent(&w, 0, in.h, more[0], &out.h)) || (rc = extent(&w, 1, in.w, more[1], &out.w)))
        return rc;
    cnn_onnx_window_words(&w);
    size_t end = 0;
    while (w.words[end])
        end++;
    if (more[0] || more[1])
        snprintf(w.words + end, sizeof w.words - end, " output_pad=%dx%d", more[0], more[1]);
    return add_layer(g, n, "deconv", &w, out, dim);
}
