/* The tree to the graph: def and repeat are expanded, shapes inferred, names given, and the
 * canonical text is written on the way. */
#include "lang/builder.h"

#include <stdlib.h>
#include <string.h>

static const struct cnn_option aux_table[] = {
    CNN_OPTION_REAL("weight", struct cnn_aux_options, weight, NULL, .max = 1e6, .position = 1,
                    .metavar = "X", .help = "of its loss"),
    CNN_OPTION_TEXT("target", struct cnn_aux_options, target, "", .metavar = "NAME",
                    .help = "of its loss, as a loss of the net has it (else that of the first)"),
    CNN_OPTION_END,
};

static int build_block(struct cnn_builder *b, const struct cnn_place *at,
                       const struct cnn_statement *first, int *node);

/* All branches of sum or concat; end: (s->blocks) their last nodes. */
static int build_branches(struct cnn_builder *b, const struct cnn_place *at,
                          const struct cnn_statement *s, int from, int *end)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < s->blocks; i++) {
        if (i)
            cnn_print_branch(&b->printer);
        end[i] = b->flow = from;
        rc = build_block(b, at, s->block[i], &end[i]);
        cnn_builder_settle(b, at, NULL, end[i]);
    }
    cnn_print_close(&b->printer);
    return rc;
}

static int build_join(struct cnn_builder *b, const struct cnn_place *at,
                      const struct cnn_statement *s, int from, int *node)
{
    const struct cnn_layer_type *t = s->type;
    struct cnn_place in;
    struct cnn_scope scope;
    int *end = cnn_arena_alloc(b->arena, s->blocks * sizeof *end);
    int rc = end ? cnn_builder_enter(b, at, s->line, &in) : CNN_ESYSTEM;
    void *options = rc ? NULL
                       : cnn_builder_options(b, at, t->name, t->options, t->options_size, s->arg,
                                             s->args, s->line);
    if (!options)
        return cnn_error_code();
    if (s->label)
        rc = cnn_builder_open(b, &in, s->label, s->line, &scope);
    cnn_print_open(&b->printer, s->label, t->name, t->options, options,
                   cnn_builder_reads(b, at, &from, 1));
    if (!rc)
        rc = build_branches(b, &in, s, from, end);
    const char *name = rc ? NULL : cnn_builder_name(b, at, s->label, t, s->line);
    if (!name)
        return cnn_error_code();
    const struct cnn_line reads = {end, (int)s->blocks, 0};
    rc = cnn_builder_add(b, at, name, t, options, &reads, s->line, node);
    if (!rc) /* such a layer stays what it is, or cannot slide */
        rc = cnn_builder_slide(b, at, &reads, s->line, &(struct cnn_made){NULL, t, options}, node);
    b->flow = *node;
    return rc ? rc : cnn_builder_claim_layer(b, at, *node, s->line);
}

/* A block under a label of its own, or as if it stood here when there is none. */
static int build_under(struct cnn_builder *b, struct cnn_place *in, const char *label,
                       const struct cnn_statement *first, int line, int *node)
{
    struct cnn_scope scope;
    struct cnn_place outside = *in;
    if (!label)
        return build_block(b, in, first, node);
    int rc = cnn_builder_open(b, in, label, line, &scope);
    cnn_print_open(&b->printer, label, NULL, NULL, NULL, "");
    if (!rc)
        rc = build_block(b, in, first, node);
    cnn_builder_settle(b, in, NULL, *node);
    cnn_print_close(&b->printer);
    return rc ? rc : cnn_builder_claim(b, &outside, scope.prefix, *node, line);
}

static int build_group(struct cnn_builder *b, const struct cnn_place *at,
                       const struct cnn_statement *s, int *node)
{
    struct cnn_place in;
    int rc = cnn_builder_enter(b, at, s->line, &in);
    return rc ? rc : build_under(b, &in, s->label, s->block[0], s->line, node);
}

