/* Reading safetensors: 8 bytes little-endian header size, a JSON object of
 * NAME: {dtype, shape, data_offsets} with an optional __metadata__, tensors. See safetensors.h. */
#include "file/safetensors.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/memory.h"
#include "file/safetensors_dtype.h"
#include "file/text_file.h"

enum { MAX_HEADER = 100 * 1000 * 1000, PREFIX = 8 };

struct pair {
    const char *key, *value;
};

struct cnn_safetensors {
    struct cnn_bytes bytes;
    json_t *header; /* owns every name and text */
    struct cnn_safetensor *tensor;
    const struct cnn_safetensor **by_name;
    size_t count;
    struct pair *meta; /* by key */
    size_t meta_count;
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

static int read_dtype(const char *path, const json_t *entry, struct cnn_safetensor *t)
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

/* Rank, shape and element count; the product of all nonzero dimensions must fit, so that no zero
 * hides an overflow. */
static int read_shape(const char *path, const json_t *entry, struct cnn_safetensor *t)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape) || json_array_size(shape) > 64)
        return bad_tensor(path, t->name, "it has no proper shape");
    t->rank = (int)json_array_size(shape);
    t->count = 1;
    size_t product = cnn_dtype_info[t->dtype].size;
    for (int i = 0; i < t->rank; i++) {
        size_t dim;
        if (!json_size(json_array_get(shape, (size_t)i), &dim))
            return bad_tensor(path, t->name, "it has no proper shape");
        if (cnn_mul_overflows(product, dim ? dim : 1, &product))
            return bad_tensor(path, t->name, "its shape is too large");
        t->count *= dim;
        if (t->rank <= CNN_MAX_RANK)
            t->shape.dim[i] = dim;
    }
    t->shape.rank = t->rank <= CNN_MAX_RANK ? t->rank : 0;
    return 0;
}

static int read_offsets(const char *path, const json_t *entry, const struct cnn_bytes *data,
                        struct cnn_safetensor *t)
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
    t->bytes = end - begin;
    t->data = data->data + begin;
    if (t->bytes != t->count * cnn_dtype_info[t->dtype].size)
        return bad_tensor(path, t->name, "its shape and its data_offsets contradict each other");
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    const struct cnn_safetensor *x = a, *y = b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    const struct cnn_safetensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static int read_meta(const char *path, json_t *object, struct cnn_safetensors *f)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return cnn_fail(CNN_EDATA, "%s: its __metadata__ is not an object", path);
    f->meta = cnn_calloc(json_object_size(object), sizeof *f->meta);
    if (!f->meta)
        return CNN_ESYSTEM;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return cnn_fail(CNN_EDATA, "%s: its __metadata__ holds something other than texts",
                            path);
        f->meta[f->meta_count++] = (struct pair){key, json_string_value(value)};
    }
    qsort(f->meta, f->meta_count, sizeof *f->meta, by_key);
    return 0;
}

static int read_tensors(const char *path, struct cnn_safetensors *f, const struct cnn_bytes *data)
{
    const char *key;
    json_t *entry;
    f->tensor = cnn_calloc(json_object_size(f->header), sizeof *f->tensor);
    f->by_name = cnn_calloc(json_object_size(f->header), sizeof *f->by_name);
    if (!f->tensor || !f->by_name)
        return CNN_ESYSTEM;
    json_object_foreach(f->header, key, entry)
    {
        int code;
        if (!strcmp(key, "__metadata__")) {
            code = read_meta(path, entry, f);
        } else {
            struct cnn_safetensor *t = &f->tensor[f->count++];
            t->name = key;
            code = read_dtype(path, entry, t);
            if (!code)
                code = read_shape(path, entry, t);
            if (!code)
                code = read_offsets(path, entry, data, t);
        }
        if (code)
            return code;
    }
    return 0;
}

/* In file order, without overlaps, and indexed by name. Gaps are nobody's harm. */
static int order_tensors(const char *path, struct cnn_safetensors *f)
{
    if (!f->count)
        return 0;
    qsort(f->tensor, f->count, sizeof *f->tensor, by_offset);
    const struct cnn_safetensor *last = NULL; /* the last one that has data */
    for (size_t i = 0; i < f->count; i++) {
        const struct cnn_safetensor *t = &f->tensor[i];
        f->by_name[i] = t;
        if (last && t->bytes && t->data < last->data + last->bytes)
            return cnn_fail(CNN_EDATA, "%s: tensors '%.200s' and '%.200s' overlap", path,
                            last->name, t->name);
        if (t->bytes)
            last = t;
    }
    qsort(f->by_name, f->count, sizeof *f->by_name, by_name);
    return 0;
}

