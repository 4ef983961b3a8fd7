/* Weights as torch.save and pickle.dump write them: a zip archive (PyTorch 1.6 and later), a stream
 * of pickles with the storages behind (0.1.10 to 1.5), a tar archive (before), or a pickle that has
 * all in it. The pickles are read as data; nothing in them is run. */
#include <stdlib.h>
#include <string.h>

#include "model/import/pytorch_private.h"

enum { LOCAL_HEADER = 30, PROTO = 0x80, MOST_PROTOCOL = 5 };

static void close_pytorch(void *state)
{
    struct pytorch *f = state;
    if (!f)
        return;
    cnn_zip_close(f->zip);
    cnn_arena_free(f->arena);
    free(f->reader.persistent);
    free(f->storage);
    free(f->kept);
    free(f->tensor);
    free(f->inflated);
    cnn_bytes_free(&f->bytes);
    free(f);
}

/* An archive whose first member is in a folder: that of models of others is in none. */
static int is_archive(const unsigned char *bytes, size_t n)
{
    if (n < LOCAL_HEADER || memcmp(bytes, "PK\3\4", 4))
        return 0;
    size_t name = bytes[26] + 256u * bytes[27], there = n - LOCAL_HEADER;
    return memchr(bytes + LOCAL_HEADER, '/', name < there ? name : there) != NULL;
}

static int is_pickle(const unsigned char *bytes, size_t n)
{
    return n > 2 && bytes[0] == PROTO && bytes[1] >= 2 && bytes[1] <= MOST_PROTOCOL;
}

static int sniff(const unsigned char *bytes, size_t n)
{
    return is_archive(bytes, n) || is_pickle(bytes, n) || cnn_pytorch_is_tar(bytes, n);
}

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && !strcmp(s + n - k, end);
}

/* FOLDER/data.pkl, the first where there are several; NULL with an error set. */
static const struct cnn_zip_member *find_pickle(const char *path, struct pytorch *f)
{
    static const char name[] = "/data.pkl";
    for (size_t i = 0; i < cnn_zip_count(f->zip); i++) {
        const struct cnn_zip_member *m = cnn_zip_at(f->zip, i);
        if (!ends_with(m->name, name) && strcmp(m->name, name + 1))
            continue;
        f->folder = cnn_arena_strndup(f->arena, m->name, strlen(m->name) - strlen(name + 1));
        return f->folder ? m : NULL;
    }
    cnn_fail(CNN_EDATA, "%s: a zip archive without data.pkl: not weights of PyTorch", path);
    return NULL;
}

/* A member's bytes, whose checksum is right; NULL with an error set. */
static unsigned char *read_member(struct pytorch *f, const struct cnn_zip_member *m)
{
    unsigned char *bytes = cnn_arena_alloc(f->arena, m->size);
    return bytes && !cnn_zip_read(f->zip, m, bytes, m->size) ? bytes : NULL;
}

/* A member beside the pickle; *out NULL: there is none. */
static int find_beside(struct pytorch *f, const char *name, const struct cnn_zip_member **out)
{
    const char *path = cnn_arena_printf(f->arena, "%s%s", f->folder, name);
    *out = path ? cnn_zip_find(f->zip, path) : NULL;
    return path ? 0 : CNN_ESYSTEM;
}

static int read_order(struct pytorch *f)
{
    const struct cnn_zip_member *m;
    int rc = find_beside(f, "byteorder", &m);
    const unsigned char *text = rc || !m ? NULL : read_member(f, m);
    if (rc || (m && !text))
        return rc ? rc : cnn_error_code();
    f->big = m && m->size == 3 && !memcmp(text, "big", 3);
    return 0;
}

/* To its pickle. "PATH: what is wrong". */
static int open_archive(const char *path, struct pytorch *f, const unsigned char **pickle,
                        size_t *size)
{
    int rc = cnn_zip_open(path, &f->bytes, &f->zip);
    const struct cnn_zip_member *m = rc ? NULL : find_pickle(path, f), *program;
    if (!m)
        return cnn_error_code();
    rc = find_beside(f, "constants.pkl", &program);
    if (!rc)
        rc = read_order(f);
    if (rc)
        return rc;
    if (program)
        return cnn_fail(CNN_EDATA,
                        "%s: a program of TorchScript: torch.save(torch.jit.load(IT).state_dict(), "
                        "FILE) writes its tensors alone",
                        path);
    *pickle = read_member(f, m);
    *size = m->size;
    return *pickle ? 0 : cnn_error_code();
}

/* A number of ten bytes, which no other pickle begins with. */
static int is_stream(const unsigned char *bytes, size_t n)
{
    return n > 4 && bytes[0] == PROTO && bytes[2] == 0x8a && bytes[3] == 10;
}

/* From an archive's pickle, or the whole file. */
static int read_root(struct pytorch *f, const unsigned char *bytes, size_t size,
                     struct cnn_pickle_value **root)
{
    size_t at = 0;
    if (!f->zip && cnn_pytorch_is_tar(bytes, size))
        return cnn_pytorch_tar(f, root);
    if (!f->zip && is_stream(bytes, size))
        return cnn_pytorch_stream(f, bytes, size, root);
    return cnn_pickle_read(&f->reader, bytes, size, &at, root);
}

static int read_tensors(struct cnn_tensor_source *s, const unsigned char *bytes, size_t size)
{
    struct cnn_pickle_value *root;
    int rc = read_root(s->state, bytes, size, &root);
    if (!rc)
        rc = cnn_pytorch_state(s, root);
    if (!rc && !s->count)
        rc = cnn_fail(CNN_EDATA, "no tensors in it");
    return rc == CNN_EDATA ? cnn_fail_within("%s", s->path) : rc;
}

static const struct cnn_tensor_source_type pytorch = {.floats = cnn_pytorch_floats,
                                                      .close = close_pytorch};

static int open_pytorch(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    struct pytorch *f = cnn_calloc(1, sizeof *f);
    if (!f) {
        cnn_bytes_free(bytes);
        return CNN_ESYSTEM;
    }
    f->bytes = *bytes;
    if (!(out->tensors = cnn_tensors_new(path, &pytorch, f)))
        return CNN_ESYSTEM;
    if (!(f->arena = cnn_arena_new()))
        return CNN_ESYSTEM;
    f->reader = (struct cnn_pickle_reader){.arena = f->arena, .may_call = cnn_pytorch_may_call};
    const unsigned char *data = f->bytes.data;
    size_t size = f->bytes.size;
    int rc = size >= 4 && !memcmp(data, "PK", 2) ? open_archive(path, f, &data, &size) : 0;
    if (!rc)
        rc = read_tensors(out->tensors, data, size);
    return rc ? rc : cnn_tensors_settle(out->tensors);
}

const struct cnn_import cnn_import_pytorch = {
    .ending = ".pth .pt .ckpt .bin .pkl", .sniff = sniff, .open = open_pytorch};
