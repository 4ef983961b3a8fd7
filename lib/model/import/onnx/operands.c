/* What the functions of operators ask of their inputs; see ops.h. */
#include "model/import/onnx/ops.h"

#include <string.h>

int cnn_onnx_has(const struct onnx_node *n, int i)
{
    return i < n->ins && n->in[i];
}

const struct onnx_constant *cnn_onnx_weight(const struct onnx_node *n, int i, const char *what)
{
    if (cnn_onnx_has(n, i) && n->in[i]->state == ONNX_CONSTANT)
        return n->in[i]->constant;
    cnn_fail(CNN_EDATA, cnn_onnx_has(n, i) ? "its %s is no constant" : "it has no %s", what);
    return NULL;
}

const struct onnx_node *cnn_onnx_only_user(const struct onnx_value *v, const char *op)
{
    const struct onnx_node *user = v->uses == 1 ? v->user : NULL;
    return user && user->op && !strcmp(user->op->name, op) ? user : NULL;
}

const char *cnn_onnx_format(double x, char out[32])
{
    cnn_format_real(x, 1, out);
    return out;
}

int cnn_onnx_axis(int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return cnn_fail(CNN_EDATA, "axis %lld of %d", (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return 0;
}
