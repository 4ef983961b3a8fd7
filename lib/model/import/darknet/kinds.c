/* The list of layers.def by the names of sections. */
#include <string.h>

#include "model/import/darknet/darknet.h"

#define CNN_DARKNET_LAYER(names, write, becomes, limits)                                           \
    {names, cnn_darknet_##write, becomes, limits},
static const struct darknet_kind kinds[] = {
#include "model/import/darknet/layers.def"
};
#undef CNN_DARKNET_LAYER

enum { KINDS = sizeof kinds / sizeof *kinds };

const struct darknet_kind *cnn_darknet_kind_at(size_t i)
{
    return i < KINDS ? &kinds[i] : NULL;
}

const struct darknet_kind *cnn_darknet_kind(const char *type)
{
    size_t n = strlen(type);
    for (size_t i = 0; n && i < KINDS; i++)
        for (const char *at = kinds[i].names; *at;) {
            size_t k = strcspn(at, " ");
            if (k == n && !strncmp(at, type, n))
                return &kinds[i];
            at += k + (at[k] == ' ');
        }
    return NULL;
}
