/* Words to layers and defs; who calls whom, and what stands where. */
#include "lang/syntax.h"

#include <string.h>

struct resolver {
    const char *name; /* for messages */
    struct cnn_tree *tree;
    const struct cnn_def *def; /* around; NULL: none */
};

struct cnn_def *cnn_def_find(const struct cnn_tree *tree, const char *name)
{
    struct cnn_def *d = tree->defs;
    while (d && strcmp(d->name, name))
        d = d->next;
    return d;
}

ptrdiff_t cnn_def_parameter(const struct cnn_def *d, const char *name)
{
    for (size_t i = 0; i < d->params; i++)
        if (!strcmp(d->param[i].name, name))
            return (ptrdiff_t)i;
    return -1;
}

static int unknown_word(const struct resolver *p, const struct cnn_statement *s)
{
    const char *here = cnn_word_elsewhere(s->word);
    if (here)
        return cnn_fail(CNN_EDATA, "%s:%d: unknown layer '%s': it is %s here", p->name, s->line,
                        s->word, here);
    struct cnn_nearest near = {.word = s->word};
    char hint[80];
    cnn_words_offer(&near);
    for (const struct cnn_def *d = p->tree->defs; d; d = d->next)
        cnn_nearest_offer(&near, d->name);
    return cnn_fail(CNN_EDATA, "%s:%d: unknown layer '%.60s'%s", p->name, s->line, s->word,
                    cnn_nearest_hint(&near, hint));
}

int cnn_resolve_word(const struct cnn_tree *tree, struct cnn_statement *s)
{
    if ((s->def = cnn_def_find(tree, s->word)))
        s->kind = CNN_STATEMENT_CALL;
    else if ((s->type = cnn_word_layer(s->word)))
        s->kind = s->type->flags & CNN_LAYER_LOSS ? CNN_STATEMENT_LOSS : CNN_STATEMENT_LAYER;
    else if (!strcmp(s->word, "identity") || !strcmp(s->word, "none"))
        s->kind = CNN_STATEMENT_IDENTITY;
    else
        return 0;
    return 1;
}

static int resolve(const struct resolver *p, struct cnn_statement *s)
{
    if (s->kind == CNN_STATEMENT_JOIN)
        s->type = cnn_word_layer(s->word);
    if (s->kind != CNN_STATEMENT_LAYER)
        return 0;
    if (!strcmp(s->word, "input"))
        s->kind = CNN_STATEMENT_INPUT;
    else if (!strcmp(s->word, "recipe"))
        s->kind = CNN_STATEMENT_RECIPE;
    else if (!strcmp(s->word, "output"))
        s->kind = CNN_STATEMENT_OUTPUT;
    else if (!strcmp(s->word, "shortcut"))
        s->kind = CNN_STATEMENT_SHORTCUT;
    else {
        s->parameter = p->def && cnn_def_parameter(p->def, s->word) >= 0;
        if (!cnn_resolve_word(p->tree, s)) {
            s->kind = CNN_STATEMENT_WORD;
            return s->parameter ? 0 : unknown_word(p, s);
        }
    }
    return 0;
}

/* Behind nothing but inputs. */
static int stands_first(const struct resolver *p, const struct cnn_statement *s)
{
    const struct cnn_statement *t = p->tree->body;
    while (t && t != s && t->kind == CNN_STATEMENT_INPUT)
        t = t->next;
    return t == s;
}

/* In the net itself, with nothing behind it but losses. */
static int stands_last(const struct resolver *p, const struct cnn_statement *s)
{
    const struct cnn_statement *t = p->tree->body;
    while (t && t != s)
        t = t->next;
    if (!t)
        return 0;
    while ((t = t->next)) {
        const struct cnn_layer_type *type = t->word ? cnn_word_layer(t->word) : NULL;
        if (!type || !(type->flags & CNN_LAYER_LOSS))
            return 0;
    }
    return 1;
}

/* Inputs are the first statements of the net, then comes a recipe; losses are the last ones,
 * outputs come before them; all without label; nowhere else. */
