/* Values of ONNX, which have rows and columns or none, where ours have both; see onnx_private.h. */
#include "model/export/onnx_private.h"

int cnn_onnx_is_flat(const struct onnx_writer *w, int node)
{
    return !w->made[node].planes;
}

const char *cnn_onnx_either(struct onnx_writer *w, int node)
{
    return cnn_onnx_is_flat(w, node) ? w->made[node].flat : w->made[node].planes;
}

const char *cnn_onnx_give(struct onnx_writer *w, int node, int flat)
{
    const char *name = w->graph->node[node].layer.name;
    if (flat)
        w->made[node].flat = name;
    else
        w->made[node].planes = name;
    return name;
}

const char *cnn_onnx_flat(struct onnx_writer *w, int node)
{
    struct onnx_made *m = &w->made[node];
    if (!m->flat) {
        const char *name = cnn_onnx_between(w, m->planes);
        m->flat = name && cnn_onnx_put(w, "Flatten", name, 1, &m->planes) ? name : NULL;
    }
    return m->flat;
}

const char *cnn_onnx_planes(struct onnx_writer *w, int node)
{
    struct onnx_made *m = &w->made[node];
    if (!m->planes) {
        struct cnn_chw s = w->graph->node[node].layer.out;
        const int64_t shape[4] = {0, (int64_t)s.c, (int64_t)s.h, (int64_t)s.w};
        const char *in[2] = {m->flat, cnn_onnx_put_list(w, m->flat, 4, shape)};
        const char *name = cnn_onnx_between(w, m->flat);
        m->planes = in[1] && name && cnn_onnx_put(w, "Reshape", name, 2, in) ? name : NULL;
    }
    return m->planes;
}
