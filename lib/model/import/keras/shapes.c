/* Layers of Keras that give numbers another shape. Keras has (height, width, channels) where we have
 * (channels, height, width): what makes a difference to the order of numbers goes through a
 * transpose. */
#include <stdio.h>
#include <string.h>

#include "model/import/keras/keras.h"

enum { VECTOR = 1 << 1, ROWS = 1 << 2, PLANES = 1 << 3 };

/* Whether it makes a difference where the channels are. */
static int has_places(const struct keras_value *v)
{
    return v->rank > 1 && v->shape.c != 1 && v->shape.h * v->shape.w != 1;
}

int cnn_keras_is_plane(const struct keras_writer *w, const struct keras_value *v)
{
    return !w->channels_first && has_places(v);
}

static size_t count_of(struct cnn_chw s)
{
    return s.c * s.h * s.w;
}

/* Whether all that reads the value, through layers that keep what stands where, are dense layers,
 * whose columns can be brought into our order. */
static int dense_reads(const struct keras_node *n, int depth)
{
    enum { FAR = 16 };
    int all = !n->is_answer && n->users > 0 && depth < FAR;
    for (size_t i = 0; all && i < n->users; i++) {
        const struct keras_node *user = n->user[i];
        const struct keras_kind *kind = user->layer->kind;
        if (kind && user->ins == 1 && !strcmp(kind->classes, "Dense"))
            continue;
        all = kind && user->ins == 1 && kind->keeps && dense_reads(user, depth + 1);
    }
    return all;
}

/* A plane to channels last, as a line of its own. */
static int to_their_order(struct keras_writer *w, struct keras_node *n)
{
    return cnn_keras_line(w, n, "order", "transpose hwc");
}

/* Channels are last in what Keras flattens, even where they come first: it says so by data_format. */
int cnn_keras_flatten(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *in = cnn_keras_in(n);
    int first = !strcmp(cnn_keras_word(n, "data_format", "channels_last"), "channels_first");
    int other = first == w->channels_first && has_places(in);
    if (!cnn_keras_has_rank(w, n, VECTOR | ROWS | PLANES))
        return 0;
    if (first && !w->channels_first && has_places(in))
        return cnn_keras_refuse(w, n, "data_format");
    if (!count_of(in->shape) && !in->unsure)
        return cnn_keras_refuse(w, n, "it reads planes whose size is not known");
    n->out.shape = (struct cnn_chw){count_of(in->shape), 1, 1};
    n->out.rank = 1;
    if (in->rank == 1)
        return cnn_keras_same(n);
    int keep = other && dense_reads(n, 0);
    if (keep)
        n->out.flat = in->shape;
    int rc = other && !keep ? to_their_order(w, n) : 0;
    return rc ? rc : cnn_keras_line(w, n, NULL, "flatten");
}

/* Sizes of target_shape, of which one may be what is left; their number, or 0: refused. */
static int target_of(struct keras_writer *w, struct keras_node *n, size_t dim[3])
{
    const json_t *j = cnn_keras_option(n, "target_shape");
    int rank = (int)json_array_size(j), rest = -1;
    size_t left = count_of(cnn_keras_in(n)->shape);
    if (rank < 1 || rank > 3)
        return cnn_keras_refuse(w, n, "to %d dimensions", rank);
    for (int i = 0; i < rank; i++) {
        json_int_t x = json_integer_value(json_array_get(j, (size_t)i));
        dim[i] = x > 0 && x <= KERAS_MOST_SIDE ? (size_t)x : 1;
        if (x == -1 && rest < 0)
            rest = i;
        else if (x < 1 || x > KERAS_MOST_SIDE || left % dim[i])
            return cnn_keras_in(n)->unsure ? 0 : cnn_keras_refuse(w, n, "to other sizes");
        left /= dim[i];
    }
    if (rest >= 0)
        dim[rest] = left;
    else if (left != 1 && !cnn_keras_in(n)->unsure)
        return cnn_keras_refuse(w, n, "to other sizes");
    return rank;
}

/* What their sizes are in our order. */
static struct cnn_chw ours(const struct keras_writer *w, int rank, const size_t *dim)
{
    if (rank == 1)
        return (struct cnn_chw){dim[0], 1, 1};
    if (rank == 2)
        return w->channels_first ? (struct cnn_chw){dim[0], dim[1], 1}
                                 : (struct cnn_chw){dim[1], dim[0], 1};
    return w->channels_first ? (struct cnn_chw){dim[0], dim[1], dim[2]}
                             : (struct cnn_chw){dim[2], dim[0], dim[1]};
}

int cnn_keras_reshape(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *in = cnn_keras_in(n);
    size_t dim[3] = {1, 1, 1};
    int rank = target_of(w, n, dim);
    if (!rank || in->unsure)
        return 0;
    struct cnn_chw s = ours(w, rank, dim);
    n->out.rank = rank;
    n->out.shape = s;
    int plane = cnn_keras_is_plane(w, &n->out);
    if (cnn_chw_equal(s, in->shape) && (plane || !cnn_keras_is_plane(w, in)))
        return cnn_keras_same(n);
    int rc = cnn_keras_is_plane(w, in) ? to_their_order(w, n) : 0;
    if (rc)
        return rc;
    if (!plane)
        return cnn_keras_line(w, n, NULL, "reshape %zu,%zu,%zu", s.c, s.h, s.w);
    rc = cnn_keras_line(w, n, "shape", "reshape %zu,%zu,%zu", dim[0], dim[1], dim[2]);
    return rc ? rc : cnn_keras_line(w, n, NULL, "transpose %s", rank == 3 ? "wch" : "hcw");
}

int cnn_keras_permute(struct keras_writer *w, struct keras_node *n)
{
    const char *axes = w->channels_first ? "chw" : "hwc";
    const json_t *j = cnn_keras_option(n, "dims");
    const struct cnn_chw in = cnn_keras_in(n)->shape;
    const size_t size[3] = {in.c, in.h, in.w};
    size_t *const out[3] = {&n->out.shape.c, &n->out.shape.h, &n->out.shape.w};
    char order[4] = "";
    unsigned seen = 0;
    if (!cnn_keras_has_rank(w, n, PLANES))
        return 0;
    for (int i = 0; i < 3; i++) { /* our axes, each one of theirs */
        size_t at = (size_t)(strchr(axes, "chw"[i]) - axes);
        json_int_t from = json_integer_value(json_array_get(j, at));
        if (json_array_size(j) != 3 || from < 1 || from > 3)
            return cnn_keras_refuse(w, n, "dims");
        order[i] = axes[from - 1];
        seen |= 1u << from;
        *out[i] = size[order[i] == 'c' ? 0 : order[i] == 'h' ? 1 : 2];
    }
    return seen == 14 ? cnn_keras_line(w, n, NULL, "transpose %s", order)
                      : cnn_keras_refuse(w, n, "dims");
}
