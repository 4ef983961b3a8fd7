/* Reading zip archives; see zip.h. */
#include "file/zip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"

enum {
    END = 22,
    END64 = 56,
    LOCATOR64 = 20,
    ENTRY = 46,
    LOCAL = 30,
    MOST_COMMENT = 65535,
    STORED = 0,
    DEFLATED = 8,
    DEFLATE_MOST = 1032, /* bytes that one can become (zlib's technical details) */
    PIECE = 1 << 30,     /* zlib counts in unsigned int */
};

struct member {
    struct cnn_zip_member of;
    const unsigned char *packed; /* (packed_size) */
    size_t packed_size;
    uint32_t crc;
};

struct cnn_zip {
    const char *path; /* the caller's */
    struct cnn_bytes bytes;
    struct cnn_arena *names;
    struct member *member; /* (count) */
    size_t count, room;
    const struct member **by_name; /* (count) */
};

/* What the list's end says. */
struct list {
    uint64_t entries, size, offset;
};

static uint64_t number(const unsigned char *p, int bytes)
{
    uint64_t n = 0;
    for (int i = 0; i < bytes; i++)
        n |= (uint64_t)p[i] << (8 * i);
    return n;
}

/* Whether n bytes from `at` on are within the archive. */
static int there(const struct cnn_zip *z, uint64_t at, uint64_t n)
{
    return at <= z->bytes.size && n <= z->bytes.size - at;
}

static int malformed(const struct cnn_zip *z)
{
    return cnn_fail(CNN_EDATA, "%s: malformed zip archive", z->path);
}

static int bad_member(const struct cnn_zip *z, const char *name, const char *what)
{
    return cnn_fail(CNN_EDATA, "%s: member '%.200s': %s", z->path, name, what);
}

/* The end record, which only a comment may follow: a truncated archive has none. */
static const unsigned char *find_end(const struct cnn_zip *z)
{
    size_t size = z->bytes.size;
    for (size_t comment = 0; comment <= MOST_COMMENT && size >= END + comment; comment++) {
        const unsigned char *p = z->bytes.data + size - END - comment;
        if (!memcmp(p, "PK\5\6", 4) && number(p + 20, 2) == comment)
            return p;
    }
    return NULL;
}

/* Numbers that are too large for the end record are in one before it. */
static int read_end(const struct cnn_zip *z, const unsigned char *end, struct list *out)
{
    *out = (struct list){number(end + 10, 2), number(end + 12, 4), number(end + 16, 4)};
    if (out->entries != UINT16_MAX && out->size != UINT32_MAX && out->offset != UINT32_MAX)
        return 0;
    if (end - z->bytes.data < LOCATOR64 || memcmp(end - LOCATOR64, "PK\6\7", 4))
        return 0;
    uint64_t at = number(end - LOCATOR64 + 8, 8);
    if (!there(z, at, END64) || memcmp(z->bytes.data + at, "PK\6\6", 4))
        return malformed(z);
    const unsigned char *p = z->bytes.data + at;
    *out = (struct list){number(p + 32, 8), number(p + 40, 8), number(p + 48, 8)};
    return 0;
}

/* The numbers of an entry, and what is too large for its places: in its field of kind 1. */
struct entry {
    uint64_t size, packed, offset;
};

static int read_large(const unsigned char *extra, size_t n, struct entry *e)
{
    uint64_t *const value[] = {&e->size, &e->packed, &e->offset};
    while (n >= 4) {
        size_t length = (size_t)number(extra + 2, 2);
        if (length > n - 4)
            return 1;
        size_t at = 0;
        for (int i = 0; i < 3 && number(extra, 2) == 1; i++) {
            if (*value[i] != UINT32_MAX)
                continue;
            if (length < at + 8)
                return 1;
            *value[i] = number(extra + 4 + at, 8);
            at += 8;
        }
        if (number(extra, 2) == 1)
            return 0;
        extra += 4 + length;
        n -= 4 + length;
    }
    return 0;
}

/* Where the data is, behind a header of its own. */
static int find_data(const struct cnn_zip *z, const struct entry *e, struct member *m)
{
    if (!there(z, e->offset, LOCAL) || memcmp(z->bytes.data + e->offset, "PK\3\4", 4))
        return bad_member(z, m->of.name, "not where the list of members says");
    const unsigned char *p = z->bytes.data + e->offset;
    uint64_t at = e->offset + LOCAL + number(p + 26, 2) + number(p + 28, 2);
    if (!there(z, at, e->packed))
        return bad_member(z, m->of.name, "it ends behind the archive");
    m->packed = z->bytes.data + at;
    m->packed_size = (size_t)e->packed;
    return 0;
}

static int read_entry(struct cnn_zip *z, const unsigned char *p, size_t name, size_t extra)
{
    struct entry e = {number(p + 24, 4), number(p + 20, 4), number(p + 42, 4)};
    struct member m = {.crc = (uint32_t)number(p + 16, 4)};
    uint64_t method = number(p + 10, 2);
    if (memchr(p + ENTRY, 0, name) || read_large(p + ENTRY + name, extra, &e))
        return malformed(z);
    m.of.name = cnn_arena_strndup(z->names, (const char *)p + ENTRY, name);
    if (!m.of.name)
        return CNN_ESYSTEM;
    if (number(p + 8, 2) & 1)
        return bad_member(z, m.of.name, "encrypted");
    if (method != STORED && method != DEFLATED)
        return bad_member(z, m.of.name, "neither stored nor deflated");
    if (e.size / DEFLATE_MOST > z->bytes.size)
        return cnn_fail(CNN_EDATA,
                        "%s: member '%.200s': %llu bytes are more than an archive of %zu can hold",
                        z->path, m.of.name, (unsigned long long)e.size, z->bytes.size);
    m.of.size = (size_t)e.size;
    int rc = find_data(z, &e, &m);
    if (!rc && method == STORED && e.size != e.packed)
        rc = bad_member(z, m.of.name, "its sizes contradict each other");
    if (!rc && cnn_grow(&z->member, &z->room, z->count + 1, sizeof *z->member))
        rc = CNN_ESYSTEM;
    if (rc)
        return rc;
    m.of.data = method == STORED ? m.packed : NULL;
    z->member[z->count++] = m;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct member *const *x = a, *const *y = b;
    return strcmp((*x)->of.name, (*y)->of.name);
}

