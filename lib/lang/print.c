/* The canonical text: one layer a line, groups indented, only what differs from the
 * defaults; labels only where the text gave them, since the others come out the same again. */
#include "lang/syntax.h"

#include <stdio.h>
#include <string.h>

static void begin_line(struct cnn_printer *p, const char *label)
{
    cnn_buf_printf(&p->text, "%*s", 2 * p->indent, "");
    if (label)
        cnn_buf_printf(&p->text, "%s: ", label);
}

static const struct cnn_option *at_position(const struct cnn_option *table, int position)
{
    for (; table && table->name; table++)
        if (table->position == position)
            return table;
    return NULL;
}

/* Whether the option needs no words; for lack of memory the text has failed. */
static int is_plain(const struct cnn_option *o, const void *fields, struct cnn_buf *out)
{
    int rc = cnn_option_is_default(o, fields);
    out->failed |= rc < 0;
    return rc != 0;
}

/* Bare arguments as far as they go without a gap, then what differs from its default by key. */
void cnn_print_arguments(struct cnn_buf *out, const struct cnn_option *table, const void *fields)
{
    const struct cnn_option *o;
    int bare = 0;
    while ((o = at_position(table, bare + 1)) && !is_plain(o, fields, out)) {
        cnn_buf_puts(out, " ");
        cnn_option_print(o, fields, out);
        bare++;
    }
    for (o = table; o && o->name; o++) {
        if ((o->position && o->position <= bare) || is_plain(o, fields, out))
            continue;
        cnn_buf_printf(out, " %s=", o->name);
        cnn_option_print(o, fields, out);
    }
}

void cnn_node_print(const struct cnn_node *node, struct cnn_buf *out)
{
    cnn_buf_puts(out, node->layer.type->name);
    cnn_print_arguments(out, node->layer.type->options, node->layer.options);
    if (node->line)
        cnn_print_arguments(out, cnn_line_table, node->line);
}

void cnn_print_layer(struct cnn_printer *p, const char *label, const char *word,
                     const struct cnn_option *table, const void *fields, const char *tail)
{
    begin_line(p, label);
    cnn_buf_puts(&p->text, word);
    cnn_print_arguments(&p->text, table, fields);
    cnn_buf_printf(&p->text, "%s\n", tail);
}

void cnn_print_recipe(struct cnn_printer *p, const struct cnn_recipe *r)
{
    if (!r->count)
        return;
    begin_line(p, NULL);
    cnn_buf_puts(&p->text, "recipe");
    for (size_t i = 0; i < r->count; i++)
        cnn_buf_printf(&p->text, " %s=%s", r->setting[i].key, r->setting[i].value);
    cnn_buf_puts(&p->text, "\n");
}

void cnn_print_open(struct cnn_printer *p, const char *label, const char *word,
                    const struct cnn_option *table, const void *fields, const char *tail)
{
    begin_line(p, label);
    if (word) {
        cnn_buf_puts(&p->text, word);
        cnn_print_arguments(&p->text, table, fields);
        cnn_buf_printf(&p->text, "%s ", tail);
    }
    cnn_buf_puts(&p->text, "{\n");
    p->indent++;
}

void cnn_print_branch(struct cnn_printer *p)
{
    p->indent--;
    begin_line(p, NULL);
    cnn_buf_puts(&p->text, "} {\n");
    p->indent++;
}

void cnn_print_close(struct cnn_printer *p)
{
    p->indent--;
    begin_line(p, NULL);
    cnn_buf_puts(&p->text, "}\n");
}