/* A labelled repeat is a group of groups named 0, 1, 2 ... or from another number on. */
static int build_rounds(struct cnn_builder *b, const struct cnn_place *at,
                        const struct cnn_statement *s, struct cnn_rounds *r, int *node)
{
    for (long long i = r->first; i - r->first < r->count; i++) {
        struct cnn_place in = *at;
        int rc = s->label ? cnn_builder_enter(b, at, s->line, &in) : 0;
        const char *label = s->label ? cnn_arena_printf(b->arena, "%lld", i) : NULL;
        cnn_rounds_bind(r, i, &in.vars);
        if (!rc && s->label && !label)
            rc = CNN_ESYSTEM;
        if (!rc && ++b->steps > CNN_NET_STEPS_MAX) {
            cnn_fail(CNN_EDATA, "the net is larger than %d statements", CNN_NET_STEPS_MAX);
            rc = cnn_builder_fail(b, at, s->line);
        }
        if (!rc)
            rc = build_under(b, &in, label, s->block[0], s->line, node);
        if (rc)
            return rc;
    }
    return 0;
}

static int build_repeat(struct cnn_builder *b, const struct cnn_place *at,
                        const struct cnn_statement *s, int *node)
{
    struct cnn_place in;
    struct cnn_scope scope;
    struct cnn_rounds rounds;
    int rc = cnn_builder_enter(b, at, s->line, &in);
    if (!rc)
        rc = cnn_builder_rounds(b, at, s, &rounds);
    if (rc)
        return rc;
    if (!s->label)
        return build_rounds(b, &in, s, &rounds, node);
    rc = cnn_builder_open(b, &in, s->label, s->line, &scope);
    cnn_print_open(&b->printer, s->label, NULL, NULL, NULL, "");
    if (!rc)
        rc = build_rounds(b, &in, s, &rounds, node);
    cnn_builder_settle(b, &in, NULL, *node);
    cnn_print_close(&b->printer);
    return rc ? rc : cnn_builder_claim(b, at, scope.prefix, *node, s->line);
}

static int build_call(struct cnn_builder *b, const struct cnn_place *at,
                      const struct cnn_statement *s, int *node)
{
    struct cnn_place in;
    struct cnn_statement call = *s;
    int rc = cnn_builder_enter(b, at, s->line, &in);
    if (!rc)
        rc = cnn_builder_share_call(b, at, &call, &in);
    if (rc)
        return rc;
    if (cnn_bind_arguments(&at->vars, &call, b->arena, &in.vars))
        return cnn_builder_fail(b, at, s->line);
    in.file = s->def->file;
    if (!at->call_line) {
        in.call_line = s->line;
        in.call_word = s->word;
    }
    return build_under(b, &in, s->label, s->def->body, s->line, node);
}

/* aux: nodes that only training has. They are built in any case, so that names and text do not
 * depend on what the net is for. */
static int build_aux(struct cnn_builder *b, const struct cnn_place *at,
                     const struct cnn_statement *s, int from)
{
    struct cnn_place in;
    struct cnn_scope scope;
    int first = b->aux_first = b->nodes, end = from, flow = b->flow;
    int rc = cnn_builder_enter(b, at, s->line, &in);
    if (rc)
        return rc;
    const struct cnn_aux_options *o =
        cnn_builder_options(b, at, s->word, aux_table, sizeof *o, s->arg, s->args, s->line);
    if (!o)
        return cnn_error_code();
    if (b->inside_aux) {
        cnn_fail(CNN_EDATA, "aux within aux");
        return cnn_builder_fail(b, at, s->line);
    }
    if (s->label)
        rc = cnn_builder_open(b, &in, s->label, s->line, &scope);
    cnn_print_open(&b->printer, s->label, s->word, aux_table, o,
                   cnn_builder_reads(b, at, &from, 1));
    b->inside_aux = 1;
    b->flow = from;
    if (!rc)
        rc = build_block(b, &in, s->block[0], &end);
    cnn_builder_settle(b, &in, NULL, end);
    b->flow = flow;
    if (!rc && s->label)
        rc = cnn_builder_claim(b, at, scope.prefix, end, s->line);
    b->inside_aux = 0;
    cnn_print_close(&b->printer);
    if (!rc && end == from) {
        cnn_fail(CNN_EDATA, "aux: there is no layer in it");
        rc = cnn_builder_fail(b, at, s->line);
    }
    if (!rc && cnn_grow(&b->aux, &b->aux_capacity, b->aux_count + 1, sizeof *b->aux))
        rc = CNN_ESYSTEM;
    if (!rc && b->config->with_loss)
        b->aux[b->aux_count++] = (struct cnn_aux){end, s->line, *o};
    if (!b->config->with_loss)
        b->nodes = first;
    return rc;
}

