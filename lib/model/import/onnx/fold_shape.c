/* Shapes, and what is rearranged of constants; see onnx_ops.def. */
#include "file/elements.h"
#include "model/import/onnx/ops.h"

/* Constants of the file, and lists of numbers */

static int give(const struct onnx_node *n, const struct onnx_constant *c)
{
    if (!c)
        return cnn_error_code();
    cnn_onnx_give_constant(n->out[0], c);
    return 0;
}

int cnn_onnx_fold_constant(struct onnx_graph *g, const struct onnx_node *n)
{
    const Cnn__Onnx__Attribute *a = n->message->n_attribute ? n->message->attribute[0] : NULL;
    const struct onnx_constant *from;
    double *x;
    if (a && a->t) {
        int rc = cnn_onnx_tensor(g, a->t, NULL, &from);
        return rc ? rc : give(n, from);
    }
    if (!a || n->message->n_attribute != 1 || !(a->has_i || a->has_f || a->n_ints || a->n_floats))
        return cnn_fail(CNN_EDATA, "it has no value of numbers");
    int whole = a->has_i || a->n_ints, list = a->n_ints || a->n_floats;
    size_t count = a->n_ints ? a->n_ints : a->n_floats;
    struct onnx_constant *c = cnn_onnx_numbers_new(g, list, &count, whole, &x);
    for (size_t i = 0; c && i < c->count; i++)
        x[i] = a->n_ints     ? (double)a->ints[i]
               : a->n_floats ? (double)a->floats[i]
               : a->has_i    ? (double)a->i
                             : (double)a->f;
    return give(n, c);
}

int cnn_onnx_fold_of_shape(struct onnx_graph *g, const struct onnx_node *n)
{
    const Cnn__Onnx__Attribute *a = cnn_onnx_attribute(n, "value");
    const struct onnx_constant *value = NULL, *shape = cnn_onnx_weight(n, 0, "shape");
    int64_t list[ONNX_MAX_RANK];
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = shape ? cnn_onnx_integers(g, shape, ONNX_MAX_RANK, list, &rank) : CNN_EDATA;
    if (!rc && a && a->t)
        rc = cnn_onnx_tensor(g, a->t, NULL, &value);
    if (rc)
        return rc;
    for (int i = 0; i < rank; i++) {
        if (list[i] < 0)
            return cnn_fail(CNN_EDATA, "a dimension of %lld", (long long)list[i]);
        dim[i] = (size_t)list[i];
    }
    struct onnx_constant *c = cnn_onnx_constant_new(g, rank, dim);
    const double *x = value ? cnn_onnx_numbers(g, value) : NULL;
    if (!c || (value && (!x || value->count != 1)))
        return c && x ? cnn_fail(CNN_EDATA, "a value that is not one number") : cnn_error_code();
    c->whole = value ? value->whole : 0;
    c->fill = value ? *x : 0;
    return give(n, c);
}

int cnn_onnx_shape(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_value *v = n->in[0];
    int64_t from = cnn_onnx_int(n, "start", 0), to = cnn_onnx_int(n, "end", v->rank);
    double *x;
    from += from < 0 ? v->rank : 0;
    to += to < 0 ? v->rank : 0;
    from = from < 0 ? 0 : from;
    to = to > v->rank ? v->rank : to;
    size_t count = to > from ? (size_t)(to - from) : 0;
    struct onnx_constant *c = cnn_onnx_numbers_new(g, 1, &count, 1, &x);
    for (size_t i = 0; c && i < count; i++)
        x[i] = (double)v->dim[(size_t)from + i];
    return give(n, c);
}

/* The same elements */

