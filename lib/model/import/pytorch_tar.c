/* The form of PyTorch before 0.1.10: a tar archive (POSIX.1-1988) of `storages`, `tensors` and
 * `pickle` (_legacy_load in torch/serialization.py). Storages and tensors have numbers. */
#include <stdlib.h>
#include <string.h>

#include "model/import/pytorch_private.h"

enum { BLOCK = 512, MOST_DIMENSIONS = 64 };

static const char *const members[] = {"storages", "tensors", "pickle", "sys_info"};

/* A member's bytes, and how far they were read. */
struct part {
    const unsigned char *bytes;
    size_t size, at;
};

struct numbered {
    int64_t number;
    unsigned index; /* of a storage or tensor, from 1 */
};

struct table {
    struct numbered *item; /* (count) */
    size_t count, room;
};

int cnn_pytorch_is_tar(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; n >= BLOCK && i < sizeof members / sizeof *members; i++)
        if (!memcmp(bytes, members[i], strlen(members[i]) + 1) && !memcmp(bytes + 257, "ustar", 5))
            return 1;
    return 0;
}

/* Octal digits, spaces before. */
static size_t octal(const unsigned char *p, size_t n)
{
    size_t value = 0, i = 0;
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
        value = 8 * value + (size_t)(p[i] - '0');
    return value;
}

static int find_part(const struct pytorch *f, const char *name, struct part *out)
{
    const struct cnn_bytes *b = &f->bytes;
    for (size_t at = 0; b->size - at >= BLOCK && b->data[at];) {
        const unsigned char *head = b->data + at;
        size_t size = octal(head + 124, 12);
        at += BLOCK;
        if (size > b->size - at)
            break;
        if (!strncmp((const char *)head, name, 100)) {
            *out = (struct part){.bytes = head + BLOCK, .size = size};
            return 0;
        }
        size_t padded = (size + BLOCK - 1) / BLOCK * BLOCK;
        at += padded > b->size - at ? b->size - at : padded;
    }
    return cnn_fail(CNN_EDATA, "no member '%s' in the archive (a truncated file?)", name);
}

static int malformed(void)
{
    return cnn_fail(CNN_EDATA, "malformed storages or tensors");
}

static int read_value(struct pytorch *f, struct part *p, struct cnn_pickle_value **out)
{
    return cnn_pickle_read(&f->reader, p->bytes, p->size, &p->at, out);
}

/* A pickled number of things to follow. */
static int read_count(struct pytorch *f, struct part *p, size_t *out)
{
    struct cnn_pickle_value *v;
    int rc = read_value(f, p, &v);
    if (!rc && (v->kind != CNN_PICKLE_INT || v->integer < 0))
        rc = malformed();
    if (!rc)
        *out = (size_t)v->integer;
    return rc;
}

/* The next number of so many bytes. */
static int read_number(struct part *p, size_t bytes, uint64_t *out)
{
    if (p->size - p->at < bytes)
        return malformed();
    *out = 0;
    for (size_t i = 0; i < bytes; i++)
        *out |= (uint64_t)p->bytes[p->at + i] << (8 * i);
    p->at += bytes;
    return *out > INT64_MAX ? malformed() : 0;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = ((const struct numbered *)a)->number, y = ((const struct numbered *)b)->number;
    return (x > y) - (x < y);
}

static int add(struct table *t, int64_t number, size_t index)
{
    if (cnn_grow(&t->item, &t->room, t->count + 1, sizeof *t->item))
        return CNN_ESYSTEM;
    t->item[t->count++] = (struct numbered){number, (unsigned)index};
    return 0;
}

static void sort(struct table *t)
{
    if (t->count)
        qsort(t->item, t->count, sizeof *t->item, by_number);
}

/* The index of a value that is a number, or its digits; 0: not there. */
static unsigned look_up(const struct table *t, const struct cnn_pickle_value *v)
{
    struct numbered wanted = {.number = v->kind == CNN_PICKLE_INT ? v->integer : 0}, *found;
    if (v->kind == CNN_PICKLE_TEXT)
        for (size_t i = 0; i < v->size && i < 18; i++)
            wanted.number = 10 * wanted.number + (v->bytes[i] - '0');
    else if (v->kind != CNN_PICKLE_INT)
        return 0;
    found = t->count ? bsearch(&wanted, t->item, t->count, sizeof *t->item, by_number) : NULL;
    return found ? found->index : 0;
}

/* (number, place, class), how many elements, and those. */
static int read_storage(struct pytorch *f, struct part *p, struct table *t)
{
    struct cnn_pickle_value *v;
    struct pytorch_storage *s;
    uint64_t count;
    int rc = read_value(f, p, &v);
    if (!rc && (v->kind != CNN_PICKLE_TUPLE || v->count != 3 ||
                v->item[0]->kind != CNN_PICKLE_INT || v->item[2]->kind != CNN_PICKLE_NAME))
        rc = malformed();
    if (!rc)
        rc = read_number(p, 8, &count);
    if (rc)
        return rc;
    if (!(s = cnn_pytorch_storage_new(f)))
        return CNN_ESYSTEM;
    s->type = v->item[2]->bytes;
    if (!cnn_pytorch_type(s->type, &s->dtype, &s->item))
        return cnn_fail(CNN_EDATA, "storages of %s are not supported", s->type);
    if (count > (p->size - p->at) / s->item)
        return malformed();
    s->data = p->bytes + p->at;
    s->bytes = (size_t)count * s->item;
    p->at += s->bytes;
    return add(t, v->item[0]->integer, f->storages);
}

