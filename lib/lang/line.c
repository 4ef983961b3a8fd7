/* The line of a layer: its options, its node, its name, and how it is printed. */
#include "lang/builder.h"

/* Behind a layer's own arguments: what its line says of parameters, and what it reads. */
static const char *tail_of(struct cnn_builder *b, const struct cnn_place *at, int node,
                           const struct cnn_line *reads)
{
    struct cnn_buf text = {0};
    cnn_print_arguments(&text, cnn_line_table, b->node[node].line);
    cnn_buf_puts(&text, cnn_builder_reads(b, at, reads->in, reads->inputs));
    const char *tail = text.failed ? NULL : cnn_arena_strndup(b->arena, text.text, text.size);
    cnn_buf_free(&text);
    b->printer.text.failed |= !tail;
    return tail ? tail : "";
}

int cnn_builder_claim_layer(struct cnn_builder *b, const struct cnn_place *at, int node, int line)
{
    const struct cnn_layer *l = &b->node[node].layer;
    int rc = cnn_builder_claim(b, at, l->name, node, line);
    if (rc || l->outputs == 1)
        return rc;
    const char *first =
        cnn_arena_printf(b->arena, "%s.%s", l->name, cnn_layer_output_name(l, 0, (char[24]){0}));
    rc = first ? cnn_builder_claim(b, at, first, node, line) : CNN_ESYSTEM;
    for (int k = 1; !rc && k < l->outputs; k++)
        rc = cnn_builder_claim(b, at, b->node[node + k].layer.name, node + k, line);
    return rc;
}

/* The layer's label, and its line in the canonical text. */
static int finish(struct cnn_builder *b, const struct cnn_place *at, const struct cnn_made *made,
                  struct cnn_line_options *options, const struct cnn_line *reads, int line,
                  int node)
{
    if (!made->type) {
        cnn_builder_settle(b, at, made->label, node);
        return 0;
    }
    int rc = cnn_builder_apply_line(b, at, line, node, options);
    if (!rc)
        rc = cnn_builder_claim_layer(b, at, node, line);
    if (!rc)
        cnn_print_layer(&b->printer, made->label, made->type->name, made->type->options,
                        made->options, tail_of(b, at, node, reads));
    b->flow = node;
    return rc;
}

int cnn_builder_layer(struct cnn_builder *b, const struct cnn_place *at,
                      const struct cnn_statement *s, const struct cnn_line *reads, int *node)
{
    const struct cnn_layer_type *t = s->type;
    struct cnn_made made = {.label = s->label, .type = t};
    struct cnn_statement own = *s;
    struct cnn_line_options *line;
    int rc = cnn_builder_line_options(b, at, &own, &line);
    if (!rc)
        made.options = cnn_builder_options(b, at, t->name, t->options, t->options_size, own.arg,
                                           own.args, s->line);
    const char *name = made.options ? cnn_builder_name(b, at, s->label, t, s->line) : NULL;
    if (!name)
        return cnn_error_code();
    cnn_builder_head(b, name, &made);
    rc = cnn_builder_add(b, at, name, t, made.options, reads, s->line, node);
    if (!rc)
        rc = cnn_builder_slide(b, at, reads, s->line, &made, node);
    return rc ? rc : finish(b, at, &made, line, reads, s->line, *node);
}
