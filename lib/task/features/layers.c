/* Layers by label, by pattern, or by what they are to the net; see private.h. */
#include <stdlib.h>
#include <string.h>

#include "task/features/private.h"
#include "task/named.h"

struct selection {
    const char *model;
    const struct cnn_graph *g;
    unsigned char *taken; /* (nodes) */
    int *node;            /* (nodes) */
    size_t count;
};

static void take(struct selection *s, int node)
{
    if (!s->taken[node])
        s->node[s->count++] = node;
    s->taken[node] = 1;
}

static int unknown(const struct selection *s, const char *what)
{
    return cnn_named_no_layer(s->g, "--layer", s->model, what);
}

static int select_pattern(struct selection *s, const char *pattern)
{
    int found = 0;
    for (int i = s->g->inputs; i < s->g->nodes; i++) {
        if (!cnn_named_is_there(s->g, i) || !cnn_match(pattern, s->g->node[i].layer.name))
            continue;
        take(s, i);
        found = 1;
    }
    return found ? 0 : unknown(s, pattern);
}

/* A label of the net's goes before the words, and the words before patterns. */
static int select_one(struct selection *s, const char *what)
{
    int node, rc = cnn_named_layer(s->g, "--layer", what, &node);
    if (rc)
        return rc;
    if (node < 0)
        return strpbrk(what, "*?[") ? select_pattern(s, what) : unknown(s, what);
    take(s, node);
    return 0;
}

int cnn_features_layers(const struct cnn_strings *wanted, const char *model,
                        const struct cnn_graph *g, int **nodes, size_t *count)
{
    struct selection s = {.model = model, .g = g};
    s.taken = cnn_calloc((size_t)g->nodes, 1);
    s.node = cnn_calloc((size_t)g->nodes, sizeof *s.node);
    int rc = s.taken && s.node ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < wanted->count; i++)
        rc = select_one(&s, wanted->item[i]);
    free(s.taken);
    *nodes = s.node;
    *count = s.count;
    return rc;
}