static int build_identity(struct cnn_builder *b, const struct cnn_place *at,
                          const struct cnn_statement *s, int node)
{
    if (s->args) {
        cnn_fail(CNN_EDATA, "%s: '%.60s' is one argument too many", s->word, s->arg[0].value);
        return cnn_builder_fail(b, at, s->line);
    }
    if (!s->label)
        return 0;
    const char *name = cnn_builder_name(b, at, s->label, NULL, s->line);
    cnn_builder_settle(b, at, s->label, node);
    return name ? cnn_builder_claim(b, at, name, node, s->line) : cnn_error_code();
}

static int build_reading(struct cnn_builder *b, const struct cnn_place *at,
                         const struct cnn_statement *s, const struct cnn_line *reads, int *node)
{
    int from = reads->in[0];
    if (s->kind == CNN_STATEMENT_LAYER)
        return cnn_builder_layer(b, at, s, reads, node);
    if (reads->inputs > 1) {
        cnn_fail(CNN_EDATA, "%s: it begins at one value, from= names %d", s->word, reads->inputs);
        return cnn_builder_fail(b, at, s->line);
    }
    if (s->kind == CNN_STATEMENT_AUX)
        return build_aux(b, at, s, from);
    *node = from;
    switch (s->kind) {
    case CNN_STATEMENT_CALL:
        return build_call(b, at, s, node);
    case CNN_STATEMENT_JOIN:
        return build_join(b, at, s, from, node);
    case CNN_STATEMENT_GROUP:
        return build_group(b, at, s, node);
    case CNN_STATEMENT_REPEAT:
        return build_repeat(b, at, s, node);
    case CNN_STATEMENT_SHORTCUT:
        return cnn_builder_shortcut(b, at, s, node);
    case CNN_STATEMENT_IDENTITY:
        return build_identity(b, at, s, from);
    case CNN_STATEMENT_LAYER:
    case CNN_STATEMENT_AUX:
    case CNN_STATEMENT_WORD:
    case CNN_STATEMENT_INPUT:
    case CNN_STATEMENT_RECIPE:
    case CNN_STATEMENT_OUTPUT:
    case CNN_STATEMENT_LOSS:
        break;
    }
    return cnn_fail(CNN_EINTERNAL, "a statement out of place");
}

/* The word that a parameter stands for, in its place. */
static int substitute(struct cnn_builder *b, const struct cnn_place *at, struct cnn_statement *s)
{
    const struct cnn_binding *bound = cnn_binding_find(&at->vars, s->word, strlen(s->word));
    if (bound && bound->word) {
        s->word = bound->word;
        s->type = NULL;
        s->def = NULL;
        cnn_resolve_word(at->vars.tree, s);
    } else if (s->kind == CNN_STATEMENT_WORD) {
        cnn_fail(CNN_EDATA, "'%s' is a number here, not the word of a layer", s->word);
        return cnn_builder_fail(b, at, s->line);
    }
    return 0;
}

