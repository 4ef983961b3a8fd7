/* Pooling of ONNX; see onnx_ops.def. */
#include <stdio.h>

#include "model/import/onnx/ops.h"

/* LABEL: WORD WINDOW, of what x is, as `out`. */
static int add_pool(struct onnx_graph *g, const struct onnx_node *n, const char *word,
                    struct onnx_window *w, const char *more, const struct onnx_value *x,
                    struct onnx_value *out)
{
    struct cnn_chw shape = x->shape;
    size_t rows = x->rows;
    int ceiling = cnn_onnx_int(n, "ceil_mode", 0) != 0, rank = x->rank;
    int rc = cnn_onnx_windows(w, ceiling, &rows, &shape);
    if (!rc)
        rc = cnn_onnx_line(g, out, cnn_onnx_label(g, n, NULL), &x, 1, shape, "%s %s%s%s", word,
                           w->words, ceiling ? " ceil=1" : "", more);
    out->rows = rows;
    cnn_onnx_like(g, out, rank, shape);
    return rc;
}

/* The input in order, and the windows. */
static int read_both(struct onnx_graph *g, const struct onnx_node *n, struct onnx_window *w)
{
    struct cnn_chw shape;
    int rc = cnn_onnx_spatial(g, n->in[0], &shape);
    if (!rc && !cnn_onnx_attribute(n, "kernel_shape"))
        rc = cnn_fail(CNN_EDATA, "no kernel_shape");
    return rc ? rc : cnn_onnx_window(n, n->in[0]->rank, NULL, w);
}

static int pool(struct onnx_graph *g, const struct onnx_node *n, const char *word, const char *more)
{
    struct onnx_window w;
    int rc = read_both(g, n, &w);
    return rc ? rc : add_pool(g, n, word, &w, more, n->in[0], n->out[0]);
}

int cnn_onnx_maxpool(struct onnx_graph *g, const struct onnx_node *n)
{
    return pool(g, n, "maxpool", "");
}

int cnn_onnx_avgpool(struct onnx_graph *g, const struct onnx_node *n)
{
    return pool(g, n, "avgpool", cnn_onnx_int(n, "count_include_pad", 0) ? "" : " count_pad=0");
}

/* Opset 1 had real numbers, which are 2 where nothing says it. */
static double norm_of(const struct onnx_node *n)
{
    return cnn_onnx_real(n, "p", (double)cnn_onnx_int(n, "p", 2));
}

/* Of the depth alone, whose slices are rows of planes (depth, height * width). */
static int pool_depth(struct onnx_graph *g, const struct onnx_node *n, const char *word,
                      const struct onnx_window *w, const char *more, struct onnx_value *x,
                      struct onnx_value *out)
{
    struct onnx_window deep = {.axes = 2,
                               .same = w->same,
                               .kernel = {1, w->kernel[0], 1},
                               .stride = {1, w->stride[0], 1},
                               .dilation = {1, w->dilation[0], 1},
                               .before = {0, w->before[0], 0},
                               .after = {0, w->after[0], 0}};
    const size_t dim[4] = {g->batch, x->shape.c, x->rows, x->shape.h * x->shape.w};
    const struct cnn_chw slice = x->shape;
    struct cnn_chw shape;
    int rc = cnn_onnx_reshape(g, x, 4, dim);
    if (!rc)
        rc = cnn_onnx_plain(g, x, &shape);
    if (!rc)
        rc = add_pool(g, n, word, &deep, more, x, out);
    const size_t back[5] = {g->batch, slice.c, out->shape.h, slice.h, slice.w};
    cnn_onnx_set_dims(out, 5, back);
    return rc;
}

/* Norms of norms are those of all, so that of a volume the slices come first, and then the depth. */
int cnn_onnx_lppool(struct onnx_graph *g, const struct onnx_node *n)
{
    char p[32], more[40];
    struct onnx_window w, flat;
    struct onnx_value part;
    snprintf(more, sizeof more, " p=%s", cnn_onnx_format(norm_of(n), p));
    int rc = read_both(g, n, &w);
    if (rc || w.axes < 3)
        return rc ? rc : add_pool(g, n, "lppool", &w, more, n->in[0], n->out[0]);
    flat = w;
    flat.axes = 2;
    part = *n->in[0];
    rc = add_pool(g, n, "lppool", &flat, more, n->in[0], &part);
    part.made_by = n;
    return rc ? rc : pool_depth(g, n, "lppool", &w, more, &part, n->out[0]);
}

/* Of the whole plane; rows: the word for those that are slices. */
static int global(struct onnx_graph *g, const struct onnx_node *n, const char *words,
                  const char *rows)
{
    struct onnx_value part, *x = n->in[0], *out = n->out[0];
    const struct onnx_value *from = x;
    struct cnn_chw shape;
    int rc = cnn_onnx_spatial(g, x, &shape);
    shape.h = shape.w = 1;
    if (rc || x->rank < 5)
        return rc ? rc : cnn_onnx_layer(g, n, x, shape, "%s", words);
    part = *x;
    rc = cnn_onnx_line(g, &part, cnn_onnx_label(g, n, NULL), &from, 1, shape, "%s", words);
    from = &part;
    if (!rc)
        rc = cnn_onnx_line(g, out, cnn_onnx_label(g, n, NULL), &from, 1, shape, "rowpool%s", rows);
    out->rows = 1;
    cnn_onnx_like(g, out, 5, shape);
    return rc;
}

