/* Parts of values, and values side by side; see onnx_ops.def. */
#include "model/import/onnx/ops.h"

int cnn_onnx_concat(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_value *from[ONNX_MAX_PORTS];
    struct cnn_chw all = {0}, shape;
    int axis, rank = n->in[0]->rank, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 1), rank, &axis);
    if (rc || axis != 1)
        return rc ? rc : cnn_fail(CNN_EDATA, "axis %d is not that of channels", axis);
    if (n->ins == 1)
        return cnn_onnx_identity(g, n);
    for (int i = 0; i < n->ins; i++) {
        if (!n->in[i] || n->in[i]->state != ONNX_COMPUTED || n->in[i]->rank != rank)
            return cnn_fail(CNN_EDATA, "what is constant, or has other dimensions");
        if ((rc = cnn_onnx_plain(g, n, n->in[i], &shape)))
            return rc;
        if (i && (shape.h != all.h || shape.w != all.w))
            return cnn_fail(CNN_EDATA, "planes of several sizes");
        all = (struct cnn_chw){all.c + shape.c, shape.h, shape.w};
        from[i] = n->in[i];
    }
    rc = cnn_onnx_line(g, n->out[0], cnn_onnx_label(g, n, NULL), from, n->ins, all, "concat");
    cnn_onnx_like(g, n->out[0], rank, all);
    return rc;
}

/* How many channels each output has: what is said, or as many as there can be of the same. */
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
               : cnn_fail(CNN_EDATA, "parts that are not the %zu channels", channels);
}

int cnn_onnx_split(struct onnx_graph *g, const struct onnx_node *n)
{
    int64_t part[ONNX_MAX_PORTS];
    struct cnn_chw shape = {0};
    struct cnn_buf words = {0};
    struct onnx_value *x = n->in[0];
    int axis, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 0), x->rank, &axis);
    if (!rc && axis != 1)
        rc = cnn_fail(CNN_EDATA, "axis %d is not that of channels", axis);
    if (!rc)
        rc = cnn_onnx_plain(g, n, x, &shape);
    if (!rc)
        rc = read_parts(g, n, shape.c, part);
    if (rc || n->outs == 1)
        return rc ? rc : cnn_onnx_identity(g, n);
    for (int i = 0; i < n->outs; i++)
        cnn_buf_printf(&words, "%s%lld", i ? "," : "", (long long)part[i]);
    const struct onnx_value *from = x;
    const char *label = cnn_onnx_label(g, n, NULL);
    shape.c = (size_t)part[0];
    rc = words.failed ? CNN_ESYSTEM
                      : cnn_onnx_line(g, n->out[0], label, &from, 1, shape, "split %s", words.text);
    cnn_buf_free(&words);
    cnn_onnx_like(g, n->out[0], x->rank, shape);
    for (int i = 1; !rc && i < n->outs; i++) {
        struct onnx_value *out = n->out[i];
        if (!out)
            continue;
        shape.c = (size_t)part[i];
        cnn_onnx_like(g, out, x->rank, shape);
        out->shape = shape;
        out->line = SIZE_MAX; /* the line behind reads the first one */
        out->label = cnn_arena_printf(g->arena, "%s.%d", label, i);
        rc = out->label ? 0 : CNN_ESYSTEM;
    }
    return rc;
}

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
        if (first[axis] >= end[axis])
            rc = cnn_fail(CNN_EDATA, "nothing is left of axis %d", axis);
    }
    return rc;
}

/* Every so many-th row and column of all channels: 1; 0: each of them. */
static int by_steps(struct onnx_graph *g, const struct onnx_node *n, struct cnn_chw in,
                    const size_t *first, const size_t *end, const size_t *step)
{
    int rank = n->in[0]->rank;
    size_t by = step[rank - 1];
    for (int i = 0; i < rank; i++)
        if (step[i] != (i < 2 ? 1 : by))
            return cnn_fail(CNN_EDATA, "steps that are not those of rows and columns");
    if (rank < 3 || by == 1)
        return 0;
    for (int i = 0; i < rank; i++)
        if (first[i] || end[i] != n->in[0]->dim[i])
            return cnn_fail(CNN_EDATA, "steps over a part");
    const struct cnn_chw out = {in.c, (in.h + by - 1) / by, (in.w + by - 1) / by};
    int rc = cnn_onnx_layer(g, n, n->in[0], out, "subsample %zu %zu", in.c, by);
    return rc ? rc : 1;
}

/* Channels, then rows and columns: as few lines as that takes. */
int cnn_onnx_slice(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value *x = n->in[0];
    size_t first[ONNX_MAX_RANK], end[ONNX_MAX_RANK], step[ONNX_MAX_RANK];
    struct cnn_chw shape;
    int rank = x->rank, rc = cnn_onnx_plain(g, n, x, &shape);
    if (!rc)
        rc = cnn_onnx_ranges(g, n, first, end, step);
    if (!rc && (first[0] || end[0] != g->batch))
        rc = cnn_fail(CNN_EDATA, "some of the samples");
    if (!rc)
        rc = by_steps(g, n, shape, first, end, step);
    if (rc)
        return rc > 0 ? 0 : rc;
    size_t w = rank > 2 ? (size_t)rank - 1 : 0;
    size_t top = rank == 4 ? first[2] : 0, left = w ? first[w] : 0;
    const struct cnn_chw out = {end[1] - first[1], rank == 4 ? end[2] - top : 1,
                                w ? end[w] - left : 1};
    struct onnx_value part = *x;
    const struct onnx_value *from = &part;
    cnn_onnx_alias(n->out[0], x);
    if (out.c != shape.c) {
        shape.c = out.c;
        from = x;
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
    int rc = cnn_onnx_plain(g, n, n->in[0], &shape);
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

/* One channel, without or with an axis of its own. */
int cnn_onnx_gather(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value *x = n->in[0];
    const struct onnx_constant *c = cnn_onnx_weight(n, 1, "index");
    const struct onnx_value *from = x;
    struct cnn_chw shape;
    int64_t index;
    int axis, at, count, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", 0), x->rank, &axis);
    if (rc || !c)
        return rc ? rc : cnn_error_code();
    if (axis != 1 || c->count != 1 || c->rank > 1)
        return cnn_fail(CNN_EDATA, "it is not of one channel");
    rc = cnn_onnx_integers(g, c, 1, &index, &count);
    if (!rc)
        rc = cnn_onnx_axis(index, (int)x->dim[1], &at);
    if (!rc)
        rc = cnn_onnx_plain(g, n, x, &shape);
    if (rc)
        return rc;
    shape.c = 1;
    rc = cnn_onnx_line(g, n->out[0], cnn_onnx_label(g, n, NULL), &from, 1, shape, "slice %d %d", at,
                       at + 1);
    const size_t dim[4] = {g->batch, 1, x->dim[2], x->dim[3]};
    size_t without[3] = {g->batch, x->dim[2], x->dim[3]};
    cnn_onnx_set_dims(n->out[0], x->rank - !c->rank, c->rank ? dim : without);
    return rc;
}
