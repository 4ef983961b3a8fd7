/* Sums and products; see onnx_ops.def. */
#include <string.h>

#include "model/import/onnx/ops.h"

/* Constants of channels */

int cnn_onnx_by_axis(const struct onnx_value *x, const struct onnx_constant *c, int axis, int of)
{
    int first = axis < 0 ? x->rank - c->rank : axis;
    if (c->count == 1 && c->rank <= x->rank)
        return 1;
    if (first < 0 || first + c->rank > x->rank)
        return 0;
    for (int i = 0; i < c->rank; i++)
        if (c->dim[i] != 1 && (first + i != of || c->dim[i] != x->dim[of]))
            return 0;
    return 1;
}

int cnn_onnx_by_channel(const struct onnx_value *x, const struct onnx_constant *c, int axis)
{
    return cnn_onnx_by_axis(x, c, axis, 1);
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

/* scale x + shift, of the line's channels as they are, and what an Add behind adds; named: a weight that it is called after,
 * or NULL; more: whether an Add behind may be looked for. */
static int affine(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x,
                  const struct onnx_value *named, const struct onnx_constant *scale,
                  const struct onnx_constant *shift, int looks)
{
    const struct onnx_node *add = NULL;
    struct onnx_value *out = n->out[0];
    const struct onnx_constant *more =
        shift || !looks ? NULL : cnn_onnx_then(n->out[0], "Add", x, &add);
    cnn_onnx_alias(out, x);
    if (!more && (!scale || cnn_onnx_is_all(g, scale, 1)) &&
        (!shift || cnn_onnx_is_all(g, shift, 0)))
        return 0;
    int rc = cnn_onnx_affine(g, out, cnn_onnx_label(g, n, named), x, scale, more ? more : shift);
    out->view = x->view;
    if (!rc && more)
        cnn_onnx_alias(add->out[0], out);
    return rc;
}

/* y = scale x + shift: one of them NULL, or a number, as n's operator has it with that constant. */
struct change {
    const struct onnx_constant *scale, *shift;
    int named; /* by the constant */
};

static int read_change(struct onnx_graph *g, const struct onnx_node *n,
                       const struct onnx_constant *c, int first, struct change *out)
{
    const char *op = n->message->op_type;
    const struct onnx_constant *other = NULL;
    *out = (struct change){0};
    if (!strcmp(op, "Div") && first)
        return cnn_fail(CNN_EDATA, "a constant divided by a value");
    if (!strcmp(op, "Div") || (!strcmp(op, "Sub") && !first))
        if (!(other = changed(g, c, !strcmp(op, "Div"))))
            return cnn_error_code();
    if (!strcmp(op, "Mul") || !strcmp(op, "Div")) {
        out->scale = other ? other : c;
        out->named = !other;
        return 0;
    }
    if (!strcmp(op, "Sub") && first && !(out->scale = cnn_onnx_fill(g, -1)))
        return cnn_error_code();
    out->shift = other ? other : c;
    return 0;
}

/* A constant of several axes, for each element of a sample: added. */
static int add_everywhere(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x,
                          const struct onnx_constant *shift)
{
    const struct onnx_value *from = x;
    struct cnn_chw shape = x->shape;
    const struct onnx_constant *all = NULL;
    int rc = cnn_onnx_in_order(x) ? 0 : cnn_onnx_plain(g, x, &shape);
    size_t each[ONNX_MAX_RANK];
    memcpy(each, x->dim, sizeof each);
    each[0] /= g->batch;
    if (!rc && !(all = cnn_onnx_spread(g, shift, x->rank, each)))
        rc = cnn_error_code();
    if (rc)
        return rc;
    shape = x->shape;
    const char *label = cnn_onnx_label(g, n, NULL);
    size_t dim[2][4] = {{1, shape.c, shape.h, shape.w}, {1, x->rows, cnn_chw_count(shape)}};
    rc = cnn_onnx_line(g, n->out[0], label, &from, 1, shape, "position");
    cnn_onnx_set_dims(n->out[0], x->rank, x->dim);
    return rc ? rc : cnn_onnx_param(g, label, "", all, x->rows > 1 ? 3 : 4, dim[x->rows > 1]);
}

/* Along which axis alone the constant has several numbers; -1: along more than one, or it is larger than x. */
static int only_axis(const struct onnx_value *x, const struct onnx_constant *c, int axis)
{
    for (int k = 0; k < x->rank; k++)
        if (cnn_onnx_by_axis(x, c, axis, k))
            return k;
    return -1;
}

static int with_constant(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x,
                         const struct onnx_value *constant, int first)
{
    const struct onnx_constant *c = constant->constant;
    struct change by;
    struct cnn_chw shape;
    int own = cnn_onnx_channel_axis(g, x), axis = axis_of(n), rc = read_change(g, n, c, first, &by);
    const struct onnx_value *named = by.named ? constant : NULL;
    if (rc)
        return rc;
    if (c->count == 1 && c->rank <= x->rank)
        return affine(g, n, x, named, by.scale, by.shift, own == 1 && x->rank <= 5);
    if (cnn_onnx_by_channel(x, c, axis)) {
        rc = cnn_onnx_spatial(g, x, &shape);
        return rc ? rc : affine(g, n, x, named, by.scale, by.shift, 1);
    }
    int of = only_axis(x, c, axis);
    if (of < 0 && !by.scale && axis < 0)
        return add_everywhere(g, n, x, by.shift);
    if (of < 0)
        return cnn_fail(
            CNN_EDATA, "a constant that is neither one number nor one for each element of an axis");
    rc = cnn_onnx_as_channels(g, x, of);
    return rc ? rc : affine(g, n, x, named, by.scale, by.shift, 0);
}

/* Several values */

static int same_dims(const struct onnx_value *a, const struct onnx_value *b)
{
    return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

/* All as the first one is that is in order. */
static int alike(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *const *in)
{
    int rc = 0, of = 0;
    while (of + 1 < n->ins && !cnn_onnx_in_order(in[of]))
        of++;
    for (int i = 0; !rc && i < n->ins; i++)
        rc = same_dims(in[of], in[i]) ? cnn_onnx_arrange_like(g, in[i], in[of])
                                      : cnn_fail(CNN_EDATA, "values of several shapes");
    return rc;
}

static int sum(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *const *in)
{
    const struct onnx_value *from[ONNX_MAX_PORTS];
    struct onnx_value *out = n->out[0];
    int rc = alike(g, n, in);
    for (int i = 0; i < n->ins; i++)
        from[i] = in[i];
    if (rc)
        return rc;
    rc = cnn_onnx_line(g, out, cnn_onnx_label(g, n, NULL), from, n->ins, in[0]->shape, "sum");
    out->view = in[0]->view;
    cnn_onnx_set_dims(out, in[0]->rank, in[0]->dim);
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
    struct onnx_value *out = n->out[0];
    struct cnn_chw shape[2];
    int rc = 0, swapped = 0, same = n->ins == 2 && same_dims(n->in[0], n->in[1]);
    if (n->ins != 2)
        return cnn_fail(CNN_EDATA, "several values");
    if (same)
        rc = alike(g, n, n->in);
    for (int i = 0; !rc && !same && i < 2; i++)
        rc = cnn_onnx_plain(g, n->in[i], &shape[i]);
    if (!rc && !same)
        swapped = shape[0].h * shape[0].w == 1 && shape[1].h * shape[1].w != 1;
    const struct onnx_value *from[2] = {n->in[swapped], n->in[!swapped]};
    if (!rc && !same && (shape[0].c != shape[1].c || from[1]->shape.h * from[1]->shape.w != 1))
        rc = cnn_fail(CNN_EDATA, "values of shapes that do not fit each other");
    if (!rc && (from[0]->rank != from[1]->rank || from[0]->rows != from[1]->rows))
        rc = cnn_fail(CNN_EDATA, "values of %d and %d dimensions", from[0]->rank, from[1]->rank);
    if (rc)
        return rc;
    rc = cnn_onnx_line(g, out, cnn_onnx_label(g, n, NULL), from, 2, from[0]->shape, "mul");
    out->view = from[0]->view;
    cnn_onnx_set_dims(out, from[0]->rank, from[0]->dim);
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
