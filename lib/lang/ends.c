/* The end of a net: what its answers are, and its losses. */
#include "lang/builder.h"

#include <string.h>

/* One answer that is the last line's needs no words. */
int cnn_builder_outputs(struct cnn_builder *b, const struct cnn_place *at,
                        const struct cnn_statement *s)
{
    struct cnn_graph *g = b->graph;
    g->outputs = s && s->args ? (int)s->args : 1;
    g->each_output = cnn_arena_alloc(b->arena, (size_t)g->outputs * sizeof *g->each_output);
    if (!g->each_output)
        return CNN_ESYSTEM;
    g->each_output[0] = g->output;
    for (int k = 0; s && k < g->outputs; k++) {
        const char *label = s->args && !s->arg[k].key ? s->arg[k].value : NULL;
        if (!label)
            cnn_fail(CNN_EDATA, "output: labels are wanted: output LABEL ...");
        if (!label || cnn_evaluate_label(label, &at->vars, b->arena, &label))
            return cnn_builder_fail(b, at, s->line);
        if (cnn_builder_refer(b, at, label, s->line, "names", &g->each_output[k]))
            return CNN_EDATA;
        if (b->sought.label)
            return cnn_builder_sought(b);
        if (g->each_output[k] < g->inputs) {
            cnn_fail(CNN_EDATA, "output: '%.60s' is an input", label);
            return cnn_builder_fail(b, at, s->line);
        }
        for (int i = 0; i < k; i++)
            if (g->each_output[i] == g->each_output[k]) {
                cnn_fail(CNN_EDATA, "output: '%.60s' is there twice", label);
                return cnn_builder_fail(b, at, s->line);
            }
    }
    int last = g->output;
    g->output = g->each_output[0];
    if (g->outputs == 1 && last == g->output) {
        cnn_builder_settle(b, at, NULL, last);
        return 0;
    }
    cnn_buf_puts(&b->printer.text, "output");
    for (int k = 0; k < g->outputs; k++)
        cnn_buf_printf(&b->printer.text, " %s", cnn_builder_name_from(b, at, g->each_output[k]));
    cnn_buf_puts(&b->printer.text, "\n");
    return 0;
}

/* What a loss of logits is to be given where the net goes on to make probabilities of them. */
static int before_output(const struct cnn_builder *b, int node, const struct cnn_layer_type *loss)
{
    const struct cnn_layer_type *t = b->node[node].layer.type;
    return t && loss->link && !strcmp(loss->link, t->name) ? b->node[node].in[0] : node;
}

struct loss {
    const struct cnn_layer_type *type;
    void *options;
    int line;
    const char *name; /* of the text that it stands in */
};

static int read_loss(struct cnn_builder *b, const char *name, const struct cnn_statement *s,
                     struct loss *out)
{
    struct cnn_scope scope = {"", NULL};
    struct cnn_place at = {.scope = &scope, .vars = {.classes_used = &b->classes_used}};
    at.vars.classes = b->graph->classes;
    at.vars.classes_option = b->config->classes_option;
    const char *saved = b->name;
    b->name = name;
    *out = (struct loss){s->type, NULL, s->line, name};
    out->options = cnn_builder_options(b, &at, s->type->name, s->type->options,
                                       s->type->options_size, s->arg, s->args, s->line);
    b->name = saved;
    return out->options ? 0 : cnn_error_code();
}

static int not_a_loss(const char *text)
{
    struct cnn_buf names = {0};
    const struct cnn_layer_type *t;
    for (size_t i = 0; (t = cnn_layer_type_at(i)); i++)
        if (t->flags & CNN_LAYER_LOSS)
            cnn_buf_printf(&names, "%s%s", names.size ? ", " : "", t->name);
    int rc = names.failed ? cnn_error_code()
                          : cnn_fail(CNN_EDATA, "loss: '%.60s' is no loss (%s)", text, names.text);
    cnn_buf_free(&names);
    return rc;
}