static int with_shape(struct onnx_graph *g, const struct onnx_node *n, int rank, const size_t *dim)
{
    const struct onnx_constant *from = n->in[0]->constant;
    struct onnx_constant *c = cnn_onnx_constant_new(g, rank, dim);
    if (!c)
        return cnn_error_code();
    if (c->count != from->count)
        return cnn_fail(CNN_EDATA, "a shape of %zu elements for %zu", c->count, from->count);
    c->whole = from->whole;
    c->dtype = from->dtype;
    c->data = from->data;
    c->number = from->number;
    c->fill = from->fill;
    return give(n, c);
}

int cnn_onnx_fold_same(struct onnx_graph *g, const struct onnx_node *n)
{
    return with_shape(g, n, n->in[0]->rank, n->in[0]->dim);
}

int cnn_onnx_fold_reshape(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = cnn_onnx_reshaped(g, n, &rank, dim);
    return rc ? rc : with_shape(g, n, rank, dim);
}

int cnn_onnx_fold_squeeze(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = cnn_onnx_squeezed(g, n, &rank, dim);
    return rc ? rc : with_shape(g, n, rank, dim);
}

int cnn_onnx_fold_unsqueeze(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = cnn_onnx_unsqueezed(g, n, &rank, dim);
    return rc ? rc : with_shape(g, n, rank, dim);
}

/* To integers by leaving out what is behind the point; real numbers stay. */
int cnn_onnx_fold_cast(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_constant *from = n->in[0]->constant;
    int64_t to = cnn_onnx_int(n, "to", 0);
    int floating = to == 1 || to == 10 || to == 11 || to == 16,
        whole = !floating && to >= 2 && to <= 13;
    double *x;
    if (floating && !from->whole)
        return cnn_onnx_fold_same(g, n);
    if (!floating && !whole)
        return cnn_fail(CNN_EDATA, "to type %lld", (long long)to);
    const double *in = cnn_onnx_numbers(g, from);
    struct onnx_constant *c = in ? cnn_onnx_numbers_new(g, from->rank, from->dim, whole, &x) : NULL;
    for (size_t i = 0; c && i < c->count; i++)
        x[i] = to == 9                                  ? in[i] != 0
               : whole && in[i] > -1e18 && in[i] < 1e18 ? (double)(int64_t)in[i]
                                                        : in[i];
    return give(n, c);
}

/* Some of the elements */

/* Elements where those of `to` come from: first + i step along each axis. */
static int pick(struct onnx_graph *g, const struct onnx_node *n, int rank, const size_t *dim,
                size_t first, const size_t *step)
{
    const struct onnx_constant *from = n->in[0]->constant;
    const double *in = cnn_onnx_numbers(g, from);
    size_t index[ONNX_MAX_RANK] = {0}, at = first;
    double *x;
    struct onnx_constant *c = in ? cnn_onnx_numbers_new(g, rank, dim, from->whole, &x) : NULL;
    for (size_t i = 0; c && i < c->count; i++) {
        x[i] = in[at];
        for (int k = rank; k-- > 0;) {
            at += step[k];
            if (++index[k] < dim[k])
                break;
            at -= dim[k] * step[k];
            index[k] = 0;
        }
    }
    return give(n, c);
}

static void steps_of(const struct onnx_value *v, size_t *step)
{
    size_t product = 1;
    for (int i = v->rank; i-- > 0;) {
        step[i] = product;
        product *= v->dim[i];
    }
}

int cnn_onnx_fold_transpose(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t step[ONNX_MAX_RANK], to[ONNX_MAX_RANK], dim[ONNX_MAX_RANK];
    int perm[ONNX_MAX_RANK], rank = n->in[0]->rank, rc = cnn_onnx_permutation(n, rank, perm);
    if (rc)
        return rc;
    steps_of(n->in[0], step);
    for (int i = 0; i < rank; i++) {
        to[i] = step[perm[i]];
        dim[i] = n->in[0]->dim[perm[i]];
    }
    return pick(g, n, rank, dim, 0, to);
}

