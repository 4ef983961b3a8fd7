/* Values by name; see onnx.h. */
#include "model/import/onnx/onnx.h"

struct onnx_value *cnn_onnx_value(struct onnx_graph *g, const char *name)
{
    struct onnx_value *v = cnn_names_find(g->values, name);
    if (v || !(v = cnn_arena_alloc(g->arena, sizeof *v)))
        return v;
    v->name = name;
    return cnn_names_put(g->values, name, v) ? NULL : v;
}

void cnn_onnx_set_dims(struct onnx_value *v, int rank, const size_t *dim)
{
    v->rank = rank;
    for (int i = 0; i < rank; i++)
        v->dim[i] = dim[i];
}

void cnn_onnx_alias(struct onnx_value *v, const struct onnx_value *of)
{
    struct onnx_value was = *v;
    *v = *of;
    v->name = was.name;
    v->uses = was.uses;
    v->user = was.user;
    v->made_by = was.made_by;
}
