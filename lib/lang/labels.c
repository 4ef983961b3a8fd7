/* Full labels and the nodes that they name. */
#include "lang/syntax.h"

#include <string.h>

#include "base/names.h"

struct cnn_labels {
    struct cnn_arena *arena;
    struct cnn_names *names;
    struct cnn_label *last; /* the others follow from it */
};

struct cnn_labels *cnn_labels_new(struct cnn_arena *arena)
{
    struct cnn_labels *l = cnn_arena_alloc(arena, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct cnn_labels){arena, cnn_names_new(arena), NULL};
    return l->names ? l : NULL;
}

struct cnn_label *cnn_labels_find(const struct cnn_labels *l, const char *name)
{
    return cnn_names_find(l->names, name);
}

int cnn_labels_add(struct cnn_labels *l, const char *name, int node, int aux, int line)
{
    struct cnn_label *e = cnn_arena_alloc(l->arena, sizeof *e);
    if (!e)
        return CNN_ESYSTEM;
    *e = (struct cnn_label){name, node, aux, line, l->last};
    l->last = e;
    return cnn_names_put(l->names, name, e);
}

void cnn_labels_offer(const struct cnn_labels *l, const char *prefix, struct cnn_nearest *n)
{
    size_t k = strlen(prefix);
    for (const struct cnn_label *e = l->last; e; e = e->next) {
        cnn_nearest_offer(n, e->name);
        if (k && !strncmp(e->name, prefix, k) && e->name[k] == '.')
            cnn_nearest_offer(n, e->name + k + 1);
    }
}
