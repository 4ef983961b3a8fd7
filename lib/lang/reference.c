/* References to labels: from=LABEL, LABEL. A label is looked up from the innermost scope outwards.
 *
 * One that is not there yet is either misspelt or stands further below. To tell these apart the
 * rest of the text is built for its names alone, and the answer is given at its end. */
#include "lang/builder.h"

#include <string.h>

/* The bytes of the prefix one scope further out. */
static size_t outwards(const char *prefix, size_t n)
{
    while (n && prefix[n - 1] != '.')
        n--;
    return n ? n - 1 : 0;
}

/* NULL: there is none, or an error is set. */
static const struct cnn_label *look_up(struct cnn_builder *b, const char *prefix, const char *label)
{
    for (size_t n = strlen(prefix);; n = outwards(prefix, n)) {
        const char *name = n ? cnn_arena_printf(b->arena, "%.*s.%s", (int)n, prefix, label) : label;
        const struct cnn_label *found = name ? cnn_labels_find(b->labels, name) : NULL;
        if (found || !name || !n)
            return found;
    }
}

/* Whether values of that label are there in training only, and not in the aux that asks. */
static int out_of_reach(const struct cnn_builder *b, const struct cnn_label *l)
{
    return l->aux && !(b->inside_aux && l->node >= b->aux_first);
}

int cnn_builder_refer(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                      int line, const char *verb, int *node)
{
    const struct cnn_label *found = look_up(b, at->scope->prefix, label);
    if (found && out_of_reach(b, found)) {
        cnn_fail(CNN_EDATA, "'%s' is inside of an aux, which is there in training only", label);
        return cnn_builder_fail(b, at, line);
    }
    if (found)
        *node = found->node;
    else if (!b->sought.label)
        b->sought = (struct cnn_sought){label, at->scope->prefix, verb, NULL, line, b->nodes, *at};
    return 0;
}

/* The layer whose output the label would be, LABEL.NAME, were there one of that name; NULL: none. */
static const struct cnn_label *layer_sought(struct cnn_builder *b)
{
    const char *label = b->sought.label, *dot = strrchr(label, '.');
    const char *stem = dot ? cnn_arena_strndup(b->arena, label, (size_t)(dot - label)) : NULL;
    const struct cnn_label *found = stem ? look_up(b, b->sought.prefix, stem) : NULL;
    return found && !strcmp(b->node[found->node].layer.name, found->name) ? found : NULL;
}

/* Fails, unless the layer has one output. */
static int no_such_output(struct cnn_builder *b, const struct cnn_label *layer)
{
    const struct cnn_layer *l = &b->node[layer->node].layer;
    const struct cnn_sought *s = &b->sought;
    struct cnn_buf names = {0};
    int rc = 0;
    if (l->outputs < 2)
        return 0;
    for (int k = 0; k < l->outputs; k++)
        cnn_buf_printf(&names, "%s%s", k ? ", " : "", cnn_layer_output_name(l, k, (char[24]){0}));
    if (names.failed)
        rc = CNN_ESYSTEM;
    else if (s->reader)
        rc = cnn_fail(CNN_EDATA, "'%s' %s '%s', and the outputs of '%s' are %s", s->reader, s->verb,
                      s->label, layer->name, names.text);
    else
        rc = cnn_fail(CNN_EDATA, "unknown label '%.60s': the outputs of '%s' are %s", s->label,
                      layer->name, names.text);
    cnn_buf_free(&names);
    return rc;
}

int cnn_builder_sought(struct cnn_builder *b)
{
    struct cnn_sought *s = &b->sought;
    const struct cnn_label *found = look_up(b, s->prefix, s->label), *layer = layer_sought(b);
    const char *reader = s->reader ? s->reader : s->label;
    char hint[80];
    if (!found && layer && layer->node < s->nodes && no_such_output(b, layer))
        return cnn_builder_fail(b, &s->at, s->line);
    if (!found && layer && layer->node >= s->nodes)
        found = layer;
    if (found && found->line == s->line && !strcmp(found->name, reader)) {
        cnn_fail(CNN_EDATA, "'%s' %s itself", reader, s->verb);
    } else if (found) {
        cnn_fail(CNN_EDATA, "'%s' %s '%s', which stands further below (line %d)%s", reader, s->verb,
                 s->label, found->line, strcmp(s->verb, "reads") ? "" : ": a cycle");
    } else {
        struct cnn_nearest near = {.word = s->label};
        cnn_labels_offer(b->labels, s->prefix, &near);
        cnn_fail(CNN_EDATA, "unknown label '%.60s'%s", s->label, cnn_nearest_hint(&near, hint));
    }
    return cnn_builder_fail(b, &s->at, s->line);
}

