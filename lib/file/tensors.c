/* Tensors by name; see tensors.h. */
#include "file/tensors.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "file/elements.h"

/* Making */

struct cnn_tensor_source *cnn_tensors_new(const char *path,
                                          const struct cnn_tensor_source_type *type, void *state)
{
    struct cnn_tensor_source *s = cnn_calloc(1, sizeof *s);
    char *copy = cnn_strdup(path);
    if (!s || !copy) {
        type->close(state);
        free(s);
        free(copy);
        return NULL;
    }
    *s = (struct cnn_tensor_source){.type = type, .state = state, .path = copy};
    return s;
}

int cnn_stored_tensor_shape(struct cnn_stored_tensor *t, enum cnn_dtype dtype, int rank,
                            const size_t *dim)
{
    size_t product = cnn_dtype_info[dtype].size;
    t->dtype = dtype;
    t->rank = rank;
    t->shape = (struct cnn_shape){.rank = rank <= CNN_MAX_RANK ? rank : 0};
    t->count = 1;
    for (int i = 0; i < rank; i++) {
        if (cnn_mul_overflows(product, dim[i] ? dim[i] : 1, &product))
            return 1;
        t->count *= dim[i];
        if (rank <= CNN_MAX_RANK)
            t->shape.dim[i] = dim[i];
    }
    t->bytes = t->count * cnn_dtype_info[dtype].size;
    return 0;
}

int cnn_tensors_add(struct cnn_tensor_source *s, const struct cnn_stored_tensor *t)
{
    if (cnn_grow(&s->tensor, &s->room, s->count + 1, sizeof *s->tensor))
        return CNN_ESYSTEM;
    s->tensor[s->count++] = *t;
    return 0;
}

int cnn_tensors_add_text(struct cnn_tensor_source *s, const char *key, const char *value)
{
    if (cnn_grow(&s->text, &s->text_room, s->texts + 1, sizeof *s->text))
        return CNN_ESYSTEM;
    s->text[s->texts++] = (struct cnn_stored_text){key, value};
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct cnn_stored_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct cnn_stored_text *)a)->key,
                  ((const struct cnn_stored_text *)b)->key);
}

int cnn_tensors_settle(struct cnn_tensor_source *s)
{
    if (s->texts)
        qsort(s->text, s->texts, sizeof *s->text, by_key);
    s->by_name = cnn_calloc(s->count, sizeof(const struct cnn_stored_tensor *));
    if (!s->by_name)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < s->count; i++)
        s->by_name[i] = &s->tensor[i];
    qsort(s->by_name, s->count, sizeof *s->by_name, by_name);
    for (size_t i = 1; i < s->count; i++)
        if (!by_name(&s->by_name[i - 1], &s->by_name[i]))
            return cnn_fail(CNN_EDATA, "%s: two tensors are called '%.200s'", s->path,
                            s->by_name[i]->name);
    return 0;
}

void cnn_tensors_close(struct cnn_tensor_source *s)
{
    if (!s)
        return;
    s->type->close(s->state);
    free(s->tensor);
    free(s->by_name);
    free(s->text);
    free(s->path);
    free(s);
}

/* Asking */

size_t cnn_tensors_count(const struct cnn_tensor_source *s)
{
    return s->count;
}

const struct cnn_stored_tensor *cnn_tensors_at(const struct cnn_tensor_source *s, size_t i)
{
    return i < s->count ? &s->tensor[i] : NULL;
}

const struct cnn_stored_tensor *cnn_tensors_find(const struct cnn_tensor_source *s,
                                                 const char *name)
{
    struct cnn_stored_tensor wanted = {.name = name};
    const struct cnn_stored_tensor *key = &wanted, **found;
    found = bsearch(&key, s->by_name, s->count, sizeof *s->by_name, by_name);
    return found ? *found : NULL;
}

const char *cnn_tensors_text(const struct cnn_tensor_source *s, const char *key)
{
    struct cnn_stored_text wanted = {.key = key};
    if (!s->texts)
        return NULL;
    const struct cnn_stored_text *found =
        bsearch(&wanted, s->text, s->texts, sizeof *s->text, by_key);
    return found ? found->value : NULL;
}

const char *cnn_tensors_text_key(const struct cnn_tensor_source *s, size_t i)
{
    return i < s->texts ? s->text[i].key : NULL;
}

/* Elements */

static int is_aligned(const struct cnn_stored_tensor *t)
{
    return (uintptr_t)t->data % sizeof(float) == 0;
}

int cnn_tensor_is_plain(const struct cnn_stored_tensor *t)
{
    return t->data && t->dtype == CNN_F32 && !cnn_big_endian();
}

const float *cnn_tensor_mapped(const struct cnn_stored_tensor *t)
{
    return cnn_tensor_is_plain(t) && is_aligned(t) ? (const float *)(const void *)t->data : NULL;
}

void cnn_tensor_done(const struct cnn_tensor_source *s, const struct cnn_stored_tensor *t,
                     size_t first, size_t count)
{
    if (s->type->done)
        s->type->done(s, t->data + first * sizeof(float), count * sizeof(float));
}

int cnn_tensor_floats(const struct cnn_tensor_source *s, const struct cnn_stored_tensor *t,
                      float *out)
{
    const struct cnn_dtype_info *type = &cnn_dtype_info[t->dtype];
    if (!t->data)
        return s->type->floats(s, (size_t)(t - s->tensor), out);
    cnn_elements_read(type->kind, type->size, cnn_big_endian(), t->data, t->count, out);
    return 0;
}

int cnn_tensor_bytes(const struct cnn_tensor_source *s, const struct cnn_stored_tensor *t,
                     float **held, const unsigned char **bytes, size_t *size)
{
    *held = NULL;
    *bytes = t->data;
    *size = t->bytes;
    if (t->data)
        return 0;
    if (!(*held = cnn_calloc(t->count, sizeof **held)))
        return CNN_ESYSTEM;
    *bytes = (const unsigned char *)*held;
    *size = t->count * sizeof **held;
    return cnn_tensor_floats(s, t, *held);
}

int cnn_tensors_hash(const struct cnn_tensor_source *s, char out[CNN_TENSORS_HASH])
{
    uint64_t h = 0;
    int rc = 0;
    for (size_t i = 0; !rc && i < s->count; i++) {
        const struct cnn_stored_tensor *t = &s->tensor[i];
        const unsigned char *bytes;
        size_t size;
        float *held;
        rc = cnn_tensor_bytes(s, t, &held, &bytes, &size);
        if (!rc)
            h = cnn_hash_much(bytes, size, cnn_hash_string(t->name, h));
        free(held);
    }
    snprintf(out, CNN_TENSORS_HASH, "%016" PRIx64, h);
    return rc;
}
