/* An object's header of HDF5, version 1 (section IV.A.1.a): messages, which say what it is. */
#include <string.h>

#include "file/hdf5/private.h"

enum {
    SPACE = 0x01,
    LINKS = 0x02,
    TYPE = 0x03,
    LINK = 0x06,
    EXTERNAL = 0x07,
    LAYOUT = 0x08,
    ATTRIBUTE = 0x0c,
    CONTINUES = 0x10,
    SYMBOLS = 0x11,
    SHARED = 2, /* the flag of a message that is elsewhere */
    MOST_PIECES = 256,
    MOST_OBJECTS = 1 << 18,
};

/* What the messages say, and where more of them are. */
struct header {
    struct cnn_hdf5_part space, type, layout;
    int is_external;
    struct cnn_hdf5_group group;
    struct piece {
        uint64_t at, size;
    } piece[MOST_PIECES]; /* (pieces) */
    size_t pieces, left;  /* the latter: messages */
};

/* Arrays */

/* 0: elements that are no numbers that we know. */
static int find_type(const struct cnn_hdf5_type *t, struct cnn_hdf5_object *o)
{
    enum { BIG = 1, SIGNED = 8, VAX = 1 << 6 };
    static const struct {
        enum cnn_dtype dtype;
        int exponent;
    } floats[] = {{CNN_F16, 5}, {CNN_BF16, 8}, {CNN_F32, 8}, {CNN_F64, 11}};
    char kind = t->bits & SIGNED ? 'i' : 'u';
    o->big = t->bits & BIG;
    for (size_t i = 0; t->class == 1 && i < sizeof floats / sizeof *floats; i++)
        if (cnn_dtype_info[floats[i].dtype].size == t->size && !(t->bits & VAX) &&
            floats[i].exponent == t->exponent) {
            o->dtype = floats[i].dtype;
            return 1;
        }
    for (int i = 0; t->class == 0 && i < CNN_DTYPE_COUNT; i++)
        if (cnn_dtype_info[i].kind == kind && cnn_dtype_info[i].size == t->size) {
            o->dtype = (enum cnn_dtype)i;
            return 1;
        }
    return 0;
}

static int find_shape(const struct cnn_hdf5 *h, const struct cnn_hdf5_space *s,
                      struct cnn_hdf5_object *o)
{
    size_t bytes = cnn_dtype_info[o->dtype].size;
    o->rank = s->rank;
    o->count = 1;
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[i] > h->size || cnn_mul_overflows(bytes, (size_t)s->dim[i], &bytes) ||
            bytes > h->size)
            return cnn_hdf5_refuse(h, o->path, "has more elements than the file");
        o->dim[i] = (size_t)s->dim[i];
        o->count *= o->dim[i];
    }
    return 0;
}

/* Section IV.A.2.i: one after the other, in the message or where it says. */
static int find_data(const struct cnn_hdf5 *h, struct cnn_hdf5_part p, struct cnn_hdf5_object *o)
{
    enum { COMPACT = 0, CONTIGUOUS = 1 };
    size_t bytes = o->count * cnn_dtype_info[o->dtype].size;
    if (p.size < 4 || p.data[0] < 3 || p.data[0] > 4)
        return cnn_hdf5_refuse(h, o->path, "has its elements in a form that is not read");
    if (p.data[1] == COMPACT && cnn_hdf5_number(p.data + 2, 2) >= bytes && p.size - 4 >= bytes) {
        o->data = p.data + 4;
        return 0;
    }
    if (p.data[1] != CONTIGUOUS || p.size < 18)
        return cnn_hdf5_refuse(h, o->path, "has its elements in pieces or compressed");
    o->data = cnn_hdf5_bytes(h, cnn_hdf5_number(p.data + 2, 8), bytes);
    return o->data ? 0 : cnn_hdf5_refuse(h, o->path, "has no elements in the file");
}

static int is_empty(const struct cnn_hdf5_space *s)
{
    for (int i = 0; i < s->rank; i++)
        if (!s->dim[i])
            return 1;
    return 0;
}

