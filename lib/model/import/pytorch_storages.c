/* Storages of PyTorch's files: members of an archive, or the end of a stream
 * (torch/serialization.py). */
#include <stdlib.h>
#include <string.h>

#include "model/import/pytorch_private.h"

enum { MOST_KEY = 200, VERSION = 1001, COUNT = 8 };

/* 0x1950a86a20f9469cfc6c */
static const char magic[10] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

struct pytorch_storage *cnn_pytorch_storage_new(struct pytorch *f)
{
    struct pytorch_storage *s = cnn_arena_alloc(f->arena, sizeof *s);
    if (!s ||
        cnn_grow(&f->storage, &f->storage_room, f->storages + 1, sizeof(struct pytorch_storage *)))
        return NULL;
    return f->storage[f->storages++] = s;
}

/* Latin-1 that is kept as UTF-8; nonzero: it is none. */
static int decode(const char *text, size_t size, unsigned char *out, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x80) {
            unsigned char low = ++i < size ? (unsigned char)text[i] : 0;
            if ((c & 0xfe) != 0xc2 || (low & 0xc0) != 0x80)
                return 1;
            c = (unsigned char)(c << 6 | (low & 0x3f));
        }
        out[(*n)++] = c;
    }
    return 0;
}

/* A call of _codecs.encode becomes the bytes that it stands for, once. */
static int encode(struct pytorch *f, struct cnn_pickle_value *v)
{
    const struct cnn_pickle_value *text = v->with->count ? v->with->item[0] : v;
    if (v->with->count != 2 || text->kind != CNN_PICKLE_TEXT ||
        !cnn_pickle_is(v->with->item[1], "latin1"))
        return cnn_fail(CNN_EDATA, "bytes in an encoding that is not known");
    size_t n;
    unsigned char *out = cnn_arena_alloc(f->arena, text->size);
    if (!out)
        return CNN_ESYSTEM;
    if (decode(text->bytes, text->size, out, &n))
        return cnn_fail(CNN_EDATA, "bytes that are no Latin-1 text");
    v->kind = CNN_PICKLE_BYTES;
    v->bytes = (const char *)out;
    v->size = n;
    return 0;
}

int cnn_pytorch_bytes(struct pytorch *f, struct cnn_pickle_value *v, const unsigned char **bytes,
                      size_t *size)
{
    int rc = cnn_pytorch_made_by(v) == PYTORCH_ENCODED ? encode(f, v) : 0;
    if (rc)
        return rc;
    if (v->kind != CNN_PICKLE_BYTES && v->kind != CNN_PICKLE_TEXT)
        return cnn_fail(CNN_EDATA, "something else where bytes were expected");
    *bytes = (const unsigned char *)v->bytes;
    *size = v->size;
    return 0;
}

static int malformed(void)
{
    return cnn_fail(CNN_EDATA, "a malformed storage");
}

static int is_storage(const struct cnn_pickle_value *with)
{
    return with->kind == CNN_PICKLE_TUPLE && with->count >= 5 &&
           cnn_pickle_is(with->item[0], "storage") && with->item[1]->kind == CNN_PICKLE_NAME &&
           with->item[2]->kind == CNN_PICKLE_TEXT && with->item[2]->size <= MOST_KEY &&
           with->item[4]->kind == CNN_PICKLE_INT && with->item[4]->integer >= 0;
}

int cnn_pytorch_storage_said(struct pytorch *f, const struct cnn_pickle_value *with,
                             struct pytorch_storage *out)
{
    if (!is_storage(with))
        return malformed();
    *out = (struct pytorch_storage){.type = with->item[1]->bytes, .big = f->big};
    if (!cnn_pytorch_type(out->type, &out->dtype, &out->item))
        return cnn_fail(CNN_EDATA, "storages of %s are not supported", out->type);
    return cnn_mul_overflows((size_t)with->item[4]->integer, out->item, &out->bytes) ? malformed()
                                                                                     : 0;
}

