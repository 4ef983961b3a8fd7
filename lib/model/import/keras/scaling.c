/* Rescaling, Normalization and operations with constants, y = factor x + offset of each channel. Where an image is read by one
 * of them alone they are in the input's line, and what reads them reads the input. */
#include <math.h>
#include <string.h>

#include "file/elements.h"
#include "model/import/keras/keras.h"

enum { VECTOR = 1 << 1, ROWS = 1 << 2, PLANES = 1 << 3 };

/* Numbers of an option, one for all or one for each of c; 0: none such. */
static int numbers_of(const json_t *j, size_t c, double *out)
{
    while (json_is_array(j) && json_array_size(j) == 1)
        j = json_array_get(j, 0);
    if (json_is_array(j) && json_array_size(j) != c)
        return 0;
    for (size_t i = 0; i < c; i++) {
        const json_t *x = json_is_array(j) ? json_array_get(j, i) : j;
        if (!json_is_number(x))
            return 0;
        out[i] = json_number_value(x);
    }
    return 1;
}

/* factor and offset: (c) each; 0: the layer was refused. */
static int rescaling(struct keras_writer *w, struct keras_node *n, size_t c, double *factor,
                     double *offset)
{
    const json_t *shift = cnn_keras_option(n, "offset");
    for (size_t i = 0; i < c; i++)
        offset[i] = 0;
    if (!numbers_of(cnn_keras_option(n, "scale"), c, factor) ||
        (shift && !numbers_of(shift, c, offset)))
        return cnn_keras_refuse(w, n, "scale or offset is no number, nor one for each channel");
    return 1;
}

static int stored(struct keras_writer *w, struct keras_node *n, const char *name, size_t place,
                  size_t c, double *out)
{
    const struct cnn_hdf5_object *o = cnn_keras_var(w, n, name, place, 1, &c);
    for (size_t i = 0; o && i < c; i++) {
        const struct cnn_dtype_info *type = &cnn_dtype_info[o->dtype];
        float x;
        cnn_elements_read(type->kind, type->size, o->big != cnn_big_endian(),
                          o->data + i * type->size, 1, &x);
        out[i] = (double)x;
    }
    return o != NULL;
}

/* (x - mean) / sqrt(variance), which is no less than Keras' epsilon. */
static int normalization(struct keras_writer *w, struct keras_node *n, size_t c, double *factor,
                         double *offset)
{
    const json_t *axis = cnn_keras_option(n, "axis");
    const json_t *mean = cnn_keras_option(n, "mean"), *variance = cnn_keras_option(n, "variance");
    const double least = 1e-7;
    if (axis && !cnn_keras_is_channels(w, cnn_keras_in(n), axis))
        return cnn_keras_refuse(w, n, "another axis than that of channels");
    if (cnn_keras_flag(n, "invert", 0))
        return cnn_keras_refuse(w, n, "invert");
    if (mean && variance && (!numbers_of(mean, c, offset) || !numbers_of(variance, c, factor)))
        return cnn_keras_refuse(w, n, "mean or variance is not one for each channel");
    if ((!mean || !variance) &&
        (!stored(w, n, "mean", 0, c, offset) || !stored(w, n, "variance", 1, c, factor)))
        return 0;
    for (size_t i = 0; i < c; i++) {
        factor[i] = 1 / fmax(sqrt(fmax(factor[i], 0)), least);
        offset[i] *= -factor[i];
    }
    return 1;
}

/* An array's last axis is that of channels where they are last. */
static int operation(struct keras_writer *w, struct keras_node *n, size_t c, double *factor,
                     double *offset)
{
    const char *what = n->layer->class + sizeof "ops." - 1;
    int divides = strstr(what, "Divide") != NULL, minus = !strcmp(what, "Subtract");
    int many = json_is_array(n->constant) && w->channels_first && cnn_keras_in(n)->rank > 1;
    if (n->ins != 1 || n->constants != 1 || (divides && n->constant_first))
        return cnn_keras_refuse(w, n, "its arguments");
    if (many || !numbers_of(n->constant, c, factor))
        return cnn_keras_refuse(w, n, "an array that is not one number for each channel");
    for (size_t i = 0; i < c; i++) {
        double x = factor[i];
        int multiplies = divides || !strcmp(what, "Multiply");
        factor[i] = divides ? 1 / x : multiplies ? x : minus && n->constant_first ? -1 : 1;
        offset[i] = multiplies ? 0 : minus && !n->constant_first ? -x : x;
    }
    return 1;
}

