/* Lines that bring values into the order that operators want: reshapes, transpositions, and the layers that some of these are;
 * see onnx.h. */
#include "model/import/onnx/onnx.h"

#include <stdio.h>
#include <string.h>

/* Where a line's value is to be: so many rows of that shape, with that view. */
struct place {
    size_t rows;
    struct cnn_chw shape;
    struct onnx_view view;
};

/* Both views with the same factors, as ONNX orders them. */
static int refine(struct onnx_view *a, struct onnx_view *b)
{
    int rc = 0;
    for (int i = 0; !rc && i < a->factors && i < b->factors; i++) {
        size_t x = a->size[a->order[i]], y = b->size[b->order[i]];
        if (x > y && x % y == 0)
            rc = cnn_onnx_split_factor(a, i, y);
        else if (y > x && y % x == 0)
            rc = cnn_onnx_split_factor(b, i, x);
        else if (x != y)
            rc = cnn_fail(CNN_EDATA, "a reshape that no layer does");
    }
    if (!rc && a->factors != b->factors)
        rc = cnn_fail(CNN_EDATA, "a shape of another size");
    return rc;
}

/* A line's numbers as groups of factors, and which of them come first. */
struct groups {
    int count;
    size_t size[ONNX_MAX_FACTORS];
    int from[ONNX_MAX_FACTORS]; /* the order that is wanted, as numbers of groups as they are */
};

/* How the line's factors are to stand, those of the samples excepted, which stay. */
static int find_groups(const struct onnx_graph *g, const struct onnx_view *from,
                       const struct onnx_view *to, struct groups *out)
{
    int at[ONNX_MAX_FACTORS] = {0}; /* by place that is wanted */
    int number[ONNX_MAX_FACTORS] = {0}, first = 0;
    size_t samples = 1;
    for (int i = 0; i < to->factors; i++)
        at[to->order[i]] = from->order[i];
    for (; first < from->factors && samples < g->batch; first++) {
        if (at[first] != first)
            return cnn_fail(CNN_EDATA, "a transposition that does not keep samples apart");
        samples *= from->size[first];
    }
    *out = (struct groups){0};
    for (int i = first; i < from->factors; i++) {
        /* the first of each group is where one ends before it */
        int begins = 1;
        for (int p = first; p + 1 < to->factors; p++)
            if (at[p + 1] == i && at[p] == i - 1)
                begins = 0;
        number[i] = begins ? out->count++ : -1;
        out->size[out->count - 1] = (begins ? 1 : out->size[out->count - 1]) * from->size[i];
    }
    for (int p = first, k = 0; p < to->factors; p++)
        if (number[at[p]] >= 0)
            out->from[k++] = number[at[p]];
    return samples == g->batch ? 0
                               : cnn_fail(CNN_EDATA, "a reshape that does not keep samples apart");
}

/* Lines */

/* After what gives the value, not after what reads it, so that its name is left for that. */
static const char *label_of(struct onnx_graph *g, const struct onnx_value *v)
{
    const struct onnx_node named = {.name = v->name};
    return cnn_onnx_label(g, v->made_by ? v->made_by : &named, NULL);
}

static int add_reshape(struct onnx_graph *g, struct onnx_value *v, size_t rows, struct cnn_chw s)
{
    const struct onnx_value *from = v;
    char words[96];
    if (v->rows == rows && cnn_chw_equal(v->shape, s))
        return 0;
    if (v->rows == rows && s.h * s.w == 1)
        snprintf(words, sizeof words, "flatten");
    else if (v->rows == rows)
        snprintf(words, sizeof words, "reshape %zu,%zu,%zu", s.c, s.h, s.w);
    else
        snprintf(words, sizeof words, "reshape %zu,%zu,%zu,%zu", rows, s.c, s.h, s.w);
    int rc = cnn_onnx_line(g, v, label_of(g, v), &from, 1, s, "%s", words);
    v->rows = rows;
    return rc;
}

