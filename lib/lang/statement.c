/* What building any statement takes: its options, and a message with its place. */
#include "lang/builder.h"

int cnn_builder_fail(struct cnn_builder *b, const struct cnn_place *at, int line)
{
    if (cnn_error_code() == CNN_ESYSTEM)
        return CNN_ESYSTEM;
    if (at && at->call_line) {
        const char *file = at->file ? at->file : b->name;
        int elsewhere = file != b->name;
        return cnn_fail(CNN_EDATA, "%s:%d: %s (in %s, called on line %d%s%s)", file, line,
                        cnn_error_message(), at->call_word, at->call_line, elsewhere ? " of " : "",
                        elsewhere ? b->name : "");
    }
    return cnn_fail(CNN_EDATA, "%s:%d: %s", b->name, line, cnn_error_message());
}

void *cnn_builder_options(struct cnn_builder *b, const struct cnn_place *at, const char *word,
                          const struct cnn_option *table, size_t size,
                          const struct cnn_argument *arg, size_t args, int line)
{
    void *options = cnn_arena_alloc(b->arena, size + 1);
    if (!options)
        return NULL;
    if (!cnn_evaluate_arguments(word, table, arg, args, &at->vars, b->arena, options))
        return options;
    cnn_builder_fail(b, at, line);
    return NULL;
}

void *cnn_builder_take_options(struct cnn_builder *b, const struct cnn_place *at,
                               const struct cnn_option *table, size_t size, struct cnn_statement *s)
{
    struct cnn_argument *own = cnn_arena_alloc(b->arena, (s->args + 1) * sizeof *own);
    struct cnn_argument *line = cnn_arena_alloc(b->arena, (s->args + 1) * sizeof *line);
    size_t owns = 0, lines = 0;
    if (!own || !line)
        return NULL;
    for (size_t i = 0; i < s->args; i++) {
        const struct cnn_argument *a = &s->arg[i];
        if (a->key && cnn_option_find(table, a->key) &&
            !cnn_option_find(s->type->options, a->key)) /* dropout has a rate of its own */
            line[lines++] = *a;
        else
            own[owns++] = *a;
    }
    s->arg = own;
    s->args = owns;
    return cnn_builder_options(b, at, s->type->name, table, size, line, lines, s->line);
}
