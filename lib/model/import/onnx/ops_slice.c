/* Some elements of axes; see onnx_ops.def. */
#include "model/import/onnx/ops.h"

/* Ends beyond the value's are its own; negative ones count from there. */
static size_t bound(int64_t at, size_t n)
{
    if (at < 0)
        at = at + (int64_t)n < 0 ? 0 : at + (int64_t)n;
    return at > (int64_t)n ? n : (size_t)at;
}

int cnn_onnx_ranges(struct onnx_graph *g, const struct onnx_node *n, size_t *first, size_t *end,
                    size_t *step)
{
    const struct onnx_value *x = n->in[0];
    int64_t start[ONNX_MAX_RANK] = {0}, stop[ONNX_MAX_RANK] = {0}, axes[ONNX_MAX_RANK] = {0},
            each[ONNX_MAX_RANK] = {0};
    int starts = 0, stops = 0, given = 0, steps = 0, axis;
    int rc = cnn_onnx_list(g, n, "starts", 1, ONNX_MAX_RANK, start, &starts);
    if (!rc)
        rc = cnn_onnx_list(g, n, "ends", 2, ONNX_MAX_RANK, stop, &stops);
    if (!rc)
        rc = cnn_onnx_list(g, n, "axes", 3, ONNX_MAX_RANK, axes, &given);
    if (!rc)
        rc = cnn_onnx_list(g, n, "steps", 4, ONNX_MAX_RANK, each, &steps);
    if (!rc && (starts < 0 || starts != stops || (given >= 0 && given != starts) ||
                (steps >= 0 && steps != starts) || starts > x->rank))
        rc = cnn_fail(CNN_EDATA, "starts, ends, axes and steps differ in number");
    for (int i = 0; !rc && i < x->rank; i++) {
        first[i] = 0;
        end[i] = x->dim[i];
        step[i] = 1;
    }
    for (int i = 0; !rc && i < starts; i++) {
        rc = cnn_onnx_axis(given < 0 ? i : axes[i], x->rank, &axis);
        if (!rc && steps >= 0 && (each[i] < 1 || each[i] > 1 << 14))
            rc = cnn_fail(CNN_EDATA, "a step of %lld", (long long)each[i]);
        if (rc)
            break;
        first[axis] = bound(start[i], x->dim[axis]);
        end[axis] = bound(stop[i], x->dim[axis]);
        step[axis] = steps < 0 ? 1 : (size_t)each[i];
        if (first[axis] >= end[axis] && x->state == ONNX_CONSTANT)
            end[axis] = first[axis]; /* lists may be empty */
        else if (first[axis] >= end[axis])
            rc = cnn_fail(CNN_EDATA, "nothing is left of axis %d", axis);
    }
    return rc;
}

/* Every so many-th row and column of all channels. */
static int by_steps(struct onnx_graph *g, const struct onnx_node *n, struct cnn_chw in, size_t by)
{
    const struct cnn_chw out = {in.c, (in.h + by - 1) / by, (in.w + by - 1) / by};
    return cnn_onnx_layer(g, n, n->in[0], out, "subsample %zu %zu", in.c, by);
}

/* Whether that is what is asked for: by that step, of all that there is. */
static int is_by_steps(const struct onnx_value *x, const size_t *first, const size_t *end,
                       const size_t *step)
{
    for (int i = 0; i < x->rank; i++)
        if (first[i] || end[i] != x->dim[i] || step[i] != (i < 2 ? 1 : step[x->rank - 1]))
            return 0;
    return x->rank == 3 || x->rank == 4;
}

/* `to` from one on before another of an axis: from itself where it is copied. */
static int cut_axis(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x, int axis,
                    size_t from, size_t to)
{
    const struct onnx_value *reads = x;
    struct onnx_value whole;
    const char *order;
    int rc = cnn_onnx_as_parts(g, 1, &x, axis, &order);
    if (rc)
        return rc;
    whole = *x;
    const struct cnn_chw shape = {to - from, x->shape.h, x->shape.w};
    rc = cnn_onnx_line(g, x, cnn_onnx_label(g, n, NULL), &reads, 1, shape, "slice %zu %zu", from,
                       to);
    cnn_onnx_part(g, x, &whole, axis, order);
    return rc;
}

/* Every step-th of an axis, of as many as there are: of a further axis of so many one. */
static int step_axis(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x,
                     int axis, size_t first, size_t end, size_t step)
{
    size_t dim[ONNX_MAX_RANK], all = x->dim[axis];
    int rank = x->rank;
    if (first >= step || all % step || end + step <= all + first || rank == ONNX_MAX_RANK)
        return cnn_fail(CNN_EDATA, "steps over a part");
    for (int i = 0; i < rank; i++)
        dim[i + (i > axis)] = x->dim[i];
    dim[axis] = all / step;
    dim[axis + 1] = step;
    int rc = cnn_onnx_reshape(g, x, rank + 1, dim);
    if (!rc)
        rc = cut_axis(g, n, x, axis + 1, first, first + 1);
    for (int i = axis + 1; i < rank; i++)
        dim[i] = dim[i + 1];
    cnn_onnx_set_dims(x, rank, dim);
    return rc;
}

