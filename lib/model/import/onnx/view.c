/* Reshapes and transpositions, which move no number until a line needs its input in order; see
 * onnx.h. */
#include "model/import/onnx/onnx.h"

#include <string.h>

static void add_factor(struct onnx_view *f, size_t size)
{
    if (size == 1 || f->factors == ONNX_MAX_FACTORS)
        return;
    f->size[f->factors] = size;
    f->order[f->factors] = f->factors;
    f->factors++;
}

struct onnx_view cnn_onnx_view(const struct onnx_graph *g, const struct onnx_value *v)
{
    struct onnx_view f = {0};
    if (v->view.factors)
        return v->view;
    add_factor(&f, g->batch);
    add_factor(&f, v->rows);
    add_factor(&f, v->shape.c);
    add_factor(&f, v->shape.h);
    add_factor(&f, v->shape.w);
    return f;
}

static int is_ordered(const struct onnx_view *f)
{
    for (int i = 0; i < f->factors; i++)
        if (f->order[i] != i)
            return 0;
    return 1;
}

int cnn_onnx_in_order(const struct onnx_value *v)
{
    return is_ordered(&v->view);
}

static void keep(struct onnx_value *v, const struct onnx_view *f)
{
    v->view = *f;
    if (is_ordered(f))
        v->view.factors = 0;
}

int cnn_onnx_split_factor(struct onnx_view *f, int i, size_t outer)
{
    int at = f->order[i];
    if (f->factors == ONNX_MAX_FACTORS)
        return cnn_fail(CNN_EDATA, "a reshape of too many factors");
    for (int k = f->factors; k > at + 1; k--)
        f->size[k] = f->size[k - 1];
    f->size[at + 1] = f->size[at] / outer;
    f->size[at] = outer;
    for (int k = 0; k < f->factors; k++)
        f->order[k] += f->order[k] > at;
    for (int k = f->factors; k > i + 1; k--)
        f->order[k] = f->order[k - 1];
    f->order[i + 1] = at + 1;
    f->factors++;
    return 0;
}

/* Cut factors so that dimensions are products of neighbours; end[k]: behind those of the k-th. */
static int cut(struct onnx_view *f, int rank, const size_t *dim, int *end)
{
    int i = 0;
    for (int k = 0; k < rank; k++) {
        size_t rest = dim[k];
        for (; rest > 1; i++) {
            size_t size = i < f->factors ? f->size[f->order[i]] : 0;
            if (size && rest % size == 0) {
                rest /= size;
                continue;
            }
            if (!size || size % rest)
                return cnn_fail(CNN_EDATA, "a reshape that no layer does");
            int rc = cnn_onnx_split_factor(f, i, rest);
            if (rc)
                return rc;
            rest = 1;
        }
        end[k] = i;
    }
    return 0;
}

int cnn_onnx_reshape(struct onnx_graph *g, struct onnx_value *v, int rank, const size_t *dim)
{
    struct onnx_view f = cnn_onnx_view(g, v);
    size_t was, is;
    int end[ONNX_MAX_RANK], rc = cnn_onnx_count(v->rank, v->dim, &was);
    if (!rc)
        rc = cnn_onnx_count(rank, dim, &is);
    if (rc)
        return rc;
    if (was != is || !rank)
        return cnn_fail(CNN_EDATA, "a reshape of %zu elements to %zu", was, is);
    int ordered = is_ordered(&f);
    if (!ordered && (rc = cut(&f, rank, dim, end)))
        return rc;
    cnn_onnx_set_dims(v, rank, dim);
    if (!ordered)
        keep(v, &f);
    return 0;
}

int cnn_onnx_transpose(struct onnx_graph *g, struct onnx_value *v, const int *perm)
{
    struct onnx_view f = cnn_onnx_view(g, v), to;
    size_t dim[ONNX_MAX_RANK];
    int end[ONNX_MAX_RANK], n = 0, rc = cut(&f, v->rank, v->dim, end);
    if (rc)
        return rc;
    to = f;
    for (int k = 0; k < v->rank; k++) {
        int from = perm[k];
        dim[k] = v->dim[from];
        for (int i = from ? end[from - 1] : 0; i < end[from]; i++)
            to.order[n++] = f.order[i];
    }
    cnn_onnx_set_dims(v, v->rank, dim);
    keep(v, &to);
    return 0;
}

/* Axes of lines */

void cnn_onnx_view_of_axes(const struct onnx_graph *g, size_t rows, struct cnn_chw shape,
                           const char *order, struct onnx_view *out)
{
    static const char axes[] = "rchw";
    const size_t size[4] = {rows, shape.c, shape.h, shape.w};
    int number[4], i = g->batch > 1;
    *out = (struct onnx_view){0};
    add_factor(out, g->batch);
    for (int k = 0; k < 4; k++) {
        number[k] = out->factors;
        add_factor(out, size[k]);
    }
    for (const char *c = order; *c; c++) {
        int k = (int)(strchr(axes, *c) - axes);
        if (size[k] > 1)
            out->order[i++] = number[k];
    }
}

void cnn_onnx_like(struct onnx_graph *g, struct onnx_value *v, int rank, struct cnn_chw shape)
{
    v->state = ONNX_COMPUTED;
    v->rank = rank;
    v->dim[0] = g->batch * (rank < 5 ? v->rows : 1);
    v->dim[1] = shape.c;
    v->dim[2] = rank == 5 ? v->rows : rank == 3 ? shape.w : shape.h;
    v->dim[3] = rank == 5 ? shape.h : shape.w;
    v->dim[4] = shape.w;
    v->view.factors = 0;
    if (rank == 5 && v->rows > 1)
        cnn_onnx_view_of_axes(g, v->rows, shape, "crhw", &v->view);
}

int cnn_onnx_has_order(const struct onnx_graph *g, const struct onnx_value *v, const char *order)
{
    struct onnx_view f = cnn_onnx_view(g, v), as;
    int start[ONNX_MAX_FACTORS + 1] = {0}, k = 0; /* axes may have been cut */
    cnn_onnx_view_of_axes(g, v->rows, v->shape, order, &as);
    for (int a = 0; a < as.factors; a++) {
        for (size_t size = 1; size < as.size[a] && k < f.factors; k++)
            size *= f.size[k];
        start[a + 1] = k;
    }
    k = 0;
    for (int i = 0; i < as.factors; i++)
        for (int at = start[as.order[i]]; at < start[as.order[i] + 1]; at++)
            if (f.order[k++] != at)
                return 0;
    return 1;
}

int cnn_onnx_channels_last(const struct onnx_graph *g, const struct onnx_value *v)
{
    return v->rank > 1 && v->dim[v->rank - 1] == v->shape.c && cnn_onnx_has_order(g, v, "rhwc");
}

int cnn_onnx_channel_axis(struct onnx_graph *g, const struct onnx_value *v)
{
    struct onnx_view f = cnn_onnx_view(g, v);
    int end[ONNX_MAX_RANK], first = 0, last = 0;
    size_t before = g->batch * v->rows, size = 1;
    if (cut(&f, v->rank, v->dim, end))
        return -1;
    while (size < before && first < f.factors)
        size *= f.size[first++];
    for (last = first, size = 1; size < v->shape.c && last < f.factors;)
        size *= f.size[last++];
    for (int k = 0; k < v->rank; k++) {
        int from = k ? end[k - 1] : 0,
            same = v->dim[k] == v->shape.c && end[k] - from == last - first;
        for (int i = from; same && i < end[k]; i++)
            same = f.order[i] == first + i - from;
        if (same && (v->dim[k] > 1 || k == 1))
            return k;
    }
    return -1;
}
