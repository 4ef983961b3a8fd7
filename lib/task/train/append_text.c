/* The text of a net that is made of several, each of which reads what the one before gives at its layers: a line for each
 * node, with its full label and what it reads. */
#include <string.h>

#include "lang/syntax.h"
#include "task/train/append.h"

const char *cnn_append_option(const json_t *made, const char *option)
{
    const char *at = json_string_value(json_object_get(made, "options"));
    size_t n = strlen(option);
    while (at && (at = strstr(at, option)) && at[n] && at[n] != ' ')
        at += n;
    return at ? at + n + (at[n] == ' ') : NULL;
}

/* All that the marked nodes are computed from, and whose parameters these use. */
static void use_upstream(const struct cnn_graph *g, unsigned char *use)
{
    for (int again = 1; again;) {
        again = 0;
        for (int i = g->nodes - 1; i >= g->inputs; i--) {
            const struct cnn_node *node = &g->node[i];
            for (int k = 0; use[i] && k < node->layer.inputs; k++)
                use[node->in[k]] = 1;
            if (use[i] && node->share && !use[node->share])
                again = use[node->share] = 1;
        }
    }
}

static int take(struct append *a, const char *label)
{
    static char some;
    return label ? cnn_names_put(a->taken, label, &some) : CNN_ESYSTEM;
}

/* None of the part's labels, behind the prefix, stands in the text already. */
static int choose_prefix(struct append *a, struct append_part *p)
{
    const struct cnn_graph *g = p->runner.graph;
    p->prefix = "";
    for (int n = 1, taken = 1; taken; n++) {
        taken = 0;
        for (int i = g->inputs; !taken && i < g->nodes; i++) {
            const char *name = cnn_arena_printf(a->arena, "%s%s", p->prefix, g->node[i].layer.name);
            if (!name)
                return CNN_ESYSTEM;
            taken = p->use[i] && cnn_names_find(a->taken, name) != NULL;
        }
        if (taken && !(p->prefix = cnn_arena_printf(a->arena, "head%d.", n)))
            return CNN_ESYSTEM;
    }
    return 0;
}

static const char *label_of(struct append *a, const struct append_part *p, int node)
{
    return cnn_arena_printf(a->arena, "%s%s", p->prefix, p->runner.graph->node[node].layer.name);
}

/* In the place of the part's input it reads `input`; NULL: that itself. */
static int put_node(struct append *a, const struct append_part *p, int i, const char *input)
{
    const struct cnn_graph *g = p->runner.graph;
    const struct cnn_node *node = &g->node[i];
    struct cnn_line_options line = node->line ? *node->line : (struct cnn_line_options){0};
    const char *label = label_of(a, p, i);
    int rc = take(a, label);
    if (!rc && node->share && !(line.share = label_of(a, p, node->share)))
        rc = CNN_ESYSTEM;
    if (rc || node->port)
        return rc;
    cnn_buf_printf(&a->text, "%s: %s", label, node->layer.type->name);
    cnn_print_arguments(&a->text, node->layer.type->options, node->layer.options);
    if (node->line)
        cnn_print_arguments(&a->text, cnn_line_table, &line);
    for (int k = 0; k < node->layer.inputs; k++) {
        int x = node->in[k];
        const char *from = x < g->inputs && input ? input : label_of(a, p, x);
        cnn_buf_printf(&a->text, "%s%s", k ? "," : " from=", from ? from : "");
    }
    cnn_buf_puts(&a->text, "\n");
    return 0;
}

static int put_nodes(struct append *a, struct append_part *p, const char *input)
{
    const struct cnn_graph *g = p->runner.graph;
    int rc = choose_prefix(a, p);
    for (int i = g->inputs; !rc && i < g->nodes - g->losses; i++)
        if (p->use[i])
            rc = put_node(a, p, i, input);
    return rc;
}

/* A line of its own, whose label takes the place of what it reads. */
static int put_step(struct append *a, const char *what, const char *base, const char **from)
{
    const char *label = base;
    for (int n = 1; label && cnn_names_find(a->taken, label); n++)
        label = cnn_arena_printf(a->arena, "%s%d", base, n);
    cnn_buf_printf(&a->text, "%s: %s from=%s\n", label ? label : "", what, *from);
    *from = label;
    return take(a, label);
}

