/* Weights as NumPy's savez and savez_compressed write them: a zip archive of .npy files, each a
 * tensor of the name that is before its ending (numpy.lib.format). */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "file/npy.h"
#include "file/zip.h"
#include "model/import/import.h"

enum { LOCAL_HEADER = 30, MOST_HEADER = 1 << 16 };

struct npz {
    struct cnn_bytes bytes;
    struct cnn_zip *zip;
    struct cnn_strings names;
    struct cnn_npy *header; /* (tensors) of the archive's members, in their order */
    size_t room;
};

static void close_npz(void *state)
{
    struct npz *f = state;
    if (!f)
        return;
    cnn_zip_close(f->zip);
    cnn_strings_free(&f->names);
    cnn_bytes_free(&f->bytes);
    free(f->header);
    free(f);
}

/* The length of a member's name without its ending; 0: it has another. */
static size_t stem(const char *name, size_t n)
{
    return n > 4 && !memcmp(name + n - 4, ".npy", 4) ? n - 4 : 0;
}

/* An archive whose first member is called as NumPy's are: other programs' weights are zips, too. */
static int sniff(const unsigned char *bytes, size_t n)
{
    if (n < 4 || memcmp(bytes, "PK\3\4", 4))
        return 0;
    size_t name = n < LOCAL_HEADER ? 0 : bytes[26] + 256u * bytes[27];
    if (n < LOCAL_HEADER + name)
        return LOCAL_HEADER + name <= CNN_IMPORT_HEAD;
    return stem((const char *)bytes + LOCAL_HEADER, name) > 0;
}

static int floats(const struct cnn_tensor_source *s, size_t i, float *out)
{
    const struct npz *f = s->state;
    const struct cnn_npy *h = &f->header[i];
    const struct cnn_zip_member *m = cnn_zip_at(f->zip, i);
    unsigned char *data = cnn_calloc(m->size, 1);
    int rc = data ? cnn_zip_read(f->zip, m, data, m->size) : CNN_ESYSTEM;
    if (!rc)
        cnn_npy_read(h, data + h->offset, 0, h->count, out);
    free(data);
    return rc;
}

static const struct cnn_tensor_source_type npz = {.floats = floats, .close = close_npz};

static int find_dtype(const struct cnn_npy *h)
{
    for (int i = 0; i < CNN_DTYPE_COUNT; i++)
        if (cnn_dtype_info[i].kind == h->kind && cnn_dtype_info[i].size == h->item_size)
            return i;
    return -1;
}

/* By the header alone; the member has just the bytes that it says. */
static int read_member(struct cnn_tensor_source *s, const struct cnn_zip_member *m)
{
    struct npz *f = s->state;
    unsigned char head[MOST_HEADER];
    size_t n = m->size < sizeof head ? m->size : sizeof head, k = stem(m->name, strlen(m->name));
    struct cnn_npy h;
    struct cnn_stored_tensor t = {0};
    if (!k)
        return cnn_fail(CNN_EDATA, "%s: member '%.200s' is not called .npy", s->path, m->name);
    int rc = cnn_strings_add_n(&f->names, m->name, k);
    if (!rc)
        rc = cnn_zip_read(f->zip, m, head, n);
    if (rc)
        return rc;
    if (cnn_npy_parse(head, n, &h))
        return cnn_fail_within("%s: member '%.200s'", s->path, m->name);
    int dtype = find_dtype(&h);
    if (dtype < 0 || cnn_stored_tensor_shape(&t, (enum cnn_dtype)dtype, h.rank, h.dim) ||
        m->size - h.offset != t.bytes)
        return cnn_fail(CNN_EDATA,
                        "%s: member '%.200s': its shape and its size contradict each other",
                        s->path, m->name);
    t.name = f->names.item[s->count];
    if (cnn_grow(&f->header, &f->room, s->count + 1, sizeof *f->header))
        return CNN_ESYSTEM;
    f->header[s->count] = h;
    return cnn_tensors_add(s, &t);
}

static int read_members(struct cnn_tensor_source *s)
{
    struct npz *f = s->state;
    int rc = cnn_zip_open(s->path, &f->bytes, &f->zip);
    for (size_t i = 0; !rc && i < cnn_zip_count(f->zip); i++)
        rc = read_member(s, cnn_zip_at(f->zip, i));
    return rc ? rc : cnn_tensors_settle(s);
}

static int open_npz(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    struct npz *f = cnn_calloc(1, sizeof *f);
    if (!f) {
        cnn_bytes_free(bytes);
        return CNN_ESYSTEM;
    }
    f->bytes = *bytes;
    out->tensors = cnn_tensors_new(path, &npz, f);
    return out->tensors ? read_members(out->tensors) : CNN_ESYSTEM;
}

const struct cnn_import cnn_import_npz = {.ending = ".npz", .sniff = sniff, .open = open_npz};
