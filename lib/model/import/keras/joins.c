/* Layers of Keras that read several values. */
#include <string.h>

#include "model/import/keras/keras.h"

/* Whether all values have the shape of the first; else the layer is refused. */
static int alike(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *first = cnn_keras_in(n);
    for (size_t i = 1; i < n->ins; i++) {
        const struct keras_value *v = &n->in[i]->out;
        if (!v->unsure && !first->unsure &&
            (v->rank != first->rank || !cnn_chw_equal(v->shape, first->shape)))
            return cnn_keras_refuse(w, n, "values of several shapes");
    }
    return 1;
}

int cnn_keras_add(struct keras_writer *w, struct keras_node *n)
{
    if (!alike(w, n))
        return 0;
    return n->ins < 2 ? cnn_keras_refuse(w, n, "%zu values", n->ins)
                      : cnn_keras_line(w, n, NULL, "sum");
}

/* Operations, which may have a constant beside a value. */

int cnn_keras_plus(struct keras_writer *w, struct keras_node *n)
{
    return n->constants ? cnn_keras_scale(w, n) : cnn_keras_add(w, n);
}

int cnn_keras_times(struct keras_writer *w, struct keras_node *n)
{
    return n->constants ? cnn_keras_scale(w, n) : cnn_keras_multiply(w, n);
}

int cnn_keras_minus(struct keras_writer *w, struct keras_node *n)
{
    return n->constants ? cnn_keras_scale(w, n) : cnn_keras_subtract(w, n);
}

int cnn_keras_average(struct keras_writer *w, struct keras_node *n)
{
    if (!alike(w, n))
        return 0;
    if (n->ins < 2)
        return cnn_keras_refuse(w, n, "%zu values", n->ins);
    int rc = cnn_keras_line(w, n, "sum", "sum");
    return rc ? rc : cnn_keras_line(w, n, NULL, "factor 1/%zu", n->ins);
}

int cnn_keras_subtract(struct keras_writer *w, struct keras_node *n)
{
    if (!alike(w, n))
        return 0;
    if (n->ins != 2)
        return cnn_keras_refuse(w, n, "%zu values", n->ins);
    const char *both[2] = {n->in[0]->out.label, n->in[1]->out.label};
    int rc = cnn_keras_line_of(w, n, "minus", &both[1], 1, "factor -1");
    both[1] = n->out.label;
    return rc ? rc : cnn_keras_line_of(w, n, NULL, both, 2, "sum");
}

static int is_channels(const struct keras_value *v)
{
    return v->shape.h == 1 && v->shape.w == 1;
}

/* Two by two; a number for each channel is the second. */
int cnn_keras_multiply(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *first = cnn_keras_in(n);
    int rc = 0;
    if (n->ins < 2)
        return cnn_keras_refuse(w, n, "%zu values", n->ins);
    for (size_t i = 1; !rc && i < n->ins; i++) {
        const struct keras_value *v = &n->in[i]->out;
        const char *both[2] = {i > 1 ? n->out.label : first->label, v->label};
        int same = v->rank == n->out.rank && cnn_chw_equal(v->shape, n->out.shape);
        int known = !v->unsure && !first->unsure;
        if (known && (v->rank != n->out.rank || v->shape.c != n->out.shape.c ||
                      (!same && !is_channels(v) && !is_channels(&n->out))))
            return cnn_keras_refuse(w, n, "values of several shapes");
        if (known && !same && is_channels(&n->out)) {
            both[1] = both[0];
            both[0] = v->label;
            n->out.shape = v->shape;
        }
        rc = cnn_keras_line_of(w, n, i + 1 < n->ins ? "mul" : NULL, both, 2, "mul");
    }
    return rc;
}

int cnn_keras_concatenate(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *first = cnn_keras_in(n);
    const json_t *axis = cnn_keras_option(n, "axis");
    if (axis && !cnn_keras_is_channels(w, first, axis))
        return cnn_keras_refuse(w, n, "another axis than that of channels");
    for (size_t i = 1; i < n->ins; i++) {
        const struct keras_value *v = &n->in[i]->out;
        if (!v->unsure && !first->unsure &&
            (v->rank != first->rank || v->shape.h != first->shape.h ||
             v->shape.w != first->shape.w))
            return cnn_keras_refuse(w, n, "planes of several sizes");
        n->out.shape.c += v->shape.c;
    }
    return n->ins == 1 ? cnn_keras_same(n) : cnn_keras_line(w, n, NULL, "concat");
}
