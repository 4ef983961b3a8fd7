/* Reading safetensors: 8 bytes little-endian header size, a JSON object of
 * NAME: {dtype, shape, data_offsets} with an optional __metadata__, tensors. See safetensors.h. */
#include "file/safetensors.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/memory.h"
#include "file/text_file.h"

enum { MAX_HEADER = 100 * 1000 * 1000, PREFIX = 8, MOST_DIMENSIONS = 64 };

/* What the tensors' names, texts and data are in. */
struct safetensors {
    struct cnn_bytes bytes;
    json_t *header;
};

/* "PATH: tensor 'NAME': what", with a name from a stranger cut to a sane length. */
static int bad_tensor(const char *path, const char *name, const char *what)
{
    return cnn_fail(CNN_EDATA, "%s: tensor '%.200s': %s", path, name, what);
}

/* A non-negative integer of the JSON. */
static int json_size(const json_t *value, size_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return 0;
    *out = (size_t)json_integer_value(value);
    return 1;
}

static int read_dtype(const char *path, const json_t *entry, struct cnn_stored_tensor *t)
{
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!type)
        return bad_tensor(path, t->name, "it has no dtype");
    for (size_t i = 0; i < CNN_DTYPE_COUNT; i++)
        if (!strcmp(cnn_dtype_info[i].name, type)) {
            t->dtype = (enum cnn_dtype)i;
            return 0;
        }
    return cnn_fail(CNN_EDATA, "%s: tensor '%.200s': dtype '%.40s' is not supported", path, t->name,
                    type);
}

/* Behind the type. */
static int read_shape(const char *path, const json_t *entry, struct cnn_stored_tensor *t)
{
    const json_t *shape = json_object_get(entry, "shape");
    size_t dim[MOST_DIMENSIONS], rank = json_array_size(shape);
    if (!json_is_array(shape) || rank > MOST_DIMENSIONS)
        return bad_tensor(path, t->name, "it has no proper shape");
    for (size_t i = 0; i < rank; i++)
        if (!json_size(json_array_get(shape, i), &dim[i]))
            return bad_tensor(path, t->name, "it has no proper shape");
    return cnn_stored_tensor_shape(t, t->dtype, (int)rank, dim)
               ? bad_tensor(path, t->name, "its shape is too large")
               : 0;
}

static int read_offsets(const char *path, const json_t *entry, const struct cnn_bytes *data,
                        struct cnn_stored_tensor *t)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    size_t begin, end;
    if (json_array_size(offsets) != 2 || !json_size(json_array_get(offsets, 0), &begin) ||
        !json_size(json_array_get(offsets, 1), &end) || begin > end)
        return bad_tensor(path, t->name, "it has no proper data_offsets");
    if (end > data->size)
        return cnn_fail(CNN_EDATA,
                        "%s: tensor '%.200s' ends at byte %zu of %zu bytes of data "
                        "(a truncated file?)",
                        path, t->name, end, data->size);
    t->data = data->data + begin;
    if (t->bytes != end - begin)
        return bad_tensor(path, t->name, "its shape and its data_offsets contradict each other");
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    const struct cnn_stored_tensor *x = a, *y = b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int read_meta(struct cnn_tensor_source *s, json_t *object)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return cnn_fail(CNN_EDATA, "%s: its __metadata__ is not an object", s->path);
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return cnn_fail(CNN_EDATA, "%s: its __metadata__ holds something other than texts",
                            s->path);
        if (cnn_tensors_add_text(s, key, json_string_value(value)))
            return CNN_ESYSTEM;
    }
    return 0;
}

static int read_tensor(struct cnn_tensor_source *s, const char *name, const json_t *entry,
                       const struct cnn_bytes *data)
{
    struct cnn_stored_tensor t = {.name = name};
    int rc = read_dtype(s->path, entry, &t);
    if (!rc)
        rc = read_shape(s->path, entry, &t);
    if (!rc)
        rc = read_offsets(s->path, entry, data, &t);
    return rc ? rc : cnn_tensors_add(s, &t);
}

static int read_entries(struct cnn_tensor_source *s, const struct cnn_bytes *data)
{
    const struct safetensors *f = s->state;
    const char *key;
    json_t *entry;
    int rc = 0;
    json_object_foreach(f->header, key, entry)
    {
        rc = strcmp(key, "__metadata__") ? read_tensor(s, key, entry, data) : read_meta(s, entry);
        if (rc)
            break;
    }
    return rc;
}

/* In file order, without overlaps. Gaps are nobody's harm. */
static int order_tensors(struct cnn_tensor_source *s)
{
    const struct cnn_stored_tensor *last = NULL; /* the last one that has data */
    if (s->count)
        qsort(s->tensor, s->count, sizeof *s->tensor, by_offset);
    for (size_t i = 0; i < s->count; i++) {
        const struct cnn_stored_tensor *t = &s->tensor[i];
        if (last && t->bytes && t->data < last->data + last->bytes)
            return cnn_fail(CNN_EDATA, "%s: tensors '%.200s' and '%.200s' overlap", s->path,
                            last->name, t->name);
        if (t->bytes)
            last = t;
    }
    return cnn_tensors_settle(s);
}

