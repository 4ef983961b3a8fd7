/* What the configuration of a layer says. */
#include <math.h>
#include <string.h>

#include "model/import/keras/keras.h"

const json_t *cnn_keras_option(const struct keras_node *n, const char *key)
{
    const json_t *j = json_object_get(n->layer->config, key);
    return json_is_null(j) ? NULL : j;
}

/* 0: no whole number that it may be. */
static size_t size_of(const json_t *j)
{
    double x = json_number_value(j);
    return json_is_number(j) && x >= 1 && x <= KERAS_MOST_SIDE && floor(x) >= x ? (size_t)x : 0;
}

size_t cnn_keras_size(struct keras_writer *w, struct keras_node *n, const char *key,
                      long long fallback)
{
    const json_t *j = cnn_keras_option(n, key);
    size_t value = j ? size_of(j) : fallback > 0 ? (size_t)fallback : 0;
    if (!value)
        cnn_keras_refuse(w, n, j ? "%s is no number from 1 to %d" : "%s is missing", key,
                         KERAS_MOST_SIDE);
    return value ? value : 1;
}

double cnn_keras_real(struct keras_writer *w, struct keras_node *n, const char *key,
                      double fallback)
{
    const json_t *j = cnn_keras_option(n, key);
    if (!j)
        return fallback;
    if (!json_is_number(j))
        cnn_keras_refuse(w, n, "%s is no number", key);
    return json_number_value(j);
}

int cnn_keras_flag(const struct keras_node *n, const char *key, int fallback)
{
    const json_t *j = cnn_keras_option(n, key);
    return !j ? fallback : json_is_true(j) || (json_is_number(j) && json_number_value(j) != 0);
}

const char *cnn_keras_word(const struct keras_node *n, const char *key, const char *fallback)
{
    const char *s = json_string_value(cnn_keras_option(n, key));
    return s ? s : fallback;
}

struct keras_sides cnn_keras_sides(struct keras_writer *w, struct keras_node *n, const char *key,
                                   size_t fallback)
{
    const json_t *j = cnn_keras_option(n, key);
    size_t count = json_array_size(j);
    struct keras_sides s = {fallback, fallback};
    int rows = cnn_keras_in(n)->rank == 2; /* places in a row: one number */
    if (j && json_is_array(j)) {
        s.h = size_of(json_array_get(j, 0));
        s.w = count > 1 ? size_of(json_array_get(j, 1)) : s.h;
        if (count > 2)
            s.h = 0;
    } else if (j) {
        s.h = s.w = size_of(j);
    }
    if (!s.h || !s.w)
        cnn_keras_refuse(w, n, j ? "%s is not one or two numbers from 1 on" : "%s is missing", key);
    return (struct keras_sides){s.h ? s.h : 1, rows || !s.w ? 1 : s.w};
}

int cnn_keras_is_channels(const struct keras_writer *w, const struct keras_value *v,
                          const json_t *axis)
{
    if (json_is_array(axis))
        axis = json_array_size(axis) == 1 ? json_array_get(axis, 0) : NULL;
    if (!json_is_integer(axis))
        return 0;
    json_int_t i = json_integer_value(axis);
    i = i < 0 ? i + v->rank + 1 : i;
    return v->unsure || i == (w->channels_first && v->rank > 1 ? 1 : v->rank);
}