/* Axis by axis. */
static int slice_axes(struct onnx_graph *g, const struct onnx_node *n, const size_t *first,
                      const size_t *end, const size_t *step)
{
    struct onnx_value x = *n->in[0];
    int rc = 0;
    for (int k = 0; !rc && k < x.rank; k++)
        if (step[k] > 1)
            rc = step_axis(g, n, &x, k, first[k], end[k], step[k]);
        else if (first[k] || end[k] != x.dim[k])
            rc = cut_axis(g, n, &x, k, first[k], end[k]);
    cnn_onnx_alias(n->out[0], &x);
    return rc;
}

/* Channels, then rows and columns: as few lines as that takes. */
static int slice_plane(struct onnx_graph *g, const struct onnx_node *n, const size_t *first,
                       const size_t *end)
{
    struct onnx_value part = *n->in[0];
    const struct onnx_value *from = n->in[0];
    struct cnn_chw shape = part.shape;
    int rank = part.rank, w = rank > 2 ? rank - 1 : 0;
    size_t top = rank == 4 ? first[2] : 0, left = w ? first[w] : 0;
    const struct cnn_chw out = {end[1] - first[1], rank == 4 ? end[2] - top : 1,
                                w ? end[w] - left : 1};
    int rc = 0;
    cnn_onnx_alias(n->out[0], from);
    if (out.c != shape.c) {
        shape.c = out.c;
        rc = cnn_onnx_line(g, &part, cnn_onnx_label(g, n, NULL), &from, 1, shape, "slice %zu %zu",
                           first[1], end[1]);
        from = &part;
        cnn_onnx_alias(n->out[0], &part);
    }
    if (!rc && !cnn_chw_equal(out, shape))
        rc = cnn_onnx_line(g, n->out[0], cnn_onnx_label(g, n, NULL), &from, 1, out,
                           "crop %zux%zu offset=%zux%zu", out.h, out.w, top, left);
    cnn_onnx_like(g, n->out[0], rank, out);
    return rc;
}

int cnn_onnx_slice(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value *x = n->in[0];
    size_t first[ONNX_MAX_RANK], end[ONNX_MAX_RANK], step[ONNX_MAX_RANK];
    struct cnn_chw shape;
    int steps = 0, rc = cnn_onnx_ranges(g, n, first, end, step);
    if (rc)
        return rc;
    if ((first[0] || end[0] != x->dim[0]) && g->batch > 1)
        return cnn_fail(CNN_EDATA, "some of the samples");
    for (int i = 0; i < x->rank; i++)
        steps |= step[i] > 1;
    if (x->rank < 2 || x->rank > 4 || first[0] || end[0] != x->dim[0] ||
        (steps && !is_by_steps(x, first, end, step)))
        return slice_axes(g, n, first, end, step);
    if ((rc = cnn_onnx_plain(g, x, &shape)))
        return rc;
    return steps ? by_steps(g, n, shape, step[x->rank - 1]) : slice_plane(g, n, first, end);
}

/* Some neighbouring elements of an axis, or one, without or with an axis of its own. */
int cnn_onnx_gather(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_value *whole = n->in[0];
    const struct onnx_constant *c = cnn_onnx_weight(n, 1, "index");
    const char *order;
    enum { MOST_INDICES = 1 << 10 };
    int64_t index[MOST_INDICES];
    int axis, at, count, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 0), whole->rank, &axis);
    if (rc || !c)
        return rc ? rc : cnn_error_code();
    if (!c->count || c->rank > 1)
        return cnn_fail(CNN_EDATA, "it is not of elements of an axis");
    rc = cnn_onnx_integers(g, c, MOST_INDICES, index, &count);
    for (int i = 1; !rc && i < count; i++)
        if (index[i] != index[0] + i)
            rc = cnn_fail(CNN_EDATA, "elements that do not follow one another");
    if (!rc)
        rc = cnn_onnx_axis(index[0], (int)whole->dim[axis], &at);
    if (!rc && (size_t)at + (size_t)count > whole->dim[axis])
        rc = cnn_fail(CNN_EDATA, "elements behind the last one");
    if (!rc) /* which those beside it read, too */
        rc = cnn_onnx_as_parts(g, 1, n->in, axis, &order);
    if (rc)
        return rc;
    struct onnx_value x = *n->in[0];
    if ((rc = cut_axis(g, n, &x, axis, (size_t)at, (size_t)at + (size_t)count)))
        return rc;
    for (int i = axis; !c->rank && i + 1 < x.rank; i++)
        x.dim[i] = x.dim[i + 1];
    x.rank -= !c->rank;
    cnn_onnx_alias(n->out[0], &x);
    return x.rank ? 0 : cnn_fail(CNN_EDATA, "no axis is left");
}
