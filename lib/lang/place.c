/* Nodes and their names. What has no label is called after its type and number among the
 * layers of that type within the nearest label: conv1, bn1, layer1.0.conv2. */
#include "lang/builder.h"

#include <stdio.h>
#include <string.h>

static size_t type_number(const struct cnn_builder *b, const struct cnn_layer_type *type)
{
    size_t i = 0;
    while (i < b->types && cnn_layer_type_at(i) != type)
        i++;
    return i;
}

/* One more of that type here: its number, 0 when memory ran out. */
static int count_one(struct cnn_builder *b, struct cnn_scope *s, const struct cnn_layer_type *type)
{
    if (!s->count)
        s->count = cnn_arena_alloc(b->arena, (b->types + 1) * sizeof *s->count);
    return s->count ? ++s->count[type_number(b, type)] : 0;
}

static const char *full_name(struct cnn_builder *b, const struct cnn_place *at, const char *label)
{
    const char *prefix = at->scope->prefix;
    if (strlen(prefix) + strlen(label) + 1 > CNN_NET_LABEL_MAX) {
        cnn_fail(CNN_EDATA, "the label '%.40s...' is longer than %d bytes",
                 *prefix ? prefix : label, CNN_NET_LABEL_MAX);
        return NULL;
    }
    return *prefix ? cnn_arena_printf(b->arena, "%s.%s", prefix, label) : label;
}

/* The first of conv1, conv2 ... from the type's count on that is free. */
static const char *automatic_name(struct cnn_builder *b, const struct cnn_place *at,
                                  const struct cnn_layer_type *type, int whole)
{
    for (;;) {
        char label[64];
        int n = count_one(b, at->scope, type);
        snprintf(label, sizeof label, "%s%d", type ? type->name : "shortcut", n);
        const char *copy = n ? cnn_arena_strdup(b->arena, label) : NULL;
        const char *name = copy ? full_name(b, at, copy) : NULL;
        if (!name || !cnn_labels_find(b->labels, name))
            return whole || !name ? name : copy;
    }
}

const char *cnn_builder_shortcut_label(struct cnn_builder *b, const struct cnn_place *at)
{
    return automatic_name(b, at, NULL, 0);
}

const char *cnn_builder_name(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                             const struct cnn_layer_type *type, int line)
{
    const char *name;
    if (!label) {
        name = automatic_name(b, at, type, 1);
    } else {
        if (type && !count_one(b, at->scope, type))
            return NULL;
        name = full_name(b, at, label);
    }
    if (!name)
        cnn_builder_fail(b, at, line);
    return name;
}

int cnn_builder_claim(struct cnn_builder *b, const struct cnn_place *at, const char *name, int node,
                      int line)
{
    const struct cnn_label *taken = cnn_labels_find(b->labels, name);
    if (!taken)
        return cnn_labels_add(b->labels, name, node, b->inside_aux, line);
    if (!taken->line)
        cnn_fail(CNN_EDATA, "the label '%s' is the input's", name);
    else
        cnn_fail(CNN_EDATA,
                 "the label '%s' is taken (line %d); a label around a repeat or a call "
                 "keeps the labels inside apart",
                 name, taken->line);
    return cnn_builder_fail(b, at, line);
}

static int check_inputs(const struct cnn_layer_type *type, int inputs)
{
    if (inputs > 1 && type->max_inputs == 1)
        return cnn_fail(CNN_EDATA, "%s: it reads one value, from= names %d", type->name, inputs);
    if (inputs < type->min_inputs)
        return cnn_fail(CNN_EDATA, "%s: %d branch%s, at least %d are wanted", type->name, inputs,
                        inputs == 1 ? "" : "es", type->min_inputs);
    if (inputs > type->max_inputs)
        return cnn_fail(CNN_EDATA, "%s: %d branches, at most %d can be", type->name, inputs,
                        type->max_inputs);
    return 0;
}

/* The type's name before its own message, unless it stands there already. */
static int name_layer(const char *type)
{
    size_t n = strlen(type);
    const char *message = cnn_error_message();
    if (!strncmp(message, type, n) && message[n] == ':')
        return cnn_error_code();
    return cnn_fail_within("%s", type);
}

