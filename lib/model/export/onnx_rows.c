/* Layers that take the rows of a sample together, as operators, all rows of a sample being real; see onnx_layers.def. */
#include <math.h>
#include <string.h>

#include "model/export/onnx_private.h"

/* What is done with two values, in one step: y = OP(a, b). */
static int put_two(struct onnx_writer *w, const char *op, const char *a, const char *b,
                   const char *y)
{
    const char *in[2] = {a, b};
    return cnn_onnx_made(a && b && y ? cnn_onnx_put(w, op, y, 2, in) : NULL);
}

static const char *between(struct onnx_writer *w, int node)
{
    return cnn_onnx_between(w, cnn_onnx_layer_of(w, node)->name);
}

/* The input as it is, planes or vectors with samples and rows as one axis. */
static const char *input(struct onnx_writer *w, int node, int k)
{
    int x = cnn_onnx_input_of(w, node, k);
    return cnn_onnx_form(w, x) == ONNX_FLAT ? cnn_onnx_flat(w, x) : cnn_onnx_planes(w, x);
}

/* The same numbers */

int cnn_onnx_put_again(struct onnx_writer *w, int node)
{
    return cnn_onnx_put_back(w, input(w, node, 0), node);
}

int cnn_onnx_put_transpose(struct onnx_writer *w, int node)
{
    static const char axes[] = "rchw";
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *const *order = cnn_onnx_option(l, "order");
    const char *x = cnn_onnx_rows(w, cnn_onnx_input_of(w, node, 0), 0), *to = between(w, node);
    size_t perm[5] = {0, 1}, at = strlen(*order) == 4 ? 1 : 2;
    for (const char *c = *order; *c && at < 5; c++)
        perm[at++] = 1 + (size_t)(strchr(axes, *c) - axes);
    int rc = cnn_onnx_put_transposed(w, x, to, 5, perm);
    return rc ? rc : cnn_onnx_put_back(w, to, node);
}

/* Rows */

int cnn_onnx_put_rowpool(struct onnx_writer *w, int node)
{
    static const char *const names[] = {
        [CNN_ROWS_MEAN] = "ReduceMean", [CNN_ROWS_MAX] = "ReduceMax", [CNN_ROWS_LAST] = NULL};
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *op = names[(int)cnn_onnx_number(l, "how")], *to = between(w, node);
    const int64_t axis = 1, last[4] = {-1, INT64_MAX, 1, 1};
    const char *in[5] = {cnn_onnx_rows(w, cnn_onnx_input_of(w, node, 0), 0)};
    if (op)
        in[1] = cnn_onnx_put_list(w, l->name, 1, &axis);
    for (size_t k = 0; !op && k < 4; k++) /* first, end, axis, step */
        in[1 + k] = cnn_onnx_put_list(w, l->name, 1, &last[k]);
    if (!to || !cnn_onnx_put(w, op ? op : "Slice", to, op ? 2 : 5, in))
        return cnn_error_code();
    return cnn_onnx_put_back(w, to, node);
}

/* For as many samples as there are. */
int cnn_onnx_put_token(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    size_t count = (size_t)cnn_onnx_number(l, "count"), size = cnn_chw_count(l->out);
    const size_t dim[3] = {1, count, size};
    const int64_t rest[2] = {(int64_t)count, (int64_t)size};
    const char *x = cnn_onnx_rows(w, cnn_onnx_input_of(w, node, 0), 1);
    const char *samples = between(w, node), *shape = between(w, node), *each = between(w, node);
    const char *all = between(w, node);
    Cnn__Onnx__Node *n = x && samples ? cnn_onnx_put(w, "Shape", samples, 1, &x) : NULL;
    int rc = cnn_onnx_put_int(w, n, "end", 1);
    const char *parts[2] = {samples, cnn_onnx_put_list(w, l->name, 2, rest)};
    if (!rc)
        rc = cnn_onnx_put_int(w, shape ? cnn_onnx_put(w, "Concat", shape, 2, parts) : NULL, "axis",
                              0);
    if (!rc)
        rc = put_two(w, "Expand", cnn_onnx_put_param(w, node, 0, 3, dim), shape, each);
    const char *both[2] = {each, x};
    if (!rc)
        rc = cnn_onnx_put_int(w, all ? cnn_onnx_put(w, "Concat", all, 2, both) : NULL, "axis", 1);
    return rc ? rc : cnn_onnx_put_back(w, all, node);
}

int cnn_onnx_put_position(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const size_t dim[3] = {1, l->rows, cnn_chw_count(l->out)};
    const char *x = cnn_onnx_rows(w, cnn_onnx_input_of(w, node, 0), 1), *sum = between(w, node);
    int rc = put_two(w, "Add", x, cnn_onnx_put_param(w, node, 0, 3, dim), sum);
    return rc ? rc : cnn_onnx_put_back(w, sum, node);
}

/* Products */

static const char *matrix(struct onnx_writer *w, int node, int k, int transposed)
{
    static const size_t order[4] = {0, 1, 3, 2};
    const char *x = cnn_onnx_planes(w, cnn_onnx_input_of(w, node, k));
    const char *to = transposed ? between(w, node) : x;
    return transposed && cnn_onnx_put_transposed(w, x, to, 4, order) ? NULL : to;
}

