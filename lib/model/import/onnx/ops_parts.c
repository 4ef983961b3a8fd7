/* Parts of values, and values side by side; see onnx_ops.def. */
#include "model/import/onnx/ops.h"

/* Whether values differ along that axis alone. */
static int differ_along(const struct onnx_value *a, const struct onnx_value *b, int axis)
{
    for (int i = 0; i < a->rank; i++)
        if (a->rank != b->rank || (i != axis && a->dim[i] != b->dim[i]))
            return 0;
    return 1;
}

/* Numbers in front of the first axis that a sample has, the same for all samples: rows. */
static int concat_constant(struct onnx_graph *g, const struct onnx_node *n, int axis)
{
    const struct onnx_constant *c = n->in[0]->constant;
    struct onnx_value *x = n->ins == 2 ? n->in[1] : NULL;
    const struct onnx_value *from = x;
    size_t before = 1;
    for (int i = 0; x && i < axis && i < c->rank; i++)
        before *= c->dim[i];
    if (!x || before != 1 || x->dim[0] != g->batch || !axis || !differ_along(x, n->in[0], axis))
        return cnn_fail(CNN_EDATA, "a constant that is not of rows in front of a value's");
    int rc = cnn_onnx_as_rows(g, x, axis + 1);
    if (rc)
        return rc;
    const char *label = cnn_onnx_label(g, n, NULL);
    const size_t dim[3] = {1, c->dim[axis], x->shape.c};
    rc = cnn_onnx_line(g, n->out[0], label, &from, 1, x->shape, "token %zu", dim[1]);
    if (!rc)
        rc = cnn_onnx_param(g, label, "", c, 3, dim);
    n->out[0]->rows = x->rows + dim[1];
    cnn_onnx_set_dims(n->out[0], x->rank, x->dim);
    n->out[0]->dim[axis] += dim[1];
    return rc;
}

int cnn_onnx_concat(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_value *from[ONNX_MAX_PORTS];
    struct onnx_value *out = n->out[0];
    struct cnn_chw all = {0};
    const char *order;
    int axis, rank = n->in[0]->rank, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 1), rank, &axis);
    if (rc || n->ins == 1)
        return rc ? rc : cnn_onnx_identity(g, n);
    if (n->in[0]->state == ONNX_CONSTANT)
        return concat_constant(g, n, axis);
    for (int i = 0; i < n->ins; i++)
        if (!n->in[i] || n->in[i]->state != ONNX_COMPUTED ||
            !differ_along(n->in[i], n->in[0], axis))
            return cnn_fail(CNN_EDATA, "what is constant, or has other dimensions");
    if ((rc = cnn_onnx_as_parts(g, n->ins, n->in, axis, &order)))
        return rc;
    for (int i = 0; i < n->ins; i++) {
        from[i] = n->in[i];
        all = (struct cnn_chw){all.c + from[i]->shape.c, from[0]->shape.h, from[0]->shape.w};
    }
    rc = cnn_onnx_line(g, out, cnn_onnx_label(g, n, NULL), from, n->ins, all, "concat");
    cnn_onnx_part(g, out, from[0], axis, order);
    return rc;
}

/* How much of the axis each output has: what is said, or as many as there can be of the same. */
static int read_parts(struct onnx_graph *g, const struct onnx_node *n, size_t channels,
                      int64_t *part)
{
    int64_t sum = 0, each = ((int64_t)channels + n->outs - 1) / n->outs;
    int count, rc = cnn_onnx_list(g, n, "split", 1, ONNX_MAX_PORTS, part, &count);
    if (rc)
        return rc;
    for (int i = 0; count < 0 && i < n->outs; i++)
        part[i] = i + 1 < n->outs ? each : (int64_t)channels - each * (n->outs - 1);
    for (int i = 0; i < n->outs && (count < 0 || i < count); i++) {
        if (part[i] < 1 || part[i] > 1 << 20)
            return cnn_fail(CNN_EDATA, "a part of %lld", (long long)part[i]);
        sum += part[i];
    }
    return sum == (int64_t)channels && (count < 0 || count == n->outs)
               ? 0
               : cnn_fail(CNN_EDATA, "parts that are not the %zu of the axis", channels);
}

