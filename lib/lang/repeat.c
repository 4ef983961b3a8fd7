/* repeat N [as NAME] [from FIRST]: its arguments, and the name that counts its rounds. */
#include "lang/builder.h"

#include <string.h>

static const struct cnn_option table[] = {
    CNN_OPTION("rounds", INT, 0, NULL, .max = CNN_NET_LAYERS_MAX, .position = 1, .metavar = "N",
               .help = "how often"),
    CNN_OPTION_END,
};

enum { FIRST_MAX = 1000000000 };

static int take_index(const struct cnn_place *at, const char *name, struct cnn_rounds *out)
{
    size_t n = cnn_name_length(name);
    if (out->index)
        return cnn_fail(CNN_EDATA, "repeat: as is given twice");
    if (!n || name[n])
        return cnn_fail(CNN_EDATA, "repeat: as: '%.60s' is no name", name);
    if (!strcmp(name, "classes") || cnn_binding_find(&at->vars, name, n))
        return cnn_fail(CNN_EDATA, "repeat: as: the name '%.60s' is taken already", name);
    out->index = name;
    return 0;
}

static int take_first(const struct cnn_place *at, const char *text, int given,
                      struct cnn_rounds *out)
{
    struct cnn_number x;
    if (given)
        return cnn_fail(CNN_EDATA, "repeat: from is given twice");
    int rc = cnn_evaluate_number(text, CNN_NUMBER_WHOLE, &at->vars, &x);
    if (rc == CNN_EDATA)
        return cnn_fail(rc, "repeat: from: %s", cnn_error_message());
    if (!rc && (x.whole < 0 || x.whole > FIRST_MAX))
        return cnn_fail(CNN_EDATA, "repeat: from: '%.60s' is not in 0..%d", text, FIRST_MAX);
    out->first = x.whole;
    return rc;
}

/* Takes "as NAME" and "from FIRST" out of the arguments behind the first. */
static int take_words(const struct cnn_place *at, const struct cnn_statement *s,
                      struct cnn_argument *left, size_t *count, struct cnn_rounds *out)
{
    int rc = 0, given = 0;
    for (size_t i = 0; !rc && i < s->args; i++) {
        const struct cnn_argument *a = &s->arg[i];
        int as = i && !a->key && !strcmp(a->value, "as");
        int from = i && !a->key && !strcmp(a->value, "from");
        if (!as && !from)
            left[(*count)++] = *a;
        else if (++i == s->args || s->arg[i].key)
            return cnn_fail(CNN_EDATA, "repeat: %s: %s is missing", a->value,
                            as ? "a name" : "a number");
        else
            rc = as ? take_index(at, s->arg[i].value, out)
                    : take_first(at, s->arg[i].value, given++, out);
    }
    return rc;
}

int cnn_builder_rounds(struct cnn_builder *b, const struct cnn_place *at,
                       const struct cnn_statement *s, struct cnn_rounds *out)
{
    size_t count = 0;
    struct cnn_argument *left = cnn_arena_alloc(b->arena, (s->args + 1) * sizeof *left);
    *out = (struct cnn_rounds){0};
    if (!left)
        return CNN_ESYSTEM;
    if (take_words(at, s, left, &count, out))
        return cnn_builder_fail(b, at, s->line);
    const long long *rounds =
        cnn_builder_options(b, at, s->word, table, sizeof *rounds, left, count, s->line);
    if (!rounds)
        return cnn_error_code();
    out->count = *rounds;
    return 0;
}

void cnn_rounds_bind(struct cnn_rounds *r, long long i, struct cnn_variables *vars)
{
    if (!r->index)
        return;
    r->binding = (struct cnn_binding){.name = r->index, .before = vars->last};
    r->binding.number = (struct cnn_number){1, i, (double)i};
    vars->last = &r->binding;
}
