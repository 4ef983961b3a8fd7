/* Convolutions of ONNX; see onnx_ops.def. */
#include <stdio.h>
#include <string.h>

#include "layer/window.h"
#include "model/import/onnx/ops.h"

/* The line LABEL: WORD FILTERS WINDOW, with its tensors. */
static int add_layer(struct onnx_graph *g, const struct onnx_node *n, const char *word,
                     const struct onnx_window *w, size_t rows, struct cnn_chw out,
                     const size_t dim[5])
{
    const struct onnx_value *x = n->in[0];
    const char *label = cnn_onnx_label(g, n, n->in[1]);
    size_t groups = (size_t)cnn_onnx_int(n, "group", 1);
    const struct onnx_constant *bias = NULL;
    char more[48] = "";
    int rank = w->axes == 3 ? 5 : 4;
    if (cnn_onnx_has(n, 2) && !(bias = cnn_onnx_weight(n, 2, "bias")))
        return cnn_error_code();
    if (groups != 1)
        snprintf(more, sizeof more, " groups=%zu", groups);
    int rc = cnn_onnx_line(g, n->out[0], label, &x, 1, out, "%s %zu %s%s%s", word, out.c, w->words,
                           more, bias ? "" : " bias=0");
    if (!rc)
        rc = cnn_onnx_param(g, label, "weight", n->in[1]->constant, rank, dim);
    if (!rc && bias)
        rc = cnn_onnx_param(g, label, "bias", bias, 1, &out.c);
    n->out[0]->rows = rows;
    cnn_onnx_like(g, n->out[0], x->rank, out);
    return rc;
}

/* The input in order, its weights' shape with rows and columns, of volumes with a depth, and its windows. */
static int read_both(struct onnx_graph *g, const struct onnx_node *n, struct cnn_chw *in,
                     size_t dim[5], struct onnx_window *w)
{
    const struct onnx_constant *weight = cnn_onnx_weight(n, 1, "weight");
    int64_t groups = cnn_onnx_int(n, "group", 1);
    if (!weight)
        return cnn_error_code();
    int rc = cnn_onnx_spatial(g, n->in[0], in);
    if (rc)
        return rc;
    if (weight->rank != n->in[0]->rank || !weight->count)
        return cnn_fail(CNN_EDATA, "weights of %d dimensions for a value of %d", weight->rank,
                        n->in[0]->rank);
    if (groups < 1 || (uint64_t)groups > in->c)
        return cnn_fail(CNN_EDATA, "group of %lld", (long long)groups);
    for (int i = 0; i < weight->rank; i++)
        dim[i] = weight->dim[i];
    if (weight->rank == 3) {
        dim[3] = dim[2];
        dim[2] = 1;
    }
    return cnn_onnx_window(n, weight->rank, weight->dim + 2, w);
}

int cnn_onnx_conv(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_window w;
    struct cnn_chw shape;
    size_t dim[5], groups = (size_t)cnn_onnx_int(n, "group", 1);
    int rc = read_both(g, n, &shape, dim, &w);
    if (rc)
        return rc;
    size_t rows = n->in[0]->rows;
    if (shape.c % groups || dim[1] != shape.c / groups || dim[0] % groups)
        return cnn_fail(CNN_EDATA, "weights %zux%zu for %zu channels in %zu groups", dim[0], dim[1],
                        shape.c, groups);
    rc = cnn_onnx_windows(&w, 0, &rows, &shape);
    shape.c = dim[0];
    return rc ? rc : add_layer(g, n, "conv", &w, rows, shape, dim);
}

/* Transposed */

/* Pads that give the output a size (auto_pad: that of the input times the stride, whatever
 * output_padding says), and what is more of it than there can be. */
static int fit_output(const struct onnx_node *n, const size_t from[3], struct onnx_window *w,
                      int more[3])
{
    int count, axes = w->axes;
    const int64_t *size = cnn_onnx_ints(n, "output_shape", &count);
    int64_t same[3];
    if (!size && w->same && (more[0] || more[1] || more[2])) {
        count = axes;
        for (int i = 0; i < axes; i++)
            same[i] = (int64_t)(from[3 - axes + i] * w->stride[3 - axes + i]);
        size = same;
    }
    for (int i = 0; size && count == axes && i < axes; i++) {
        int k = 3 - axes + i;
        if (size[i] < 1)
            return cnn_fail(CNN_EDATA, "output_shape of %lld", (long long)size[i]);
        int64_t all =
            (int64_t)(w->stride[k] * (from[k] - 1) + w->dilation[k] * (w->kernel[k] - 1) + 1) +
            more[k] - size[i];
        int upper = cnn_onnx_is(n, "auto_pad", "SAME_UPPER");
        if (all > 1 << 14 || all < -(1 << 14))
            return cnn_fail(CNN_EDATA, "output_shape of %lld", (long long)size[i]);
        w->before[k] = (int)(all < 0 ? 0 : upper ? all / 2 : all - all / 2);
        w->after[k] = (int)(all < 0 ? 0 : all - w->before[k]);
        more[k] = all < 0 ? (int)-all + more[k] : more[k];
    }
    if (size && count != axes)
        return cnn_fail(CNN_EDATA, "output_shape has %d numbers for %d axes", count, axes);
    if (size)
        w->same = 0;
    return 0;
}

static int read_more(const struct onnx_node *n, int axes, int more[3])
{
    int count;
    const int64_t *list = cnn_onnx_ints(n, "output_padding", &count);
    for (int i = 0; list && i < count && i < axes; i++) {
        if (list[i] < 0 || list[i] > 1 << 14)
            return cnn_fail(CNN_EDATA, "output_padding of %lld", (long long)list[i]);
        more[3 - axes + i] = (int)list[i];
    }
    return 0;
}

/* What an axis of the output has. */
static int extent(const struct onnx_window *w, int k, size_t in, int more, size_t *out)
{
    int64_t n = (int64_t)(w->stride[k] * (in - 1) + w->dilation[k] * (w->kernel[k] - 1) + 1) + more;
    *out = w->same ? in * w->stride[k] : (size_t)(n - w->before[k] - w->after[k]);
    return w->same || n > w->before[k] + w->after[k]
               ? 0
               : cnn_fail(CNN_EDATA, "nothing is left of an axis");
}

int cnn_onnx_deconv(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_window w;
    struct cnn_chw in, out;
    size_t dim[5], groups = (size_t)cnn_onnx_int(n, "group", 1);
    int more[3] = {0, 0, 0}, rc = read_both(g, n, &in, dim, &w);
    if (rc)
        return rc;
    if (dim[0] != in.c || in.c % groups)
        return cnn_fail(CNN_EDATA, "weights of %zu channels for %zu in %zu groups", dim[0], in.c,
                        groups);
    if (w.axes == 3)
        return cnn_fail(CNN_EDATA, "windows over 3 axes: there are 1 and 2");
    const size_t from[3] = {n->in[0]->rows, in.h, in.w};
    if ((rc = read_more(n, w.axes, more)) || (rc = fit_output(n, from, &w, more)))
        return rc;
    out.c = dim[1] * groups;
    if ((rc = extent(&w, 1, in.h, more[1], &out.h)) ||
        (rc = extent(&w, 2, in.w, more[2], &out.w)) || (rc = cnn_onnx_window_words(&w)))
        return rc;
    size_t end = strlen(w.words);
    if (more[1] || more[2])
        snprintf(w.words + end, sizeof w.words - end, " output_pad=%dx%d", more[1], more[2]);
    return add_layer(g, n, "deconv", &w, n->in[0]->rows, out, dim);
}
