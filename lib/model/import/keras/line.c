/* Lines of the net's text, their labels, and layers that are refused. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/import/keras/keras.h"

static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.";

/* Letters, digits, '_', '-' and '/', in parts divided by single dots. */
static void clean(char *label)
{
    size_t n = strlen(label);
    for (size_t i = 0; i < n; i++) {
        int ends = !i || i + 1 == n || label[i - 1] == '.';
        if (!strchr(good, label[i]) || (label[i] == '.' && ends))
            label[i] = '_';
    }
}

const char *cnn_keras_label(struct keras_writer *w, const char *name)
{
    enum { MOST = 400 };
    char *first = cnn_arena_strndup(w->arena, *name ? name : "layer", strnlen(name, MOST));
    const char *label = first;
    if (!first)
        return NULL;
    if (!*first)
        label = first = cnn_arena_strdup(w->arena, "layer");
    if (first)
        clean(first);
    size_t *used = first ? cnn_names_find(w->labels, first) : NULL;
    while (label && cnn_names_find(w->labels, label))
        label = cnn_arena_printf(w->arena, "%s_%zu", first, ++*used);
    size_t *own = label ? cnn_arena_alloc(w->arena, sizeof *own) : NULL;
    if (!own || cnn_names_put(w->labels, label, own))
        return NULL;
    *own = 1;
    return label;
}

const char *cnn_keras_name(struct keras_writer *w, const struct keras_layer *l)
{
    const char *name = l->name;
    for (l = l->model->as; l && name; l = l->model->as)
        name = cnn_arena_printf(w->arena, "%.200s.%.200s", l->name, name);
    return name;
}

int cnn_keras_refuse(struct keras_writer *w, struct keras_node *n, const char *format, ...)
{
    char why[160];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (n->refused)
        return 0;
    n->refused = 1;
    if (w->refusals++ >= KERAS_MOST_NAMED)
        return 0;
    cnn_buf_printf(&w->refused, "%s'%.100s' (%.60s%s%s)", w->refusals > 1 ? "; " : "",
                   n->layer->name, n->layer->class, *why ? ": " : "", why);
    return 0;
}

const struct keras_value *cnn_keras_in(const struct keras_node *n)
{
    static const struct keras_value none = {.unsure = 1};
    return n->ins ? &n->in[0]->out : &none;
}

int cnn_keras_same(struct keras_node *n)
{
    n->out.label = cnn_keras_in(n)->label;
    return 0;
}

int cnn_keras_has_rank(struct keras_writer *w, struct keras_node *n, unsigned ranks)
{
    const struct keras_value *v = cnn_keras_in(n);
    if (v->unsure || ranks >> v->rank & 1)
        return 1;
    return cnn_keras_refuse(w, n, "it reads values of %d dimensions", v->rank);
}

int cnn_keras_line_of(struct keras_writer *w, struct keras_node *n, const char *part,
                      const char *const *from, size_t count, const char *words)
{
    const char *name = cnn_keras_name(w, n->layer);
    if (name && part)
        name = cnn_arena_printf(w->arena, "%s.%s", name, part);
    const char *label = name ? cnn_keras_label(w, name) : NULL;
    if (!label)
        return CNN_ESYSTEM;
    cnn_buf_printf(&w->text, "\n%s: %s", label, words);
    int follows = count == 1 && !strcmp(from[0], w->last);
    for (size_t i = 0; i < count && !follows; i++)
        cnn_buf_printf(&w->text, "%s%s", i ? "," : " from=", from[i]);
    w->last = n->out.label = label;
    n->lines++;
    if (!part && !n->layer->label)
        n->layer->label = label;
    return w->text.failed ? CNN_ESYSTEM : 0;
}

int cnn_keras_line(struct keras_writer *w, struct keras_node *n, const char *part,
                   const char *format, ...)
{
    char words[700];
    const char *from[KERAS_MOST_READ];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof words)
        return cnn_fail(CNN_EINTERNAL, "a line of %d bytes", length);
    size_t count = n->lines ? 1 : n->ins;
    for (size_t i = 0; i < count; i++)
        from[i] = n->lines ? n->out.label : n->in[i]->out.label;
    return cnn_keras_line_of(w, n, part, from, count, words);
}

const char *cnn_keras_share(struct keras_writer *w, const struct keras_node *n)
{
    const char *share = "";
    if (n->layer->label)
        share = cnn_arena_printf(w->arena, " share=%s", n->layer->label);
    return share ? share : "";
}
