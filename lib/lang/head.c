/* The head of a net: the last layer with parameters before an answer, the logits or those of an aux. Where
 * the number of its outputs is its own to say, the net can have another of as many as there are classes. */
#include "lang/builder.h"

#include <string.h>

/* Where the layer says how many outputs it has; NULL: it has as many as what it reads. */
static long long *count_of(const struct cnn_layer_type *t, void *options, size_t outputs)
{
    for (const struct cnn_option *o = t->options; o && o->name; o++) {
        long long *count = o->position == 1 && o->type == CNN_OPT_INT
                               ? (long long *)(void *)((char *)options + o->offset)
                               : NULL;
        if (count && (!outputs || *count == (long long)outputs))
            return count;
    }
    return NULL;
}

static int fail_head(const struct cnn_graph *g, int node, const char *what)
{
    const struct cnn_layer *l = &g->node[node].layer;
    return cnn_fail(CNN_EDATA, "no head: '%s' (%s) %s", l->name, l->type->summary, what);
}

static int find_head(const struct cnn_graph *g, int answer, int *head)
{
    int i = answer;
    while (i >= g->inputs && !g->node[i].layer.params) {
        const struct cnn_node *n = &g->node[i - g->node[i].port];
        if (n->layer.inputs > 1)
            return fail_head(g, i, "joins several values before any layer with parameters");
        i = n->in[0];
    }
    if (i < g->inputs)
        return cnn_fail(CNN_EDATA, "no head: the net has no layer with parameters");
    const struct cnn_layer *l = &g->node[i].layer;
    if (!count_of(l->type, l->options, l->out.c))
        return fail_head(g, i,
                         "is the last layer with parameters, and no other number of outputs can be "
                         "asked of it");
    if (g->node[i].share)
        return fail_head(g, i, "has the parameters of another layer");
    *head = i;
    return 0;
}

int cnn_graph_heads(const struct cnn_graph *g, struct cnn_strings *out)
{
    int rc = 0, head = 0;
    for (int i = g->first_loss; !rc && i < g->nodes; i++) {
        if (g->node[i].target != g->node[g->first_loss].target)
            continue;
        rc = find_head(g, g->node[i].in[0], &head);
        if (!rc && cnn_strings_find(out, g->node[head].layer.name) < 0)
            rc = cnn_strings_add(out, g->node[head].layer.name);
    }
    return rc;
}

void cnn_builder_head(const struct cnn_builder *b, const char *name, struct cnn_made *made)
{
    const struct cnn_strings *heads = b->config->heads;
    long long *count =
        heads && cnn_strings_find(heads, name) >= 0 ? count_of(made->type, made->options, 0) : NULL;
    if (count)
        *count = (long long)b->config->classes;
}
