/* The text of a self-test; see selftest.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json_memory.h"
#include "base/memory.h"
#include "file/elements.h"
#include "model/selftest.h"

static void free_values(struct cnn_selftest_values *v, size_t count)
{
    for (size_t i = 0; v && i < count; i++) {
        free(v[i].name);
        free(v[i].level);
        free(v[i].x);
        free(v[i].rows);
    }
    free(v);
}

void cnn_selftest_free(struct cnn_selftest *s)
{
    free_values(s->input, s->inputs);
    free_values(s->output, s->outputs);
    *s = (struct cnn_selftest){0};
}

int cnn_selftest_reserve(struct cnn_selftest *s, size_t inputs, size_t outputs)
{
    s->input = cnn_calloc(inputs, sizeof *s->input);
    s->output = cnn_calloc(outputs, sizeof *s->output);
    s->inputs = s->input ? inputs : 0;
    s->outputs = s->output ? outputs : 0;
    return s->input && s->output ? 0 : CNN_ESYSTEM;
}

/* Reading */

static int malformed(const char *name, const char *what)
{
    return cnn_fail(CNN_EDATA, "the self-test is malformed: %s: %s", name, what);
}

/* A shape is (samples, channels, height, width), or what there is of that. */
enum { MOST_SIZES = 4 };

/* Shape and bytes of a member of the text. `size` of an element; *bytes is the caller's to free. */
static int read_array(const char *name, const json_t *o, size_t size, struct cnn_shape *shape,
                      unsigned char **bytes)
{
    const json_t *dims = json_object_get(o, "shape"), *data = json_object_get(o, "data");
    size_t rank = json_array_size(dims), n = size;
    if (rank < 1 || rank > MOST_SIZES)
        return malformed(name, "it has no shape");
    shape->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        json_int_t dim = json_integer_value(json_array_get(dims, i));
        if (dim < 1 || cnn_mul_overflows(n, (size_t)dim, &n))
            return malformed(name, "its shape is none");
        shape->dim[i] = (size_t)dim;
    }
    if (!json_is_string(data) || n / 3 > json_string_length(data) / 4)
        return malformed(name, "its shape and its data contradict each other");
    if (!(*bytes = cnn_calloc(n, 1)))
        return CNN_ESYSTEM;
    if (!cnn_base64_read(json_string_value(data), json_string_length(data), *bytes, n))
        return malformed(name, "its data are no base64 of its shape");
    return 0;
}

static int read_floats(const char *name, const json_t *o, struct cnn_shape *shape, float **out)
{
    unsigned char *bytes = NULL;
    int rc = read_array(name, o, sizeof **out, shape, &bytes);
    if (!rc && !(*out = cnn_calloc(cnn_shape_count(shape), sizeof **out)))
        rc = CNN_ESYSTEM;
    if (!rc)
        cnn_elements_read('f', sizeof **out, cnn_big_endian(), bytes, cnn_shape_count(shape), *out);
    free(bytes);
    return rc;
}

static int is_type(const json_t *o, const char *type)
{
    const char *text = json_string_value(json_object_get(o, "dtype"));
    return text && !strcmp(text, type);
}

/* How many rows of each sample are real. */
static int read_rows(const char *name, const json_t *list, struct cnn_selftest_values *out)
{
    size_t n = out->shape.dim[0];
    if (!list)
        return 0;
    if (!json_is_array(list) || json_array_size(list) != n)
        return malformed(name, "its rows are not one number for each sample");
    if (!(out->rows = cnn_calloc(n, sizeof *out->rows)))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *rows = json_array_get(list, i);
        if (!json_is_integer(rows) || json_integer_value(rows) < 0 ||
            json_integer_value(rows) > INT32_MAX)
            return malformed(name, "its rows are not one number for each sample");
        out->rows[i] = (int32_t)json_integer_value(rows);
    }
    return 0;
}

static int read_input(const char *name, const json_t *o, struct cnn_selftest_values *out)
{
    int rc;
    if (is_type(o, "U8"))
        rc = read_array(name, o, 1, &out->shape, &out->level);
    else if (is_type(o, "F32"))
        rc = read_floats(name, o, &out->shape, &out->x);
    else
        rc = malformed(name, "its dtype is neither U8 nor F32");
    return rc ? rc : read_rows(name, json_object_get(o, "rows"), out);
}

static int read_output(const char *name, const json_t *o, struct cnn_selftest_values *out)
{
    return is_type(o, "F32") ? read_floats(name, o, &out->shape, &out->x)
                             : malformed(name, "its dtype is not F32");
}

/* One of a list, which has a name. */
static int read_named(const json_t *o, const char *what, struct cnn_selftest_values *out)
{
    const char *name = json_string_value(json_object_get(o, "name"));
    if (!name)
        return malformed(what, "one has no name");
    out->name = cnn_strdup(name);
    return out->name ? 0 : CNN_ESYSTEM;
}

