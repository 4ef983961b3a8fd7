/* Writing safetensors: declare, then stream the tensors in that order. See safetensors.h. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/memory.h"
#include "file/outfile.h"
#include "file/safetensors.h"

struct cnn_safetensors_writer {
    json_t *meta, *tensors;
    size_t *bytes; /* of each tensor, in declared order */
    size_t count, capacity, next;
    size_t end; /* of the data so far */
    struct cnn_outfile *file;
    FILE *stream;
};

int cnn_safetensors_writer_new(struct cnn_safetensors_writer **out)
{
    struct cnn_safetensors_writer *w = cnn_calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return CNN_ESYSTEM;
    w->meta = json_object();
    w->tensors = json_object();
    if (!w->meta || !w->tensors) {
        cnn_safetensors_writer_free(w);
        return cnn_fail(CNN_ESYSTEM, "out of memory");
    }
    *out = w;
    return 0;
}

void cnn_safetensors_writer_free(struct cnn_safetensors_writer *w)
{
    if (!w)
        return;
    json_decref(w->meta);
    json_decref(w->tensors);
    free(w->bytes);
    free(w);
}

int cnn_safetensors_put_meta(struct cnn_safetensors_writer *w, const char *key, const char *value)
{
    if (json_object_get(w->meta, key))
        return cnn_fail(CNN_EINTERNAL, "metadata '%s' is put twice", key);
    cnn_json_watch();
    json_t *text = json_string(value); /* refuses what is not UTF-8 */
    if (cnn_json_lacked())
        return CNN_ESYSTEM;
    if (!text)
        return cnn_fail(CNN_EDATA, "metadata '%s' is not valid UTF-8 text", key);
    if (json_object_set_new(w->meta, key, text))
        return cnn_json_lacked()
                   ? CNN_ESYSTEM
                   : cnn_fail(CNN_EDATA, "metadata key '%s' is not valid UTF-8 text", key);
    return 0;
}

/* {"dtype": ..., "shape": [...], "data_offsets": [begin, end]} */
static json_t *describe(enum cnn_dtype dtype, const struct cnn_shape *shape, size_t begin,
                        size_t end)
{
    json_t *dims = json_array();
    for (int i = 0; dims && i < shape->rank; i++)
        if (json_array_append_new(dims, json_integer((json_int_t)shape->dim[i]))) {
            json_decref(dims);
            return NULL;
        }
    if (!dims)
        return NULL;
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", cnn_dtype_info[dtype].name, "shape", dims,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

int cnn_safetensors_put(struct cnn_safetensors_writer *w, const char *name, enum cnn_dtype dtype,
                        const struct cnn_shape *shape)
{
    if (w->stream || !strcmp(name, "__metadata__") || json_object_get(w->tensors, name))
        return cnn_fail(CNN_EINTERNAL, "tensor '%s' is declared twice or too late", name);
    size_t bytes = cnn_dtype_info[dtype].size, end;
    for (int i = 0; i < shape->rank; i++)
        if (cnn_mul_overflows(bytes, shape->dim[i], &bytes))
            return cnn_fail(CNN_EINTERNAL, "tensor '%s' is too large", name);
    if (cnn_add_overflows(w->end, bytes, &end) || end > INT64_MAX)
        return cnn_fail(CNN_EINTERNAL, "tensor '%s' is too large", name);
    if (cnn_grow(&w->bytes, &w->capacity, w->count + 1, sizeof *w->bytes))
        return CNN_ESYSTEM;
    cnn_json_watch();
    json_t *entry = describe(dtype, shape, w->end, end);
    if (!entry)
        return cnn_fail(CNN_ESYSTEM, "out of memory");
    if (json_object_set_new(w->tensors, name, entry))
        return cnn_json_lacked()
                   ? CNN_ESYSTEM
                   : cnn_fail(CNN_EDATA, "tensor name '%s' is not valid UTF-8 text", name);
    w->bytes[w->count++] = bytes;
    w->end = end;
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The metadata with its keys sorted, so that the order of the calls does not show. NULL: out of
 * memory. */
static json_t *sorted_meta(json_t *meta)
{
    size_t n = json_object_size(meta), i = 0;
    const char **keys = cnn_calloc(n, sizeof *keys), *key;
    json_t *value, *sorted = json_object();
    int bad = !keys || !sorted;
    if (!bad) {
        json_object_foreach(meta, key, value) keys[i++] = key;
        qsort(keys, n, sizeof *keys, by_text);
    }
    for (size_t k = 0; k < i && !bad; k++)
        bad = json_object_set(sorted, keys[k], json_object_get(meta, keys[k]));
    free(keys);
    if (!bad)
        return sorted;
    json_decref(sorted);
    return NULL;
}

/* The header's text, NULL when out of memory; free() it. */
static char *header_text(const struct cnn_safetensors_writer *w)
{
    json_t *root = json_object();
    char *text = NULL;
    if (!root)
        return NULL;
    int bad = 0;
    if (json_object_size(w->meta))
        bad = json_object_set_new(root, "__metadata__", sorted_meta(w->meta));
    if (!bad && !json_object_update(root, w->tensors))
        text = cnn_json_dump(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

int cnn_safetensors_begin(struct cnn_safetensors_writer *w, struct cnn_outfile *f)
{
    static const char spaces[] = "       ";
    char *text = header_text(w);
    if (!text)
        return cnn_fail(CNN_ESYSTEM, "out of memory");
    size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++)
        prefix[i] = (unsigned char)((uint64_t)padded >> (8 * i));
    w->file = f;
    w->stream = cnn_outfile_stream(f);
    w->next = 0;
    int bad = fwrite(prefix, sizeof prefix, 1, w->stream) != 1 ||
              fwrite(text, 1, length, w->stream) != length ||
              fwrite(spaces, 1, padded - length, w->stream) != padded - length;
    int rc = bad ? cnn_outfile_error(f) : 0;
    free(text);
    return rc;
}

int cnn_safetensors_data(struct cnn_safetensors_writer *w, const void *data, size_t bytes)
{
    if (!w->stream || w->next == w->count || bytes != w->bytes[w->next])
        return cnn_fail(CNN_EINTERNAL, "tensor %zu of %zu has %zu bytes, declared otherwise",
                        w->next, w->count, bytes);
    w->next++;
    if (bytes && fwrite(data, 1, bytes, w->stream) != bytes)
        return cnn_outfile_error(w->file);
    return 0;
}

int cnn_safetensors_end(struct cnn_safetensors_writer *w)
{
    if (!w->stream || w->next != w->count)
        return cnn_fail(CNN_EINTERNAL, "%zu of %zu declared tensors were written", w->next,
                        w->count);
    return 0;
}

int cnn_safetensors_save(const char *path, cnn_safetensors_part *declare,
                         cnn_safetensors_part *data, const void *context)
{
    struct cnn_safetensors_writer *w = NULL;
    struct cnn_outfile *f = NULL;
    int rc = cnn_safetensors_writer_new(&w);
    if (!rc)
        rc = declare(w, context);
    if (!rc)
        rc = cnn_outfile_open(path, &f);
    if (!rc)
        rc = cnn_safetensors_begin(w, f);
    if (!rc)
        rc = data(w, context);
    if (!rc)
        rc = cnn_safetensors_end(w);
    if (!rc)
        rc = cnn_outfile_commit(f);
    else
        cnn_outfile_abort(f);
    cnn_safetensors_writer_free(w);
    return rc;
}