int cnn_onnx_put_matmul(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *a = matrix(w, node, 0, cnn_onnx_flag(l, "transpose_a"));
    const char *b = matrix(w, node, 1, cnn_onnx_flag(l, "transpose_b"));
    return put_two(w, "MatMul", a, b, cnn_onnx_give(w, node, ONNX_PLANES));
}

/* Attention */

enum { QUERIES, KEYS, VALUES, PARTS };

/* Which input a part is made of. */
static int input_of(const struct cnn_layer *l, int part)
{
    return part < l->inputs ? part : l->inputs - 1;
}

/* The last but one of the layer's parameters, or its first: w x + b of vectors. */
static int put_product(struct onnx_writer *w, int node, int first, const char *x, const char *out)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int bias = first + 1 < l->params && l->param[first + 1].shape.rank == 1;
    const char *in[3] = {x};
    for (int k = 0; k <= bias; k++)
        in[1 + k] = cnn_onnx_put_param(w, node, first + k, l->param[first + k].shape.rank,
                                       l->param[first + k].shape.dim);
    Cnn__Onnx__Node *n = x && out ? cnn_onnx_put(w, "Gemm", out, 2 + bias, in) : NULL;
    return cnn_onnx_put_int(w, n, "transB", 1);
}

/* One of the three parts of the vectors that the first product gives of an input, which are *of unless it is NULL, by heads:
 * (samples, heads, rows, numbers) or, of keys, (samples, heads, numbers, rows). NULL with an error set. */
static const char *part_of(struct onnx_writer *w, int node, int part, const char **of)
{
    static const size_t order[2][4] = {{0, 2, 1, 3}, {0, 2, 3, 1}};
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int64_t heads = (int64_t)cnn_onnx_number(l, "heads"), d = (int64_t)l->out.c;
    const int64_t list[4] = {part * d, (part + 1) * d, 1, 1};
    const int64_t shape[4] = {-1, (int64_t)l->in_rows[input_of(l, part)], heads, d / heads};
    const char *some = between(w, node), *apart = between(w, node), *to = between(w, node);
    const char *in[5] = {NULL};
    if (!*of) {
        *of = between(w, node);
        if (put_product(w, node, 0, cnn_onnx_flat(w, cnn_onnx_input_of(w, node, input_of(l, part))),
                        *of))
            return NULL;
    }
    in[0] = *of;
    for (size_t k = 0; k < 4; k++) /* first, end, axis, step */
        in[1 + k] = cnn_onnx_put_list(w, l->name, 1, &list[k]);
    if (!some || !cnn_onnx_put(w, "Slice", some, 5, in) ||
        cnn_onnx_put_reshape(w, some, apart, 4, shape))
        return NULL;
    return cnn_onnx_put_transposed(w, apart, to, 4, order[part == KEYS]) ? NULL : to;
}

/* What keeps rows from those behind them. */
static int put_mask(struct onnx_writer *w, int node, const char *x, const char *out)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const struct cnn_shape shape = {2, {l->in_rows[0], l->in_rows[input_of(l, KEYS)]}};
    const char *name;
    float *far = cnn_onnx_put_room(w, l->name, &shape, &name);
    for (size_t i = 0; far && i < cnn_shape_count(&shape); i++)
        far[i] = i % shape.dim[1] > i / shape.dim[1] ? -1e30F : 0;
    return far ? put_two(w, "Add", x, name, out) : cnn_error_code();
}

/* softmax(q k^T / sqrt(d)) */
static int put_weights(struct onnx_writer *w, int node, const char *q, const char *k,
                       const char *out)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    double d = (double)l->out.c / cnn_onnx_number(l, "heads");
    const char *root = cnn_onnx_put_scalar(w, l->name, 1 / sqrt(d)), *near = between(w, node);
    const char *score = between(w, node), *seen = between(w, node);
    int rc = put_two(w, "Mul", q, root, near);
    if (!rc)
        rc = put_two(w, "MatMul", near, k, score);
    if (!rc && cnn_onnx_flag(l, "causal"))
        rc = put_mask(w, node, score, seen);
    else
        seen = score;
    return rc ? rc
              : cnn_onnx_put_int(w, seen ? cnn_onnx_put(w, "Softmax", out, 1, &seen) : NULL, "axis",
                                 -1);
}

int cnn_onnx_put_attention(struct onnx_writer *w, int node)
{
    static const size_t order[4] = {0, 2, 1, 3};
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const int64_t flat[2] = {-1, (int64_t)l->out.c};
    const char *made[CNN_LAYER_MAX_INPUTS] = {NULL}, *part[PARTS], *see = between(w, node);
    const char *heads = between(w, node), *rows = between(w, node), *joined = between(w, node);
    for (int k = 0; k < PARTS; k++)
        if (!(part[k] = part_of(w, node, k, &made[input_of(l, k)])))
            return cnn_error_code();
    int rc = put_weights(w, node, part[QUERIES], part[KEYS], see);
    if (!rc)
        rc = put_two(w, "MatMul", see, part[VALUES], heads);
    if (!rc)
        rc = cnn_onnx_put_transposed(w, heads, rows, 4, order);
    if (!rc)
        rc = cnn_onnx_put_reshape(w, rows, joined, 2, flat);
    int last = cnn_onnx_flag(l, "bias") ? 2 : 1;
    return rc ? rc : put_product(w, node, last, joined, cnn_onnx_give(w, node, ONNX_FLAT));
}
