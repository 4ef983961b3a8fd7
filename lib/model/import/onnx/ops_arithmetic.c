/* Sums and products; see onnx_ops.def. */
#include <string.h>

#include "model/import/onnx/ops.h"

/* Constants of channels */

/* A constant that is one number, or one for each of the channels: its dimensions are those of the
 * value, from `axis` on or, -1, up to the last. */
static int by_channel(const struct onnx_value *x, const struct onnx_constant *c, int axis)
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

/* Whether it is that number, however many times. */
static int is_all(struct onnx_graph *g, const struct onnx_constant *c, double value)
{
    const double *x = c->count <= 1 << 16 ? cnn_onnx_numbers(g, c) : NULL;
    for (size_t i = 0; x && i < c->count; i++)
        if (x[i] != value)
            return 0;
    return x != NULL;
}

static int axis_of(const struct onnx_node *n)
{
    return (int)cnn_onnx_int(n, "axis", -1);
}

/* An Add behind a product, where nothing else reads that: what it adds, and the node. */
static const struct onnx_constant *then_adds(const struct onnx_node *n, const struct onnx_value *x,
                                             const struct onnx_node **add)
{
    *add = cnn_onnx_only_user(n->out[0], "Add");
    if (!*add || (*add)->ins != 2 || !(*add)->in[0] || !(*add)->in[1] || !(*add)->out[0])
        return NULL;
    const struct onnx_value *other = (*add)->in[(*add)->in[0] == n->out[0]];
    return other->state == ONNX_CONSTANT && by_channel(x, other->constant, axis_of(*add))
               ? other->constant
               : NULL;
}

/* scale x + shift, and what an Add behind adds. */
static int affine(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x,
                  const struct onnx_constant *scale, const struct onnx_constant *shift)
{
    const struct onnx_node *add = NULL;
    struct cnn_chw shape;
    struct onnx_value *out = n->out[0];
    const struct onnx_constant *more = shift ? NULL : then_adds(n, x, &add);
    int one = (!scale || scale->count == 1) && (!shift || shift->count == 1) &&
              (!more || more->count == 1);
    int rc = one ? 0 : cnn_onnx_plain(g, n, x, &shape);
    if (rc)
        return rc;
    cnn_onnx_alias(out, x);
    if (!more && (!scale || is_all(g, scale, 1)) && (!shift || is_all(g, shift, 0)))
        return 0;
    rc = cnn_onnx_affine(g, out, cnn_onnx_label(g, n, NULL), x, scale, more ? more : shift);
    out->view = x->view;
    if (!rc && more)
        cnn_onnx_alias(add->out[0], out);
    return rc;
}

static int with_constant(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x,
                         const struct onnx_constant *c, int first)
{
    const char *op = n->message->op_type;
    const struct onnx_constant *other = NULL;
    if (!by_channel(x, c, axis_of(n)))
        return cnn_fail(CNN_EDATA,
                        "a constant that is neither one number nor one for each channel");
    if (!strcmp(op, "Mul"))
        return affine(g, n, x, c, NULL);
    if (!strcmp(op, "Add") || !strcmp(op, "Sum"))
        return affine(g, n, x, NULL, c);
    if (!strcmp(op, "Sub") && first)
        return affine(g, n, x, cnn_onnx_fill(g, -1), c);
    if (!strcmp(op, "Div") && first)
        return cnn_fail(CNN_EDATA, "a constant divided by a value");
    other = changed(g, c, !strcmp(op, "Div"));
    if (!other)
        return cnn_error_code();
    return !strcmp(op, "Div") ? affine(g, n, x, other, NULL) : affine(g, n, x, NULL, other);
}

/* Values of the same shape */

static int sum(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *const *in)
{
    const struct onnx_value *from[ONNX_MAX_PORTS];
    struct cnn_chw first = {0}, shape;
    for (int i = 0; i < n->ins; i++) {
        int rc = cnn_onnx_plain(g, n, in[i], &shape);
        if (rc)
            return rc;
        if (i && !cnn_chw_equal(first, shape))
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
        return with_constant(g, n, n->in[!at], n->in[at]->constant, at == 0);
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
    return cnn_fail(CNN_EDATA, "two values that are both computed");
}