/* A member data/KEY of the archive. */
static int find_member(struct pytorch *f, struct cnn_pickle_value *v)
{
    struct pytorch_storage said, *s;
    int rc = cnn_pytorch_storage_said(f, v->with, &said);
    if (rc)
        return rc;
    const struct cnn_pickle_value *key = v->with->item[2];
    char *name = cnn_arena_printf(f->arena, "%sdata/%.*s", f->folder, (int)key->size, key->bytes);
    if (!name || !(s = cnn_pytorch_storage_new(f)))
        return CNN_ESYSTEM;
    const struct cnn_zip_member *m = cnn_zip_find(f->zip, name);
    if (!m)
        return cnn_fail(CNN_EDATA, "no member '%s' in the archive", name);
    if (m->size < said.bytes)
        return cnn_fail(CNN_EDATA, "member '%s' has %zu bytes and should have %zu", name, m->size,
                        said.bytes);
    *s = said;
    s->data = m->data;
    s->member = m;
    v->visited = (unsigned)f->storages;
    return 0;
}

/* Streams */

struct place {
    const struct cnn_pickle_value *key, *with;
    const unsigned char *data; /* NULL: not come to */
    size_t bytes;
};

static int by_key(const void *a, const void *b)
{
    const struct cnn_pickle_value *x = ((const struct place *)a)->key;
    const struct cnn_pickle_value *y = ((const struct place *)b)->key;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->size ? memcmp(x->bytes, y->bytes, x->size) : 0;
}

/* All storages that values from `first` on name, each key once. */
static int list_places(struct pytorch *f, size_t first, struct place **out, size_t *n)
{
    struct place *p = cnn_calloc(f->reader.persistents - first, sizeof *p);
    size_t count = 0;
    *n = 0;
    if (!(*out = p))
        return CNN_ESYSTEM;
    for (size_t i = first; i < f->reader.persistents; i++) {
        const struct cnn_pickle_value *with = f->reader.persistent[i]->with;
        if (is_storage(with))
            p[count++] = (struct place){.key = with->item[2], .with = with};
    }
    qsort(p, count, sizeof *p, by_key);
    for (size_t i = 0; i < count; i++)
        if (!*n || by_key(&p[*n - 1], &p[i]))
            p[(*n)++] = p[i];
    return 0;
}

static struct place *find_place(struct place *p, size_t n, const struct cnn_pickle_value *key)
{
    struct place wanted = {.key = key};
    return key->kind == CNN_PICKLE_TEXT ? bsearch(&wanted, p, n, sizeof *p, by_key) : NULL;
}

/* Each storage behind the list of their keys, in its order: how many elements, and those. */
static int read_places(struct pytorch *f, const unsigned char *bytes, size_t size, size_t at,
                       const struct cnn_pickle_value *keys, struct place *place, size_t n)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct place *p = find_place(place, n, keys->item[i]);
        struct pytorch_storage said;
        uint64_t count = 0;
        if (!p)
            return cnn_fail(CNN_EDATA, "a storage of which nothing tells its type");
        int rc = cnn_pytorch_storage_said(f, p->with, &said);
        if (rc)
            return rc;
        for (size_t k = 0; size - at >= COUNT && k < COUNT; k++)
            count |= (uint64_t)bytes[at + k] << (8 * k);
        if (size - at < COUNT || count > (size - at - COUNT) / said.item)
            return cnn_fail(CNN_EDATA, "storage '%.*s' ends behind the file (a truncated file?)",
                            (int)p->key->size, p->key->bytes);
        p->data = bytes + at + COUNT;
        p->bytes = (size_t)count * said.item;
        at += COUNT + p->bytes;
    }
    return 0;
}

/* The part of another storage that (key, offset, count) says. */
static int take_view(const struct cnn_pickle_value *view, struct pytorch_storage *s)
{
    const struct cnn_pickle_value *from = view->count == 3 ? view->item[1] : NULL;
    const struct cnn_pickle_value *count = from ? view->item[2] : NULL;
    if (view->kind == CNN_PICKLE_NONE)
        return 0;
    if (view->kind != CNN_PICKLE_TUPLE || !from || from->kind != CNN_PICKLE_INT ||
        count->kind != CNN_PICKLE_INT || from->integer < 0 || count->integer < 0)
        return malformed();
    size_t there = s->bytes / s->item;
    if ((uint64_t)from->integer > there || (uint64_t)count->integer > there - (size_t)from->integer)
        return malformed();
    s->data += (size_t)from->integer * s->item;
    s->bytes = (size_t)count->integer * s->item;
    return 0;
}