/* Behind a message: what from= named, with its shapes. */
static void name_inputs(const struct cnn_builder *b, const struct cnn_line *reads)
{
    char shape[72];
    for (int i = 0; i < reads->inputs; i++) {
        const struct cnn_layer *x = &b->node[reads->in[i]].layer;
        cnn_chw_format(x->out, shape);
        cnn_fail(CNN_EDATA, "%s%s%s is %s%s", cnn_error_message(), i ? ", " : " (", x->name, shape,
                 i + 1 < reads->inputs ? "" : ")");
    }
}

/* Rows are those of all inputs, unless the layer says otherwise. */
static int check_rows(const struct cnn_layer *l)
{
    for (int i = 1; i < l->inputs && !(l->type->flags & CNN_LAYER_MIXES_ROWS); i++)
        if (l->in_rows[i] != l->in_rows[0])
            return cnn_fail(CNN_EDATA, "inputs of %zu and of %zu rows", l->in_rows[0],
                            l->in_rows[i]);
    return 0;
}

/* The layer's shape rule; where only names are wanted any shape does. */
static int infer_shape(struct cnn_builder *b, struct cnn_layer *l, const struct cnn_line *reads)
{
    if (b->sought.label) {
        if (!b->sought.reader)
            b->sought.reader = l->name;
        l->out = l->in[0];
        l->outputs = 1;
        return 0;
    }
    int rc = check_rows(l);
    if (!rc)
        rc = cnn_layer_setup(l);
    if (rc && cnn_error_code() != CNN_ESYSTEM)
        rc = name_layer(l->type->name);
    if (rc && reads->given && cnn_error_code() != CNN_ESYSTEM)
        name_inputs(b, reads);
    return rc;
}

int cnn_builder_add(struct cnn_builder *b, const struct cnn_place *at, const char *name,
                    const struct cnn_layer_type *type, void *options, const struct cnn_line *reads,
                    int line, int *out)
{
    int inputs = reads->inputs;
    if (b->nodes > CNN_NET_LAYERS_MAX && !(type->flags & CNN_LAYER_LOSS)) {
        cnn_fail(CNN_EDATA, "more than %d layers", CNN_NET_LAYERS_MAX);
        return cnn_builder_fail(b, at, line);
    }
    if (check_inputs(type, inputs))
        return cnn_builder_fail(b, at, line);
    if (cnn_grow(&b->node, &b->node_capacity, (size_t)b->nodes + 1, sizeof *b->node))
        return CNN_ESYSTEM;
    struct cnn_node *node = &b->node[b->nodes];
    *node = (struct cnn_node){.training_only = b->inside_aux};
    node->in = cnn_arena_alloc(b->arena, (size_t)inputs * sizeof *node->in);
    node->layer = (struct cnn_layer){
        .type = type, .name = name, .options = options, .inputs = inputs, .arena = b->arena};
    node->layer.in = cnn_arena_alloc(b->arena, (size_t)inputs * sizeof *node->layer.in);
    node->layer.in_rows = cnn_arena_alloc(b->arena, (size_t)inputs * sizeof *node->layer.in_rows);
    if (!node->in || !node->layer.in || !node->layer.in_rows)
        return CNN_ESYSTEM;
    for (int i = 0; i < inputs; i++) {
        node->in[i] = reads->in[i];
        node->layer.in[i] = b->node[reads->in[i]].layer.out;
        node->layer.in_rows[i] = b->node[reads->in[i]].layer.rows;
    }
    node->layer.rows = node->layer.in_rows[0];
    if (infer_shape(b, &node->layer, reads))
        return cnn_builder_fail(b, at, line);
    *out = b->nodes++;
    node->counter = cnn_builder_counter(b, *out, 0);
    return cnn_builder_add_ports(b, *out);
}

/* A place one level further in. */
int cnn_builder_enter(struct cnn_builder *b, const struct cnn_place *at, int line,
                      struct cnn_place *in)
{
    *in = *at;
    if (++in->level <= CNN_NET_LEVELS_MAX)
        return 0;
    cnn_fail(CNN_EDATA, "more than %d levels of blocks and calls", CNN_NET_LEVELS_MAX);
    return cnn_builder_fail(b, at, line);
}

/* A scope of its own where there is a label: its full name in scope->prefix. */
int cnn_builder_open(struct cnn_builder *b, struct cnn_place *in, const char *label, int line,
                     struct cnn_scope *scope)
{
    *scope = (struct cnn_scope){cnn_builder_name(b, in, label, NULL, line), NULL};
    in->scope = scope;
    return scope->prefix ? 0 : cnn_error_code();
}