static int check_place(const struct resolver *p, const struct cnn_statement *s)
{
    if (s->kind == CNN_STATEMENT_INPUT && !stands_first(p, s))
        return cnn_fail(CNN_EDATA, "%s:%d: input stands before all layers", p->name, s->line);
    if (s->kind == CNN_STATEMENT_OUTPUT && !stands_last(p, s))
        return cnn_fail(CNN_EDATA,
                        "%s:%d: output stands once, behind all layers and before the loss", p->name,
                        s->line);
    if (s->kind == CNN_STATEMENT_RECIPE && !stands_first(p, s))
        return cnn_fail(CNN_EDATA, "%s:%d: recipe stands once, behind input and before all layers",
                        p->name, s->line);
    if (s->kind == CNN_STATEMENT_LOSS && !stands_last(p, s))
        return cnn_fail(CNN_EDATA, "%s:%d: %s is a loss: losses are the net's last lines", p->name,
                        s->line, s->word);
    if (s->label)
        return cnn_fail(CNN_EDATA, "%s:%d: %s takes no label", p->name, s->line, s->word);
    return 0;
}

static int resolve_all(struct resolver *p, struct cnn_statement *first, int calls);

/* A def's body, once; a def that is met while its own body is open calls itself. */
static int resolve_def(struct resolver *p, struct cnn_def *d, const struct cnn_statement *from,
                       int calls)
{
    if (d->state == CNN_DEF_OPEN)
        return cnn_fail(CNN_EDATA, "%s:%d: def %s calls itself", p->name, from->line, d->name);
    if (calls > CNN_NET_LEVELS_MAX)
        return cnn_fail(CNN_EDATA, "%s:%d: defs call each other more than %d deep", d->file,
                        d->line, CNN_NET_LEVELS_MAX);
    if (d->state == CNN_DEF_DONE)
        return 0;
    d->state = CNN_DEF_OPEN;
    struct resolver inside = {d->file, p->tree, d};
    int rc = resolve_all(&inside, d->body, calls + 1);
    d->state = CNN_DEF_DONE;
    return rc;
}

static int resolve_all(struct resolver *p, struct cnn_statement *first, int calls)
{
    int rc = 0;
    for (struct cnn_statement *s = first; s && !rc; s = s->next) {
        rc = resolve(p, s);
        if (!rc && (s->kind == CNN_STATEMENT_INPUT || s->kind == CNN_STATEMENT_RECIPE ||
                    s->kind == CNN_STATEMENT_OUTPUT || s->kind == CNN_STATEMENT_LOSS))
            rc = check_place(p, s);
        for (size_t i = 0; !rc && i < s->blocks; i++)
            rc = resolve_all(p, s->block[i], calls);
        if (!rc && s->def)
            rc = resolve_def(p, s->def, s, calls);
    }
    return rc;
}

/* Take inputs, recipe, outputs and losses out of the body. */
static void part(struct cnn_tree *t)
{
    for (t->input = t->body; t->body && t->body->kind == CNN_STATEMENT_INPUT; t->inputs++)
        t->body = t->body->next;
    if (!t->inputs)
        t->input = NULL;
    if (t->body && t->body->kind == CNN_STATEMENT_RECIPE) {
        t->recipe = t->body;
        t->body = t->body->next;
    }
    struct cnn_statement **last = &t->body;
    while (*last && (*last)->kind != CNN_STATEMENT_LOSS && (*last)->kind != CNN_STATEMENT_OUTPUT)
        last = &(*last)->next;
    t->output = *last && (*last)->kind == CNN_STATEMENT_OUTPUT ? *last : NULL;
    t->loss = t->output ? t->output->next : *last;
    *last = NULL;
}

int cnn_resolve_net(const char *name, struct cnn_tree *tree)
{
    struct resolver p = {name, tree, NULL};
    int rc = resolve_all(&p, tree->body, 0);
    for (struct cnn_def *d = tree->defs; d && !rc; d = d->next)
        rc = d->state == CNN_DEF_NEW ? resolve_def(&p, d, NULL, 0) : 0;
    if (!rc)
        part(tree);
    return rc;
}