/* On which of four axes so many groups are: those whose sizes are that already, or the first ones behind the rows. */
static int place_axes(const size_t axis[4], int count, const size_t *size, int *out)
{
    int k = 0, fits = 1;
    for (int i = 0; i < 4 && fits; i++)
        if (axis[i] != 1 && (k == count || axis[i] != size[k]))
            fits = 0;
        else if (axis[i] != 1)
            out[k++] = i;
    if (fits && k == count)
        return 1;
    for (k = 0; k < count; k++)
        out[k] = k + (count < 4);
    return 0;
}

/* Up to four groups in another order; as the shape is to be in the end, where that is one of them. */
static int add_transposition(struct onnx_graph *g, struct onnx_value *v, const struct groups *b,
                             const struct place *to)
{
    const size_t was[4] = {v->rows, v->shape.c, v->shape.h, v->shape.w};
    const size_t is[4] = {to->rows, to->shape.c, to->shape.h, to->shape.w};
    size_t size[4] = {1, 1, 1, 1}, turned[4] = {1, 1, 1, 1}, wanted[4] = {0};
    int in[4], out[4], axis[4] = {-1, -1, -1, -1};
    char order[5] = "";
    for (int k = 0; k < b->count; k++)
        wanted[k] = b->size[b->from[k]];
    place_axes(was, b->count, b->size, in);
    place_axes(is, b->count, wanted, out);
    for (int k = 0; k < b->count; k++) {
        size[in[k]] = b->size[k];
        turned[out[k]] = wanted[k];
        axis[out[k]] = in[b->from[k]];
    }
    for (int i = 0, spare = 0; i < 4; i++) { /* axes of 1 are where there is room */
        while (axis[i] < 0 && size[spare] != 1)
            spare++;
        order[i] = "rchw"[axis[i] < 0 ? spare++ : axis[i]];
    }
    int rc = add_reshape(g, v, size[0], (struct cnn_chw){size[1], size[2], size[3]});
    if (rc)
        return rc;
    const struct onnx_value *from = v;
    const struct cnn_chw shape = {turned[1], turned[2], turned[3]};
    rc = cnn_onnx_line(g, v, label_of(g, v), &from, 1, shape, "transpose %s",
                       order[0] == 'r' ? order + 1 : order);
    v->rows = turned[0];
    return rc;
}

/* The first group that is not where it is to be goes there, with those that follow it: the middle two of four blocks of
 * groups change places. */
static int move_block(struct onnx_graph *g, struct onnx_value *v, struct groups *b,
                      const struct place *to)
{
    static const int swapped[4] = {0, 2, 1, 3};
    struct groups four = {0}, was = *b;
    int p = 0, length = 1, k = 0, place[4], now[ONNX_MAX_FACTORS] = {0};
    while (b->from[p] == p)
        p++;
    const int q = b->from[p];
    while (p + length < b->count && b->from[p + length] == q + length)
        length++;
    const int bound[5] = {0, p, q, q + length, b->count};
    for (int i = 0; i < 4; i++) {
        size_t all = 1;
        for (int j = bound[i]; j < bound[i + 1]; j++)
            all *= was.size[j];
        place[i] = all > 1 ? four.count : -1; /* the first and the last one may be empty */
        if (all > 1)
            four.size[four.count++] = all;
        for (int j = bound[swapped[i]]; j < bound[swapped[i] + 1]; j++) {
            b->size[k] = was.size[j];
            now[j] = k++;
        }
    }
    for (int i = 0, m = 0; i < 4; i++)
        if (place[swapped[i]] >= 0)
            four.from[m++] = place[swapped[i]];
    for (int i = 0; i < b->count; i++)
        b->from[i] = now[was.from[i]];
    return add_transposition(g, v, &four, to);
}

static int is_done(const struct groups *b)
{
    for (int i = 0; i < b->count; i++)
        if (b->from[i] != i)
            return 0;
    return 1;
}

