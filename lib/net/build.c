/* The tree to the graph: def and repeat are expanded, shapes inferred, names given, and the
 * canonical text is written on the way. */
#include "net/builder.h"

#include <stdlib.h>
#include <string.h>

/* He et al. 2016 (arXiv 1512.03385), section 3.3: option B projects with 1x1 convolutions where the
 * shape changes, option A pads channels with zeros. */
#define FIELD(name) offsetof(struct cnn_shortcut_options, name)
const struct cnn_option cnn_shortcut_table[] = {
    {"channels", CNN_OPT_INT, FIELD(channels), NULL, 1, 1 << 20, NULL, 1, 0, "N",
     "output channels"},
    {"stride", CNN_OPT_INT, FIELD(stride), "1", 1, 1024, NULL, 2, 0, "N", "step between outputs"},
    {"type", CNN_OPT_CHOICE, FIELD(type), "b", 0, 0, "a|b", 0, 0, "TYPE",
     "where the shape changes: a, every stride-th pixel and zero channels; b, 1x1 conv and bn"},
    CNN_OPTION_END,
};
#undef FIELD

static const struct cnn_option repeat_table[] = {
    {"rounds", CNN_OPT_INT, 0, NULL, 0, CNN_NET_LAYERS_MAX, NULL, 1, 0, "N", "how often"},
    CNN_OPTION_END,
};
static const struct cnn_option aux_table[] = {
    {"weight", CNN_OPT_REAL, 0, NULL, 0, 1e6, NULL, 1, 0, "X", "of its loss"},
    CNN_OPTION_END,
};

static int build_block(struct cnn_builder *b, const struct cnn_place *at,
                       const struct cnn_statement *first, int *node);

/* A place one level further in. */
static int enter(struct cnn_builder *b, const struct cnn_place *at, int line, struct cnn_place *in)
{
    *in = *at;
    if (++in->level <= CNN_NET_LEVELS_MAX)
        return 0;
    cnn_fail(CNN_EDATA, "more than %d levels of blocks and calls", CNN_NET_LEVELS_MAX);
    return cnn_builder_fail(b, at, line);
}

/* A scope of its own where there is a label: its full name in scope->prefix. */
static int open_label(struct cnn_builder *b, struct cnn_place *in, const char *label, int line,
                      struct cnn_scope *scope)
{
    *scope = (struct cnn_scope){cnn_builder_name(b, in, label, NULL, line), NULL};
    in->scope = scope;
    return scope->prefix ? 0 : cnn_error_code();
}

static int build_layer(struct cnn_builder *b, const struct cnn_place *at,
                       const struct cnn_statement *s, int *node)
{
    const struct cnn_layer_type *t = s->type;
    void *options =
        cnn_builder_options(b, at, t->name, t->options, t->options_size, s->arg, s->args, s->line);
    const char *name = options ? cnn_builder_name(b, at, s->label, t, s->line) : NULL;
    if (!name)
        return cnn_error_code();
    int rc = cnn_builder_add(b, at, name, t, options, node, 1, s->line, node);
    if (!rc)
        rc = cnn_builder_claim(b, at, name, *node, s->line);
    if (!rc)
        cnn_print_layer(&b->printer, s->label, t->name, t->options, options);
    return rc;
}

/* All branches of sum or concat; end: (s->blocks) their last nodes. */
static int build_branches(struct cnn_builder *b, const struct cnn_place *at,
                          const struct cnn_statement *s, int from, int *end)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < s->blocks; i++) {
        if (i)
            cnn_print_branch(&b->printer);
        end[i] = from;
        rc = build_block(b, at, s->block[i], &end[i]);
    }
    cnn_print_close(&b->printer);
    return rc;
}

static int build_join(struct cnn_builder *b, const struct cnn_place *at,
                      const struct cnn_statement *s, int *node)
{
    const struct cnn_layer_type *t = s->type;
    struct cnn_place in;
    struct cnn_scope scope;
    int *end = cnn_arena_alloc(b->arena, s->blocks * sizeof *end);
    int rc = end ? enter(b, at, s->line, &in) : CNN_ESYSTEM;
    void *options = rc ? NULL
                       : cnn_builder_options(b, at, t->name, t->options, t->options_size, s->arg,
                                             s->args, s->line);
    if (!options)
        return cnn_error_code();
    if (s->label)
        rc = open_label(b, &in, s->label, s->line, &scope);
    cnn_print_open(&b->printer, s->label, t->name, t->options, options);
    if (!rc)
        rc = build_branches(b, &in, s, *node, end);
    const char *name = rc ? NULL : cnn_builder_name(b, at, s->label, t, s->line);
    if (!name)
        return cnn_error_code();
    rc = cnn_builder_add(b, at, name, t, options, end, (int)s->blocks, s->line, node);
    return rc ? rc : cnn_builder_claim(b, at, name, *node, s->line);
}

