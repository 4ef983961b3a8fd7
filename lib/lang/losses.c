/* The end of a net: its losses, each of which joins a value to a target. */
#include "lang/builder.h"

#include <string.h>

/* What the line of a loss says beside the loss's own options. */
struct loss_line {
    const char *on, *target;
    double weight;
    long long ignore;
};

const struct cnn_option cnn_loss_table[] = {
    CNN_OPTION_TEXT("on", struct loss_line, on, "", .metavar = "LABEL",
                    .help = "the value that is compared (else the net's answer)"),
    CNN_OPTION_TEXT("target", struct loss_line, target, "", .metavar = "NAME",
                    .help =
                        "the samples' field of that name (else the one without a name of its own)"),
    CNN_OPTION_REAL("weight", struct loss_line, weight, "1", .max = 1e6, .metavar = "X",
                    .help = "factor of this loss in the sum of all"),
    CNN_OPTION_INT("ignore", struct loss_line, ignore, "-1", .min = -1, .max = 65535,
                   .metavar = "N",
                   .help = "of label images and rows: the label that is no class (-1: none but "
                           "255, where there are no more classes)"),
    CNN_OPTION_END,
};

struct loss {
    const struct cnn_layer_type *type;
    void *options;
    const struct loss_line *line_options;
    int line;
    const char *name; /* of the text that it stands in */
    int node, target; /* the value, and which of the graph's targets it belongs to */
    struct loss *next;
};

/* What a loss of logits is to be given where the net goes on to make probabilities of them. */
static int before_output(const struct cnn_builder *b, int node, const struct loss *l)
{
    const struct cnn_layer_type *t = b->node[node].layer.type;
    const char *link = cnn_layer_link(l->type, l->options);
    return t && link && !strcmp(link, t->name) ? b->node[node].in[0] : node;
}

static int find_value(struct cnn_builder *b, const struct cnn_place *at, struct loss *l)
{
    const char *label = l->line_options->on;
    l->node = b->graph->output;
    if (!*label)
        return 0;
    if (cnn_evaluate_label(label, &at->vars, b->arena, &label))
        return cnn_builder_fail(b, at, l->line);
    int rc = cnn_builder_refer(b, at, label, l->line, "reads", &l->node);
    return rc || !b->sought.label ? rc : cnn_builder_sought(b);
}

static int read_loss(struct cnn_builder *b, const char *name, struct cnn_statement *s,
                     struct loss *out)
{
    struct cnn_scope scope = {"", NULL};
    struct cnn_place at = {.scope = &scope, .vars = {.classes_used = &b->classes_used}};
    at.vars.classes = b->graph->classes;
    at.vars.classes_option = b->config->classes_option;
    const char *saved = b->name;
    b->name = name;
    *out = (struct loss){.type = s->type, .line = s->line, .name = name};
    out->line_options =
        cnn_builder_take_options(b, &at, cnn_loss_table, sizeof *out->line_options, s);
    if (out->line_options)
        out->options = cnn_builder_options(b, &at, s->type->name, s->type->options,
                                           s->type->options_size, s->arg, s->args, s->line);
    int rc = out->options ? find_value(b, &at, out) : cnn_error_code();
    b->name = saved;
    return rc;
}

/* All of a list of statements. */
static int read_losses(struct cnn_builder *b, const char *name, struct cnn_statement *s,
                       struct loss **out)
{
    int rc = 0;
    for (; s && !rc; s = s->next, out = &(*out)->next) {
        if (!(*out = cnn_arena_alloc(b->arena, sizeof **out)))
            return CNN_ESYSTEM;
        rc = read_loss(b, name, s, *out);
    }
    return rc;
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
static int read_loss_text(struct cnn_builder *b, const char *text, struct loss **out)
{
    struct cnn_tree tree;
    int rc = cnn_parse_net(b->arena, "loss", text, 1, &tree);
    if (rc)
        return rc;
    if (!tree.loss || tree.body || tree.input || tree.defs)
        return not_a_loss(text);
    return read_losses(b, "loss", tree.loss, out);
}

/* Targets */

/* One target serves both: values of one shape, of as many rows, and as many of them real. */
static int is_alike(const struct cnn_node *node, struct cnn_chw shape, size_t rows, int counter)
{
    return cnn_chw_equal(node->layer.out, shape) && node->layer.rows == rows &&
           node->counter == counter;
}

static int check_same(struct cnn_builder *b, const struct loss *l, const struct cnn_graph_target *t)
{
    char have[96], want[96];
    const struct cnn_layer *x = &b->node[l->node].layer;
    if (l->line_options->ignore != t->ignore)
        return cnn_fail(CNN_EDATA,
                        "%s:%d: ignore=%lld, and another loss with the same target%s%s has "
                        "ignore=%ld",
                        l->name, l->line, l->line_options->ignore, *t->name ? " " : "", t->name,
                        (long)t->ignore);
    const struct cnn_layer other = {.out = t->shape, .rows = t->rows};
    if (is_alike(&b->node[l->node], t->shape, t->rows, t->counter))
        return 0;
    cnn_layer_format(x, have);
    cnn_layer_format(&other, want);
    return cnn_fail(CNN_EDATA,
                    "%s:%d: %s is %s, and another loss with the same target%s%s is on %s: target= "
                    "tells targets apart",
                    l->name, l->line, x->name, have, *t->name ? " " : "", t->name, want);
}

/* A sample's own class is always one. */
static int check_ignored(const struct loss *l, const struct cnn_layer *x)
{
    return l->line_options->ignore >= 0 && x->out.h * x->out.w == 1 && x->rows == 1
               ? cnn_fail(CNN_EDATA,
                          "%s:%d: ignore= has no effect: %s has neither a plane nor rows, of "
                          "which some could have no class",
                          l->name, l->line, x->name)
               : 0;
}

/* Which target the loss has, one more for a new name. */
static int find_target(struct cnn_builder *b, struct cnn_graph_target *target, struct loss *l)
{
    struct cnn_graph *g = b->graph;
    const struct cnn_layer *x = &b->node[l->node].layer;
    const char *name = l->line_options->target;
    int i = 0;
    while (i < g->targets && strcmp(target[i].name, name))
        i++;
    l->target = i;
    if (i < g->targets)
        return check_same(b, l, &target[i]);
    target[g->targets++] = (struct cnn_graph_target){
        name, x->out, x->rows, b->node[l->node].counter, (int32_t)l->line_options->ignore};
    return check_ignored(l, x);
}

static int find_targets(struct cnn_builder *b, struct loss *first)
{
    size_t losses = 0;
    int rc = 0;
    for (struct loss *l = first; l; l = l->next)
        losses++;
    struct cnn_graph_target *target = cnn_arena_alloc(b->arena, losses * sizeof *target);
    if (!target)
        return CNN_ESYSTEM;
    b->graph->target = target;
    for (struct loss *l = first; l && !rc; l = l->next)
        rc = find_target(b, target, l);
    return rc;
}

/* Nodes */

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
    b->node[added].target = l->target;
    return cnn_labels_add(b->labels, label, added, training_only, line);
}