/* A layer's values as cnn-features wrote them: of planes the mean or the largest of each, or all in a row. */
static int put_layer(struct append *a, const struct append_part *p, int node, const json_t *made,
                     int vector, const char **from)
{
    struct cnn_chw out = p->runner.graph->node[node].layer.out;
    const char *pooling = cnn_append_option(made, "--pooling");
    *from = label_of(a, p, node);
    if (!*from || out.h * out.w == 1)
        return *from ? 0 : CNN_ESYSTEM;
    if (json_is_true(json_object_get(made, "pool")))
        return put_step(a, pooling ? "maxpool global" : "avgpool global", "pooled", from);
    return vector ? put_step(a, "flatten", "vector", from) : 0;
}

/* What the next part reads. */
static int put_features(struct append *a, const struct append_part *p,
                        const struct append_part *next, const char **from)
{
    const json_t *layers = json_object_get(next->made, "layers");
    struct cnn_chw in = next->runner.graph->input->shape;
    size_t n = json_array_size(layers);
    struct cnn_buf all = {0};
    int rc = 0;
    for (size_t i = 0; !rc && i < n; i++) {
        const char *layer = json_string_value(json_array_get(layers, i));
        rc = put_layer(a, p, cnn_graph_find(p->runner.graph, layer), next->made,
                       n > 1 || in.h * in.w == 1, from);
        if (!rc)
            cnn_buf_printf(&all, "%s%s", i ? "," : "", *from);
    }
    *from = rc || all.failed ? NULL : cnn_arena_strdup(a->arena, all.text);
    cnn_buf_free(&all);
    if (!*from)
        return rc ? rc : CNN_ESYSTEM;
    return n > 1 ? put_step(a, "concat", "features", from) : 0;
}

/* The lines of inputs stand first in a text. */
static void put_inputs(struct append *a)
{
    const char *line = a->part->runner.graph->print;
    for (int i = 0; i < a->part->runner.graph->inputs; i++) {
        size_t n = strcspn(line, "\n") + 1;
        cnn_buf_add(&a->text, line, n);
        line += n;
    }
}

/* Answers and losses are those of the last part. */
static void put_end(struct append *a)
{
    const struct append_part *p = &a->part[a->count - 1];
    const struct cnn_graph *g = p->runner.graph;
    cnn_buf_puts(&a->text, "output");
    for (int k = 0; k < g->outputs; k++)
        cnn_buf_printf(&a->text, " %s%s", p->prefix, g->node[g->each_output[k]].layer.name);
    cnn_buf_puts(&a->text, "\n");
    for (const char *line = g->print, *end; (end = strchr(line, '\n')); line = end + 1) {
        size_t n = strcspn(line, " \n");
        char *word = cnn_arena_strndup(a->arena, line, n);
        const struct cnn_layer_type *type = word && n ? cnn_word_layer(word) : NULL;
        if (type && (type->flags & CNN_LAYER_LOSS))
            cnn_buf_add(&a->text, line, (size_t)(end + 1 - line));
    }
}

/* The nodes that each part is wanted for. */
static void mark(struct append *a)
{
    for (size_t i = 0; i < a->count; i++) {
        struct append_part *p = &a->part[i];
        const struct cnn_graph *g = p->runner.graph;
        const json_t *layers = i + 1 < a->count ? json_object_get(p[1].made, "layers") : NULL;
        for (size_t k = 0; k < json_array_size(layers); k++)
            p->use[cnn_graph_find(g, json_string_value(json_array_get(layers, k)))] = 1;
        for (int k = 0; !layers && k < g->outputs; k++)
            p->use[g->each_output[k]] = 1;
        use_upstream(g, p->use);
    }
}

int cnn_append_text(struct append *a)
{
    const char *from = NULL;
    mark(a);
    put_inputs(a);
    int rc = put_nodes(a, a->part, NULL);
    for (size_t i = 1; !rc && i < a->count; i++) {
        rc = put_features(a, &a->part[i - 1], &a->part[i], &from);
        if (!rc)
            rc = put_nodes(a, &a->part[i], from);
    }
    put_end(a);
    return rc ? rc : a->text.failed ? CNN_ESYSTEM : 0;
}