/* A block under a label of its own, or as if it stood here when there is none. */
static int build_under(struct cnn_builder *b, struct cnn_place *in, const char *label,
                       const struct cnn_statement *first, int line, int *node)
{
    struct cnn_scope scope;
    struct cnn_place outside = *in;
    if (!label)
        return build_block(b, in, first, node);
    int rc = open_label(b, in, label, line, &scope);
    cnn_print_open(&b->printer, label, NULL, NULL, NULL);
    if (!rc)
        rc = build_block(b, in, first, node);
    cnn_print_close(&b->printer);
    return rc ? rc : cnn_builder_claim(b, &outside, scope.prefix, *node, line);
}

static int build_group(struct cnn_builder *b, const struct cnn_place *at,
                       const struct cnn_statement *s, int *node)
{
    struct cnn_place in;
    int rc = enter(b, at, s->line, &in);
    return rc ? rc : build_under(b, &in, s->label, s->block[0], s->line, node);
}

/* A labelled repeat is a group of groups named 0, 1, 2 ... */
static int build_rounds(struct cnn_builder *b, const struct cnn_place *at,
                        const struct cnn_statement *s, long long rounds, int *node)
{
    for (long long i = 0; i < rounds; i++) {
        struct cnn_place in = *at;
        int rc = s->label ? enter(b, at, s->line, &in) : 0;
        const char *label = s->label ? cnn_arena_printf(b->arena, "%lld", i) : NULL;
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
    int rc = enter(b, at, s->line, &in);
    if (rc)
        return rc;
    const long long *rounds =
        cnn_builder_options(b, at, s->word, repeat_table, sizeof *rounds, s->arg, s->args, s->line);
    if (!rounds)
        return cnn_error_code();
    if (!s->label)
        return build_rounds(b, &in, s, *rounds, node);
    rc = open_label(b, &in, s->label, s->line, &scope);
    cnn_print_open(&b->printer, s->label, NULL, NULL, NULL);
    if (!rc)
        rc = build_rounds(b, &in, s, *rounds, node);
    cnn_print_close(&b->printer);
    return rc ? rc : cnn_builder_claim(b, at, scope.prefix, *node, s->line);
}

/* Calls: a def's parameters get their values in order, defaults may use the ones before. */

static ptrdiff_t find_parameter(const struct cnn_def *d, const char *name)
{
    for (size_t i = 0; i < d->params; i++)
        if (!strcmp(d->param[i].name, name))
            return (ptrdiff_t)i;
    return -1;
}

static int match_arguments(const struct cnn_statement *s, const char **value)
{
    const struct cnn_def *d = s->def;
    size_t position = 0;
    for (size_t i = 0; i < s->args; i++) {
        const struct cnn_argument *a = &s->arg[i];
        size_t k = position;
        if (a->key) {
            ptrdiff_t found = find_parameter(d, a->key);
            if (found < 0)
                return cnn_fail(CNN_EDATA, "%s: unknown parameter '%.60s'", s->word, a->key);
            k = (size_t)found;
        } else if (position++ >= d->params) {
            return cnn_fail(CNN_EDATA, "%s: '%.60s' is one argument too many (it takes %zu)",
                            s->word, a->value, d->params);
        }
        if (value[k])
            return cnn_fail(CNN_EDATA, "%s: %s is given twice", s->word, d->param[k].name);
        value[k] = a->value;
    }
    return 0;
}

static int bind(const struct cnn_place *at, const struct cnn_statement *s, const char **value,
                struct cnn_variables *vars, struct cnn_number *number)
{
    const struct cnn_def *d = s->def;
    vars->def = d;
    vars->value = number;
    for (size_t i = 0; i < d->params; i++) {
        const char *text = value[i] ? value[i] : d->param[i].fallback;
        vars->known = i;
        if (!text)
            return cnn_fail(CNN_EDATA, "%s: %s is missing", s->word, d->param[i].name);
        if (cnn_evaluate_number(text, CNN_NUMBER_ANY, value[i] ? &at->vars : vars, &number[i]))
            return cnn_fail(CNN_EDATA, "%s: %s: %s", s->word, d->param[i].name,
                            cnn_error_message());
    }
    vars->known = d->params;
    return 0;
}

static int build_call(struct cnn_builder *b, const struct cnn_place *at,
                      const struct cnn_statement *s, int *node)
{
    struct cnn_place in;
    size_t params = s->def->params;
    const char **value = cnn_arena_alloc(b->arena, (params + 1) * sizeof *value);
    struct cnn_number *number = cnn_arena_alloc(b->arena, (params + 1) * sizeof *number);
    if (!value || !number)
        return CNN_ESYSTEM;
    int rc = enter(b, at, s->line, &in);
    if (rc)
        return rc;
    if (match_arguments(s, value) || bind(at, s, value, &in.vars, number))
        return cnn_builder_fail(b, at, s->line);
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
    int first = b->nodes, end = from;
    int rc = enter(b, at, s->line, &in);
    if (rc)
        return rc;
    const double *weight =
        cnn_builder_options(b, at, s->word, aux_table, sizeof *weight, s->arg, s->args, s->line);
    if (!weight)
        return cnn_error_code();
    if (b->inside_aux) {
        cnn_fail(CNN_EDATA, "aux within aux");
        return cnn_builder_fail(b, at, s->line);
    }
    if (s->label)
        rc = open_label(b, &in, s->label, s->line, &scope);
    cnn_print_open(&b->printer, s->label, s->word, aux_table, weight);
    b->inside_aux = 1;
    if (!rc)
        rc = build_block(b, &in, s->block[0], &end);
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
        b->aux[b->aux_count++] = (struct cnn_aux){end, s->line, *weight};
    if (!b->config->with_loss)
        b->nodes = first;
    return rc;
}

/* A layer of the language's own making, with arguments as if they had been written. */
static int build_made(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                      const char *word, const struct cnn_argument *arg, size_t args, int line,
                      int *node)
{
    struct cnn_statement made = {.line = line, .label = label, .word = word, .args = args};
    struct cnn_argument copy[4];
    memcpy(copy, arg, args * sizeof *arg);
    made.arg = copy;
    made.type = cnn_layer_type_find(word);
    return build_layer(b, at, &made, node);
}

static int build_projection(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                            const char *channels, const char *stride, int line, int *node)
{
    const struct cnn_argument conv[] = {
        {NULL, channels}, {NULL, "1"}, {"stride", stride}, {"bias", "0"}};
    struct cnn_place in, outside = *at;
    struct cnn_scope scope;
    int rc = enter(b, at, line, &in);
    if (!rc)
        rc = open_label(b, &in, label, line, &scope);
    if (rc)
        return rc;
    cnn_print_open(&b->printer, label, NULL, NULL, NULL);
    rc = build_made(b, &in, "0", "conv", conv, 4, line, node);
    if (!rc)
        rc = build_made(b, &in, "1", "bn", conv, 0, line, node);
    cnn_print_close(&b->printer);
    return rc ? rc : cnn_builder_claim(b, &outside, scope.prefix, *node, line);
}

/* Nothing at all where the shape stays; an identity needs no name. */
static int build_shortcut(struct cnn_builder *b, const struct cnn_place *at,
                          const struct cnn_statement *s, int *node)
{
    struct cnn_shortcut_options *o = cnn_builder_options(b, at, s->word, cnn_shortcut_table,
                                                         sizeof *o, s->arg, s->args, s->line);
    if (!o)
        return cnn_error_code();
    if (o->stride == 1 && (size_t)o->channels == b->node[*node].layer.out.c)
        return 0;
    const char *channels = cnn_arena_printf(b->arena, "%lld", o->channels);
    const char *stride = cnn_arena_printf(b->arena, "%lld", o->stride);
    if (!channels || !stride)
        return CNN_ESYSTEM;
    if (!o->type) {
        const struct cnn_argument subsample[] = {{NULL, channels}, {NULL, stride}};
        return build_made(b, at, s->label, "subsample", subsample, 2, s->line, node);
    }
    const char *label = s->label ? s->label : cnn_builder_shortcut(b, at);
    if (!label)
        return cnn_builder_fail(b, at, s->line);
    return build_projection(b, at, label, channels, stride, s->line, node);
}

static int build_statement(struct cnn_builder *b, const struct cnn_place *at,
                           const struct cnn_statement *s, int *node)
{
    if (++b->steps > CNN_NET_STEPS_MAX) {
        cnn_fail(CNN_EDATA, "the net is larger than %d statements", CNN_NET_STEPS_MAX);
        return cnn_builder_fail(b, at, s->line);
    }
    switch (s->kind) {
    case CNN_STATEMENT_LAYER:
        return build_layer(b, at, s, node);
    case CNN_STATEMENT_CALL:
        return build_call(b, at, s, node);
    case CNN_STATEMENT_JOIN:
        return build_join(b, at, s, node);
    case CNN_STATEMENT_GROUP:
        return build_group(b, at, s, node);
    case CNN_STATEMENT_REPEAT:
        return build_repeat(b, at, s, node);
    case CNN_STATEMENT_AUX:
        return build_aux(b, at, s, *node);
    case CNN_STATEMENT_SHORTCUT:
        return build_shortcut(b, at, s, node);
    case CNN_STATEMENT_INPUT:
    case CNN_STATEMENT_LOSS:
        break;
    }
    return cnn_fail(CNN_EINTERNAL, "a statement out of place");
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
    int rc = cnn_parse_net(b->arena, b->name, text, &tree);
    if (!rc)
        rc = cnn_builder_input(b, tree.input);
    if (rc)
        return rc;
    at.vars.classes = b->graph->classes;
    cnn_print_input(&b->printer, &b->graph->input);
    rc = build_block(b, &at, tree.body, &b->graph->output);
    if (!rc && !b->graph->output)
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
