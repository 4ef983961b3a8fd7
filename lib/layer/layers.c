/* The list of layers; see layer.h. */
#include "layer/layer.h"

#include <string.h>

#define CNN_LAYER(name) extern const struct cnn_layer_type cnn_layer_##name;
#include "layer/layers.def"
#undef CNN_LAYER

static const struct cnn_layer_type *const types[] = {
#define CNN_LAYER(name) &cnn_layer_##name,
#include "layer/layers.def"
#undef CNN_LAYER
};

const struct cnn_layer_type *cnn_layer_type_at(size_t i)
{
    return i < sizeof types / sizeof *types ? types[i] : NULL;
}

const struct cnn_layer_type *cnn_layer_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i]->name, name))
            return types[i];
    return NULL;
}
