/* Attributes of HDF5 that are texts or lists of texts (section IV.A.2.m): as many bytes each, or of
 * any length, in heaps (section III.E). */
#include <string.h>

#include "file/hdf5/private.h"

/* An attribute's parts. */
struct attribute {
    const char *name;
    struct cnn_hdf5_part type, space, data;
};

/* The next n bytes of a message, of which `padded` tells that they fill up eights. */
static int cut(struct cnn_hdf5_part *from, size_t n, int padded, struct cnn_hdf5_part *out)
{
    size_t room = padded ? (n + 7) / 8 * 8 : n;
    if (from->size < room)
        return 1;
    *out = (struct cnn_hdf5_part){from->data, n};
    from->data += room;
    from->size -= room;
    return 0;
}

/* Nonzero: malformed, or one that is elsewhere. */
static int take_apart(struct cnn_hdf5_part p, struct attribute *out)
{
    enum { HEAD = 8 };
    struct cnn_hdf5_part head, name;
    if (p.size < HEAD + 1 || p.data[0] < 1 || p.data[0] > 3 || (p.data[0] > 1 && p.data[1]))
        return 1;
    int padded = p.data[0] == 1;
    if (cut(&p, HEAD + (p.data[0] == 3), 0, &head) ||
        cut(&p, (size_t)cnn_hdf5_number(head.data + 2, 2), padded, &name) ||
        cut(&p, (size_t)cnn_hdf5_number(head.data + 4, 2), padded, &out->type) ||
        cut(&p, (size_t)cnn_hdf5_number(head.data + 6, 2), padded, &out->space) || !name.size ||
        name.data[name.size - 1])
        return 1;
    out->name = (const char *)name.data;
    out->data = p;
    return 0;
}

/* Object `index` of a heap of the file's. */
static int find_in_heap(struct cnn_hdf5 *h, uint64_t heap, unsigned index,
                        struct cnn_hdf5_part *out)
{
    enum { HEAD = 16, OBJECT = 16 };
    const unsigned char *p = cnn_hdf5_bytes(h, heap, HEAD);
    if (!p || memcmp(p, "GCOL\1", 5) != 0)
        return cnn_hdf5_malformed(h, "");
    uint64_t size = cnn_hdf5_number(p + 8, 8);
    p = size > HEAD ? cnn_hdf5_bytes(h, heap, size) : NULL;
    int rc = p ? 0 : cnn_hdf5_malformed(h, "");
    for (uint64_t at = HEAD; !rc && at + OBJECT <= size;) {
        unsigned number = (unsigned)cnn_hdf5_number(p + at, 2);
        uint64_t n = cnn_hdf5_number(p + at + 8, 8);
        if (!number || n > size - at - OBJECT)
            break;
        if (number == index) {
            *out = (struct cnn_hdf5_part){p + at + OBJECT, (size_t)n};
            return 0;
        }
        at += OBJECT + (n + 7) / 8 * 8;
        rc = cnn_hdf5_step(h);
    }
    return rc ? rc : cnn_hdf5_malformed(h, "");
}

/* A text, up to a NUL; all together are no more than a file of that size has. */
static int add_text(struct cnn_hdf5 *h, struct cnn_hdf5_part p, struct cnn_strings *out)
{
    h->text += p.size + 1;
    if (h->text > h->size || !p.data)
        return cnn_hdf5_malformed(h, "");
    return cnn_strings_add_n(out, (const char *)p.data, strnlen((const char *)p.data, p.size));
}

/* An element of any length: how long it is, in which heap, and its number there. */
static int add_from_heap(struct cnn_hdf5 *h, const unsigned char *element, struct cnn_strings *out)
{
    struct cnn_hdf5_part p = {element, 0};
    size_t n = (size_t)cnn_hdf5_number(element, 4);
    int rc = n ? find_in_heap(h, cnn_hdf5_number(element + 4, 8),
                              (unsigned)cnn_hdf5_number(element + 12, 4), &p)
               : 0;
    p.size = n < p.size ? n : p.size;
    return rc ? rc : add_text(h, p, out);
}

static int read_texts(struct cnn_hdf5 *h, const struct attribute *a, struct cnn_strings *out)
{
    enum { FIXED = 3, ANY_LENGTH = 9, IN_HEAP = 16 };
    struct cnn_hdf5_type type;
    struct cnn_hdf5_space space;
    size_t count = 1, bytes;
    if (cnn_hdf5_type(a->type, &type))
        return cnn_hdf5_malformed(h, a->name);
    int fixed = type.class == FIXED, any = type.class == ANY_LENGTH && (type.bits & 15) == 1;
    if (!fixed && !any)
        return 0;
    if (cnn_hdf5_space(a->space, &space) || !type.size || (any && type.size != IN_HEAP))
        return cnn_hdf5_malformed(h, a->name);
    for (int i = 0; i < space.rank; i++)
        if (space.dim[i] > h->size || cnn_mul_overflows(count, (size_t)space.dim[i], &count))
            return cnn_hdf5_malformed(h, a->name);
    if (cnn_mul_overflows(count, type.size, &bytes) || bytes > a->data.size)
        return cnn_hdf5_malformed(h, a->name);
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        const unsigned char *element = a->data.data + i * type.size;
        rc = fixed ? add_text(h, (struct cnn_hdf5_part){element, type.size}, out)
                   : add_from_heap(h, element, out);
    }
    return rc;
}

/* The name under which it is kept, as it is wanted, or a part of that; NULL: it is not. */
static const char *wanted(const struct cnn_hdf5 *h, const char *name, size_t *n)
{
    for (size_t i = 0; h->wanted[i]; i++) {
        *n = strcspn(h->wanted[i], "#");
        if (strncmp(name, h->wanted[i], *n) != 0)
            continue;
        const char *rest = name + *n;
        if (!*rest || (h->wanted[i][*n] && strspn(rest, "0123456789") == strlen(rest)))
            return h->wanted[i];
    }
    return NULL;
}

int cnn_hdf5_attribute(struct cnn_hdf5 *h, struct cnn_hdf5_part p, struct cnn_hdf5_object *o)
{
    struct attribute a;
    size_t n;
    if (take_apart(p, &a))
        return 0;
    const char *name = wanted(h, a.name, &n);
    if (!name)
        return 0;
    for (size_t i = 0; i < o->texts; i++)
        if (strlen(o->text[i].name) == n && !strncmp(o->text[i].name, name, n))
            return read_texts(h, &a, &o->text[i].value);
    if (cnn_grow(&o->text, &o->text_room, o->texts + 1, sizeof *o->text))
        return CNN_ESYSTEM;
    struct cnn_hdf5_text *t = &o->text[o->texts++];
    *t = (struct cnn_hdf5_text){.name = cnn_arena_strndup(h->arena, name, n)};
    return t->name ? read_texts(h, &a, &t->value) : CNN_ESYSTEM;
}