static const struct {
    const char *class;
    int (*read)(struct keras_writer *w, struct keras_node *n, size_t c, double *factor,
                double *offset);
} scalings[] = {
    {"Rescaling", rescaling},    {"Normalization", normalization}, {"ops.Add", operation},
    {"ops.Subtract", operation}, {"ops.Multiply", operation},      {"ops.TrueDivide", operation},
    {"ops.Divide", operation},
};
enum { SCALINGS = sizeof scalings / sizeof *scalings };

static int is_scaling(const struct keras_node *n)
{
    int is = 0;
    for (size_t i = 0; i < SCALINGS; i++)
        is |= !strcmp(n->layer->class, scalings[i].class) &&
              (scalings[i].read != operation || n->constants == 1);
    return is && n->ins == 1;
}

static int read_scaling(struct keras_writer *w, struct keras_node *n, size_t c, double *factor,
                        double *offset)
{
    for (size_t i = 0; i < SCALINGS; i++)
        if (!strcmp(n->layer->class, scalings[i].class))
            return scalings[i].read(w, n, c, factor, offset);
    return 0;
}

int cnn_keras_scaling(struct keras_writer *w, struct keras_node *input, struct keras_scaling *out)
{
    const struct keras_value *v = &input->out;
    *out = (struct keras_scaling){.factor = {1, 1, 1, 1}};
    if (v->rank != 3 || !v->shape.c || v->shape.c > 4)
        return 0;
    for (struct keras_node *n = input; n->users == 1 && !n->is_answer && is_scaling(n->user[0]);) {
        double factor[4], offset[4];
        int positive = 1;
        n = n->user[0];
        n->out = *v;
        if (n->layer->nodes != 1 || !read_scaling(w, n, v->shape.c, factor, offset))
            return 0;
        for (size_t i = 0; i < v->shape.c; i++)
            positive &= factor[i] > 0 && factor[i] < 1e6;
        if (!positive)
            return 0;
        for (size_t i = 0; i < v->shape.c; i++) {
            out->factor[i] *= factor[i];
            out->offset[i] = out->offset[i] * factor[i] + offset[i];
        }
        out->channels = v->shape.c;
        n->lines = 1; /* it is written */
    }
    return 0;
}

/* Elsewhere a factor, or a scale of channels. */
static int write_scale(struct keras_writer *w, struct keras_node *n, size_t c, const double *factor,
                       const double *offset)
{
    float *weight = cnn_arena_alloc(w->arena, (c + 1) * sizeof *weight);
    float *bias = cnn_arena_alloc(w->arena, (c + 1) * sizeof *bias);
    int alike = 1, shifts = 1; /* it is a factor alone, an offset alone */
    char number[32];
    if (!weight || !bias)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < c; i++) {
        alike &= !(factor[i] > factor[0]) && !(factor[i] < factor[0]) && !(offset[i] > 0) &&
                 !(offset[i] < 0);
        shifts &= !(factor[i] > 1) && !(factor[i] < 1);
        weight[i] = (float)factor[i];
        bias[i] = (float)offset[i];
    }
    cnn_format_real(factor[0], 1, number);
    if (alike)
        return cnn_keras_line(w, n, NULL, "factor %s", number);
    if (cnn_keras_in(n)->flat.c)
        return cnn_keras_refuse(w, n, "it reads planes as a vector");
    struct keras_param p = cnn_keras_constant(c, 0);
    p.values = weight;
    int rc = cnn_keras_line(w, n, NULL, shifts ? "scale weight=0" : "scale");
    if (!rc && !shifts)
        rc = cnn_keras_param(w, n->out.label, "weight", &p);
    p.values = bias;
    return rc ? rc : cnn_keras_param(w, n->out.label, "bias", &p);
}

int cnn_keras_scale(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_value *in = cnn_keras_in(n);
    size_t c = in->shape.c;
    if (n->lines)
        return cnn_keras_same(n);
    if (!cnn_keras_has_rank(w, n, VECTOR | ROWS | PLANES))
        return 0;
    double *factor = cnn_arena_alloc(w->arena, (c + 1) * sizeof *factor);
    double *offset = cnn_arena_alloc(w->arena, (c + 1) * sizeof *offset);
    if (!factor || !offset)
        return CNN_ESYSTEM;
    if (!c || !read_scaling(w, n, c, factor, offset))
        return 0;
    return write_scale(w, n, c, factor, offset);
}
