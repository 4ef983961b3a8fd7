/* A def's parameters: their list, and their values in a call. */
#include "lang/syntax.h"

#include <string.h>

static int parse_parameter(struct cnn_arena *arena, const char *name, const char *s, size_t n,
                           struct cnn_def *d)
{
    while (n && (s[0] == ' ' || s[0] == '\t'))
        s++, n--;
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    size_t k = cnn_name_length(s) < n ? cnn_name_length(s) : n, rest = k;
    while (rest < n && (s[rest] == ' ' || s[rest] == '\t'))
        rest++;
    if (!k || (rest < n && s[rest] != '=') || rest + 1 == n)
        return cnn_fail(CNN_EDATA, "%s:%d: def %s: '%.*s' is no parameter (NAME or NAME=DEFAULT)",
                        name, d->line, d->name, (int)(n < 60 ? n : 60), s);
    struct cnn_parameter *q = &d->param[d->params];
    q->name = cnn_arena_strndup(arena, s, k);
    q->fallback = rest < n ? cnn_arena_strndup(arena, s + rest + 1, n - rest - 1) : NULL;
    if (!q->name || (rest < n && !q->fallback))
        return CNN_ESYSTEM;
    int taken = !strcmp(q->name, "classes");
    for (size_t i = 0; i < d->params; i++)
        taken |= !strcmp(d->param[i].name, q->name);
    if (taken)
        return cnn_fail(CNN_EDATA, "%s:%d: def %s: the name '%s' is taken already", name, d->line,
                        d->name, q->name);
    d->params++;
    return 0;
}

/* "(n, s=1)", split at the commas outside inner parentheses. */
int cnn_parse_parameters(struct cnn_arena *arena, const char *name, const char *list,
                         struct cnn_def *d)
{
    enum { PARAMETERS_MAX = 32 };
    size_t n = strlen(list);
    int depth = 0, rc = 0;
    d->param = cnn_arena_alloc(arena, PARAMETERS_MAX * sizeof *d->param);
    if (!d->param)
        return CNN_ESYSTEM;
    if (strspn(list + 1, " \t") + 2 == n)
        return 0;
    const char *begin = list + 1;
    for (const char *c = list + 1; !rc && c < list + n; c++) {
        depth += (*c == '(') - (*c == ')');
        if (depth < 0 && c != list + n - 1)
            return cnn_fail(CNN_EDATA, "%s:%d: def %s: '%.40s' after the parameters", name, d->line,
                            d->name, c + 1);
        if (depth > 0 || (*c != ',' && depth == 0))
            continue;
        if (d->params == PARAMETERS_MAX)
            return cnn_fail(CNN_EDATA, "%s:%d: def %s has more than %d parameters", name, d->line,
                            d->name, PARAMETERS_MAX);
        rc = parse_parameter(arena, name, begin, (size_t)(c - begin), d);
        begin = c + 1;
    }
    return rc;
}

static int match_arguments(const struct cnn_statement *s, const char **value)
{
    const struct cnn_def *d = s->def;
    size_t position = 0;
    for (size_t i = 0; i < s->args; i++) {
        const struct cnn_argument *a = &s->arg[i];
        size_t k = position;
        if (a->key) {
            ptrdiff_t found = cnn_def_parameter(d, a->key);
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

/* A layer, a def, or none, that is no loss. */
static int is_word(const struct cnn_tree *tree, const char *text)
{
    struct cnn_statement s = {.word = text};
    return tree && cnn_resolve_word(tree, &s) && s.kind != CNN_STATEMENT_LOSS;
}

/* Names that are bound go before words, and words before what is no name. */
static int evaluate_one(const char *text, const struct cnn_variables *v, struct cnn_binding *out)
{
    size_t n = cnn_name_length(text);
    const struct cnn_binding *bound = n && !text[n] ? cnn_binding_find(v, text, n) : NULL;
    if (bound)
        out->word = bound->word;
    else if (n && !text[n] && strcmp(text, "classes") && is_word(v->tree, text))
        out->word = text;
    return out->word ? 0 : cnn_evaluate_number(text, CNN_NUMBER_ANY, v, &out->number);
}

/* Values in order; defaults may use the parameters before. */
static int evaluate(const struct cnn_variables *outside, const struct cnn_statement *s,
                    const char **value, struct cnn_variables *vars, struct cnn_binding *bound)
{
    const struct cnn_def *d = s->def;
    vars->last = NULL;
    for (size_t i = 0; i < d->params; i++) {
        const char *text = value[i] ? value[i] : d->param[i].fallback;
        if (!text)
            return cnn_fail(CNN_EDATA, "%s: %s is missing", s->word, d->param[i].name);
        bound[i] = (struct cnn_binding){.name = d->param[i].name, .before = vars->last};
        if (evaluate_one(text, value[i] ? outside : vars, &bound[i]))
            return cnn_fail(CNN_EDATA, "%s: %s: %s", s->word, d->param[i].name,
                            cnn_error_message());
        vars->last = &bound[i];
    }
    return 0;
}

int cnn_bind_arguments(const struct cnn_variables *outside, const struct cnn_statement *s,
                       struct cnn_arena *arena, struct cnn_variables *out)
{
    size_t params = s->def->params;
    const char **value = cnn_arena_alloc(arena, (params + 1) * sizeof *value);
    struct cnn_binding *bound = cnn_arena_alloc(arena, (params + 1) * sizeof *bound);
    if (!value || !bound)
        return CNN_ESYSTEM;
    int rc = match_arguments(s, value);
    return rc ? rc : evaluate(outside, s, value, out, bound);
}
