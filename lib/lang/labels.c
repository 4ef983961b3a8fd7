/* Full labels and the nodes that they name: a hash table that grows. */
#include "lang/syntax.h"

#include <string.h>

#include "base/random.h"

struct cnn_labels {
    struct cnn_arena *arena;
    size_t count, buckets; /* a power of two */
    struct cnn_label **bucket;
};

enum { FIRST_BUCKETS = 64 };

static size_t bucket_of(const struct cnn_labels *l, const char *name)
{
    return (size_t)cnn_hash_string(name, 0) & (l->buckets - 1);
}

struct cnn_labels *cnn_labels_new(struct cnn_arena *arena)
{
    struct cnn_labels *l = cnn_arena_alloc(arena, sizeof *l);
    if (!l)
        return NULL;
    l->arena = arena;
    l->buckets = FIRST_BUCKETS;
    l->bucket = cnn_arena_alloc(arena, l->buckets * sizeof *l->bucket);
    return l->bucket ? l : NULL;
}

struct cnn_label *cnn_labels_find(const struct cnn_labels *l, const char *name)
{
    struct cnn_label *e = l->bucket[bucket_of(l, name)];
    while (e && strcmp(e->name, name))
        e = e->next;
    return e;
}

static int spread(struct cnn_labels *l)
{
    struct cnn_labels bigger = {l->arena, l->count, l->buckets * 4, NULL};
    bigger.bucket = cnn_arena_alloc(l->arena, bigger.buckets * sizeof *bigger.bucket);
    if (!bigger.bucket)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->buckets; i++)
        for (struct cnn_label *e = l->bucket[i], *next; e; e = next) {
            size_t b = bucket_of(&bigger, e->name);
            next = e->next;
            e->next = bigger.bucket[b];
            bigger.bucket[b] = e;
        }
    *l = bigger;
    return 0;
}

int cnn_labels_add(struct cnn_labels *l, const char *name, int node, int aux, int line)
{
    if (l->count >= l->buckets && spread(l))
        return CNN_ESYSTEM;
    struct cnn_label *e = cnn_arena_alloc(l->arena, sizeof *e);
    if (!e)
        return CNN_ESYSTEM;
    size_t b = bucket_of(l, name);
    *e = (struct cnn_label){name, node, aux, line, l->bucket[b]};
    l->bucket[b] = e;
    l->count++;
    return 0;
}

void cnn_labels_offer(const struct cnn_labels *l, const char *prefix, struct cnn_nearest *n)
{
    size_t k = strlen(prefix);
    for (size_t i = 0; i < l->buckets; i++)
        for (const struct cnn_label *e = l->bucket[i]; e; e = e->next) {
            cnn_nearest_offer(n, e->name);
            if (k && !strncmp(e->name, prefix, k) && e->name[k] == '.')
                cnn_nearest_offer(n, e->name + k + 1);
        }
}
