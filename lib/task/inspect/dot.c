/* A net as a graph in graphviz's language; see inspect.h. */
#include "task/inspect/inspect.h"

#include "base/unicode.h"

/* Text that may be anything, within double quotes. */
static void add_quoted(const char *text, struct cnn_buf *out)
{
    struct cnn_buf shown = {0};
    cnn_buf_show(&shown, text);
    out->failed |= shown.failed;
    for (text = shown.text ? shown.text : ""; *text; text++) {
        if (*text == '"' || *text == '\\')
            cnn_buf_puts(out, "\\");
        cnn_buf_add(out, text, 1);
    }
    cnn_buf_free(&shown);
}

static int is_output(const struct cnn_graph *g, int node)
{
    for (int k = 0; k < g->outputs; k++)
        if (g->each_output[k] == node)
            return 1;
    return 0;
}

static void add_node(const struct cnn_graph *g, int i, struct cnn_buf *out)
{
    const struct cnn_node *n = &g->node[i];
    char shape[96];
    cnn_layer_format(&n->layer, shape);
    cnn_buf_printf(out, "  n%d [label=\"%s\\n", i, n->layer.name);
    if (i >= g->inputs)
        cnn_node_print(n, out);
    cnn_buf_printf(out, "%s%s\"%s];\n", i < g->inputs ? "" : "\\n", shape,
                   i < g->inputs || is_output(g, i) ? ", style=bold" : "");
    for (int k = 0; k < n->layer.inputs; k++)
        cnn_buf_printf(out, "  n%d -> n%d;\n", n->in[k], i);
}

int cnn_inspect_dot(const struct cnn_inspect *in, struct cnn_buf *out)
{
    if (cnn_inspect_require(in, CNN_INSPECT_LAYERS))
        return CNN_EDATA;
    cnn_buf_puts(out, "digraph \"");
    add_quoted(in->name, out);
    cnn_buf_puts(out, "\" {\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for (int i = 0; i < in->graph->nodes; i++)
        add_node(in->graph, i, out);
    cnn_buf_puts(out, "}\n");
    return out->failed ? CNN_ESYSTEM : 0;
}
