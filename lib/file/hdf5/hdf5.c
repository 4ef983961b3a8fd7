/* HDF5 files in memory: the superblock, and groups; see hdf5.h. */
#include "file/hdf5/hdf5.h"

#include <stdlib.h>
#include <string.h>

#include "file/hdf5/private.h"

enum {
    MOST_DEPTH = 32,      /* of groups in groups */
    MOST_LEVELS = 8,      /* of a tree of members */
    MOST_PATHS = 1 << 26, /* bytes of all */
    ADDRESS = 8,          /* bytes of one, and of a length */
};

int cnn_hdf5_is(const unsigned char *bytes, size_t n)
{
    return n >= 8 && !memcmp(bytes, "\x89HDF\r\n\x1a\n", 8);
}

/* Groups (section III.A to D): a tree whose leaves list members, and a heap of their names. */

struct group {
    const char *path;
    const unsigned char *names; /* (size) */
    size_t size;
    int depth;
};

static int read_object(struct cnn_hdf5 *h, uint64_t at, const char *path, int depth);

static int read_member(struct cnn_hdf5 *h, const struct group *g, const unsigned char *entry)
{
    enum { CACHED_LINK = 2 };
    uint64_t at = cnn_hdf5_number(entry, ADDRESS);
    const unsigned char *end = at < g->size ? memchr(g->names + at, 0, g->size - at) : NULL;
    if (!end)
        return cnn_hdf5_malformed(h, g->path);
    h->paths += strlen(g->path) + (size_t)(end - (g->names + at)) + 2;
    if (h->paths > MOST_PATHS)
        return cnn_hdf5_malformed(h, g->path);
    char *path = cnn_arena_printf(h->arena, "%s%s%s", g->path, *g->path ? "/" : "", g->names + at);
    if (!path)
        return CNN_ESYSTEM;
    if (cnn_hdf5_number(entry + 2 * ADDRESS, 4) == CACHED_LINK)
        return cnn_hdf5_refuse(h, path, "is a link to elsewhere");
    return read_object(h, cnn_hdf5_number(entry + ADDRESS, ADDRESS), path, g->depth + 1);
}

static int read_leaf(struct cnn_hdf5 *h, const struct group *g, uint64_t at)
{
    enum { HEAD = 8, ENTRY = 40 };
    const unsigned char *p = cnn_hdf5_bytes(h, at, HEAD);
    if (!p || memcmp(p, "SNOD\1", 5) != 0)
        return cnn_hdf5_malformed(h, g->path);
    size_t count = (size_t)cnn_hdf5_number(p + 6, 2);
    p = cnn_hdf5_bytes(h, at, HEAD + count * ENTRY);
    int rc = p ? 0 : cnn_hdf5_malformed(h, g->path);
    for (size_t i = 0; !rc && i < count; i++)
        rc = read_member(h, g, p + HEAD + i * ENTRY);
    return rc;
}

/* level: that it must have; -1: it is the root's, which says so. */
static int read_tree(struct cnn_hdf5 *h, const struct group *g, uint64_t at, int level)
{
    enum { HEAD = 8 + 2 * ADDRESS, CHILD = 2 * ADDRESS };
    const unsigned char *p = cnn_hdf5_bytes(h, at, HEAD);
    int rc = cnn_hdf5_step(h);
    if (rc)
        return rc;
    if (!p || memcmp(p, "TREE\0", 5) != 0 || p[5] > MOST_LEVELS || (level >= 0 && p[5] != level))
        return cnn_hdf5_malformed(h, g->path);
    size_t count = (size_t)cnn_hdf5_number(p + 6, 2);
    level = p[5];
    p = cnn_hdf5_bytes(h, at, HEAD + count * CHILD);
    if (!p)
        return cnn_hdf5_malformed(h, g->path);
    for (size_t i = 0; !rc && i < count; i++) { /* behind a key each */
        uint64_t child = cnn_hdf5_number(p + HEAD + i * CHILD + ADDRESS, ADDRESS);
        rc = cnn_hdf5_step(h);
        if (!rc)
            rc = level ? read_tree(h, g, child, level - 1) : read_leaf(h, g, child);
    }
    return rc;
}

