/* What a step is called: the labels of the layers that it does. */
#include <string.h>

#include "net/steps.h"

/* The layer before `node` within its step: the input whose value is never made. */
static int before(const struct cnn_graph *g, const struct cnn_step *step, int node)
{
    const struct cnn_node *n = &g->node[node];
    for (int k = 0; k < n->layer.inputs; k++)
        if (step[n->in[k]].maker < 0)
            return n->in[k];
    return -1;
}

/* The label without what it shares with the head's, up to a dot. */
static const char *shortened(const char *label, const char *head)
{
    const char *rest = label;
    for (size_t i = 0; label[i] && label[i] == head[i]; i++)
        if (label[i] == '.')
            rest = label + i + 1;
    return rest;
}

static void add(const struct cnn_graph *g, const struct cnn_step *step, int head, int node,
                struct cnn_buf *out)
{
    const char *label = g->node[node].layer.name;
    if (node == head) {
        cnn_buf_puts(out, label);
        return;
    }
    int first = before(g, step, node);
    if (first >= 0)
        add(g, step, head, first, out);
    cnn_buf_printf(out, " + %s", shortened(label, g->node[head].layer.name));
}

void cnn_step_name(const struct cnn_graph *g, const struct cnn_step *step, int i,
                   struct cnn_buf *out)
{
    if (i < g->inputs)
        cnn_buf_puts(out, g->node[i].layer.name);
    else
        add(g, step, step[i].head, i, out);
}
