/* Values of ONNX, which have rows and columns or none, and of volumes a depth, where ours have all; see onnx_private.h. */
#include "model/export/onnx_private.h"

enum onnx_form cnn_onnx_form(const struct onnx_writer *w, int node)
{
    return w->made[node].first;
}

const char *cnn_onnx_either(struct onnx_writer *w, int node)
{
    return w->made[node].name[w->made[node].first];
}

const char *cnn_onnx_give(struct onnx_writer *w, int node, enum onnx_form form)
{
    const char *name = w->graph->node[node].layer.name;
    w->made[node].first = form;
    w->made[node].name[form] = name;
    return name;
}

int cnn_onnx_put_reshape(struct onnx_writer *w, const char *from, const char *to, size_t axes,
                         const int64_t *shape)
{
    const char *in[2] = {from, from ? cnn_onnx_put_list(w, from, axes, shape) : NULL};
    return cnn_onnx_made(from && to && in[1] ? cnn_onnx_put(w, "Reshape", to, 2, in) : NULL);
}

int cnn_onnx_put_transposed(struct onnx_writer *w, const char *from, const char *to, size_t axes,
                            const size_t *order)
{
    Cnn__Onnx__Node *n = from && to ? cnn_onnx_put(w, "Transpose", to, 1, &from) : NULL;
    return cnn_onnx_put_ints(w, n, "perm", axes, order);
}

/* The axes of volumes with rows before channels, and back. */
static const size_t turned[5] = {0, 2, 1, 3, 4};

static const char *planes_from(struct onnx_writer *w, int node)
{
    const struct onnx_made *m = &w->made[node];
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char *from = cnn_onnx_either(w, node), *to = cnn_onnx_between(w, l->name);
    int64_t shape[4] = {0, (int64_t)l->out.c, (int64_t)l->out.h, (int64_t)l->out.w};
    if (m->first == ONNX_VOLUME) {
        const char *rows = cnn_onnx_between(w, l->name);
        if (cnn_onnx_put_transposed(w, from, rows, 5, turned))
            return NULL;
        from = rows;
        shape[0] = -1;
    }
    return cnn_onnx_put_reshape(w, from, to, 4, shape) ? NULL : to;
}

const char *cnn_onnx_planes(struct onnx_writer *w, int node)
{
    const char **name = &w->made[node].name[ONNX_PLANES];
    return *name ? *name : (*name = planes_from(w, node));
}

const char *cnn_onnx_flat(struct onnx_writer *w, int node)
{
    const char **name = &w->made[node].name[ONNX_FLAT];
    const char *planes = *name ? NULL : cnn_onnx_planes(w, node);
    const char *to = planes ? cnn_onnx_between(w, planes) : NULL;
    if (to)
        *name = cnn_onnx_put(w, "Flatten", to, 1, &planes) ? to : NULL;
    return *name;
}

const char *cnn_onnx_volume(struct onnx_writer *w, int node)
{
    const char **name = &w->made[node].name[ONNX_VOLUME];
    const char *rows = *name ? NULL : cnn_onnx_rows(w, node, 0);
    const char *to = rows ? cnn_onnx_between(w, cnn_onnx_layer_of(w, node)->name) : NULL;
    if (to)
        *name = cnn_onnx_put_transposed(w, rows, to, 5, turned) ? NULL : to;
    return *name;
}

const char *cnn_onnx_rows(struct onnx_writer *w, int node, int vectors)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int64_t rows = (int64_t)l->rows, all = (int64_t)cnn_chw_count(l->out);
    const int64_t flat[3] = {-1, rows, all};
    const int64_t shape[5] = {-1, rows, (int64_t)l->out.c, (int64_t)l->out.h, (int64_t)l->out.w};
    const char *from =
        cnn_onnx_form(w, node) == ONNX_FLAT ? cnn_onnx_flat(w, node) : cnn_onnx_planes(w, node);
    const char *to = cnn_onnx_between(w, l->name);
    return cnn_onnx_put_reshape(w, from, to, vectors ? 3 : 5, vectors ? flat : shape) ? NULL : to;
}

int cnn_onnx_put_back(struct onnx_writer *w, const char *from, int node)
{
    struct cnn_chw s = cnn_onnx_layer_of(w, node)->out;
    const int64_t shape[4] = {-1, (int64_t)s.c, (int64_t)s.h, (int64_t)s.w};
    int flat = s.h * s.w == 1;
    return cnn_onnx_put_reshape(w, from, cnn_onnx_give(w, node, flat ? ONNX_FLAT : ONNX_PLANES),
                                flat ? 2 : 4, shape);
}