/* Nothing follows, as in the reference: who puts two files into one, or a stream behind, sees it.
 */
static int check_end(const char *path, const struct cnn_safetensors *f, size_t start)
{
    const unsigned char *end = f->bytes.data + start;
    for (size_t i = 0; i < f->count; i++)
        if (f->tensor[i].data + f->tensor[i].bytes > end)
            end = f->tensor[i].data + f->tensor[i].bytes;
    size_t size = (size_t)(end - f->bytes.data);
    return f->bytes.size == size
               ? 0
               : cnn_fail(CNN_EDATA, "%s: more follows the %zu bytes that its header tells of",
                          path, size);
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

static int read_header(const char *path, struct cnn_safetensors *f)
{
    const struct cnn_bytes *b = &f->bytes;
    if (b->size < PREFIX)
        return cnn_fail(CNN_EDATA, "%s: too short for a safetensors file", path);
    uint64_t length = header_length(b->data);
    if (b->size > PREFIX && b->data[PREFIX] != '{')
        return fail_form(path, b);
    if (length > MAX_HEADER)
        return cnn_fail(CNN_EDATA, "%s: a header of %llu bytes is larger than safetensors allows",
                        path, (unsigned long long)length);
    if (length > b->size - PREFIX)
        return cnn_fail(CNN_EDATA, "%s: truncated safetensors header", path);
    json_error_t error;
    cnn_json_watch();
    f->header = cnn_json_load((const char *)b->data + PREFIX, (size_t)length,
                              JSON_REJECT_DUPLICATES, &error);
    if (cnn_json_lacked())
        return cnn_fail_within("%s", path);
    if (!f->header)
        return cnn_fail(CNN_EDATA, "%s: malformed safetensors header: %s at byte %d", path,
                        error.text, error.position);
    if (!json_is_object(f->header))
        return cnn_fail(CNN_EDATA, "%s: malformed safetensors header: not an object", path);
    size_t start = PREFIX + (size_t)length;
    struct cnn_bytes data = {.data = b->data + start, .size = b->size - start};
    int code = read_tensors(path, f, &data);
    if (!code)
        code = order_tensors(path, f);
    return code ? code : check_end(path, f, start);
}

int cnn_safetensors_open(const char *path, struct cnn_safetensors **out)
{
    struct cnn_bytes bytes;
    *out = NULL;
    int code = cnn_bytes_map_form(path, cnn_safetensors_extent, &bytes);
    return code ? code : cnn_safetensors_of(path, &bytes, out);
}

int cnn_safetensors_of(const char *path, struct cnn_bytes *bytes, struct cnn_safetensors **out)
{
    *out = NULL;
    struct cnn_safetensors *f = cnn_calloc(1, sizeof *f);
    if (!f) {
        cnn_bytes_free(bytes);
        return CNN_ESYSTEM;
    }
    f->bytes = *bytes;
    int code = read_header(path, f);
    if (code)
        cnn_safetensors_close(f);
    else
        *out = f;
    return code;
}

void cnn_safetensors_close(struct cnn_safetensors *f)
{
    if (!f)
        return;
    free(f->tensor);
    free(f->by_name);
    free(f->meta);
    json_decref(f->header);
    cnn_bytes_free(&f->bytes);
    free(f);
}

size_t cnn_safetensors_count(const struct cnn_safetensors *f)
{
    return f->count;
}

const struct cnn_safetensor *cnn_safetensors_at(const struct cnn_safetensors *f, size_t i)
{
    return i < f->count ? &f->tensor[i] : NULL;
}

const struct cnn_safetensor *cnn_safetensors_find(const struct cnn_safetensors *f, const char *name)
{
    struct cnn_safetensor wanted = {.name = name};
    const struct cnn_safetensor *key = &wanted, **found;
    if (!f->count)
        return NULL;
    found = bsearch(&key, f->by_name, f->count, sizeof *f->by_name, by_name);
    return found ? *found : NULL;
}

const char *cnn_safetensors_meta(const struct cnn_safetensors *f, const char *key)
{
    struct pair wanted = {.key = key};
    if (!f->meta_count)
        return NULL;
    const struct pair *found = bsearch(&wanted, f->meta, f->meta_count, sizeof *f->meta, by_key);
    return found ? found->value : NULL;
}

const char *cnn_safetensors_meta_key(const struct cnn_safetensors *f, size_t i)
{
    return i < f->meta_count ? f->meta[i].key : NULL;
}
