/* Lines of the net's text, their labels, and what is no line. Each layer stands on the line on which it
 * is in its own text, so that what is said of a line is true of both. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/import/caffe/caffe.h"

static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/";

/* Letters, digits, '_', '-' and '/', in parts divided by single dots. */
static void clean(char *label)
{
    size_t n = strlen(label);
    for (size_t i = 0; i < n; i++) {
        int divides = label[i] == '.' && i && i + 1 < n && label[i - 1] != '.';
        if (!strchr(good, label[i]) && !divides)
            label[i] = '_';
    }
}

const char *cnn_caffe_label(struct caffe_writer *w, const char *name)
{
    enum { MOST = 400 };
    struct cnn_arena *arena = w->net->arena;
    char *first = cnn_arena_strndup(arena, name, strnlen(name, MOST));
    const char *label = first;
    if (!first)
        return NULL;
    clean(first);
    if (!*first)
        label = first = cnn_arena_strdup(arena, "layer");
    for (size_t k = 2; label && cnn_names_find(w->labels, label); k++)
        label = cnn_arena_printf(arena, "%s_%zu", first, k);
    if (!label || cnn_names_put(w->labels, label, (void *)(uintptr_t)label))
        return NULL;
    return label;
}

int cnn_caffe_refuse(struct caffe_writer *w, const struct caffe_layer *l, const char *format, ...)
{
    char why[160];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (w->refusals++ >= CAFFE_MOST_NAMED)
        return 0;
    cnn_buf_printf(&w->refused, "%s'%.60s' (%.40s", w->refusals > 1 ? "; " : "", l->name,
                   *l->type ? l->type : "no type");
    if (l->line)
        cnn_buf_printf(&w->refused, ", line %d", l->line);
    cnn_buf_printf(&w->refused, "%s%s)", *why ? ": " : "", why);
    return w->refused.failed ? CNN_ESYSTEM : 0;
}

int cnn_caffe_same(struct caffe_layer *l)
{
    for (size_t i = 0; i < l->outs && l->ins; i++)
        l->out[i]->label = l->in[0]->label;
    return 0;
}

void cnn_caffe_go_to(struct caffe_writer *w, int line)
{
    line = line ? line : w->line + 1;
    if (line <= w->line && w->text.size)
        cnn_buf_puts(&w->text, "; ");
    for (; w->line < line; w->line++)
        cnn_buf_puts(&w->text, "\n");
}

int cnn_caffe_line_of(struct caffe_writer *w, const char *label, int line,
                      struct caffe_value *const *in, size_t ins, const char *words)
{
    if (!label)
        return CNN_ESYSTEM;
    cnn_caffe_go_to(w, line);
    cnn_buf_printf(&w->text, "%s: %s", label, words);
    int follows = !ins || (ins == 1 && !strcmp(in[0]->label, w->last));
    for (size_t i = 0; i < ins && !follows; i++)
        cnn_buf_printf(&w->text, "%s%s", i ? "," : " from=", in[i]->label);
    w->last = label;
    return w->text.failed ? CNN_ESYSTEM : 0;
}

int cnn_caffe_line(struct caffe_writer *w, struct caffe_layer *l, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text)
        return cnn_fail(CNN_EINTERNAL, "a line of %d bytes", n);
    const char *label = cnn_caffe_label(w, l->name);
    int rc = cnn_caffe_line_of(w, label, l->line, l->in, l->ins, text);
    if (l->outs)
        l->out[0]->label = label;
    return rc;
}

/* The name of a field: letters, digits and '_', no digit first. */
const char *cnn_caffe_field(struct cnn_arena *arena, const char *name)
{
    char *field = cnn_arena_printf(arena, "%s%.60s", *name >= '0' && *name <= '9' ? "_" : "", name);
    for (char *c = field; c && *c; c++)
        if (*c == '-' || *c == '/' || *c == '.' || !strchr(good, *c))
            *c = '_';
    return field;
}