int cnn_onnx_fold_slice(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t step[ONNX_MAX_RANK], first[ONNX_MAX_RANK], end[ONNX_MAX_RANK], each[ONNX_MAX_RANK];
    size_t at = 0;
    int rc = cnn_onnx_ranges(g, n, first, end, each);
    if (rc)
        return rc;
    steps_of(n->in[0], step);
    for (int i = 0; i < n->in[0]->rank; i++) {
        at += first[i] * step[i];
        end[i] = (end[i] - first[i] + each[i] - 1) / each[i];
        step[i] *= each[i];
    }
    return pick(g, n, n->in[0]->rank, end, at, step);
}

/* (before, axis, after) to (before, indices, after). */
int cnn_onnx_fold_gather(struct onnx_graph *g, const struct onnx_node *n)
{
    enum { MOST_INDICES = 1 << 12 };
    const struct onnx_value *v = n->in[0];
    const struct onnx_constant *indices = cnn_onnx_weight(n, 1, "index");
    int64_t index[MOST_INDICES];
    size_t dim[2 * ONNX_MAX_RANK], after = 1, before = 1, axis_size;
    double *x;
    int axis, count, rank = 0, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 0), v->rank, &axis);
    if (rc || !indices)
        return rc ? rc : cnn_error_code();
    if ((rc = cnn_onnx_integers(g, indices, MOST_INDICES, index, &count)))
        return rc;
    if (v->rank + indices->rank - 1 > ONNX_MAX_RANK)
        return cnn_fail(CNN_EDATA, "too many axes");
    axis_size = v->dim[axis];
    for (int i = 0; i < v->rank; i++) {
        before *= i < axis ? v->dim[i] : 1;
        after *= i > axis ? v->dim[i] : 1;
        for (int k = 0; i == axis && k < indices->rank; k++)
            dim[rank++] = indices->dim[k];
        if (i != axis)
            dim[rank++] = v->dim[i];
    }
    const double *in = cnn_onnx_numbers(g, v->constant);
    struct onnx_constant *c =
        in ? cnn_onnx_numbers_new(g, rank, dim, v->constant->whole, &x) : NULL;
    if (!c)
        return cnn_error_code();
    for (int i = 0; i < count; i++) {
        int at;
        if ((rc = cnn_onnx_axis(index[i], (int)axis_size, &at)))
            return rc;
        for (size_t b = 0; b < before; b++)
            for (size_t a = 0; a < after; a++)
                x[(b * (size_t)count + (size_t)i) * after + a] =
                    in[(b * axis_size + (size_t)at) * after + a];
    }
    return give(n, c);
}

int cnn_onnx_fold_concat(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK], before = 1, after = 1, at = 0;
    double *x;
    int axis, whole = 1, rank = n->in[0] ? n->in[0]->rank : 0;
    int rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 1), rank, &axis);
    if (rc)
        return rc;
    for (int i = 0; i < rank; i++) {
        dim[i] = i == axis ? 0 : n->in[0]->dim[i];
        before *= i < axis ? dim[i] : 1;
        after *= i > axis ? dim[i] : 1;
    }
    for (int k = 0; k < n->ins; k++) {
        for (int i = 0; i < rank; i++)
            if (!n->in[k] || n->in[k]->rank != rank || (i != axis && n->in[k]->dim[i] != dim[i]))
                return cnn_fail(CNN_EDATA, "what has other dimensions");
        dim[axis] += n->in[k]->dim[axis];
        whole &= n->in[k]->constant->whole;
    }
    struct onnx_constant *c = cnn_onnx_numbers_new(g, rank, dim, whole, &x);
    for (int k = 0; c && k < n->ins; k++) {
        const double *in = cnn_onnx_numbers(g, n->in[k]->constant);
        size_t piece = n->in[k]->dim[axis] * after;
        if (!in)
            return cnn_error_code();
        for (size_t i = 0; i < before * piece; i++)
            x[i / (piece ? piece : 1) * dim[axis] * after + at + i % (piece ? piece : 1)] = in[i];
        at += piece;
    }
    return give(n, c);
}
