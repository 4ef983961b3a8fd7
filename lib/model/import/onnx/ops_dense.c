/* Products with constant matrices; see onnx_ops.def. */
#include "model/import/onnx/ops.h"

/* Another node's line is what this one gave: it has nothing left to do. */
static void absorb(const struct onnx_node *n, const struct onnx_value *value)
{
    cnn_onnx_alias(n->out[0], value);
}

/* (in, out) where it is not transposed. */
static int add_dense(struct onnx_graph *g, const struct onnx_node *n,
                     const struct onnx_constant *weight, int transposed, double alpha,
                     const struct onnx_constant *bias, double beta)
{
    struct onnx_value *x = n->in[0];
    const struct onnx_value *from = x;
    const char *label = cnn_onnx_label(g, n, n->in[1]);
    size_t dim[2], in = x->shape.c * x->shape.h * x->shape.w;
    if (x->rank != 2 || weight->rank != 2 || !weight->count)
        return cnn_fail(CNN_EDATA,
                        "a product of %d and %d dimensions: there are those of vectors, and of the "
                        "channels of each place where these come last",
                        x->rank, weight->rank);
    if (!cnn_onnx_in_order(x))
        return cnn_fail(CNN_EDATA, "a transposition that no layer does");
    dim[0] = weight->dim[transposed ? 0 : 1];
    dim[1] = weight->dim[transposed ? 1 : 0];
    if (dim[1] != in)
        return cnn_fail(CNN_EDATA, "weights for %zu numbers, where there are %zu", dim[1], in);
    const struct cnn_chw out = {dim[0], 1, 1};
    int rc = cnn_onnx_line(g, n->out[0], label, &from, 1, out, "dense %zu%s", dim[0],
                           bias ? "" : " bias=0");
    if (!rc)
        rc = cnn_onnx_param_scaled(g, label, "weight", weight, 2, dim, alpha, !transposed);
    if (!rc && bias)
        rc = cnn_onnx_param_scaled(g, label, "bias", bias, 1, dim, beta, 0);
    cnn_onnx_like(g, n->out[0], 2, out);
    return rc;
}

int cnn_onnx_gemm(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_constant *weight = cnn_onnx_weight(n, 1, "B"), *bias = NULL;
    if (!weight || (cnn_onnx_has(n, 2) && !(bias = cnn_onnx_weight(n, 2, "C"))))
        return cnn_error_code();
    if (cnn_onnx_int(n, "transA", 0))
        return cnn_fail(CNN_EDATA, "transA");
    if (bias && bias->rank == 2 && bias->dim[0] != 1)
        return cnn_fail(CNN_EDATA, "a C of several rows");
    return add_dense(g, n, weight, cnn_onnx_int(n, "transB", 0) != 0, cnn_onnx_real(n, "alpha", 1),
                     bias, cnn_onnx_real(n, "beta", 1));
}

/* The channels of each place times a matrix: a convolution by 1, whose weights are (out, in). */
static int add_pointwise(struct onnx_graph *g, const struct onnx_node *n,
                         const struct onnx_constant *weight, const struct onnx_constant *bias)
{
    const struct onnx_value *x = n->in[0];
    const char *label = cnn_onnx_label(g, n, n->in[1]);
    struct cnn_chw out = x->shape;
    struct onnx_value *y = n->out[0];
    if (weight->rank != 2 || weight->dim[0] != out.c || !weight->count)
        return cnn_fail(CNN_EDATA, "a matrix that does not fit %zu channels", out.c);
    out.c = weight->dim[1];
    const size_t dim[4] = {out.c, weight->dim[0], 1, 1};
    int rc = cnn_onnx_line(g, y, label, &x, 1, out, "conv %zu 1%s", out.c, bias ? "" : " bias=0");
    if (!rc)
        rc = cnn_onnx_param_scaled(g, label, "weight", weight, 4, dim, 1, 1);
    if (!rc && bias)
        rc = cnn_onnx_param(g, label, "bias", bias, 1, &out.c);
    cnn_onnx_set_dims(y, x->rank, x->dim);
    y->dim[x->rank - 1] = out.c;
    return rc ? rc : cnn_onnx_turn_last(g, y);
}

/* With the bias that an Add behind it has. */
int cnn_onnx_matmul(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_constant *weight = cnn_onnx_weight(n, 1, "second factor"), *bias = NULL;
    const struct onnx_node *add = cnn_onnx_only_user(n->out[0], "Add");
    if (!weight)
        return cnn_error_code();
    if (add && add->ins == 2 && add->in[0] && add->in[1] && add->out[0]) {
        const struct onnx_value *other = add->in[add->in[0] == n->out[0]];
        if (other->state == ONNX_CONSTANT && other->constant->rank == 1 && weight->rank == 2 &&
            other->constant->count == weight->dim[1])
            bias = other->constant;
    }
    int rc = n->in[0]->rank > 2 && cnn_onnx_channels_last(n->in[0])
                 ? add_pointwise(g, n, weight, bias)
                 : add_dense(g, n, weight, 0, 1, bias, 1);
    if (!rc && bias)
        absorb(add, n->out[0]);
    return rc;
}