/* A loss that came as a text of its own. */
static int read_loss_text(struct cnn_builder *b, const char *text, struct loss *out)
{
    struct cnn_tree tree;
    int rc = cnn_parse_net(b->arena, "loss", text, 1, &tree);
    if (rc)
        return rc;
    if (!tree.loss || tree.body || tree.input || tree.defs)
        return not_a_loss(text);
    return read_loss(b, "loss", tree.loss, out);
}

static int add_loss(struct cnn_builder *b, const struct loss *l, int node, int line, double weight,
                    int training_only)
{
    struct cnn_scope scope = {"", NULL};
    struct cnn_place at = {.scope = &scope};
    const char *label = "loss";
    int added;
    for (int n = 2; cnn_labels_find(b->labels, label); n++)
        if (!(label = cnn_arena_printf(b->arena, "loss%d", n)))
            return CNN_ESYSTEM;
    const char *saved = b->name;
    b->name = l->name;
    const struct cnn_line reads = {&node, 1, 0};
    int rc = cnn_builder_add(b, &at, label, l->type, l->options, &reads, line, &added);
    b->name = saved;
    if (rc)
        return rc;
    b->node[added].loss_weight = weight;
    b->node[added].training_only = training_only;
    return cnn_labels_add(b->labels, label, added, training_only, line);
}

static int check_aux(struct cnn_builder *b, const struct cnn_aux *a, int logits)
{
    char have[72], want[72];
    struct cnn_chw x = b->node[a->node].layer.out, y = b->node[logits].layer.out;
    if (cnn_chw_equal(x, y))
        return 0;
    cnn_chw_format(x, have);
    cnn_chw_format(y, want);
    return cnn_fail(CNN_EDATA,
                    "%s:%d: aux: it ends in %s, the net in %s: they have the same target", b->name,
                    a->line, have, want);
}

static int add_losses(struct cnn_builder *b, const struct loss *l)
{
    struct cnn_graph *g = b->graph;
    int rc = add_loss(b, l, g->logits, l->line, 1, 0);
    for (size_t i = 0; !rc && i < b->aux_count; i++) {
        struct cnn_aux a = b->aux[i];
        a.node = before_output(b, a.node, l->type);
        rc = check_aux(b, &a, g->logits);
        if (!rc)
            rc = add_loss(b, l, a.node, a.line, a.weight, 1);
    }
    return rc;
}

/* The loss of a net that has none. */
static const char *usual_loss(const struct cnn_builder *b)
{
    const struct cnn_layer *last = &b->node[b->graph->output].layer;
    if (last->type && !strcmp(last->type->name, "softmax"))
        return "xent";
    if (b->config->numbers)
        return "mse";
    return b->graph->classes == 2 && cnn_chw_count(last->out) == 1 ? "bce" : "xent";
}

int cnn_builder_losses(struct cnn_builder *b, const struct cnn_statement *s)
{
    struct cnn_graph *g = b->graph;
    const char *usual = usual_loss(b);
    struct loss l = {cnn_layer_type_find(usual), NULL, 1, b->name};
    struct cnn_statement fallback = {.line = 1, .word = usual, .type = l.type};
    int rc = b->config->loss ? read_loss_text(b, b->config->loss, &l)
                             : read_loss(b, b->name, s ? s : &fallback, &l);
    if (rc)
        return rc;
    g->logits = before_output(b, g->output, l.type);
    if (s || b->config->loss || strcmp(usual, "xent"))
        cnn_print_layer(&b->printer, NULL, l.type->name, l.type->options, l.options, "");
    struct cnn_graph_target *target = cnn_arena_alloc(b->arena, sizeof *target);
    if (!target)
        return CNN_ESYSTEM;
    const struct cnn_layer *answer = &b->node[g->logits].layer;
    *target = (struct cnn_graph_target){"", answer->out, answer->rows};
    g->target = target;
    g->first_loss = b->nodes;
    if (b->config->with_loss)
        rc = add_losses(b, &l);
    g->losses = b->nodes - g->first_loss;
    g->targets = g->losses > 0;
    return rc;
}