static int read_group(struct cnn_hdf5 *h, const struct cnn_hdf5_group *from, const char *path,
                      int depth)
{
    enum { HEAD = 8 + 3 * ADDRESS };
    const unsigned char *p = cnn_hdf5_bytes(h, from->heap, HEAD);
    if (!p || memcmp(p, "HEAP\0", 5) != 0)
        return cnn_hdf5_malformed(h, path);
    uint64_t size = cnn_hdf5_number(p + 8, ADDRESS);
    const unsigned char *names =
        cnn_hdf5_bytes(h, cnn_hdf5_number(p + 8 + 2 * ADDRESS, ADDRESS), size);
    const struct group g = {path, names, (size_t)size, depth};
    return names ? read_tree(h, &g, from->tree, -1) : cnn_hdf5_malformed(h, path);
}

static int read_object(struct cnn_hdf5 *h, uint64_t at, const char *path, int depth)
{
    struct cnn_hdf5_group group = {0};
    int rc =
        depth > MOST_DEPTH ? cnn_hdf5_refuse(h, path, "is in too many groups") : cnn_hdf5_step(h);
    if (!rc)
        rc = cnn_hdf5_header(h, at, path, &group);
    return rc || !group.heap ? rc : read_group(h, &group, path, depth);
}

/* Section II.A, and the root's entry behind it. */
static int read_file(struct cnn_hdf5 *h)
{
    enum { V0 = 24, MORE = 4, REST = 4 * ADDRESS + 2 * ADDRESS };
    const unsigned char *p = cnn_hdf5_bytes(h, 0, V0 + MORE + REST);
    if (!p || !cnn_hdf5_is(p, h->size))
        return cnn_hdf5_malformed(h, "");
    if (p[8] > 1)
        return cnn_fail(CNN_EDATA,
                        "%s: an HDF5 file of a newer form (%d), which is not read "
                        "(h5py.File(..., libver='earliest') writes the older one)",
                        h->path, p[8]);
    size_t at = V0 + (p[8] ? MORE : 0);
    if (p[13] != ADDRESS || p[14] != ADDRESS || cnn_hdf5_number(p + at, ADDRESS))
        return cnn_hdf5_malformed(h, "");
    return read_object(h, cnn_hdf5_number(p + at + 5 * ADDRESS, ADDRESS), "", 0);
}

int cnn_hdf5_open(const char *path, const unsigned char *bytes, size_t size,
                  const char *const *wanted, struct cnn_hdf5 **out)
{
    struct cnn_hdf5 *h = cnn_calloc(1, sizeof *h);
    *out = NULL;
    if (!h)
        return CNN_ESYSTEM;
    *h = (struct cnn_hdf5){
        .path = path, .bytes = bytes, .size = size, .wanted = wanted, .arena = cnn_arena_new()};
    h->by_path = h->arena ? cnn_names_new(h->arena) : NULL;
    int rc = h->by_path ? read_file(h) : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < h->count; i++)
        rc = cnn_names_put(h->by_path, h->object[i].path, &h->object[i]);
    if (rc)
        cnn_hdf5_close(h);
    else
        *out = h;
    return rc;
}

void cnn_hdf5_close(struct cnn_hdf5 *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->count; i++) {
        for (size_t k = 0; k < h->object[i].texts; k++)
            cnn_strings_free(&h->object[i].text[k].value);
        free(h->object[i].text);
    }
    free(h->object);
    cnn_arena_free(h->arena);
    free(h);
}

size_t cnn_hdf5_count(const struct cnn_hdf5 *h)
{
    return h->count;
}

const struct cnn_hdf5_object *cnn_hdf5_at(const struct cnn_hdf5 *h, size_t i)
{
    return i < h->count ? &h->object[i] : NULL;
}

const struct cnn_hdf5_object *cnn_hdf5_find(const struct cnn_hdf5 *h, const char *path)
{
    return cnn_names_find(h->by_path, path);
}

const struct cnn_strings *cnn_hdf5_texts(const struct cnn_hdf5_object *o, const char *name)
{
    for (size_t i = 0; o && i < o->texts; i++)
        if (!strcmp(o->text[i].name, name))
            return &o->text[i].value;
    return NULL;
}