static int move(struct onnx_graph *g, struct onnx_value *v, const struct place *to)
{
    struct onnx_view from = cnn_onnx_view(g, v), as = to->view;
    struct groups b = {0};
    int rc = refine(&from, &as);
    if (!rc)
        rc = find_groups(g, &from, &as, &b);
    while (!rc && !is_done(&b) && b.count > 4)
        rc = move_block(g, v, &b, to);
    if (!rc && !is_done(&b))
        rc = add_transposition(g, v, &b, to);
    if (!rc)
        rc = add_reshape(g, v, to->rows, to->shape);
    v->view = to->view;
    if (cnn_onnx_in_order(v))
        v->view.factors = 0;
    return rc;
}

int cnn_onnx_arrange(struct onnx_graph *g, struct onnx_value *v, size_t rows, struct cnn_chw shape,
                     const char *order)
{
    struct place to = {.rows = rows, .shape = shape};
    size_t count;
    int rc = cnn_onnx_count(v->rank, v->dim, &count);
    cnn_onnx_view_of_axes(g, rows, shape, order, &to.view);
    return rc ? rc : move(g, v, &to);
}

int cnn_onnx_arrange_like(struct onnx_graph *g, struct onnx_value *v, const struct onnx_value *like)
{
    const struct place to = {like->rows, like->shape, cnn_onnx_view(g, like)};
    return move(g, v, &to);
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

/* (n, c, r, r, h, w) as (n, c, h, r, w, r), which is pixelshuffle; back from there, pixelunshuffle: *r. */
static int is_pixels(const struct onnx_view *f, size_t n, struct cnn_chw in, struct cnn_chw out,
                     size_t *r)
{
    static const int to[] = {0, 1, 4, 2, 5, 3}, from[] = {0, 1, 3, 5, 2, 4};
    *r = out.h > in.h ? out.h / in.h : in.h / (out.h ? out.h : 1);
    if (out.h > in.h) {
        const size_t size[] = {n, out.c, *r, *r, in.h, in.w};
        return out.c * *r * *r == in.c && is_of(f, 6, size, to);
    }
    const size_t size[] = {n, in.c, out.h, *r, out.w, *r};
    return *r > 1 && in.c * *r * *r == out.c && is_of(f, 6, size, from);
}

/* (n, groups, c / groups, h, w) as (n, c / groups, groups, h, w). */
static int is_shuffle(const struct onnx_view *f, size_t n, struct cnn_chw in, size_t *groups)
{
    static const int order[] = {0, 2, 1, 3, 4};
    *groups = f->size[n > 1];
    const size_t size[] = {n, *groups, in.c / *groups, in.h, in.w};
    return f->factors > 1 + (n > 1) && in.c % *groups == 0 && is_of(f, 5, size, order);
}

/* The word of a layer that gives that shape by that order of elements, and its number; NULL: there is none. */
static const char *find_layer(const struct onnx_graph *g, const struct onnx_value *v, size_t rows,
                              struct cnn_chw out, size_t *number)
{
    if (v->rows != 1 || rows != 1)
        return NULL;
    if (cnn_chw_equal(v->shape, out))
        return is_shuffle(&v->view, g->batch, v->shape, number) ? "channelshuffle" : NULL;
    return !is_pixels(&v->view, g->batch, v->shape, out, number) ? NULL
           : out.h > v->shape.h                                  ? "pixelshuffle"
                                                                 : "pixelunshuffle";
}

/* Shapes that operators want */

int cnn_onnx_shape_of(const struct onnx_graph *g, const struct onnx_value *v, size_t *rows,
                      struct cnn_chw *out)
{
    const size_t *d = v->dim;
    if (v->rank < 1 || v->rank > 5)
        return cnn_fail(CNN_EDATA, "a value of %d dimensions", v->rank);
    *rows = d[0] / g->batch;
    if (!*rows || d[0] % g->batch || (v->rank == 5 && *rows > 1))
        return cnn_fail(CNN_EDATA, "a reshape that does not keep samples apart");
    *out = (struct cnn_chw){v->rank > 1 ? d[1] : 1, v->rank > 3 ? d[v->rank - 2] : 1,
                            v->rank > 2 ? d[v->rank - 1] : 1};
    if (v->rank == 5)
        *rows = d[2];
    return 0;
}

int cnn_onnx_spatial(struct onnx_graph *g, struct onnx_value *v, struct cnn_chw *shape)
{
    const struct onnx_value *from = v;
    size_t number, rows = 1;
    int rc = cnn_onnx_shape_of(g, v, &rows, shape);
    if (rc)
        return rc;
    if (v->rank == 5)
        return cnn_onnx_arrange(g, v, rows, *shape, "crhw");
    const char *word = !cnn_onnx_in_order(v) ? find_layer(g, v, rows, *shape, &number) : NULL;
    if (word)
        return cnn_onnx_line(g, v, label_of(g, v), &from, 1, *shape, "%s %zu", word, number);
    return cnn_onnx_arrange(g, v, rows, *shape, "rchw");
}

int cnn_onnx_is_spatial(const struct onnx_graph *g, const struct onnx_value *v)
{
    return v->rank < 5 || (v->rank == 5 && v->dim[0] == g->batch);
}

int cnn_onnx_plain(struct onnx_graph *g, struct onnx_value *v, struct cnn_chw *shape)
{
    if (v->rank == 5)
        return cnn_fail(CNN_EDATA, "a value of 5 dimensions");
    return cnn_onnx_spatial(g, v, shape);
}

/* Whether something is done along an axis of each sample, not of the samples. */
static int check_axis(const struct onnx_graph *g, const struct onnx_value *v, int axis)
{
    return axis > 0 || (g->batch == 1 && v->dim[0] > 1)
               ? 0
               : cnn_fail(CNN_EDATA, "axes that do not keep samples apart");
}

/* Rows of all dimensions before the axis, and planes of one column of all behind it. */
static int around(struct onnx_graph *g, struct onnx_value *v, int axis)
{
    size_t before = 1, after = 1;
    struct cnn_chw shape;
    if (axis == 1 && cnn_onnx_is_spatial(g, v))
        return cnn_onnx_spatial(g, v, &shape);
    for (int i = 0; i < v->rank; i++)
        *(i < axis ? &before : &after) *= i == axis ? 1 : v->dim[i];
    int rc = check_axis(g, v, axis);
    return rc ? rc
              : cnn_onnx_arrange(g, v, before / g->batch, (struct cnn_chw){v->dim[axis], after, 1},
                                 "rchw");
}

int cnn_onnx_as_channels(struct onnx_graph *g, struct onnx_value *v, int axis)
{
    return cnn_onnx_channel_axis(g, v) == axis ? 0 : around(g, v, axis);
}

int cnn_onnx_as_parts(struct onnx_graph *g, int count, struct onnx_value *const *v, int axis,
                      const char **order)
{
    int last = axis > 1 && axis == v[0]->rank - 1, rc = 0;
    const int slices = axis == 1 && v[0]->rank == 5 && cnn_onnx_is_spatial(g, v[0]);
    for (int i = 0; i < count; i++)
        last &= v[i]->shape.h * v[i]->shape.w > 1 && cnn_onnx_channels_last(g, v[i]) &&
                v[i]->rows == v[0]->rows && v[i]->shape.h == v[0]->shape.h;
    *order = last ? "rhwc" : slices ? "crhw" : "rchw";
    for (int i = 0; !rc && !last && i < count; i++)
        rc = around(g, v[i], axis);
    return rc;
}

void cnn_onnx_part(struct onnx_graph *g, struct onnx_value *v, const struct onnx_value *of,
                   int axis, const char *order)
{
    cnn_onnx_set_dims(v, of->rank, of->dim);
    v->dim[axis] = v->shape.c;
    cnn_onnx_view_of_axes(g, v->rows, v->shape, order, &v->view);
}

int cnn_onnx_as_rows(struct onnx_graph *g, struct onnx_value *v, int axis)
{
    size_t before = 1, after = 1;
    for (int i = 0; i < v->rank; i++)
        *(i < axis ? &before : &after) *= v->dim[i];
    int rc = check_axis(g, v, axis);
    return rc ? rc
              : cnn_onnx_arrange(g, v, before / g->batch, (struct cnn_chw){after, 1, 1}, "rchw");
}
