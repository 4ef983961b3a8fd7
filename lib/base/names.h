/* What is kept under names: a hash table that grows, in an arena. */
#ifndef CNN_BASE_NAMES_H
#define CNN_BASE_NAMES_H

#include "base/error.h"
#include "base/memory.h"

struct cnn_names;

/* Lives as long as the arena. NULL: no memory. */
struct cnn_names *cnn_names_new(struct cnn_arena *arena);

/* What is kept under a name; NULL: nothing. */
void *cnn_names_find(const struct cnn_names *t, const char *name);

/* Keep it, not NULL, under a name, which stays the caller's, in the place of what was there. CNN_ESYSTEM. */
CNN_CHECKED int cnn_names_put(struct cnn_names *t, const char *name, void *what);

#endif
