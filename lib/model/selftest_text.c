/* The text of a self-test; see selftest.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json_memory.h"
#include "base/memory.h"
#include "file/elements.h"
#include "model/selftest.h"

void cnn_selftest_free(struct cnn_selftest *s)
{
    free(s->level);
    free(s->x);
    free(s->y);
    *s = (struct cnn_selftest){0};
}

/* Reading */

static int malformed(const char *name, const char *what)
{
    return cnn_fail(CNN_EDATA, "the self-test is malformed: %s: %s", name, what);
}

/* Shape and bytes of a member of the text. `size` of an element; *bytes is the caller's to free. */
static int read_array(const char *name, const json_t *o, size_t size, struct cnn_shape *shape,
                      unsigned char **bytes)
{
    const json_t *dims = json_object_get(o, "shape"), *data = json_object_get(o, "data");
    size_t rank = json_array_size(dims), n = size;
    if (rank < 1 || rank > CNN_MAX_RANK)
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

static int read_object(const json_t *root, struct cnn_selftest *out)
{
    const json_t *in = json_object_get(root, "input"), *y = json_object_get(root, "output");
    int rc;
    if (is_type(in, "U8"))
        rc = read_array("input", in, 1, &out->in, &out->level);
    else if (is_type(in, "F32"))
        rc = read_floats("input", in, &out->in, &out->x);
    else
        rc = malformed("input", "its dtype is neither U8 nor F32");
    if (!rc && !is_type(y, "F32"))
        rc = malformed("output", "its dtype is not F32");
    if (!rc)
        rc = read_floats("output", y, &out->out, &out->y);
    if (!rc && out->in.dim[0] != out->out.dim[0])
        rc = malformed("output", "it has another number of samples than the input");
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
        out->samples = out->in.dim[0];
    return rc;
}

/* Writing */

static void begin_array(struct cnn_buf *out, const char *type, const struct cnn_shape *shape)
{
    cnn_buf_printf(out, "{\"dtype\":\"%s\",\"shape\":[", type);
    for (int i = 0; i < shape->rank; i++)
        cnn_buf_printf(out, i ? ",%zu" : "%zu", shape->dim[i]);
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

void cnn_selftest_print(const struct cnn_selftest *s, struct cnn_buf *out)
{
    cnn_buf_puts(out, "{\"input\":");
    begin_array(out, s->level ? "U8" : "F32", &s->in);
    if (s->level)
        cnn_base64_add(out, s->level, cnn_shape_count(&s->in));
    else
        add_floats(out, s->x, cnn_shape_count(&s->in));
    cnn_buf_puts(out, "\"},\"output\":");
    begin_array(out, "F32", &s->out);
    add_floats(out, s->y, cnn_shape_count(&s->out));
    cnn_buf_puts(out, "\"}}");
}