/* "inputs" and "outputs", or "input" and "output" where there is one. */
static int read_object(const json_t *root, struct cnn_selftest *out)
{
    const json_t *in = json_object_get(root, "inputs"), *y = json_object_get(root, "outputs");
    size_t inputs = in ? json_array_size(in) : 1, outputs = y ? json_array_size(y) : 1;
    if (!inputs || !outputs)
        return malformed(inputs ? "outputs" : "inputs", "it is no list of any");
    int rc = cnn_selftest_reserve(out, inputs, outputs);
    for (size_t i = 0; !rc && i < inputs; i++) {
        const json_t *o = in ? json_array_get(in, i) : json_object_get(root, "input");
        rc = in ? read_named(o, "inputs", &out->input[i]) : 0;
        if (!rc)
            rc = read_input(in ? out->input[i].name : "input", o, &out->input[i]);
    }
    for (size_t i = 0; !rc && i < outputs; i++) {
        const json_t *o = y ? json_array_get(y, i) : json_object_get(root, "output");
        rc = y ? read_named(o, "outputs", &out->output[i]) : 0;
        if (!rc)
            rc = read_output(y ? out->output[i].name : "output", o, &out->output[i]);
    }
    size_t n = rc ? 0 : out->input[0].shape.dim[0];
    for (size_t i = 1; !rc && i < inputs; i++)
        if (out->input[i].shape.dim[0] != n)
            rc = malformed(out->input[i].name, "it has another number of samples than the first");
    for (size_t i = 0; !rc && i < outputs; i++)
        if (out->output[i].shape.dim[0] != n)
            rc = malformed(y ? out->output[i].name : "output",
                           "it has another number of samples than the input");
    return rc;
}

int cnn_selftest_read(const char *text, struct cnn_selftest *out)
{
    *out = (struct cnn_selftest){0};
    cnn_json_watch();
    json_t *root = cnn_json_text(text, JSON_REJECT_DUPLICATES);
    int rc = cnn_json_lacked();
    if (!rc && !json_is_object(root))
        rc = malformed("the text", "it is no JSON object");
    if (!rc)
        rc = read_object(root, out);
    json_decref(root);
    if (rc)
        cnn_selftest_free(out);
    else
        out->samples = out->input->shape.dim[0];
    return rc;
}

/* Writing */

static void add_name(const char *name, struct cnn_buf *out)
{
    json_t *string = json_string(name);
    char *text = cnn_json_dump(string, JSON_ENCODE_ANY);
    cnn_buf_puts(out, text ? text : "");
    out->failed |= !text;
    json_decref(string);
    free(text);
}

static void begin_array(struct cnn_buf *out, const char *type, const struct cnn_selftest_values *v)
{
    cnn_buf_puts(out, "{");
    if (v->name) {
        cnn_buf_puts(out, "\"name\":");
        add_name(v->name, out);
        cnn_buf_puts(out, ",");
    }
    cnn_buf_printf(out, "\"dtype\":\"%s\",\"shape\":[", type);
    for (int i = 0; i < v->shape.rank; i++)
        cnn_buf_printf(out, i ? ",%zu" : "%zu", v->shape.dim[i]);
    cnn_buf_puts(out, "],\"data\":\"");
}

/* In portions of whole triples of bytes, so that the texts of the portions are that of all. */
static void add_floats(struct cnn_buf *out, const float *x, size_t n)
{
    enum { PORTION = 3 * 64 };
    unsigned char bytes[PORTION * sizeof(float)];
    for (size_t i = 0; i < n; i += PORTION) {
        size_t count = n - i < PORTION ? n - i : PORTION;
        for (size_t k = 0; k < count; k++) {
            uint32_t bits;
            memcpy(&bits, x + i + k, sizeof bits);
            for (int b = 0; b < 4; b++)
                bytes[4 * k + (size_t)b] = (unsigned char)(bits >> 8 * b);
        }
        cnn_base64_add(out, bytes, count * sizeof(float));
    }
}

static void print_values(const struct cnn_selftest_values *v, struct cnn_buf *out)
{
    begin_array(out, v->level ? "U8" : "F32", v);
    if (v->level)
        cnn_base64_add(out, v->level, cnn_shape_count(&v->shape));
    else
        add_floats(out, v->x, cnn_shape_count(&v->shape));
    cnn_buf_puts(out, "\"");
    for (size_t i = 0; v->rows && i < v->shape.dim[0]; i++)
        cnn_buf_printf(out, i ? ",%d" : ",\"rows\":[%d", (int)v->rows[i]);
    cnn_buf_puts(out, v->rows ? "]}" : "}");
}

/* Those of several, which have names, as a list. */
static void print_list(const char *what, const struct cnn_selftest_values *v, size_t count,
                       struct cnn_buf *out)
{
    int list = v->name != NULL;
    cnn_buf_printf(out, list ? "\"%ss\":[" : "\"%s\":", what);
    for (size_t i = 0; i < count; i++) {
        cnn_buf_puts(out, i ? "," : "");
        print_values(&v[i], out);
    }
    cnn_buf_puts(out, list ? "]" : "");
}

void cnn_selftest_print(const struct cnn_selftest *s, struct cnn_buf *out)
{
    cnn_buf_puts(out, "{");
    print_list("input", s->input, s->inputs, out);
    cnn_buf_puts(out, ",");
    print_list("output", s->output, s->outputs, out);
    cnn_buf_puts(out, "}");
}
