/* The built-in networks, lib/zoo/ROOM/NAME.net, and the definitions of families of them,
 * lib/zoo/families/NAME.net; embedded by scripts/embed-zoo. */
#include "lang/graph.h"

#include <string.h>

/* Both end with an entry without name. */
extern const struct cnn_zoo_entry cnn_zoo_entries[], cnn_zoo_families[];

const struct cnn_zoo_entry *cnn_zoo_at(size_t i)
{
    for (size_t k = 0; k <= i; k++)
        if (!cnn_zoo_entries[k].name)
            return NULL;
    return &cnn_zoo_entries[i];
}

const struct cnn_zoo_entry *cnn_zoo_family(const char *name)
{
    for (const struct cnn_zoo_entry *e = cnn_zoo_families; e->name; e++)
        if (!strcmp(e->name, name))
            return e;
    return cnn_zoo_find(name);
}

const struct cnn_zoo_entry *cnn_zoo_find(const char *name)
{
    size_t n = strlen(name);
    if (n > 8 && !strncmp(name, "zoo/", 4) && !strcmp(name + n - 4, ".net")) {
        name += 4;
        n -= 8;
    }
    for (const struct cnn_zoo_entry *e = cnn_zoo_entries; e->name; e++)
        if (strlen(e->name) == n && !memcmp(e->name, name, n))
            return e;
    return NULL;
}
