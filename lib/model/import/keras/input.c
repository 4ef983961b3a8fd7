/* The input lines of a model of Keras: shapes, and what layers in front do to pixels. */
#include <string.h>

#include "model/import/keras/keras.h"

/* What it is called where there are several: letters, digits and '_', no digit first. */
static const char *field_of(struct keras_writer *w, const char *name)
{
    char *field =
        cnn_arena_printf(w->arena, "%s%.60s", *name >= '0' && *name <= '9' ? "_" : "", name);
    for (char *c = field; c && *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
            *c = '_';
    return field ? cnn_keras_label(w, field) : NULL;
}

/* A sample's sides, 0 where they are open; their number, or -1. */
static int read_shape(const struct keras_node *n, size_t dim[3])
{
    static const char *const keys[] = {"batch_shape", "batch_input_shape", "build_input_shape"};
    const json_t *j = NULL;
    for (int i = 0; !j && i < 3; i++)
        j = cnn_keras_option(n, keys[i]);
    int rank = (int)json_array_size(j) - 1;
    for (int i = 0; i < rank && rank <= 3; i++) {
        json_int_t x = json_integer_value(json_array_get(j, (size_t)i + 1));
        dim[i] = x > 0 && x <= KERAS_MOST_SIDE ? (size_t)x : 0;
    }
    return json_array_size(j) > 4 || rank < 1 ? -1 : rank;
}

static void set_shape(const struct keras_writer *w, struct keras_value *v, const size_t *d)
{
    struct cnn_chw *s = &v->shape;
    *s = (struct cnn_chw){d[0], 1, 1};
    if (v->rank == 2)
        *s = w->channels_first ? (struct cnn_chw){d[0], d[1], 1} : (struct cnn_chw){d[1], d[0], 1};
    if (v->rank == 3)
        *s = w->channels_first ? (struct cnn_chw){d[0], d[1], d[2]}
                               : (struct cnn_chw){d[2], d[0], d[1]};
}

static void add_numbers(struct cnn_buf *b, const char *key, const double *x, size_t n)
{
    int alike = 1, zero = 1;
    char number[32];
    for (size_t i = 0; i < n; i++) {
        alike &= !(x[i] < x[0]) && !(x[i] > x[0]);
        zero &= !(x[i] < 0) && !(x[i] > 0);
    }
    for (size_t i = 0; i < (alike ? 1 : n) && !zero; i++) {
        cnn_format_real(x[i], 1, number);
        cnn_buf_printf(b, "%s%s%s", i ? "," : " ", i ? "" : key, number);
    }
}

/* (pixel * scale - mean) / std, which is factor * pixel + offset. */
static void add_scaling(struct cnn_buf *b, const struct keras_scaling *s)
{
    double mean[4], std[4];
    int alike = 1;
    char number[32];
    for (size_t i = 0; i < s->channels; i++) {
        alike &= !(s->factor[i] < s->factor[0]) && !(s->factor[i] > s->factor[0]);
        std[i] = 1 / s->factor[i];
        mean[i] = -s->offset[i] / s->factor[i];
    }
    for (size_t i = 0; alike && i < s->channels; i++)
        mean[i] = -s->offset[i];
    cnn_format_real(alike ? s->factor[0] : 1, 1, number);
    if (s->channels)
        cnn_buf_printf(b, " scale=%s", number);
    add_numbers(b, "mean=", mean, s->channels);
    if (!alike)
        add_numbers(b, "std=", std, s->channels);
}

int cnn_keras_input(struct keras_writer *w, struct keras_node *n)
{
    struct keras_scaling scaling;
    size_t dim[3] = {0};
    int several = w->whole->inputs > 1, rank = read_shape(n, dim);
    n->out.label = several ? field_of(w, n->layer->name) : "input";
    if (!n->out.label)
        return CNN_ESYSTEM;
    if (rank < 0)
        return cnn_keras_refuse(w, n, "its shape is not of one to three dimensions");
    n->out.rank = rank;
    n->out.unsure = 0;
    set_shape(w, &n->out, dim);
    const struct cnn_chw s = n->out.shape;
    int open = !s.c || !s.h || !s.w;
    if (open && (several || !s.c || rank != 3))
        return cnn_keras_refuse(w, n, "its shape is open");
    int rc = cnn_keras_scaling(w, n, &scaling);
    cnn_buf_printf(&w->text, "%sinput%s%s", w->text.size ? "\n" : "", several ? " " : "",
                   several ? n->out.label : "");
    if (open)
        cnn_buf_printf(&w->text, " %zuxauto", s.c);
    else if (rank == 1)
        cnn_buf_printf(&w->text, " %zu", s.c);
    else
        cnn_buf_printf(&w->text, " %zux%zux%zu", s.c, s.h, s.w);
    add_scaling(&w->text, &scaling);
    w->last = *w->last ? w->last : n->out.label;
    return rc ? rc : w->text.failed ? CNN_ESYSTEM : 0;
}