/* One without elements is there by its name alone. */
static int read_array(struct cnn_hdf5 *h, const struct header *m, struct cnn_hdf5_object *o)
{
    struct cnn_hdf5_type type;
    struct cnn_hdf5_space space;
    if (m->is_external)
        return cnn_hdf5_refuse(h, o->path, "has its elements in another file");
    if (cnn_hdf5_type(m->type, &type))
        return cnn_hdf5_malformed(h, o->path);
    if (!find_type(&type, o) || (m->space.size > 3 && m->space.data[1] > CNN_HDF5_MAX_RANK))
        return 0;
    if (cnn_hdf5_space(m->space, &space))
        return cnn_hdf5_malformed(h, o->path);
    if (is_empty(&space))
        return 0;
    int rc = find_shape(h, &space, o);
    if (!rc)
        rc = find_data(h, m->layout, o);
    o->is_data = !rc;
    return rc;
}

/* Messages */

static int take(struct cnn_hdf5 *h, int type, int flags, struct cnn_hdf5_part p, struct header *m,
                struct cnn_hdf5_object *o)
{
    if (flags & SHARED)
        return type == TYPE ? cnn_hdf5_refuse(h, o->path, "has a type of its own") : 0;
    if (type == LINKS || type == LINK)
        return cnn_hdf5_refuse(h, o->path, "is a group of a newer form, or has links to elsewhere");
    if (type == SPACE)
        m->space = p;
    else if (type == TYPE)
        m->type = p;
    else if (type == LAYOUT)
        m->layout = p;
    else if (type == EXTERNAL)
        m->is_external = 1;
    else if (type == SYMBOLS && p.size >= 16)
        m->group =
            (struct cnn_hdf5_group){cnn_hdf5_number(p.data, 8), cnn_hdf5_number(p.data + 8, 8)};
    else if (type == CONTINUES && p.size >= 16 && m->pieces < MOST_PIECES)
        m->piece[m->pieces++] =
            (struct piece){cnn_hdf5_number(p.data, 8), cnn_hdf5_number(p.data + 8, 8)};
    return type == ATTRIBUTE ? cnn_hdf5_attribute(h, p, o) : 0;
}

static int read_piece(struct cnn_hdf5 *h, struct piece piece, struct header *m,
                      struct cnn_hdf5_object *o)
{
    enum { HEAD = 8 };
    const unsigned char *p = cnn_hdf5_bytes(h, piece.at, piece.size);
    int rc = p ? 0 : cnn_hdf5_malformed(h, o->path);
    for (uint64_t size = piece.size; !rc && m->left && size >= HEAD; m->left--) {
        size_t n = (size_t)cnn_hdf5_number(p + 2, 2);
        if (n > size - HEAD)
            return cnn_hdf5_malformed(h, o->path);
        rc = cnn_hdf5_step(h);
        if (!rc)
            rc = take(h, (int)cnn_hdf5_number(p, 2), p[4], (struct cnn_hdf5_part){p + HEAD, n}, m,
                      o);
        p += HEAD + n;
        size -= HEAD + n;
    }
    return rc;
}

int cnn_hdf5_header(struct cnn_hdf5 *h, uint64_t at, const char *path, struct cnn_hdf5_group *group)
{
    enum { HEAD = 16, ENTRY = 40 };
    const unsigned char *p = cnn_hdf5_bytes(h, at, HEAD);
    /* a group may list one object often, but each time with an entry of its own */
    if (!p || p[0] != 1 || h->count > h->size / ENTRY || h->count == MOST_OBJECTS)
        return cnn_hdf5_malformed(h, path);
    if (cnn_grow(&h->object, &h->room, h->count + 1, sizeof *h->object))
        return CNN_ESYSTEM;
    struct cnn_hdf5_object *o = &h->object[h->count++];
    *o = (struct cnn_hdf5_object){.path = path};
    struct header m = {.left = (size_t)cnn_hdf5_number(p + 2, 2), .pieces = 1};
    m.piece[0] = (struct piece){at + HEAD, cnn_hdf5_number(p + 8, 4)};
    int rc = 0;
    for (size_t i = 0; !rc && i < m.pieces; i++)
        rc = read_piece(h, m.piece[i], &m, o);
    *group = m.group;
    return rc || !m.layout.data ? rc : read_array(h, &m, o);
}