int cnn_onnx_split(struct onnx_graph *g, const struct onnx_node *n)
{
    int64_t part[ONNX_MAX_PORTS];
    struct cnn_buf words = {0};
    struct onnx_value *x = n->in[0];
    const char *order;
    int axis, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 0), x->rank, &axis);
    if (!rc)
        rc = read_parts(g, n, x->dim[axis], part);
    if (rc || n->outs == 1)
        return rc ? rc : cnn_onnx_identity(g, n);
    if ((rc = cnn_onnx_as_parts(g, 1, &x, axis, &order)))
        return rc;
    for (int i = 0; i < n->outs; i++)
        cnn_buf_printf(&words, "%s%lld", i ? "," : "", (long long)part[i]);
    const struct onnx_value *from = x;
    const char *label = cnn_onnx_label(g, n, NULL);
    struct cnn_chw shape = {(size_t)part[0], x->shape.h, x->shape.w};
    rc = words.failed ? CNN_ESYSTEM
                      : cnn_onnx_line(g, n->out[0], label, &from, 1, shape, "split %s", words.text);
    cnn_buf_free(&words);
    cnn_onnx_part(g, n->out[0], x, axis, order);
    for (int i = 1; !rc && i < n->outs; i++) {
        struct onnx_value *out = n->out[i];
        if (!out)
            continue;
        out->state = ONNX_COMPUTED;
        out->rows = x->rows;
        out->shape = (struct cnn_chw){(size_t)part[i], shape.h, shape.w};
        out->line = SIZE_MAX; /* the line behind reads the first one */
        out->label = cnn_arena_printf(g->arena, "%s.%d", label, i);
        cnn_onnx_part(g, out, x, axis, order);
        rc = out->label ? 0 : CNN_ESYSTEM;
    }
    return rc;
}

/* Pads of all axes, at their beginnings and then at their ends, as rows and columns, and as channels. */
static int read_pads(struct onnx_graph *g, const struct onnx_node *n, int rank, int64_t pad[6])
{
    int64_t list[2 * ONNX_MAX_RANK], axes[ONNX_MAX_RANK];
    int count = 0, given = 0, axis;
    const char *name = cnn_onnx_attribute(n, "paddings") ? "paddings" : "pads";
    int rc = cnn_onnx_list(g, n, name, 1, 2 * ONNX_MAX_RANK, list, &count);
    if (!rc)
        rc = cnn_onnx_list(g, n, "axes", 3, ONNX_MAX_RANK, axes, &given);
    int each = given < 0 ? rank : given;
    if (!rc && count != 2 * each)
        rc = cnn_fail(CNN_EDATA, "%d pads for %d axes", count, each);
    for (int i = 0; !rc && i < count; i++) {
        rc = cnn_onnx_axis(given < 0 ? i % each : axes[i % each], rank, &axis);
        if (!rc && ((list[i] && axis < 1) || list[i] < 0 || list[i] > 1 << 14))
            rc = cnn_fail(CNN_EDATA, "a pad of %lld on axis %d", (long long)list[i], axis);
        if (!rc && axis >= 1)
            pad[axis == 1 ? 4 + i / each : i / each * 2 + axis - rank + 2] = list[i];
    }
    return rc;
}

/* Channels of zeros on both sides, as ResNets have them in place of a convolution. */
static int pad_channels(struct onnx_graph *g, const struct onnx_node *n, struct cnn_chw shape,
                        const int64_t pad[6], int zeros)
{
    int64_t more = pad[4] + pad[5];
    if (!zeros || pad[0] || pad[1] || pad[2] || pad[3] || pad[4] != more / 2)
        return cnn_fail(CNN_EDATA, "channels that are not zeros on both sides alone");
    shape.c += (size_t)more;
    return cnn_onnx_layer(g, n, n->in[0], shape, "subsample %zu", shape.c);
}

