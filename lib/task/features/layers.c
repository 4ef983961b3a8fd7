/* Layers by label, by pattern, or by what they are to the net; see private.h. */
#include <stdlib.h>
#include <string.h>

#include "lang/syntax.h"
#include "task/features/private.h"

enum { LISTED = 40 }; /* names that a message holds */

static int is_there(const struct cnn_graph *g, int node)
{
    const struct cnn_layer_type *type = g->node[node].layer.type;
    return !g->node[node].training_only && !(type && (type->flags & CNN_LAYER_LOSS));
}

static int fail_unknown(const char *what, const char *model, const struct cnn_graph *g)
{
    struct cnn_nearest near = {.word = what};
    struct cnn_buf names = {0};
    char hint[80];
    int listed = 0;
    for (int i = 0; i < g->nodes; i++) {
        if (!is_there(g, i))
            continue;
        cnn_nearest_offer(&near, g->node[i].layer.name);
        if (listed++ < LISTED)
            cnn_buf_printf(&names, " %s", g->node[i].layer.name);
    }
    if (listed > LISTED)
        cnn_buf_puts(&names, " ... (cnn-inspect lists them all)");
    int rc = names.failed ? CNN_ESYSTEM
                          : cnn_fail(CNN_EUSAGE, "--layer '%s': %s has no such layer%s; it has%s",
                                     what, model, cnn_nearest_hint(&near, hint), names.text);
    cnn_buf_free(&names);
    return rc;
}

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

static int select_pattern(struct selection *s, const char *pattern)
{
    int found = 0;
    for (int i = s->g->inputs; i < s->g->nodes; i++) {
        if (!is_there(s->g, i) || !cnn_match(pattern, s->g->node[i].layer.name))
            continue;
        take(s, i);
        found = 1;
    }
    return found ? 0 : fail_unknown(pattern, s->model, s->g);
}

/* A label of the net's goes before the words, and the words before patterns. */
static int select_one(struct selection *s, const char *what)
{
    int node = cnn_graph_find(s->g, what);
    if (node < 0 && !strcmp(what, "output"))
        node = s->g->output;
    if (node < 0 && !strcmp(what, "logits"))
        node = s->g->logits;
    if (node < 0 && strpbrk(what, "*?["))
        return select_pattern(s, what);
    if (node < 0)
        return fail_unknown(what, s->model, s->g);
    if (!is_there(s->g, node))
        return cnn_fail(CNN_EUSAGE, "--layer '%s': it runs in training only", what);
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
