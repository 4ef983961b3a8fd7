/* Sums and products; see onnx_ops.def. */
#include <string.h>

#include "model/import/onnx/ops.h"

/* Constants of channels */

int cnn_onnx_by_channel(const struct onnx_value *x, const struct onnx_constant *c, int axis)
{
    int first = axis < 0 ? x->rank - c->rank : axis;
    if (c->count == 1 && c->rank <= x->rank)
        return 1;
    if (first < 0 || first + c->rank > x->rank)
        return 0;
    for (int i = 0; i < c->rank; i++)
        if (c->dim[i] != 1 && (first + i != 1 || c->dim[i] != x->dim[1]))
            return 0;
    return 1;
}

/* Its elements' inverses, or what they are below 0. */
static const struct onnx_constant *changed(struct onnx_graph *g, const struct onnx_constant *c,
                                           int inverse)
{
    const double *from = cnn_onnx_numbers(g, c);
    double *x;
    struct onnx_constant *to = from ? cnn_onnx_numbers_new(g, c->rank, c->dim, 0, &x) : NULL;
    for (size_t i = 0; to && i < c->count; i++)
        x[i] = inverse ? 1 / from[i] : -from[i];
    return to;
}

static int axis_of(const struct onnx_node *n)
{
    return (int)cnn_onnx_int(n, "axis", -1);
}

const struct onnx_constant *cnn_onnx_then(const struct onnx_value *y, const char *op,
                                          const struct onnx_value *x, const struct onnx_node **then)
{
    const struct onnx_node *n = cnn_onnx_only_user(y, op);
    *then = NULL;
    if (!n || n->ins != 2 || !n->in[0] || !n->in[1] || !n->out[0])
        return NULL;
    const struct onnx_value *other = n->in[n->in[0] == y];
    if (other->state != ONNX_CONSTANT || !cnn_onnx_by_channel(x, other->constant, axis_of(n)))
        return NULL;
    *then = n;
    return other->constant;
}

/* scale x + shift, and what an Add behind adds; named: a weight that it is called after, or NULL. */
static int affine(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x,
                  const struct onnx_value *named, const struct onnx_constant *scale,
                  const struct onnx_constant *shift)
{
    const struct onnx_node *add = NULL;
    struct cnn_chw shape;
    struct onnx_value *out = n->out[0];
    const struct onnx_constant *more = shift ? NULL : cnn_onnx_then(n->out[0], "Add", x, &add);
    int one = (!scale || scale->count == 1) && (!shift || shift->count == 1) &&
              (!more || more->count == 1);
    int rc = one ? 0 : cnn_onnx_plain(g, n, x, &shape);
    if (rc)
        return rc;
    cnn_onnx_alias(out, x);
    if (!more && (!scale || cnn_onnx_is_all(g, scale, 1)) &&
        (!shift || cnn_onnx_is_all(g, shift, 0)))
        return 0;
    rc = cnn_onnx_affine(g, out, cnn_onnx_label(g, n, named), x, scale, more ? more : shift);
    out->view = x->view;
    if (!rc && more)
        cnn_onnx_alias(add->out[0], out);
    return rc;
}

static int with_constant(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x,
                         const struct onnx_value *constant, int first)
{
    const char *op = n->message->op_type;
    const struct onnx_constant *c = constant->constant, *other = NULL;
    if (!cnn_onnx_by_channel(x, c, axis_of(n)))
        return cnn_fail(CNN_EDATA,
                        "a constant that is neither one number nor one for each channel");
    if (!strcmp(op, "Mul"))
        return affine(g, n, x, constant, c, NULL);
    if (!strcmp(op, "Add") || !strcmp(op, "Sum"))
        return affine(g, n, x, NULL, NULL, c);
    if (!strcmp(op, "Sub") && first)
        return affine(g, n, x, NULL, cnn_onnx_fill(g, -1), c);
    if (!strcmp(op, "Div") && first)
        return cnn_fail(CNN_EDATA, "a constant divided by a value");
    other = changed(g, c, !strcmp(op, "Div"));
    if (!other)
        return cnn_error_code();
    return !strcmp(op, "Div") ? affine(g, n, x, NULL, other, NULL)
                              : affine(g, n, x, NULL, NULL, other);
}