int cnn_onnx_pad(struct onnx_graph *g, const struct onnx_node *n)
{
    int64_t pad[6] = {0};
    struct cnn_chw shape;
    double value = cnn_onnx_real(n, "value", 0);
    char number[32];
    const char *mode = cnn_onnx_is(n, "mode", "reflect") ? " mode=reflect"
                       : cnn_onnx_is(n, "mode", "edge")  ? " mode=replicate"
                                                         : NULL;
    if (cnn_onnx_attribute(n, "mode") && !mode && !cnn_onnx_is(n, "mode", "constant"))
        return cnn_fail(CNN_EDATA, "a mode that is none of constant, reflect, edge");
    const struct onnx_constant *c = cnn_onnx_has(n, 2) ? cnn_onnx_weight(n, 2, "value") : NULL;
    const double *x = c && c->count == 1 ? cnn_onnx_numbers(g, c) : NULL;
    if (cnn_onnx_has(n, 2) && !x)
        return cnn_fail(CNN_EDATA, "a value that is not one number");
    value = x ? *x : value;
    int rc = cnn_onnx_plain(g, n->in[0], &shape);
    if (!rc)
        rc = read_pads(g, n, n->in[0]->rank, pad);
    if (rc)
        return rc;
    if (pad[4] || pad[5])
        return pad_channels(g, n, shape, pad, !mode && value == 0);
    if (!(pad[0] || pad[1] || pad[2] || pad[3]))
        return cnn_onnx_identity(g, n);
    shape.h += (size_t)(pad[0] + pad[2]);
    shape.w += (size_t)(pad[1] + pad[3]);
    return cnn_onnx_layer(g, n, n->in[0], shape, "pad %lld,%lld,%lld,%lld%s%s%s", (long long)pad[0],
                          (long long)pad[1], (long long)pad[2], (long long)pad[3], mode ? mode : "",
                          !mode && value != 0 ? " value=" : "",
                          !mode && value != 0 ? cnn_onnx_format(value, number) : "");
}

/* To the shape that a constant says, where 1 and axes that are not there are any: of a value, the one that it has. */
static int expanded(struct onnx_graph *g, const struct onnx_node *n, int *rank, size_t *dim)
{
    const struct onnx_value *x = n->in[0];
    const struct onnx_constant *shape = cnn_onnx_weight(n, 1, "shape");
    int64_t to[ONNX_MAX_RANK];
    int count, rc = shape ? cnn_onnx_integers(g, shape, ONNX_MAX_RANK, to, &count) : CNN_EDATA;
    if (rc)
        return rc;
    *rank = count > x->rank ? count : x->rank;
    for (int i = 0; i < *rank; i++) {
        int a = i - (*rank - count), b = i - (*rank - x->rank);
        size_t wanted = a < 0 ? 1 : (size_t)to[a], own = b < 0 ? 1 : x->dim[b];
        if ((a >= 0 && (to[a] < 1 || to[a] > 1 << 24)) ||
            (own != wanted && own != 1 && wanted != 1))
            return cnn_fail(CNN_EDATA, "a shape that does not fit");
        dim[i] = own == 1 ? wanted : own;
    }
    return 0;
}

int cnn_onnx_expand(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = expanded(g, n, &rank, dim);
    for (int i = 0; !rc && i < rank; i++)
        if (rank != n->in[0]->rank || dim[i] != n->in[0]->dim[i])
            rc = cnn_fail(CNN_EDATA, "a value that becomes larger");
    return rc ? rc : cnn_onnx_identity(g, n);
}

int cnn_onnx_fold_expand(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = expanded(g, n, &rank, dim);
    const struct onnx_constant *c = rc ? NULL : cnn_onnx_spread(g, n->in[0]->constant, rank, dim);
    if (c)
        cnn_onnx_give_constant(n->out[0], c);
    return c ? 0 : cnn_error_code();
}