/* A list of (number, number of the whole, offset, elements). */
static int read_views(struct pytorch *f, struct part *p, struct table *t)
{
    struct cnn_pickle_value *v;
    int rc = read_value(f, p, &v);
    if (!rc && v->kind != CNN_PICKLE_LIST)
        rc = malformed();
    size_t wholes = t->count;
    sort(t);
    for (size_t i = 0; !rc && i < v->count; i++) {
        const struct cnn_pickle_value *view = v->item[i];
        struct table whole = {.item = t->item, .count = wholes};
        unsigned index =
            view->kind == CNN_PICKLE_TUPLE && view->count == 4 ? look_up(&whole, view->item[1]) : 0;
        if (!index || view->item[0]->kind != CNN_PICKLE_INT ||
            view->item[2]->kind != CNN_PICKLE_INT || view->item[3]->kind != CNN_PICKLE_INT ||
            view->item[2]->integer < 0 || view->item[3]->integer < 0)
            return malformed();
        const struct pytorch_storage *from = f->storage[index - 1];
        size_t there = from->bytes / from->item, at = (size_t)view->item[2]->integer;
        size_t count = (size_t)view->item[3]->integer;
        struct pytorch_storage *s = cnn_pytorch_storage_new(f);
        if (!s)
            return CNN_ESYSTEM;
        if (at > there || count > there - at)
            return malformed();
        *s = *from;
        s->data += at * s->item;
        s->bytes = count * s->item;
        rc = add(t, view->item[0]->integer, f->storages);
    }
    sort(t);
    return rc;
}

static int read_storages(struct pytorch *f, struct table *t)
{
    struct part p;
    size_t n;
    int rc = find_part(f, "storages", &p);
    if (!rc)
        rc = read_count(f, &p, &n);
    for (size_t i = 0; !rc && i < n; i++)
        rc = read_storage(f, &p, t);
    return rc ? rc : read_views(f, &p, t);
}

/* Rank (and anything, to eight bytes), size, strides, offset. */
static int read_view(struct pytorch *f, struct part *p, struct pytorch_tensor *t)
{
    uint64_t rank = 0, n = 0;
    int rc = read_number(p, 4, &rank);
    if (!rc)
        rc = read_number(p, 4, &n);
    if (rc || rank > MOST_DIMENSIONS)
        return rc ? rc : malformed();
    t->rank = (int)rank;
    t->dim = cnn_arena_alloc(f->arena, 2 * rank * sizeof *t->dim);
    if (!t->dim)
        return CNN_ESYSTEM;
    t->stride = t->dim + rank;
    for (size_t i = 0; !rc && i < 2 * rank; i++, n = 0) {
        rc = read_number(p, 8, &n);
        t->dim[i] = (size_t)n;
    }
    if (!rc)
        rc = read_number(p, 8, &n);
    t->offset = (size_t)n;
    return rc;
}

/* (number, number of the storage, class), and the view of it. */
static int read_tensor(struct pytorch *f, struct part *p, const struct table *storages,
                       struct table *out)
{
    struct cnn_pickle_value *v;
    int rc = read_value(f, p, &v);
    unsigned index =
        rc || v->kind != CNN_PICKLE_TUPLE || v->count != 3 ? 0 : look_up(storages, v->item[1]);
    if (!rc && (!index || v->item[0]->kind != CNN_PICKLE_INT))
        rc = malformed();
    struct pytorch_tensor *t = rc ? NULL : cnn_arena_alloc(f->arena, sizeof *t);
    if (!t || cnn_grow(&f->kept, &f->kept_room, f->kepts + 1, sizeof(struct pytorch_tensor *)))
        return rc ? rc : CNN_ESYSTEM;
    t->storage = f->storage[index - 1];
    t->dtype = t->storage->dtype;
    t->item = t->storage->item;
    f->kept[f->kepts++] = t;
    rc = read_view(f, p, t);
    if (!rc && t->dtype < 0)
        rc = cnn_fail(CNN_EDATA, "elements of %s are not supported", t->storage->type);
    if (!rc)
        rc = cnn_pytorch_check(f, t);
    return rc ? rc : add(out, v->item[0]->integer, f->kepts);
}

static int read_tensors(struct pytorch *f, const struct table *storages, struct table *out)
{
    struct part p;
    size_t n;
    int rc = find_part(f, "tensors", &p);
    if (!rc)
        rc = read_count(f, &p, &n);
    for (size_t i = 0; !rc && i < n; i++)
        rc = read_tensor(f, &p, storages, out);
    sort(out);
    return rc;
}

int cnn_pytorch_tar(struct pytorch *f, struct cnn_pickle_value **out)
{
    struct table storages = {0}, tensors = {0};
    struct part p;
    int rc = read_storages(f, &storages);
    if (!rc)
        rc = read_tensors(f, &storages, &tensors);
    if (!rc)
        rc = find_part(f, "pickle", &p);
    if (!rc)
        rc = read_value(f, &p, out);
    for (size_t i = 0; !rc && i < f->reader.persistents; i++)
        f->reader.persistent[i]->visited = look_up(&tensors, f->reader.persistent[i]->with);
    free(storages.item);
    free(tensors.item);
    return rc;
}
