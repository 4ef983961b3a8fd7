/* Products of matrices; see onnx_ops.def. */
#include "model/import/onnx/ops.h"

/* Another node's line is what this one gave: it has nothing left to do. */
static void absorb(const struct onnx_node *n, const struct onnx_value *value)
{
    cnn_onnx_alias(n->out[0], value);
}

/* The last dimension as the numbers of rows, or of a plane that is a vector as it is. */
static int as_vectors(struct onnx_graph *g, struct onnx_value *x)
{
    return x->rank == 2 && x->dim[0] == g->batch && x->rows == 1 && cnn_onnx_in_order(x)
               ? 0
               : cnn_onnx_as_rows(g, x, x->rank - 1);
}

/* (in, out) where it is not transposed. */
static int add_dense(struct onnx_graph *g, const struct onnx_node *n,
                     const struct onnx_constant *weight, int transposed, double alpha,
                     const struct onnx_constant *bias, double beta)
{
    struct onnx_value *x = n->in[0];
    const struct onnx_value *from = x;
    const char *label = cnn_onnx_label(g, n, n->in[1]);
    size_t dim[2], in = x->rank ? x->dim[x->rank - 1] : 0;
    if (x->rank < 2 || weight->rank != 2 || !weight->count)
        return cnn_fail(CNN_EDATA, "a product of %d and %d dimensions", x->rank, weight->rank);
    dim[0] = weight->dim[transposed ? 0 : 1];
    dim[1] = weight->dim[transposed ? 1 : 0];
    if (dim[1] != in)
        return cnn_fail(CNN_EDATA, "weights for %zu numbers, where there are %zu", dim[1], in);
    const struct cnn_chw out = {dim[0], 1, 1};
    int made = as_vectors(g, x);
    if (made)
        return made;
    int rc = cnn_onnx_line(g, n->out[0], label, &from, 1, out, "dense %zu%s", dim[0],
                           bias ? "" : " bias=0");
    if (!rc)
        rc = cnn_onnx_param_scaled(g, label, "weight", weight, 2, dim, alpha, !transposed);
    if (!rc && bias)
        rc = cnn_onnx_param_scaled(g, label, "bias", bias, 1, dim, beta, 0);
    n->out[0]->view.factors = 0;
    cnn_onnx_set_dims(n->out[0], x->rank, x->dim);
    n->out[0]->dim[x->rank - 1] = dim[0];
    return rc;
}

int cnn_onnx_gemm(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_constant *weight = cnn_onnx_weight(n, 1, "B"), *bias = NULL;
    if (!weight || (cnn_onnx_has(n, 2) && !(bias = cnn_onnx_weight(n, 2, "C"))))
        return cnn_error_code();
    if (cnn_onnx_int(n, "transA", 0) || n->in[0]->rank != 2)
        return cnn_fail(CNN_EDATA, "transA, or a first factor that is no matrix");
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
    cnn_onnx_view_of_axes(g, y->rows, out, "rhwc", &y->view);
    return rc;
}

/* With the bias that an Add behind it has. */
static int by_constant(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_constant *weight = n->in[1]->constant, *bias = NULL;
    const struct onnx_value *x = n->in[0];
    const struct onnx_node *add = cnn_onnx_only_user(n->out[0], "Add");
    if (add && add->ins == 2 && add->in[0] && add->in[1] && add->out[0]) {
        const struct onnx_value *other = add->in[add->in[0] == n->out[0]];
        if (other->state == ONNX_CONSTANT && other->constant->rank == 1 && weight->rank == 2 &&
            other->constant->count == weight->dim[1])
            bias = other->constant;
    }
    int rc = x->rank > 2 && x->shape.h * x->shape.w > 1 && cnn_onnx_channels_last(g, x)
                 ? add_pointwise(g, n, weight, bias)
                 : add_dense(g, n, weight, 0, 1, bias, 1);
    if (!rc && bias)
        absorb(add, n->out[0]);
    return rc;
}

/* All dimensions before the last two as channels of planes that are the matrices. */
static int as_planes(struct onnx_graph *g, struct onnx_value *x, size_t *channels)
{
    size_t before = 1;
    for (int i = 0; i + 2 < x->rank; i++)
        before *= x->dim[i];
    *channels = before / g->batch;
    if (x->rank < 2 || before % g->batch || !*channels)
        return cnn_fail(CNN_EDATA, "matrices of several samples together");
    return cnn_onnx_arrange(
        g, x, 1, (struct cnn_chw){*channels, x->dim[x->rank - 2], x->dim[x->rank - 1]}, "rchw");
}

/* Exchange the last two dimensions. */
static int turn(struct onnx_graph *g, struct onnx_value *x)
{
    int perm[ONNX_MAX_RANK];
    for (int i = 0; i < x->rank; i++)
        perm[i] = i < x->rank - 2 ? i : 2 * x->rank - 3 - i;
    return cnn_onnx_transpose(g, x, perm);
}

/* Of two values. A second one that is transposed, and is in order without that, remains as it is. */
static int of_two(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value *a = n->in[0], *b = n->in[1], turned = *b;
    const struct onnx_value *from[2] = {a, b};
    size_t channels[2];
    int rank = a->rank, transposed, rc;
    if (rank != b->rank || rank < 2 || a->dim[rank - 1] != b->dim[rank - 2])
        return cnn_fail(CNN_EDATA, "matrices that do not multiply");
    for (int i = 0; i + 2 < rank; i++)
        if (a->dim[i] != b->dim[i])
            return cnn_fail(CNN_EDATA, "a matrix that others share");
    if ((rc = turn(g, &turned)))
        return rc;
    transposed = !cnn_onnx_in_order(b) && cnn_onnx_in_order(&turned);
    if (transposed)
        from[1] = &turned;
    if ((rc = as_planes(g, a, &channels[0])) ||
        (rc = as_planes(g, transposed ? &turned : b, &channels[1])))
        return rc;
    const struct cnn_chw out = {channels[0], a->dim[rank - 2], b->dim[rank - 1]};
    rc = cnn_onnx_line(g, n->out[0], cnn_onnx_label(g, n, NULL), from, 2, out, "matmul%s",
                       transposed ? " transpose_b=1" : "");
    cnn_onnx_set_dims(n->out[0], rank, a->dim);
    n->out[0]->dim[rank - 1] = b->dim[rank - 1];
    return rc;
}

int cnn_onnx_matmul(struct onnx_graph *g, const struct onnx_node *n)
{
    if (!cnn_onnx_has(n, 1))
        return cnn_fail(CNN_EDATA, "it has no second factor");
    return n->in[1]->state == ONNX_CONSTANT ? by_constant(g, n) : of_two(g, n);
}