static int settle_places(struct pytorch *f, size_t first, struct place *place, size_t n)
{
    int rc = 0;
    for (size_t i = first; !rc && i < f->reader.persistents; i++) {
        struct cnn_pickle_value *v = f->reader.persistent[i];
        if (!is_storage(v->with))
            continue;
        const struct place *p = find_place(place, n, v->with->item[2]);
        struct pytorch_storage said, *s;
        rc = cnn_pytorch_storage_said(f, v->with, &said);
        if (rc || !p->data)
            continue;
        said.data = p->data;
        said.bytes = p->bytes;
        if (v->with->count > 5)
            rc = take_view(v->with->item[5], &said);
        if (rc || !(s = cnn_pytorch_storage_new(f)))
            return rc ? rc : CNN_ESYSTEM;
        *s = said;
        v->visited = (unsigned)f->storages;
    }
    return rc;
}

/* What is before the object. */
static int read_head(struct pytorch *f, const unsigned char *bytes, size_t size, size_t *at)
{
    struct cnn_pickle_value *v;
    int rc = cnn_pickle_read(&f->reader, bytes, size, at, &v);
    if (!rc && (v->kind != CNN_PICKLE_LONG || v->size != sizeof magic ||
                memcmp(v->bytes, magic, sizeof magic)))
        rc = cnn_fail(CNN_EDATA, "not a stream of PyTorch's");
    if (!rc)
        rc = cnn_pickle_read(&f->reader, bytes, size, at, &v);
    if (!rc && (v->kind != CNN_PICKLE_INT || v->integer != VERSION))
        rc = cnn_fail(CNN_EDATA, "a stream of another version than %d", VERSION);
    /* the machine that wrote it; the storages are little-endian whatever it was */
    return rc ? rc : cnn_pickle_read(&f->reader, bytes, size, at, &v);
}

int cnn_pytorch_stream(struct pytorch *f, const unsigned char *bytes, size_t size,
                       struct cnn_pickle_value **out)
{
    struct cnn_pickle_value *keys;
    struct place *place = NULL;
    size_t at = 0, n, first;
    int rc = read_head(f, bytes, size, &at);
    first = f->reader.persistents;
    if (!rc)
        rc = cnn_pickle_read(&f->reader, bytes, size, &at, out);
    if (!rc)
        rc = cnn_pickle_read(&f->reader, bytes, size, &at, &keys);
    if (!rc && keys->kind != CNN_PICKLE_LIST)
        rc = cnn_fail(CNN_EDATA, "no list of storages behind the pickle");
    if (!rc)
        rc = list_places(f, first, &place, &n);
    if (!rc)
        rc = read_places(f, bytes, size, at, keys, place, n);
    if (!rc)
        rc = settle_places(f, first, place, n);
    free(place);
    return rc;
}

/* A stream of its own, whose object is the storage. */
static int read_inner(struct pytorch *f, struct cnn_pickle_value *v)
{
    const unsigned char *bytes;
    size_t size;
    struct cnn_pickle_value *inner = NULL;
    if (v->with->count != 1)
        return malformed();
    int rc = cnn_pytorch_bytes(f, v->with->item[0], &bytes, &size);
    if (!rc)
        rc = cnn_pytorch_stream(f, bytes, size, &inner);
    if (rc || !inner)
        return rc;
    if (inner->kind != CNN_PICKLE_PERSISTENT || !inner->visited)
        return malformed();
    v->visited = inner->visited;
    return 0;
}

int cnn_pytorch_storage(struct pytorch *f, struct cnn_pickle_value *v,
                        const struct pytorch_storage **out)
{
    int inner = cnn_pytorch_made_by(v) == PYTORCH_STORAGE, rc = 0;
    if (!inner &&
        (v->kind != CNN_PICKLE_PERSISTENT || f->kepts)) /* kept ones are in a tar's table */
        return malformed();
    if (!v->visited)
        rc = inner    ? read_inner(f, v)
             : f->zip ? find_member(f, v)
                      : cnn_fail(CNN_EDATA, "a storage that is not in the file");
    if (!rc)
        *out = f->storage[v->visited - 1];
    return rc;
}
