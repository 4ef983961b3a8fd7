/* A hash table of places that are tried one after another; see names.h. */
#include "base/names.h"

#include <string.h>

#include "base/error.h"
#include "base/random.h"

struct entry {
    const char *name; /* NULL: free */
    void *what;
};

struct cnn_names {
    struct cnn_arena *arena;
    struct entry *entry; /* (room) a power of two, at least twice the count */
    size_t count, room;
};

struct cnn_names *cnn_names_new(struct cnn_arena *arena)
{
    struct cnn_names *t = cnn_arena_alloc(arena, sizeof *t);
    if (!t)
        return NULL;
    *t = (struct cnn_names){.arena = arena, .room = 64};
    t->entry = cnn_arena_alloc(arena, t->room * sizeof *t->entry);
    return t->entry ? t : NULL;
}

/* Where the name is, or would be. */
static struct entry *place_of(struct entry *entry, size_t room, const char *name)
{
    size_t i = (size_t)cnn_hash_string(name, 0) & (room - 1);
    while (entry[i].name && strcmp(entry[i].name, name))
        i = (i + 1) & (room - 1);
    return &entry[i];
}

void *cnn_names_find(const struct cnn_names *t, const char *name)
{
    return place_of(t->entry, t->room, name)->what;
}

static int enlarge(struct cnn_names *t)
{
    size_t room = 2 * t->room;
    struct entry *more = cnn_arena_alloc(t->arena, room * sizeof *more);
    if (!more)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < t->room; i++)
        if (t->entry[i].name)
            *place_of(more, room, t->entry[i].name) = t->entry[i];
    t->entry = more;
    t->room = room;
    return 0;
}

int cnn_names_put(struct cnn_names *t, const char *name, void *what)
{
    if (2 * (t->count + 1) > t->room && enlarge(t))
        return CNN_ESYSTEM;
    struct entry *e = place_of(t->entry, t->room, name);
    t->count += !e->name;
    *e = (struct entry){name, what};
    return 0;
}
