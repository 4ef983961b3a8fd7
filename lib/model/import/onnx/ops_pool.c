/* Pooling of ONNX; see onnx_ops.def. */
#include <stdio.h>
#include <string.h>

#include "model/import/onnx/ops.h"

static int pool(struct onnx_graph *g, const struct onnx_node *n, const char *word, const char *more)
{
    struct onnx_window w;
    struct cnn_chw shape;
    int ceiling = cnn_onnx_int(n, "ceil_mode", 0) != 0;
    int rc = cnn_onnx_plain(g, n, n->in[0], &shape);
    if (!rc && !cnn_onnx_attribute(n, "kernel_shape"))
        rc = cnn_fail(CNN_EDATA, "no kernel_shape");
    if (!rc)
        rc = cnn_onnx_window(n, n->in[0]->rank, NULL, &w);
    if (!rc)
        rc = cnn_onnx_windows(&w, ceiling, &shape);
    return rc ? rc
              : cnn_onnx_layer(g, n, n->in[0], shape, "%s %s%s%s", word, w.words,
                               ceiling ? " ceil=1" : "", more);
}

int cnn_onnx_maxpool(struct onnx_graph *g, const struct onnx_node *n)
{
    return pool(g, n, "maxpool", "");
}

int cnn_onnx_avgpool(struct onnx_graph *g, const struct onnx_node *n)
{
    return pool(g, n, "avgpool", cnn_onnx_int(n, "count_include_pad", 0) ? "" : " count_pad=0");
}

/* Opset 1 had real numbers, which are 2 where nothing says it. */
static double norm_of(const struct onnx_node *n)
{
    return cnn_onnx_real(n, "p", (double)cnn_onnx_int(n, "p", 2));
}

int cnn_onnx_lppool(struct onnx_graph *g, const struct onnx_node *n)
{
    char p[32], more[40];
    snprintf(more, sizeof more, " p=%s", cnn_onnx_format(norm_of(n), p));
    return pool(g, n, "lppool", more);
}

static int global(struct onnx_graph *g, const struct onnx_node *n, const char *words)
{
    struct cnn_chw shape;
    int rc = cnn_onnx_plain(g, n, n->in[0], &shape);
    shape.h = shape.w = 1;
    return rc ? rc : cnn_onnx_layer(g, n, n->in[0], shape, "%s", words);
}

int cnn_onnx_global_maxpool(struct onnx_graph *g, const struct onnx_node *n)
{
    return global(g, n, "maxpool global");
}

int cnn_onnx_global_avgpool(struct onnx_graph *g, const struct onnx_node *n)
{
    return global(g, n, "avgpool global");
}

int cnn_onnx_global_lppool(struct onnx_graph *g, const struct onnx_node *n)
{
    char p[32], words[64];
    snprintf(words, sizeof words, "lppool global p=%s", cnn_onnx_format(norm_of(n), p));
    return global(g, n, words);
}

/* Over the whole plane, in whatever order its axes are named; without them where keepdims is 0. */
static int reduce(struct onnx_graph *g, const struct onnx_node *n, const char *words)
{
    int64_t axes[ONNX_MAX_RANK];
    int count, seen = 0, axis, rank = n->in[0]->rank;
    int rc = cnn_onnx_list(g, n, "axes", 1, ONNX_MAX_RANK, axes, &count);
    for (int i = 0; !rc && i < count; i++) {
        rc = cnn_onnx_axis(axes[i], rank, &axis);
        if (!rc)
            seen |= 1 << axis;
    }
    if (rc)
        return rc;
    if ((rank != 4 || seen != 12) && (rank != 3 || seen != 4))
        return cnn_fail(CNN_EDATA, "axes that are not those of the plane");
    rc = global(g, n, words);
    const size_t flat[2] = {g->batch, n->out[0]->shape.c};
    if (!rc && !cnn_onnx_int(n, "keepdims", 1))
        cnn_onnx_set_dims(n->out[0], 2, flat);
    return rc;
}

int cnn_onnx_reduce_mean(struct onnx_graph *g, const struct onnx_node *n)
{
    return reduce(g, n, "avgpool global");
}

int cnn_onnx_reduce_max(struct onnx_graph *g, const struct onnx_node *n)
{
    return reduce(g, n, "maxpool global");
}
