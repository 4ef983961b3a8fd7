/* The cut of a net that is trained in part: the one value that all which changes from pass to pass reads of what
 * does not. Behind it lies what is trained; before it, of a sample that is not augmented, all stays the same. */
#include <string.h>

#include "net/net_private.h"

/* Whether the layer itself gives other values from pass to pass: what is trained or draws at random, and
 * statistics that move. */
static int changes(const struct cnn_net *net, int i)
{
    const struct cnn_layer *l = &net->graph->node[i].layer;
    if (l->type->flags & CNN_LAYER_LOSS)
        return 1;
    if (l->type->flags & CNN_LAYER_DRAWS)
        return !net->still[i];
    int moves = l->params || (l->type->flags & CNN_LAYER_MIXES_SAMPLES);
    return moves && !cnn_net_layer_frozen(net, i);
}

static void mark_fixed(struct cnn_net *net)
{
    const struct cnn_graph *g = net->graph;
    memset(net->fixed, 1, (size_t)g->inputs);
    for (int i = g->inputs; i < g->nodes; i++) {
        net->fixed[i] = !changes(net, i);
        for (int k = 0; k < g->node[i].layer.inputs; k++)
            net->fixed[i] &= net->fixed[g->node[i].in[k]];
    }
}

static const char *name_of(const struct cnn_net *net, int node)
{
    return net->graph->node[node].layer.name;
}

/* What the node reads of what is fixed; there must be no other value. */
static void look_at(struct cnn_net *net, int i)
{
    const struct cnn_node *node = &net->graph->node[i];
    for (int k = 0; !net->uncut && k < node->layer.inputs; k++) {
        int x = node->in[k];
        if (!net->fixed[x] || x == net->cut)
            continue;
        if (x < net->graph->inputs)
            net->uncut = cnn_arena_printf(net->arena, "'%s' reads the input", name_of(net, i));
        else if (net->cut)
            net->uncut = cnn_arena_printf(net->arena, "'%s' reads '%s', and others read '%s'",
                                          name_of(net, i), name_of(net, x), name_of(net, net->cut));
        net->cut = x;
    }
}

int cnn_net_find_cut(struct cnn_net *net)
{
    const struct cnn_graph *g = net->graph;
    net->fixed = cnn_arena_alloc(net->arena, (size_t)g->nodes);
    if (!net->fixed)
        return CNN_ESYSTEM;
    mark_fixed(net);
    for (int i = g->inputs; i < g->nodes; i++)
        if (!net->fixed[i])
            look_at(net, i);
    const struct cnn_node *cut = &g->node[net->cut];
    if (!net->uncut && (cut->layer.rows > 1 || cut->counter >= 0 || cut->port))
        net->uncut = cnn_arena_printf(net->arena, "'%s' has several rows or outputs",
                                      name_of(net, net->cut));
    if (net->uncut)
        net->cut = 0;
    return 0;
}

int cnn_net_cut(const struct cnn_net *net, const char **why)
{
    *why = net->uncut;
    return net->cut;
}