static int sort_members(struct cnn_zip *z)
{
    z->by_name = cnn_calloc(z->count, sizeof(const struct member *));
    if (!z->by_name)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < z->count; i++)
        z->by_name[i] = &z->member[i];
    qsort(z->by_name, z->count, sizeof *z->by_name, by_name);
    return 0;
}

static int read_list(struct cnn_zip *z)
{
    const unsigned char *end = find_end(z);
    struct list list;
    if (!end)
        return cnn_fail(CNN_EDATA, "%s: not a zip archive, or a truncated one", z->path);
    int rc = read_end(z, end, &list);
    if (!rc && !there(z, list.offset, list.size))
        rc = malformed(z);
    if (rc)
        return rc;
    const unsigned char *p = z->bytes.data + list.offset;
    size_t left = (size_t)list.size;
    for (uint64_t i = 0; !rc && i < list.entries; i++) {
        if (left < ENTRY || memcmp(p, "PK\1\2", 4))
            return malformed(z);
        size_t name = (size_t)number(p + 28, 2), extra = (size_t)number(p + 30, 2);
        size_t length = ENTRY + name + extra + (size_t)number(p + 32, 2);
        if (length > left)
            return malformed(z);
        rc = read_entry(z, p, name, extra);
        p += length;
        left -= length;
    }
    return rc ? rc : sort_members(z);
}

int cnn_zip_open(const char *path, const struct cnn_bytes *bytes, struct cnn_zip **out)
{
    struct cnn_zip *z = cnn_calloc(1, sizeof *z);
    *out = NULL;
    if (!z)
        return CNN_ESYSTEM;
    *z = (struct cnn_zip){.path = path, .bytes = *bytes, .names = cnn_arena_new()};
    int rc = z->names ? read_list(z) : CNN_ESYSTEM;
    if (rc)
        cnn_zip_close(z);
    else
        *out = z;
    return rc;
}

size_t cnn_zip_count(const struct cnn_zip *z)
{
    return z->count;
}

const struct cnn_zip_member *cnn_zip_at(const struct cnn_zip *z, size_t i)
{
    return i < z->count ? &z->member[i].of : NULL;
}

const struct cnn_zip_member *cnn_zip_find(const struct cnn_zip *z, const char *name)
{
    struct member wanted = {.of = {.name = name}};
    const struct member *key = &wanted, **found;
    found = bsearch(&key, z->by_name, z->count, sizeof *z->by_name, by_name);
    return found ? &(*found)->of : NULL;
}

/* What zlib says of n bytes that it was to make; 0: they are there, and `whole` that nothing would
 * follow. */
static int inflate_some(z_stream *s, const struct member *m, unsigned char *out, size_t n,
                        int *whole)
{
    unsigned char more;
    size_t in = m->packed_size;
    int said = Z_OK;
    s->next_in = (z_const Bytef *)m->packed;
    s->next_out = out;
    while (said == Z_OK) {
        uInt room = n < PIECE ? (uInt)n : PIECE, from = in < PIECE ? (uInt)in : PIECE;
        if (!n) {
            s->next_out = &more; /* cppcheck-suppress autoVariables; it ends with this call */
            room = 1;
        }
        s->avail_in = from;
        s->avail_out = room;
        said = inflate(s, Z_NO_FLUSH);
        in -= from - s->avail_in;
        if (!n)
            break;
        n -= room - s->avail_out;
    }
    *whole = said == Z_STREAM_END && !n && s->next_out != &more + 1;
    return n || said == Z_MEM_ERROR ? said : 0;
}

static int inflate_member(const struct cnn_zip *z, const struct member *m, unsigned char *out,
                          size_t n)
{
    z_stream s = {0};
    int whole;
    if (inflateInit2(&s, -MAX_WBITS) != Z_OK)
        return cnn_fail(CNN_ESYSTEM, "%s: out of memory", z->path);
    int said = inflate_some(&s, m, out, n, &whole);
    inflateEnd(&s);
    if (said == Z_MEM_ERROR)
        return cnn_fail(CNN_ESYSTEM, "%s: out of memory", z->path);
    if (said == Z_DATA_ERROR)
        return bad_member(z, m->of.name, "damaged: no deflated data");
    if (said)
        return bad_member(z, m->of.name, "damaged: truncated");
    if (n == m->of.size && !whole)
        return bad_member(z, m->of.name, "damaged: more bytes than its header says");
    return 0;
}

int cnn_zip_read(const struct cnn_zip *z, const struct cnn_zip_member *of, void *out, size_t n)
{
    const struct member *m = (const struct member *)of; /* its first member */
    int rc = 0;
    if (n > of->size)
        return bad_member(z, of->name, "truncated");
    if (!of->data)
        rc = inflate_member(z, m, out, n);
    else if (n)
        memcpy(out, of->data, n);
    if (!rc && n == of->size && crc32_z(0, out, n) != m->crc)
        rc = bad_member(z, of->name, "damaged: its checksum is another");
    return rc;
}

void cnn_zip_close(struct cnn_zip *z)
{
    if (!z)
        return;
    cnn_arena_free(z->names);
    free(z->member);
    free(z->by_name);
    free(z);
}
