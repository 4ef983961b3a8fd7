/* A hash table of names, numbered in the order in which they came; see onnx.h. */
#include "model/import/onnx/onnx.h"

#include <string.h>

#include "base/random.h"

struct entry {
    const char *name;
    ptrdiff_t number;
    struct entry *next;
};

struct onnx_names {
    struct cnn_arena *arena;
    size_t count, buckets; /* a power of two */
    struct entry **bucket;
};

enum { FIRST_BUCKETS = 256 };

struct onnx_names *cnn_onnx_names_new(struct cnn_arena *arena)
{
    struct onnx_names *t = cnn_arena_alloc(arena, sizeof *t);
    if (!t)
        return NULL;
    t->arena = arena;
    t->buckets = FIRST_BUCKETS;
    t->bucket = cnn_arena_alloc(arena, t->buckets * sizeof *t->bucket);
    return t->bucket ? t : NULL;
}

static struct entry **place_of(const struct onnx_names *t, const char *name)
{
    return &t->bucket[(size_t)cnn_hash_string(name, 0) & (t->buckets - 1)];
}

static int spread(struct onnx_names *t)
{
    struct onnx_names bigger = {t->arena, t->count, t->buckets * 4, NULL};
    bigger.bucket = cnn_arena_alloc(t->arena, bigger.buckets * sizeof *bigger.bucket);
    if (!bigger.bucket)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < t->buckets; i++)
        for (struct entry *e = t->bucket[i], *next; e; e = next) {
            struct entry **place = place_of(&bigger, e->name);
            next = e->next;
            e->next = *place;
            *place = e;
        }
    *t = bigger;
    return 0;
}

ptrdiff_t cnn_onnx_names_find(struct onnx_names *t, const char *name, int add, int *is_new)
{
    struct entry *e = *place_of(t, name);
    while (e && strcmp(e->name, name))
        e = e->next;
    *is_new = 0;
    if (e || !add)
        return e ? e->number : -1;
    if (t->count >= t->buckets && spread(t))
        return CNN_ESYSTEM;
    if (!(e = cnn_arena_alloc(t->arena, sizeof *e)) ||
        !(e->name = cnn_arena_strdup(t->arena, name)))
        return CNN_ESYSTEM;
    struct entry **place = place_of(t, name);
    e->number = (ptrdiff_t)t->count++;
    e->next = *place;
    *place = e;
    *is_new = 1;
    return e->number;
}