/* Nothing follows, as in the reference: who puts two files into one, or a stream behind, sees it.
 */
static int check_end(const struct cnn_tensor_source *s, size_t start)
{
    const struct safetensors *f = s->state;
    const unsigned char *end = f->bytes.data + start;
    for (size_t i = 0; i < s->count; i++)
        if (s->tensor[i].data + s->tensor[i].bytes > end)
            end = s->tensor[i].data + s->tensor[i].bytes;
    size_t size = (size_t)(end - f->bytes.data);
    return f->bytes.size == size
               ? 0
               : cnn_fail(CNN_EDATA, "%s: more follows the %zu bytes that its header tells of",
                          s->path, size);
}

static uint64_t header_length(const unsigned char *prefix)
{
    uint64_t length = 0;
    for (int i = 0; i < PREFIX; i++)
        length |= (uint64_t)prefix[i] << (8 * i);
    return length;
}

/* Where the last tensor ends, by a header that is read for that alone. */
static size_t data_size(const char *text, size_t length)
{
    json_t *header = cnn_json_load(text, length, 0, NULL), *entry;
    const char *key;
    size_t most = 0, end;
    json_object_foreach(header, key, entry)
    {
        if (json_size(json_array_get(json_object_get(entry, "data_offsets"), 1), &end) &&
            end > most)
            most = end;
    }
    json_decref(header);
    return most;
}

size_t cnn_safetensors_extent(const unsigned char *bytes, size_t n, size_t *known)
{
    uint64_t length = n > PREFIX ? header_length(bytes) : 0;
    if (n > PREFIX && (bytes[PREFIX] != '{' || length > MAX_HEADER))
        return 0;
    if (n <= PREFIX || n - PREFIX < length)
        return SIZE_MAX;
    if (!*known)
        *known = PREFIX + (size_t)length + data_size((const char *)bytes + PREFIX, (size_t)length);
    return *known;
}

static int fail_form(const char *path, const struct cnn_bytes *b)
{
    const char *text = cnn_text_foreign(b->data, b->size);
    return cnn_fail(CNN_EDATA, "%s: %s%snot a safetensors file", path, text ? text : "",
                    text ? ", " : "");
}

static int read_header(struct cnn_tensor_source *s)
{
    struct safetensors *f = s->state;
    const struct cnn_bytes *b = &f->bytes;
    if (b->size < PREFIX)
        return cnn_fail(CNN_EDATA, "%s: too short for a safetensors file", s->path);
    uint64_t length = header_length(b->data);
    if (b->size > PREFIX && b->data[PREFIX] != '{')
        return fail_form(s->path, b);
    if (length > MAX_HEADER)
        return cnn_fail(CNN_EDATA, "%s: a header of %llu bytes is larger than safetensors allows",
                        s->path, (unsigned long long)length);
    if (length > b->size - PREFIX)
        return cnn_fail(CNN_EDATA, "%s: truncated safetensors header", s->path);
    json_error_t error;
    cnn_json_watch();
    f->header = cnn_json_load((const char *)b->data + PREFIX, (size_t)length,
                              JSON_REJECT_DUPLICATES, &error);
    if (cnn_json_lacked())
        return cnn_fail_within("%s", s->path);
    if (!f->header)
        return cnn_fail(CNN_EDATA, "%s: malformed safetensors header: %s at byte %d", s->path,
                        error.text, error.position);
    if (!json_is_object(f->header))
        return cnn_fail(CNN_EDATA, "%s: malformed safetensors header: not an object", s->path);
    size_t start = PREFIX + (size_t)length;
    struct cnn_bytes data = {.data = b->data + start, .size = b->size - start};
    int rc = read_entries(s, &data);
    if (!rc)
        rc = order_tensors(s);
    return rc ? rc : check_end(s, start);
}

static void close_safetensors(void *state)
{
    struct safetensors *f = state;
    if (!f)
        return;
    json_decref(f->header);
    cnn_bytes_free(&f->bytes);
    free(f);
}

static const struct cnn_tensor_source_type safetensors = {.close = close_safetensors};

int cnn_safetensors_open(const char *path, struct cnn_bytes *bytes, struct cnn_tensor_source **out)
{
    struct safetensors *f = cnn_calloc(1, sizeof *f);
    *out = NULL;
    if (f)
        f->bytes = *bytes;
    else
        cnn_bytes_free(bytes);
    *bytes = (struct cnn_bytes){0};
    struct cnn_tensor_source *s = f ? cnn_tensors_new(path, &safetensors, f) : NULL;
    int rc = s ? read_header(s) : CNN_ESYSTEM;
    if (rc)
        cnn_tensors_close(s);
    else
        *out = s;
    return rc;
}
