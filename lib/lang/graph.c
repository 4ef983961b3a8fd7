/* Questions about a finished graph; see graph.h. */
#include "lang/syntax.h"

int cnn_graph_find(const struct cnn_graph *g, const char *label)
{
    const struct cnn_label *l = cnn_labels_find(g->labels, label);
    return !l || (l->aux && !g->losses) ? -1 : l->node;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t cnn_node_parameters(const struct cnn_node *node, int trained)
{
    const struct cnn_layer *l = &node->layer;
    uint64_t n = 0;
    for (int i = 0; !node->share && i < l->params; i++)
        if (!l->param[i].trained == !trained)
            n += cnn_shape_count(&l->param[i].shape);
    return n;
}

uint64_t cnn_graph_parameters(const struct cnn_graph *g)
{
    uint64_t n = 0;
    for (int i = g->inputs; i < g->nodes; i++)
        if (!g->node[i].training_only)
            n = add(n, cnn_node_parameters(&g->node[i], 1));
    return n;
}

uint64_t cnn_graph_multiply_adds(const struct cnn_graph *g)
{
    uint64_t n = 0;
    for (int i = g->inputs; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        if (!g->node[i].training_only && l->type->multiply_adds)
            n = add(n, cnn_layer_multiply_adds(l));
    }
    return n;
}
