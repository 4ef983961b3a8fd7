/* Normalisations of ONNX; see onnx_ops.def. */
#include <stdio.h>
#include <stdlib.h>

#include "model/import/onnx/ops.h"

/* What is left of 1, as decimals say it. */
static double rest_of_one(double x)
{
    char text[32];
    return 1 - strtod(cnn_onnx_format(x, text), NULL);
}

int cnn_onnx_batchnorm(struct onnx_graph *g, const struct onnx_node *n)
{
    static const char *const suffix[] = {"weight", "bias", "running_mean", "running_var"};
    double eps = cnn_onnx_real(n, "epsilon", (double)1e-5F);
    const struct onnx_value *x = n->in[0];
    const struct onnx_constant *from[4];
    struct cnn_chw shape;
    char number[2][32];
    for (int i = 0; i < 4; i++)
        if (!(from[i] = cnn_onnx_weight(n, 1 + i, suffix[i])))
            return cnn_error_code();
    if (cnn_onnx_int(n, "training_mode", 0) || !cnn_onnx_int(n, "spatial", 1))
        return cnn_fail(CNN_EDATA, "it is not of whole channels, or in training");
    int rc = cnn_onnx_plain(g, n, n->in[0], &shape);
    if (rc)
        return rc;
    const char *label = cnn_onnx_label(g, n, n->in[1]);
    rc = cnn_onnx_line(g, n->out[0], label, &x, 1, shape, "bn eps=%s momentum=%s",
                       cnn_onnx_format(eps < 1e-12 ? 1e-12 : eps, number[0]),
                       cnn_onnx_format(rest_of_one(cnn_onnx_real(n, "momentum", 0.9)), number[1]));
    for (int i = 0; !rc && i < 4; i++)
        rc = cnn_onnx_param(g, label, suffix[i], from[i], 1, &shape.c);
    cnn_onnx_like(g, n->out[0], x->rank, shape);
    return rc;
}

int cnn_onnx_lrn(struct onnx_graph *g, const struct onnx_node *n)
{
    char alpha[32], beta[32], k[32];
    struct cnn_chw shape;
    int64_t size = cnn_onnx_int(n, "size", 0);
    int rc = cnn_onnx_plain(g, n, n->in[0], &shape);
    if (rc)
        return rc;
    if (size < 1 || size % 2 == 0)
        return cnn_fail(CNN_EDATA, "size of %lld: it is odd", (long long)size);
    return cnn_onnx_layer(g, n, n->in[0], shape, "lrn %lld alpha=%s beta=%s k=%s", (long long)size,
                          cnn_onnx_format(cnn_onnx_real(n, "alpha", 1e-4), alpha),
                          cnn_onnx_format(cnn_onnx_real(n, "beta", 0.75), beta),
                          cnn_onnx_format(cnn_onnx_real(n, "bias", 1), k));
}

/* Before opset 13 all axes from the one on are taken together. */
int cnn_onnx_softmax(struct onnx_graph *g, const struct onnx_node *n)
{
    struct cnn_chw shape;
    int axis, rank = n->in[0]->rank;
    int rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", g->opset < 13 ? 1 : -1), rank, &axis);
    if (!rc)
        rc = cnn_onnx_plain(g, n, n->in[0], &shape);
    if (rc)
        return rc;
    if (axis != 1 || (g->opset < 13 && shape.h * shape.w != 1))
        return cnn_fail(CNN_EDATA, "axis %d is not that of channels", axis);
    return cnn_onnx_layer(g, n, n->in[0], shape, "softmax");
}