static int build_statement(struct cnn_builder *b, const struct cnn_place *at,
                           const struct cnn_statement *s, int *node)
{
    struct cnn_statement named = *s;
    int before = *node;
    struct cnn_line reads = {&before, 1, 0};
    if (++b->steps > CNN_NET_STEPS_MAX) {
        cnn_fail(CNN_EDATA, "the net is larger than %d statements", CNN_NET_STEPS_MAX);
        return cnn_builder_fail(b, at, s->line);
    }
    if (s->label && cnn_evaluate_label(s->label, &at->vars, b->arena, &named.label))
        return cnn_builder_fail(b, at, s->line);
    int rc = s->parameter ? substitute(b, at, &named) : 0;
    if (!rc)
        rc = cnn_builder_from(b, at, &named, &reads);
    return rc ? rc : build_reading(b, at, &named, &reads, node);
}

static int build_block(struct cnn_builder *b, const struct cnn_place *at,
                       const struct cnn_statement *first, int *node)
{
    int rc = 0;
    for (const struct cnn_statement *s = first; s && !rc; s = s->next)
        rc = build_statement(b, at, s, node);
    return rc;
}

/* The finished graph owns what it points to. */
static int finish(struct cnn_builder *b)
{
    struct cnn_graph *g = b->graph;
    g->nodes = b->nodes;
    g->node = cnn_arena_alloc(b->arena, (size_t)b->nodes * sizeof *g->node);
    if (!g->node || b->printer.text.failed)
        return CNN_ESYSTEM;
    memcpy(g->node, b->node, (size_t)b->nodes * sizeof *g->node);
    g->print = cnn_arena_strndup(b->arena, b->printer.text.text, b->printer.text.size);
    g->labels = b->labels;
    if (!b->classes_used)
        g->classes = 0;
    return g->print ? 0 : CNN_ESYSTEM;
}

static int build(struct cnn_builder *b, const char *text)
{
    struct cnn_tree tree;
    struct cnn_scope scope = {"", NULL};
    struct cnn_place at = {.scope = &scope, .vars = {.classes_used = &b->classes_used}};
    int rc = cnn_parse_net(b->arena, b->name, text, b->config->alone, &tree);
    if (!rc)
        rc = cnn_builder_inputs(b, tree.input, tree.inputs);
    if (!rc && cnn_recipe_read(b->arena, tree.recipe, &b->graph->recipe))
        rc = cnn_builder_fail(b, &at, tree.recipe->line);
    if (rc)
        return rc;
    at.vars.tree = &tree;
    at.vars.classes = b->graph->classes;
    at.vars.classes_option = b->config->classes_option;
    cnn_builder_print_inputs(b);
    cnn_print_recipe(&b->printer, &b->graph->recipe);
    rc = build_block(b, &at, tree.body, &b->graph->output);
    if (b->sought.label && !(rc && cnn_error_code() == CNN_ESYSTEM))
        return cnn_builder_sought(b);
    if (!rc)
        rc = cnn_builder_outputs(b, &at, tree.output);
    if (!rc && b->graph->output < b->graph->inputs)
        rc = cnn_fail(CNN_EDATA, "%s:1: the net has no layers", b->name);
    if (!rc)
        rc = cnn_builder_losses(b, tree.loss);
    return rc ? rc : finish(b);
}

int cnn_graph_build(const char *text, const struct cnn_graph_config *config, struct cnn_graph **out)
{
    *out = NULL;
    struct cnn_arena *arena = cnn_arena_new();
    struct cnn_builder b = {.arena = arena, .config = config};
    b.name = config->name ? config->name : "net";
    while (cnn_layer_type_at(b.types))
        b.types++;
    b.graph = arena ? cnn_arena_alloc(arena, sizeof *b.graph) : NULL;
    b.labels = b.graph ? cnn_labels_new(arena) : NULL;
    int rc = b.labels ? 0 : CNN_ESYSTEM;
    if (!rc) {
        b.graph->arena = arena;
        rc = build(&b, text);
    }
    free(b.node);
    free(b.aux);
    cnn_buf_free(&b.printer.text);
    if (rc)
        cnn_arena_free(arena);
    else
        *out = b.graph;
    return rc;
}

void cnn_graph_free(struct cnn_graph *g)
{
    if (g)
        cnn_arena_free(g->arena);
}
