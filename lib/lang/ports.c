/* The nodes of layers' further outputs: they read the layer before and do nothing; and who counts rows. */
#include "lang/builder.h"

int cnn_builder_counter(const struct cnn_builder *b, int node, int port)
{
    const struct cnn_layer *l = &b->node[node].layer;
    if (port ? l->more[port - 1].counts_rows : l->counts_rows)
        return node + port;
    int mixes = l->type->flags & CNN_LAYER_MIXES_ROWS;
    int those = !mixes ? l->inputs : l->keeps_rows && !port; /* inputs whose rows the output has */
    for (int i = 0; i < those; i++)
        if (b->node[b->node[node].in[i]].counter >= 0)
            return b->node[b->node[node].in[i]].counter;
    return -1;
}

/* The output's node, whose only input is the layer's. */
static int add_port(struct cnn_builder *b, int of, int port)
{
    if (cnn_grow(&b->node, &b->node_capacity, (size_t)b->nodes + 1, sizeof *b->node))
        return CNN_ESYSTEM;
    const struct cnn_layer *l = &b->node[of].layer;
    struct cnn_node *node = &b->node[b->nodes];
    *node = (struct cnn_node){
        .port = port, .counter = cnn_builder_counter(b, of, port), .training_only = b->inside_aux};
    node->in = cnn_arena_alloc(b->arena, sizeof *node->in);
    node->layer = (struct cnn_layer){.type = &cnn_layer_further_output,
                                     .inputs = 1,
                                     .outputs = 1,
                                     .out = l->more[port - 1].shape,
                                     .rows = l->more[port - 1].rows};
    node->layer.name =
        cnn_arena_printf(b->arena, "%s.%s", l->name, cnn_layer_output_name(l, port, (char[24]){0}));
    node->layer.in = cnn_arena_alloc(b->arena, sizeof *node->layer.in);
    node->layer.in_rows = cnn_arena_alloc(b->arena, sizeof *node->layer.in_rows);
    if (!node->in || !node->layer.name || !node->layer.in || !node->layer.in_rows)
        return CNN_ESYSTEM;
    node->in[0] = of;
    node->layer.in[0] = l->out;
    node->layer.in_rows[0] = l->rows;
    b->nodes++;
    return 0;
}

int cnn_builder_add_ports(struct cnn_builder *b, int node)
{
    int rc = 0;
    for (int k = 1; !rc && k < b->node[node].layer.outputs; k++)
        rc = add_port(b, node, k);
    return rc;
}
