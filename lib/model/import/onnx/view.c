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

static struct onnx_view view_of(const struct onnx_value *v)
{
    struct onnx_view f = {0};
    if (v->view)
        return *v->view;
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
    return !v->view || is_ordered(v->view);
}

static int keep(struct onnx_graph *g, struct onnx_value *v, const struct onnx_view *f)
{
    struct onnx_view *view = NULL;
    if (!is_ordered(f) && !(view = cnn_arena_alloc(g->arena, sizeof *view)))
        return CNN_ESYSTEM;
    if (view)
        *view = *f;
    v->view = view;
    return 0;
}

/* The factor that comes i-th becomes two, the first of `outer`. */
static int split(struct onnx_view *f, int i, size_t outer)
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
            int rc = split(f, i, rest);
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
    struct onnx_view f = view_of(v);
    size_t was, is;
    int end[ONNX_MAX_RANK], rc = cnn_onnx_count(v->rank, v->dim, &was);
    if (!rc)
        rc = cnn_onnx_count(rank, dim, &is);
    if (rc)
        return rc;
    if (was != is || !rank || dim[0] != g->batch)
        return cnn_fail(CNN_EDATA, "a reshape that does not keep samples apart");
    int ordered = is_ordered(&f);
    if (!ordered && (rc = cut(&f, rank - 1, dim + 1, end)))
        return rc;
    cnn_onnx_set_dims(v, rank, dim);
    return ordered ? 0 : keep(g, v, &f);
}

int cnn_onnx_transpose(struct onnx_graph *g, struct onnx_value *v, const int *perm)
{
    struct onnx_view f = view_of(v), to;
    size_t dim[ONNX_MAX_RANK];
    int end[ONNX_MAX_RANK], n = 0, rc;
    if (v->rank < 1 || perm[0] != 0)
        return cnn_fail(CNN_EDATA, "a transposition that does not keep samples apart");
    if ((rc = cut(&f, v->rank - 1, v->dim + 1, end)))
        return rc;
    to = f;
    dim[0] = v->dim[0];
    for (int k = 1; k < v->rank; k++) {
        int from = perm[k] - 1;
        dim[k] = v->dim[perm[k]];
        for (int i = from ? end[from - 1] : 0; i < end[from]; i++)
            to.order[n++] = f.order[i];
    }
    cnn_onnx_set_dims(v, v->rank, dim);
    return keep(g, v, &to);
}

int cnn_onnx_channels_last(const struct onnx_value *v)
{
    struct onnx_view f = view_of(v);
    size_t c = 1, last = v->rank > 1 ? v->dim[v->rank - 1] : 0;
    int k = 0; /* the factors that are channels */
    while (k < f.factors && c < v->shape.c)
        c *= f.size[k++];
    for (int i = 0; i < f.factors; i++)
        if (f.order[i] != (i + k) % f.factors)
            return 0;
    return last == v->shape.c && c == last;
}

int cnn_onnx_turn_last(struct onnx_graph *g, struct onnx_value *v)
{
    struct onnx_view f = view_of(v);
    for (int i = 0; v->shape.c > 1 && i < f.factors; i++)
        f.order[i] = (i + 1) % f.factors;
    return keep(g, v, &f);
}

/* Orders that layers make */

/* Whether the view is of those factors, in that order; those of 1 are passed over. */
static int is_of(const struct onnx_view *f, int n, const size_t *size, const int *order)
{
    int number[8], k = 0, i = 0;
    for (int j = 0; j < n; j++) {
        number[j] = k;
        if (size[j] != 1 && (k >= f->factors || f->size[k++] != size[j]))
            return 0;
    }
    for (int j = 0; k == f->factors && j < n; j++)
        if (size[order[j]] != 1 && f->order[i++] != number[order[j]])
            return 0;
    return k == f->factors;
}

static int is_shuffle(const struct onnx_view *f, struct cnn_chw in, size_t groups)
{
    static const int order[] = {1, 0, 2, 3};
    const size_t size[] = {groups, in.c / groups, in.h, in.w};
    return is_of(f, 4, size, order);
}

/* (c, r, r, h, w) as (c, h, r, w, r), which is pixelshuffle; back from there, pixelunshuffle. */
static int is_pixels(const struct onnx_view *f, struct cnn_chw in, struct cnn_chw out)
{
    static const int to[] = {0, 3, 1, 4, 2}, from[] = {0, 2, 4, 1, 3};
    size_t r = out.h > in.h ? out.h / in.h : in.h / (out.h ? out.h : 1);
    if (out.h > in.h) {
        const size_t size[] = {out.c, r, r, in.h, in.w};
        return out.c * r * r == in.c && is_of(f, 5, size, to) ? (int)r : 0;
    }
    const size_t size[] = {in.c, out.h, r, out.w, r};
    return r > 1 && in.c * r * r == out.c && is_of(f, 5, size, from) ? (int)r : 0;
}

/* The words of the layer whose order that is. */
static int find_layer(const struct onnx_view *f, struct cnn_chw in, struct cnn_chw out,
                      const char **word, size_t *number)
{
    int same = in.c == out.c && in.h == out.h && in.w == out.w;
    *number = f->size[0];
    if (same && f->factors > 1 && in.c % f->size[0] == 0 && is_shuffle(f, in, f->size[0])) {
        *word = "channelshuffle";
        return 0;
    }
    *number = (size_t)is_pixels(f, in, out);
    *word = out.h > in.h ? "pixelshuffle" : "pixelunshuffle";
    return *number ? 0 : cnn_fail(CNN_EDATA, "a transposition that no layer does");
}

int cnn_onnx_shape_of(const struct onnx_value *v, struct cnn_chw *out)
{
    if (v->rank < 1 || v->rank > 4)
        return cnn_fail(CNN_EDATA, "a value of %d dimensions", v->rank);
    *out = (struct cnn_chw){v->rank > 1 ? v->dim[1] : 1, v->rank == 4 ? v->dim[2] : 1,
                            v->rank == 4   ? v->dim[3]
                            : v->rank == 3 ? v->dim[2]
                                           : 1};
    return 0;
}

int cnn_onnx_plain(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *v,
                   struct cnn_chw *shape)
{
    const struct onnx_value *from = v;
    const char *word;
    size_t number;
    int rc = cnn_onnx_shape_of(v, shape);
    if (rc)
        return rc;
    if (v->view) {
        const struct onnx_view view = *v->view;
        if ((rc = find_layer(&view, v->shape, *shape, &word, &number)))
            return rc;
        return cnn_onnx_line(g, v, cnn_onnx_label(g, v->made_by ? v->made_by : n, NULL), &from, 1,
                             *shape, "%s %zu", word, number);
    }
    if (cnn_chw_equal(v->shape, *shape))
        return 0;
    if (shape->h * shape->w != 1)
        return cnn_fail(CNN_EDATA, "a reshape that no layer does");
    return cnn_onnx_line(g, v, cnn_onnx_label(g, v->made_by ? v->made_by : n, NULL), &from, 1,
                         *shape, "flatten");
}
