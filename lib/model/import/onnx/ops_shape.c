/* Other shapes of the same elements; see onnx_ops.def. */
#include "model/import/onnx/ops.h"

int cnn_onnx_identity(struct onnx_graph *g, const struct onnx_node *n)
{
    (void)g;
    cnn_onnx_alias(n->out[0], n->in[0]);
    return 0;
}

/* Since opset 12 an input says whether the graph is one for training. */
int cnn_onnx_dropout(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_constant *training =
        cnn_onnx_has(n, 2) ? cnn_onnx_weight(n, 2, "mode") : NULL;
    const double *x = training ? cnn_onnx_numbers(g, training) : NULL;
    if (cnn_onnx_has(n, 2) && (!x || training->count != 1 || x[0] != 0))
        return cnn_fail(CNN_EDATA, "it is in training");
    return cnn_onnx_identity(g, n);
}

/* From one type of real numbers to another: nets have one. */
int cnn_onnx_cast(struct onnx_graph *g, const struct onnx_node *n)
{
    int64_t to = cnn_onnx_int(n, "to", 0);
    if (to != 1 && to != 10 && to != 11 && to != 16)
        return cnn_fail(CNN_EDATA, "to type %lld, which is not real", (long long)to);
    return cnn_onnx_identity(g, n);
}

static int reshape_to(struct onnx_graph *g, const struct onnx_node *n, int rank, const size_t *dim)
{
    cnn_onnx_alias(n->out[0], n->in[0]);
    return cnn_onnx_reshape(g, n->out[0], rank, dim);
}

static int fit_shape(const struct onnx_node *n, const struct onnx_value *x, int rank,
                     const int64_t *to, size_t *dim)
{
    size_t all, known = 1;
    int open = -1, keeps = !cnn_onnx_int(n, "allowzero", 0),
        rc = cnn_onnx_count(x->rank, x->dim, &all);
    for (int i = 0; !rc && i < rank; i++) {
        if (to[i] < -1 || (to[i] == -1 && open >= 0) || (!to[i] && keeps && i >= x->rank))
            return cnn_fail(CNN_EDATA, "a shape with %lld in it", (long long)to[i]);
        if (to[i] == -1)
            open = i;
        dim[i] = to[i] == -1 ? 1 : !to[i] && keeps ? x->dim[i] : (size_t)to[i];
        if (cnn_mul_overflows(known, dim[i], &known))
            return cnn_fail(CNN_EDATA, "its shape is too large");
    }
    if (!rc && open >= 0 && (!known || all % known))
        rc = cnn_fail(CNN_EDATA, "a shape that does not divide %zu elements", all);
    if (!rc && open >= 0)
        dim[open] = all / known;
    return rc;
}

int cnn_onnx_reshaped(struct onnx_graph *g, const struct onnx_node *n, int *rank, size_t *dim)
{
    int64_t to[ONNX_MAX_RANK];
    int rc = cnn_onnx_list(g, n, "shape", 1, ONNX_MAX_RANK, to, rank);
    if (!rc && *rank < 0)
        rc = cnn_fail(CNN_EDATA, "no shape");
    return rc ? rc : fit_shape(n, n->in[0], *rank, to, dim);
}

int cnn_onnx_reshape_op(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = cnn_onnx_reshaped(g, n, &rank, dim);
    return rc ? rc : reshape_to(g, n, rank, dim);
}

int cnn_onnx_flatten(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_value *x = n->in[0];
    size_t dim[2] = {1, 1};
    int axis, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 1), x->rank + 1, &axis);
    if (!rc && cnn_onnx_int(n, "axis", 1) < 0)
        axis--; /* which counts from behind the last one */
    for (int i = 0; !rc && i < x->rank; i++)
        dim[i >= axis] *= x->dim[i];
    return rc ? rc : reshape_to(g, n, 2, dim);
}

int cnn_onnx_squeezed(struct onnx_graph *g, const struct onnx_node *n, int *rank, size_t *dim)
{
    const struct onnx_value *x = n->in[0];
    int64_t axes[ONNX_MAX_RANK];
    int count, axis, seen = 0, rc = cnn_onnx_list(g, n, "axes", 1, ONNX_MAX_RANK, axes, &count);
    for (int i = 0; !rc && i < count; i++) {
        rc = cnn_onnx_axis(axes[i], x->rank, &axis);
        if (!rc && x->dim[axis] != 1)
            rc = cnn_fail(CNN_EDATA, "axis %d has %zu elements", axis, x->dim[axis]);
        if (!rc)
            seen |= 1 << axis;
    }
    for (int i = 0; count < 0 && i < x->rank; i++)
        seen |= (x->dim[i] == 1 && (i || x->state == ONNX_CONSTANT)) << i;
    *rank = 0;
    for (int i = 0; !rc && i < x->rank; i++)
        if (!(seen >> i & 1))
            dim[(*rank)++] = x->dim[i];
    return rc;
}

int cnn_onnx_unsqueezed(struct onnx_graph *g, const struct onnx_node *n, int *rank, size_t *dim)
{
    const struct onnx_value *x = n->in[0];
    int64_t axes[ONNX_MAX_RANK];
    int count, axis, seen = 0, rc = cnn_onnx_list(g, n, "axes", 1, ONNX_MAX_RANK, axes, &count);
    if (!rc && (count < 0 || x->rank + count > ONNX_MAX_RANK))
        rc = cnn_fail(CNN_EDATA, "no axes, or too many");
    *rank = x->rank + count;
    for (int i = 0; !rc && i < count; i++) {
        rc = cnn_onnx_axis(axes[i], *rank, &axis);
        if (!rc && seen >> axis & 1)
            rc = cnn_fail(CNN_EDATA, "axis %d twice", axis);
        if (!rc)
            seen |= 1 << axis;
    }
    for (int i = 0, k = 0; !rc && i < *rank; i++)
        dim[i] = seen >> i & 1 ? 1 : x->dim[k++];
    return rc;
}

int cnn_onnx_squeeze(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = cnn_onnx_squeezed(g, n, &rank, dim);
    return rc ? rc : reshape_to(g, n, rank, dim);
}

int cnn_onnx_unsqueeze(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = cnn_onnx_unsqueezed(g, n, &rank, dim);
    return rc ? rc : reshape_to(g, n, rank, dim);
}

int cnn_onnx_permutation(const struct onnx_node *n, int rank, int *perm)
{
    int count, seen = 0;
    const int64_t *list = cnn_onnx_ints(n, "perm", &count);
    if (list && count != rank)
        return cnn_fail(CNN_EDATA, "perm of %d axes for %d", count, rank);
    for (int i = 0; i < rank; i++) {
        int64_t axis = list ? list[i] : rank - 1 - i;
        if (axis < 0 || axis >= rank || seen >> axis & 1)
            return cnn_fail(CNN_EDATA, "perm has %lld", (long long)axis);
        seen |= 1 << axis;
        perm[i] = (int)axis;
    }
    return 0;
}

int cnn_onnx_transpose_op(struct onnx_graph *g, const struct onnx_node *n)
{
    int perm[ONNX_MAX_RANK], rc = cnn_onnx_permutation(n, n->in[0]->rank, perm);
    cnn_onnx_alias(n->out[0], n->in[0]);
    return rc ? rc : cnn_onnx_transpose(g, n->out[0], perm);
}
