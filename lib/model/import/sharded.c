/* Weights in several files: NAME.index.json says which tensor is in which file beside it, all of
 * the safetensors form or all PyTorch's (huggingface_hub's "weight_map"). */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/memory.h"
#include "model/import/import.h"

enum { MOST_FILES = 10000 };

struct place {
    const struct cnn_tensor_source *source;
    const struct cnn_stored_tensor *tensor;
};

struct sharded {
    struct cnn_strings files;
    struct cnn_imported *shard; /* (opened) */
    size_t opened, shard_room;
    struct place *place; /* (the source's count) */
    size_t place_room;
};

static void close_sharded(void *state)
{
    struct sharded *f = state;
    if (!f)
        return;
    for (size_t i = 0; i < f->opened; i++)
        cnn_imported_free(&f->shard[i]);
    cnn_strings_free(&f->files);
    free(f->shard);
    free(f->place);
    free(f);
}

/* An object that has the map soon. */
static int sniff(const unsigned char *bytes, size_t n)
{
    static const char key[] = "\"weight_map\"";
    size_t k = sizeof key - 1, first = 0;
    while (first < n && strchr(" \t\r\n", bytes[first]) && bytes[first])
        first++;
    for (size_t i = first; first < n && bytes[first] == '{' && i + k <= n; i++)
        if (!memcmp(bytes + i, key, k))
            return 1;
    return 0;
}

static int floats(const struct cnn_tensor_source *s, size_t i, float *out)
{
    const struct place *p = &((const struct sharded *)s->state)->place[i];
    return cnn_tensor_floats(p->source, p->tensor, out);
}

static const struct cnn_tensor_source_type sharded = {.floats = floats, .close = close_sharded};

/* A file beside the index, by its name alone: the map leads nowhere else. */
static int open_shard(const char *index, const char *name, struct sharded *f)
{
    const char *slash = strrchr(index, '/');
    struct cnn_buf path = {0};
    struct cnn_bytes bytes;
    if (!*name || strchr(name, '/'))
        return cnn_fail(CNN_EDATA, "%s: '%.200s' is no name of a file beside it", index, name);
    if (f->opened == MOST_FILES)
        return cnn_fail(CNN_EDATA, "%s: more than %d files", index, MOST_FILES);
    if (cnn_grow(&f->shard, &f->shard_room, f->opened + 1, sizeof *f->shard) ||
        cnn_strings_add(&f->files, name))
        return CNN_ESYSTEM;
    cnn_buf_add(&path, index, slash ? (size_t)(slash - index) + 1 : 0);
    cnn_buf_puts(&path, name);
    int rc = path.failed ? CNN_ESYSTEM : cnn_bytes_map(path.text, 0, &bytes);
    if (!rc) {
        const struct cnn_import *form = &cnn_import_safetensors;
        if (cnn_import_pytorch.sniff(bytes.data, bytes.size))
            form = &cnn_import_pytorch;
        f->shard[f->opened] = (struct cnn_imported){0};
        rc = form->open(path.text, &bytes, &f->shard[f->opened++]);
    }
    cnn_buf_free(&path);
    return rc;
}

static int add_tensor(struct cnn_tensor_source *s, const char *name, const char *file)
{
    struct sharded *f = s->state;
    ptrdiff_t i = f->opened && !strcmp(f->files.item[f->opened - 1], file)
                      ? (ptrdiff_t)f->opened - 1
                      : cnn_strings_find(&f->files, file);
    int rc = i < 0 ? open_shard(s->path, file, f) : 0;
    if (rc)
        return rc;
    const struct cnn_tensor_source *from = f->shard[i < 0 ? f->opened - 1 : (size_t)i].tensors;
    const struct cnn_stored_tensor *t = cnn_tensors_find(from, name);
    if (!t)
        return cnn_fail(CNN_EDATA, "%s: tensor '%.200s' is not in %s", s->path, name, from->path);
    if (cnn_grow(&f->place, &f->place_room, s->count + 1, sizeof *f->place))
        return CNN_ESYSTEM;
    f->place[s->count] = (struct place){from, t};
    return cnn_tensors_add(s, t);
}

static int read_map(struct cnn_tensor_source *s, json_t *map)
{
    const char *name;
    json_t *value;
    int rc = json_is_object(map) && json_object_size(map)
                 ? 0
                 : cnn_fail(CNN_EDATA, "%s: it has no weight_map", s->path);
    json_object_foreach(map, name, value)
    {
        const char *file = json_string_value(value);
        if (!rc)
            rc = file ? add_tensor(s, name, file)
                      : cnn_fail(CNN_EDATA, "%s: tensor '%.200s' is in no file", s->path, name);
    }
    return rc ? rc : cnn_tensors_settle(s);
}

static int open_sharded(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    struct sharded *f = cnn_calloc(1, sizeof *f);
    json_error_t error;
    out->tensors = f ? cnn_tensors_new(path, &sharded, f) : NULL;
    int rc = out->tensors ? 0 : CNN_ESYSTEM;
    cnn_json_watch();
    json_t *index =
        rc ? NULL
           : cnn_json_load((const char *)bytes->data, bytes->size, JSON_REJECT_DUPLICATES, &error);
    if (!rc && !index)
        rc = cnn_json_lacked() ? cnn_fail_within("%s", path)
                               : cnn_fail(CNN_EDATA, "%s: malformed index: %s at byte %d", path,
                                          error.text, error.position);
    if (!rc)
        rc = read_map(out->tensors, json_object_get(index, "weight_map"));
    json_decref(index);
    cnn_bytes_free(bytes);
    return rc;
}

const struct cnn_import cnn_import_sharded = {
    .ending = ".index.json", .sniff = sniff, .open = open_sharded};
