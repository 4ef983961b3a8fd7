/* The layer table: what each layer gives, costs and sees, or each block of layers; see inspect.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "task/inspect/private.h"
#include "task/table.h"

size_t cnn_inspect_prefix(const char *label, size_t depth)
{
    const char *p = label;
    for (; depth; depth--) {
        p += strcspn(p, ".");
        if (!*p || depth == 1)
            break;
        p++;
    }
    return depth ? (size_t)(p - label) : strlen(label);
}

int cnn_inspect_block(const struct cnn_graph *g, int first, size_t depth,
                      struct cnn_inspect_block *out)
{
    const char *label = g->node[first].layer.name;
    size_t n = cnn_inspect_prefix(label, depth);
    *out = (struct cnn_inspect_block){.label = label, .length = n, .first = first, .last = first};
    int i = first;
    for (; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        if (i > first &&
            (!depth || strncmp(l->name, label, n) || (l->name[n] && l->name[n] != '.')))
            break;
        if (!g->node[i].port) {
            out->layers++;
            out->last = i;
        }
        out->parameters += cnn_node_parameters(&g->node[i], 1);
        out->multiply_adds += cnn_layer_multiply_adds(l);
        out->activations += cnn_layer_elements(l) * sizeof(float);
    }
    return i;
}

static void cell_count(struct cnn_table *t, uint64_t n)
{
    char text[32];
    cnn_format_count(n, text);
    cnn_table_cell(t, "%s", n ? text : "-");
}

static void cell_pair(struct cnn_table *t, size_t h, size_t w)
{
    cnn_table_cell(t, h == w ? "%zu" : "%zux%zu", h, w);
}

/* Padding above and below, left and right. */
static void cell_pad(struct cnn_table *t, const struct cnn_layer_window *w)
{
    const size_t *b = w->before, *a = w->after;
    if (b[0] == a[0] && b[1] == a[1])
        cell_pair(t, b[0], b[1]);
    else
        cnn_table_cell(t, "%zu-%zux%zu-%zu", b[0], a[0], b[1], a[1]);
}

static void cells_window(struct cnn_table *t, const struct cnn_layer *l)
{
    struct cnn_layer_window w;
    if (!l->type || !l->type->window) {
        for (int i = 0; i < 3; i++)
            cnn_table_cell(t, "-");
        return;
    }
    l->type->window(l, &w);
    if (w.dilation[0] == 1 && w.dilation[1] == 1)
        cnn_table_cell(t, "%zux%zu", w.kernel[0], w.kernel[1]);
    else
        cnn_table_cell(t, "%zux%zu every %zux%zu", w.kernel[0], w.kernel[1], w.dilation[0],
                       w.dilation[1]);
    cell_pair(t, w.stride[0], w.stride[1]);
    cell_pad(t, &w);
}

static void cell_field(struct cnn_table *t, const struct cnn_receptive_field *f)
{
    if (f->whole)
        cnn_table_cell(t, "all");
    else
        cnn_table_cell(t, "%zux%zu", f->size[0], f->size[1]);
}

static void add_row(struct cnn_table *t, const struct cnn_graph *g,
                    const struct cnn_inspect_block *b, const struct cnn_receptive_field *field)
{
    const struct cnn_layer *l = &g->node[b->last].layer;
    char shape[96], bytes[32];
    cnn_layer_format(l, shape);
    cnn_format_bytes(b->activations, bytes);
    cnn_table_cell(t, "%.*s", (int)b->length, b->label);
    if (b->layers > 1)
        cnn_table_cell(t, "%d layers", b->layers);
    else
        cnn_table_cell(t, "%s", l->type ? l->type->name : "");
    if (field && b->layers <= 1)
        cells_window(t, l);
    for (int i = 0; field && b->layers > 1 && i < 3; i++)
        cnn_table_cell(t, "-");
    if (field)
        cell_field(t, &field[b->last]);
    cnn_table_cell(t, "%s", shape);
    cell_count(t, b->parameters);
    cell_count(t, b->multiply_adds);
    cnn_table_cell(t, "%s", bytes);
}

void cnn_inspect_layer_table(const struct cnn_inspect *in, int windows, struct cnn_buf *out)
{
    static const char *const title[] = {
        "layer",           "type",   "kernel",     "stride",        "pad",
        "receptive field", "output", "parameters", "multiply-adds", "activations"};
    const struct cnn_graph *g = in->graph;
    struct cnn_table t = {.columns = windows ? 10 : 6, .align = windows ? "llrrrrlrrr" : "lllrrr"};
    struct cnn_receptive_field *field = windows ? cnn_graph_fields(g) : NULL;
    out->failed |= windows && !field;
    for (int i = 0; i < 10; i++)
        if (windows || i < 2 || i > 5)
            cnn_table_cell(&t, "%s", title[i]);
    for (int i = 0; i < g->nodes;) {
        struct cnn_inspect_block b;
        i = cnn_inspect_block(g, i, in->depth, &b);
        if (!windows || field)
            add_row(&t, g, &b, field);
    }
    cnn_table_end(&t, out);
    free(field);
}
