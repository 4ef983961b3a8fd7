/* What elements of values see of a net's input: the receptive field is the part of it that an element
 * can depend on, padding included: r = r_in + (dilation (kernel - 1)) j_in, j = j_in stride, where j is
 * how many pixels of the input lie between neighbours (Araujo et al. 2019, Computing Receptive Fields
 * of Convolutional Neural Networks, eq. 2). Where branches meet, the largest counts. */
#include <stdlib.h>

#include "lang/graph.h"

/* From what the inputs see to what the layer sees, along one axis. */
static void widen(const struct cnn_layer_window *w, int axis, struct cnn_receptive_field *f)
{
    f->size[axis] += w->dilation[axis] * (w->kernel[axis] - 1) * f->step[axis];
    f->step[axis] *= w->stride[axis];
}

static struct cnn_receptive_field field_of(const struct cnn_node *node,
                                           const struct cnn_receptive_field *seen)
{
    const struct cnn_layer *l = &node->layer;
    struct cnn_receptive_field f = {0};
    struct cnn_layer_window w;
    for (int k = 0; k < l->inputs; k++) {
        const struct cnn_receptive_field *in = &seen[node->in[k]];
        f.whole |= in->whole;
        for (int axis = 0; axis < 2; axis++) {
            f.size[axis] = in->size[axis] > f.size[axis] ? in->size[axis] : f.size[axis];
            f.step[axis] = in->step[axis] > f.step[axis] ? in->step[axis] : f.step[axis];
        }
    }
    f.whole |= (l->type->flags & CNN_LAYER_SEES_ALL) && l->in[0].h * l->in[0].w > 1;
    if (l->type->window) {
        l->type->window(l, &w);
        widen(&w, 0, &f);
        widen(&w, 1, &f);
    }
    return f;
}

struct cnn_receptive_field *cnn_graph_fields(const struct cnn_graph *g)
{
    struct cnn_receptive_field *f = cnn_calloc((size_t)g->nodes, sizeof *f);
    if (!f)
        return NULL;
    for (int i = 0; i < g->nodes; i++)
        f[i] = i < g->inputs ? (struct cnn_receptive_field){.size = {1, 1}, .step = {1, 1}}
                             : field_of(&g->node[i], f);
    return f;
}

/* Whether windows see something before the plane or behind it, padding or nothing. */
static int sees_beyond(const struct cnn_layer *l)
{
    struct cnn_layer_window w;
    if (!l->type->window)
        return 0;
    l->type->window(l, &w);
    const size_t in[2] = {l->in[0].h, l->in[0].w}, out[2] = {l->out.h, l->out.w};
    int beyond = 0;
    for (int axis = 0; axis < 2; axis++) {
        size_t last = (out[axis] - 1) * w.stride[axis] + w.dilation[axis] * (w.kernel[axis] - 1);
        beyond |= w.before[axis] || w.after[axis] || last >= in[axis];
    }
    return beyond;
}

int cnn_graph_padded(const struct cnn_graph *g)
{
    for (int i = g->inputs; i < g->nodes; i++)
        if (!g->node[i].training_only && sees_beyond(&g->node[i].layer))
            return i;
    return -1;
}