/* The loss that an aux has once more: the first one, or the first with its target; NULL with an
 * error set. */
static const struct loss *loss_of(const struct cnn_builder *b, const struct cnn_aux *a,
                                  const struct loss *first)
{
    const char *target = a->options.target;
    const struct loss *l = first;
    while (*target && l && strcmp(l->line_options->target, target))
        l = l->next;
    if (!l)
        cnn_fail(CNN_EDATA, "%s:%d: aux: no loss has the target '%.60s'", b->name, a->line, target);
    return l;
}

static int check_aux(const struct cnn_builder *b, const struct cnn_aux *a, const struct loss *l)
{
    char have[96], want[96];
    const struct cnn_node *x = &b->node[a->node], *y = &b->node[l->node];
    if (is_alike(x, y->layer.out, y->layer.rows, y->counter))
        return 0;
    cnn_layer_format(&x->layer, have);
    cnn_layer_format(&y->layer, want);
    return cnn_fail(CNN_EDATA,
                    "%s:%d: aux: it ends in %s, the net in %s: they have the same target", b->name,
                    a->line, have, want);
}

static int add_aux_loss(struct cnn_builder *b, const struct loss *first, struct cnn_aux a)
{
    const struct loss *l = loss_of(b, &a, first);
    if (!l)
        return cnn_error_code();
    a.node = before_output(b, a.node, l);
    int rc = check_aux(b, &a, l);
    return rc ? rc : add_loss(b, l, a.node, a.line, a.options.weight, 1);
}

/* Those of the text, then those of aux heads. */
static int add_losses(struct cnn_builder *b, const struct loss *first)
{
    int rc = 0;
    for (const struct loss *l = first; l && !rc; l = l->next)
        rc = add_loss(b, l, l->node, l->line, l->line_options->weight, 0);
    for (size_t i = 0; !rc && i < b->aux_count; i++)
        rc = add_aux_loss(b, first, b->aux[i]);
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

static void print_loss(struct cnn_builder *b, const struct loss *l)
{
    struct cnn_buf line = {0};
    cnn_print_arguments(&line, cnn_loss_table, l->line_options);
    b->printer.text.failed |= line.failed;
    cnn_print_layer(&b->printer, NULL, l->type->name, l->type->options, l->options,
                    line.text ? line.text : "");
    cnn_buf_free(&line);
}

int cnn_builder_losses(struct cnn_builder *b, struct cnn_statement *s)
{
    struct cnn_graph *g = b->graph;
    const char *usual = usual_loss(b);
    struct cnn_statement fallback = {.line = 1, .word = usual, .type = cnn_layer_type_find(usual)};
    struct loss *first = NULL;
    int rc = b->config->loss ? read_loss_text(b, b->config->loss, &first)
                             : read_losses(b, b->name, s ? s : &fallback, &first);
    if (rc)
        return rc;
    for (struct loss *l = first; l; l = l->next) {
        l->node = before_output(b, l->node, l);
        if (s || b->config->loss || strcmp(usual, "xent"))
            print_loss(b, l);
    }
    g->logits = first->node;
    g->embeds = first->type->target == CNN_LOSS_TAKES_LABELS;
    g->first_loss = b->nodes;
    if (b->config->with_loss) {
        rc = find_targets(b, first);
        if (!rc)
            rc = add_losses(b, first);
    }
    g->losses = b->nodes - g->first_loss;
    return rc;
}