/* "a,b": as many nodes. */
static int read_labels(struct cnn_builder *b, const struct cnn_place *at, const char *text,
                       int line, int stand_in, struct cnn_line *out)
{
    int count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    int *in = cnn_arena_alloc(b->arena, (size_t)count * sizeof *in);
    if (!in)
        return CNN_ESYSTEM;
    for (int i = 0; i < count; i++) {
        size_t n = strcspn(text, ",");
        const char *label = cnn_arena_strndup(b->arena, text, n);
        in[i] = stand_in;
        if (!label)
            return CNN_ESYSTEM;
        if (!n) {
            cnn_fail(CNN_EDATA, "from=: a label is missing");
            return cnn_builder_fail(b, at, line);
        }
        if (cnn_builder_refer(b, at, label, line, "reads", &in[i]))
            return CNN_EDATA;
        text += n + 1;
    }
    *out = (struct cnn_line){in, count, 1};
    return 0;
}

int cnn_builder_take(struct cnn_builder *b, const struct cnn_place *at, struct cnn_statement *s,
                     const char *key, const char **text)
{
    struct cnn_argument *left = cnn_arena_alloc(b->arena, (s->args + 1) * sizeof *left);
    int parameter = s->def && cnn_def_parameter(s->def, key) >= 0;
    size_t count = 0;
    *text = NULL;
    if (!left)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < s->args; i++) {
        if (parameter || !s->arg[i].key || strcmp(s->arg[i].key, key) != 0) {
            left[count++] = s->arg[i];
            continue;
        }
        if (*text) {
            cnn_fail(CNN_EDATA, "%s: %s is given twice", s->word, key);
            return cnn_builder_fail(b, at, s->line);
        }
        *text = s->arg[i].value;
    }
    s->arg = left;
    s->args = count;
    if (*text && cnn_evaluate_label(*text, &at->vars, b->arena, text))
        return cnn_builder_fail(b, at, s->line);
    return 0;
}

int cnn_builder_from(struct cnn_builder *b, const struct cnn_place *at, struct cnn_statement *s,
                     struct cnn_line *out)
{
    const char *text;
    int rc = cnn_builder_take(b, at, s, "from", &text);
    return !rc && text ? read_labels(b, at, text, s->line, out->in[0], out) : rc;
}

const char *cnn_builder_full_label(struct cnn_builder *b, const struct cnn_place *at,
                                   const char *label)
{
    const struct cnn_label *l = look_up(b, at->scope->prefix, label);
    return l ? l->name : NULL;
}

const char *cnn_builder_name_from(struct cnn_builder *b, const struct cnn_place *at, int node)
{
    const char *name = b->node[node].layer.name, *prefix = at->scope->prefix;
    for (size_t n = strlen(prefix); n; n = outwards(prefix, n)) {
        if (strncmp(name, prefix, n) || name[n] != '.')
            continue;
        const struct cnn_label *found = look_up(b, prefix, name + n + 1);
        if (found && !strcmp(found->name, name))
            return name + n + 1;
    }
    return name;
}

const char *cnn_builder_reads(struct cnn_builder *b, const struct cnn_place *at, const int *in,
                              int inputs)
{
    struct cnn_buf text = {0};
    if (inputs == 1 && in[0] == b->flow)
        return "";
    for (int i = 0; i < inputs; i++)
        cnn_buf_printf(&text, "%s%s", i ? "," : " from=", cnn_builder_name_from(b, at, in[i]));
    const char *out = text.failed ? NULL : cnn_arena_strndup(b->arena, text.text, text.size);
    cnn_buf_free(&text);
    b->printer.text.failed |= !out;
    return out ? out : "";
}

void cnn_builder_settle(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                        int node)
{
    static const struct cnn_option none[] = {CNN_OPTION_END};
    const char *reads = cnn_builder_reads(b, at, &node, 1);
    if (label || *reads)
        cnn_print_layer(&b->printer, label, "identity", none, NULL, reads);
    b->flow = node;
}