/* Several values */

static int sum(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *const *in)
{
    const struct onnx_value *from[ONNX_MAX_PORTS];
    struct cnn_chw first = {0}, shape;
    for (int i = 0; i < n->ins; i++) {
        int rc = cnn_onnx_plain(g, n, in[i], &shape);
        if (rc)
            return rc;
        if (in[i]->rank != in[0]->rank || (i && !cnn_chw_equal(first, shape)))
            return cnn_fail(CNN_EDATA, "values of several shapes");
        first = shape;
        from[i] = in[i];
    }
    int rc = cnn_onnx_line(g, n->out[0], cnn_onnx_label(g, n, NULL), from, n->ins, first, "sum");
    cnn_onnx_like(g, n->out[0], in[0]->rank, first);
    return rc;
}

static int difference(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value minus = *n->in[1];
    struct onnx_value *in[2] = {n->in[0], &minus};
    int rc = cnn_onnx_affine(g, &minus, cnn_onnx_label(g, n, NULL), n->in[1], cnn_onnx_fill(g, -1),
                             NULL);
    minus.view = n->in[1]->view;
    return rc ? rc : sum(g, n, in);
}

/* Of the same shape, or the second (or first) of one row and column: gates of channels. */
static int product(struct onnx_graph *g, const struct onnx_node *n)
{
    struct cnn_chw shape[2];
    int rc = 0, swapped;
    for (int i = 0; !rc && i < 2; i++)
        rc = cnn_onnx_plain(g, n, n->in[i], &shape[i]);
    if (rc || n->ins != 2)
        return rc ? rc : cnn_fail(CNN_EDATA, "several values");
    swapped = shape[0].h * shape[0].w == 1 && shape[1].h * shape[1].w != 1;
    struct cnn_chw a = shape[swapped], b = shape[!swapped];
    if (!cnn_chw_equal(a, b) && !(a.c == b.c && b.h * b.w == 1))
        return cnn_fail(CNN_EDATA, "values of shapes that do not fit each other");
    const struct onnx_value *from[2] = {n->in[swapped], n->in[!swapped]};
    if (from[0]->rank != from[1]->rank)
        return cnn_fail(CNN_EDATA, "values of %d and %d dimensions", from[0]->rank, from[1]->rank);
    rc = cnn_onnx_line(g, n->out[0], cnn_onnx_label(g, n, NULL), from, 2, a, "mul");
    cnn_onnx_like(g, n->out[0], from[0]->rank, a);
    return rc;
}

int cnn_onnx_arithmetic(struct onnx_graph *g, const struct onnx_node *n)
{
    int constants = 0, at = 0;
    for (int i = 0; i < n->ins; i++) {
        if (!n->in[i])
            return cnn_fail(CNN_EDATA, "an operand is left out");
        if (n->in[i]->state == ONNX_CONSTANT) {
            constants++;
            at = i;
        }
    }
    if (constants == 1 && n->ins == 2)
        return with_constant(g, n, n->in[!at], n->in[at], at == 0);
    if (constants)
        return cnn_fail(CNN_EDATA, "a constant among several values");
    if (n->ins == 1) {
        cnn_onnx_alias(n->out[0], n->in[0]);
        return 0;
    }
    if (!strcmp(n->message->op_type, "Add") || !strcmp(n->message->op_type, "Sum"))
        return sum(g, n, n->in);
    if (!strcmp(n->message->op_type, "Sub"))
        return difference(g, n);
    if (!strcmp(n->message->op_type, "Mul"))
        return product(g, n);
    return cnn_fail(CNN_EDATA, "two values that are both computed");
}