int cnn_onnx_global_maxpool(struct onnx_graph *g, const struct onnx_node *n)
{
    return global(g, n, "maxpool global", " max");
}

int cnn_onnx_global_avgpool(struct onnx_graph *g, const struct onnx_node *n)
{
    return global(g, n, "avgpool global", "");
}

/* Others as the dimension of a plane of one row, all before it as channels. */
static int of_last(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *x, int kept,
                   const char *words)
{
    size_t after = 1, before = 1;
    for (int i = 0; i < x->rank; i++)
        *(i < kept ? &before : &after) *= x->dim[i];
    const size_t dim[4] = {g->batch, before / g->batch, after, 1};
    const struct onnx_value *from = x;
    struct cnn_chw shape;
    int rc = cnn_onnx_reshape(g, x, 4, dim);
    if (!rc)
        rc = cnn_onnx_plain(g, x, &shape);
    shape.h = shape.w = 1;
    return rc ? rc
              : cnn_onnx_line(g, n->out[0], cnn_onnx_label(g, n, NULL), &from, 1, shape, "%s",
                              words);
}

int cnn_onnx_global_lppool(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value x = *n->in[0];
    char p[32], words[64];
    snprintf(words, sizeof words, "lppool global p=%s", cnn_onnx_format(norm_of(n), p));
    if (x.rank < 5)
        return global(g, n, words, "");
    if (!cnn_onnx_is_spatial(g, &x))
        return cnn_fail(CNN_EDATA, "axes that are not those of a volume");
    int rc = of_last(g, n, &x, 2, words);
    const size_t dim[5] = {g->batch, n->in[0]->dim[1], 1, 1, 1};
    cnn_onnx_set_dims(n->out[0], 5, dim);
    return rc;
}

/* Reductions */

static int read_axes(struct onnx_graph *g, const struct onnx_node *n, int *seen)
{
    int64_t axes[ONNX_MAX_RANK];
    int count, axis, rank = n->in[0]->rank;
    int rc = cnn_onnx_list(g, n, "axes", 1, ONNX_MAX_RANK, axes, &count);
    *seen = 0;
    for (int i = 0; !rc && i < count; i++) {
        rc = cnn_onnx_axis(axes[i], rank, &axis);
        if (!rc)
            *seen |= 1 << axis;
    }
    return rc;
}

/* Over any axes, which come last. */
static int reduce_others(struct onnx_graph *g, const struct onnx_node *n, int seen,
                         const char *words)
{
    struct onnx_value x = *n->in[0];
    int perm[ONNX_MAX_RANK], k = 0, kept;
    for (int i = 0; i < x.rank; i++)
        if (!(seen >> i & 1))
            perm[k++] = i;
    kept = k;
    for (int i = 0; i < x.rank; i++)
        if (seen >> i & 1)
            perm[k++] = i;
    int rc = cnn_onnx_transpose(g, &x, perm);
    return rc ? rc : of_last(g, n, &x, kept, words);
}

/* In whatever order axes are named; without them where keepdims is 0. */
static int reduce(struct onnx_graph *g, const struct onnx_node *n, const char *words,
                  const char *rows)
{
    const struct onnx_value *x = n->in[0];
    int seen, rank = x->rank, kept = 0, keep = (int)cnn_onnx_int(n, "keepdims", 1);
    size_t dim[ONNX_MAX_RANK];
    int rc = read_axes(g, n, &seen);
    if (rc)
        return rc;
    if (!seen && cnn_onnx_int(n, "noop_with_empty_axes", 0))
        return cnn_onnx_identity(g, n);
    if (!seen || (seen & 1 && x->dim[0] == g->batch))
        return cnn_fail(CNN_EDATA, "axes that do not keep samples apart");
    for (int i = 0; i < rank; i++)
        if (keep || !(seen >> i & 1))
            dim[kept++] = seen >> i & 1 ? 1 : x->dim[i];
    if (!kept)
        return cnn_fail(CNN_EDATA, "nothing is left of the axes");
    int whole = rank > 2 && seen == (1 << rank) - 4 && cnn_onnx_is_spatial(g, x);
    rc = whole ? global(g, n, words, rows) : reduce_others(g, n, seen, words);
    cnn_onnx_set_dims(n->out[0], kept, dim);
    return rc;
}

int cnn_onnx_reduce_mean(struct onnx_graph *g, const struct onnx_node *n)
{
    return reduce(g, n, "avgpool global", "");
}

int cnn_onnx_reduce_max(struct onnx_graph *g, const struct onnx_node *n)
{
    return reduce(g, n, "maxpool global", " max");
}
