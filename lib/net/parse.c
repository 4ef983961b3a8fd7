/* Tokens to a tree of statements. Words are resolved at the end, when every def is known. */
#include "net/syntax.h"

#include <stdio.h>
#include <string.h>

struct parser {
    struct cnn_lexer lexer;
    struct cnn_token next; /* looked at, not taken */
    struct cnn_arena *arena;
    const char *name;
    struct cnn_tree *tree;
    struct cnn_def **last_def;
    size_t defs;
    int level;
};

/* Words that take blocks, with how many and whether an argument comes before. */
static const struct keyword {
    const char *word;
    enum cnn_statement_kind kind;
    int many_blocks;
} keywords[] = {
    {"sum", CNN_STATEMENT_JOIN, 1},
    {"concat", CNN_STATEMENT_JOIN, 1},
    {"repeat", CNN_STATEMENT_REPEAT, 0},
    {"aux", CNN_STATEMENT_AUX, 0},
};

static const struct keyword *find_keyword(const char *word)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (!strcmp(keywords[i].word, word))
            return &keywords[i];
    return NULL;
}

/* Other spellings. */
static const char *const aliases[][2] = {{"batchnorm", "bn"}};

static const struct cnn_layer_type *find_layer(const char *word)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!strcmp(aliases[i][0], word))
            word = aliases[i][1];
    return cnn_layer_type_find(word);
}

static int advance(struct parser *p)
{
    return cnn_lex(&p->lexer, &p->next);
}

static int at_end(const struct parser *p)
{
    return p->next.kind == CNN_TOKEN_END || p->next.kind == CNN_TOKEN_CLOSE;
}

static int skip_newlines(struct parser *p)
{
    int rc = 0;
    while (!rc && p->next.kind == CNN_TOKEN_NEWLINE)
        rc = advance(p);
    return rc;
}

static int parse_block(struct parser *p, struct cnn_statement **out);

/* A NAME or NAME= at the beginning of the word: its length, 0 when there is none. */
static size_t name_length(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return s[0] >= '0' && s[0] <= '9' ? 0 : n;
}

static int add_argument(struct parser *p, struct cnn_statement *s, size_t *capacity)
{
    const char *word = p->next.text;
    size_t n = name_length(word);
    if (s->args == *capacity) {
        struct cnn_argument *old = s->arg;
        *capacity = *capacity ? *capacity * 2 : 4;
        s->arg = cnn_arena_alloc(p->arena, *capacity * sizeof *s->arg);
        if (!s->arg)
            return CNN_ESYSTEM;
        if (s->args)
            memcpy(s->arg, old, s->args * sizeof *s->arg);
    }
    struct cnn_argument *a = &s->arg[s->args++];
    if (n && word[n] == '=') {
        a->key = cnn_arena_strndup(p->arena, word, n);
        a->value = word + n + 1;
        if (!a->key)
            return CNN_ESYSTEM;
        if (!*a->value)
            return cnn_fail(CNN_EDATA, "%s:%d: %s=: a value is missing", p->name, p->next.line,
                            a->key);
    } else {
        a->value = word;
        if (strchr(word, '='))
            return cnn_fail(CNN_EDATA, "%s:%d: '%.60s': what stands before '=' is no key", p->name,
                            p->next.line, word);
    }
    return advance(p);
}

static int parse_arguments(struct parser *p, struct cnn_statement *s)
{
    size_t capacity = 0;
    int rc = 0;
    while (!rc && p->next.kind == CNN_TOKEN_WORD)
        rc = add_argument(p, s, &capacity);
    return rc;
}

/* One { block }; `what` it belongs to is for messages. */
static int parse_braces(struct parser *p, const char *what, int line, struct cnn_statement **out)
{
    int rc = skip_newlines(p);
    if (!rc && p->next.kind != CNN_TOKEN_OPEN)
        return cnn_fail(CNN_EDATA, "%s:%d: %s: '{' is missing", p->name, line, what);
    if (!rc && ++p->level > CNN_NET_LEVELS_MAX)
        return cnn_fail(CNN_EDATA, "%s:%d: more than %d blocks within each other", p->name,
                        p->next.line, CNN_NET_LEVELS_MAX);
    if (!rc)
        rc = advance(p);
    if (!rc)
        rc = parse_block(p, out);
    if (!rc && p->next.kind != CNN_TOKEN_CLOSE)
        return cnn_fail(CNN_EDATA, "%s:%d: %s: '{' is never closed", p->name, line, what);
    p->level--;
    return rc ? rc : advance(p);
}

static int add_block(struct parser *p, struct cnn_statement *s, size_t *capacity)
{
    if (s->blocks == *capacity) {
        struct cnn_statement **old = s->block;
        *capacity = *capacity ? *capacity * 2 : 4;
        s->block = cnn_arena_alloc(p->arena, *capacity * sizeof(struct cnn_statement *));
        if (!s->block)
            return CNN_ESYSTEM;
        if (s->blocks)
            memcpy(s->block, old, s->blocks * sizeof(struct cnn_statement *));
    }
    return parse_braces(p, s->word ? s->word : "group", s->line, &s->block[s->blocks++]);
}

/* All the blocks of sum and concat: further ones may begin on later lines. */
static int parse_blocks(struct parser *p, struct cnn_statement *s, int many)
{
    size_t capacity = 0;
    int rc = add_block(p, s, &capacity);
    if (!rc && many)
        rc = skip_newlines(p);
    while (!rc && many && p->next.kind == CNN_TOKEN_OPEN) {
        rc = add_block(p, s, &capacity);
        if (!rc)
            rc = skip_newlines(p);
    }
    return rc;
}

/* def */

static int parse_parameter(struct parser *p, const char *s, size_t n, int line, struct cnn_def *d)
{
    while (n && (s[0] == ' ' || s[0] == '\t'))
        s++, n--;
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    size_t k = name_length(s), rest = k;
    k = rest = k > n ? n : k;
    while (rest < n && (s[rest] == ' ' || s[rest] == '\t'))
        rest++;
    if (!k || (rest < n && s[rest] != '=') || rest + 1 == n)
        return cnn_fail(CNN_EDATA, "%s:%d: def %s: '%.*s' is no parameter (NAME or NAME=DEFAULT)",
                        p->name, line, d->name, (int)(n < 60 ? n : 60), s);
    struct cnn_parameter *q = &d->param[d->params];
    q->name = cnn_arena_strndup(p->arena, s, k);
    q->fallback = rest < n ? cnn_arena_strndup(p->arena, s + rest + 1, n - rest - 1) : NULL;
    if (!q->name || (rest < n && !q->fallback))
        return CNN_ESYSTEM;
    int taken = !strcmp(q->name, "classes");
    for (size_t i = 0; i < d->params; i++)
        taken |= !strcmp(d->param[i].name, q->name);
    if (taken)
        return cnn_fail(CNN_EDATA, "%s:%d: def %s: the name '%s' is taken already", p->name, line,
                        d->name, q->name);
    d->params++;
    return 0;
}

/* "(n, s=1)", split at the commas outside inner parentheses. */
static int parse_parameters(struct parser *p, const char *list, int line, struct cnn_def *d)
{
    enum { PARAMETERS_MAX = 32 };
    size_t n = strlen(list);
    int depth = 0, rc = 0;
    d->param = cnn_arena_alloc(p->arena, PARAMETERS_MAX * sizeof *d->param);
    if (!d->param)
        return CNN_ESYSTEM;
    if (strspn(list + 1, " \t") + 2 == n)
        return 0;
    const char *begin = list + 1;
    for (const char *c = list + 1; !rc && c < list + n; c++) {
        depth += (*c == '(') - (*c == ')');
        if (depth < 0 && c != list + n - 1)
            return cnn_fail(CNN_EDATA, "%s:%d: def %s: '%.40s' after the parameters", p->name, line,
                            d->name, c + 1);
        if (depth > 0 || (*c != ',' && depth == 0))
            continue;
        if (d->params == PARAMETERS_MAX)
            return cnn_fail(CNN_EDATA, "%s:%d: def %s has more than %d parameters", p->name, line,
                            d->name, PARAMETERS_MAX);
        rc = parse_parameter(p, begin, (size_t)(c - begin), line, d);
        begin = c + 1;
    }
    return rc;
}

static struct cnn_def *find_def(const struct parser *p, const char *name)
{
    struct cnn_def *d = p->tree->defs;
    while (d && strcmp(d->name, name))
        d = d->next;
    return d;
}

static int check_def_name(struct parser *p, const struct cnn_def *d)
{
    const struct cnn_def *other = find_def(p, d->name);
    if (other)
        return cnn_fail(CNN_EDATA, "%s:%d: def %s: there is one already (line %d)", p->name,
                        d->line, d->name, other->line);
    if (find_layer(d->name) || find_keyword(d->name) || !strcmp(d->name, "shortcut") ||
        !strcmp(d->name, "input") || !strcmp(d->name, "def"))
        return cnn_fail(CNN_EDATA, "%s:%d: def %s: the language has this word already", p->name,
                        d->line, d->name);
    if (++p->defs > CNN_NET_DEFS_MAX)
        return cnn_fail(CNN_EDATA, "%s:%d: more than %d defs", p->name, d->line, CNN_NET_DEFS_MAX);
    return 0;
}

/* def NAME(PARAMETERS) { }; blanks before the parenthesis are fine, and no parameters are, too. */
static int parse_def(struct parser *p, int line)
{
    struct cnn_def *d = cnn_arena_alloc(p->arena, sizeof *d);
    if (!d)
        return CNN_ESYSTEM;
    d->line = line;
    if (p->level)
        return cnn_fail(CNN_EDATA, "%s:%d: def stands outside of all blocks", p->name, line);
    size_t n = p->next.kind == CNN_TOKEN_WORD ? name_length(p->next.text) : 0;
    if (!n || (p->next.text[n] && p->next.text[n] != '('))
        return cnn_fail(CNN_EDATA, "%s:%d: def: a name is missing: def NAME(PARAMETERS) { ... }",
                        p->name, line);
    d->name = cnn_arena_strndup(p->arena, p->next.text, n);
    const char *list = p->next.text[n] ? p->next.text + n : NULL;
    int rc = d->name ? advance(p) : CNN_ESYSTEM;
    if (!rc && !list && p->next.kind == CNN_TOKEN_WORD && p->next.text[0] == '(') {
        list = p->next.text;
        rc = advance(p);
    }
    if (!rc)
        rc = check_def_name(p, d);
    if (!rc && list)
        rc = parse_parameters(p, list, line, d);
    if (!rc)
        rc = parse_braces(p, d->name, line, &d->body);
    *p->last_def = d;
    p->last_def = &d->next;
    return rc;
}

/* Statements */

static int end_statement(struct parser *p, const struct cnn_statement *s)
{
    if (at_end(p) || p->next.kind == CNN_TOKEN_NEWLINE || p->next.kind == CNN_TOKEN_SEMICOLON)
        return 0;
    if (s->blocks)
        return 0;
    if (p->next.kind == CNN_TOKEN_OPEN)
        return cnn_fail(CNN_EDATA, "%s:%d: %s takes no { block }", p->name, p->next.line, s->word);
    return cnn_fail(CNN_EDATA, "%s:%d: a new line or ';' is missing before '%s:'", p->name,
                    p->next.line, p->next.text);
}

static int parse_words(struct parser *p, struct cnn_statement *s)
{
    s->word = p->next.text;
    int rc = advance(p);
    const struct keyword *k = find_keyword(s->word);
    s->kind = k ? k->kind : CNN_STATEMENT_LAYER;
    if (!rc && !strcmp(s->word, "def")) {
        if (s->label)
            return cnn_fail(CNN_EDATA, "%s:%d: def takes no label", p->name, s->line);
        return parse_def(p, s->line);
    }
    if (!rc)
        rc = parse_arguments(p, s);
    if (!rc && k)
        rc = parse_blocks(p, s, k->many_blocks);
    return rc;
}

static int parse_statement(struct parser *p, struct cnn_statement **out)
{
    struct cnn_statement *s = *out = cnn_arena_alloc(p->arena, sizeof *s);
    if (!s)
        return CNN_ESYSTEM;
    int rc = 0;
    s->line = p->next.line;
    if (p->next.kind == CNN_TOKEN_LABEL) {
        s->label = p->next.text;
        rc = advance(p);
    }
    if (!rc && p->next.kind == CNN_TOKEN_OPEN) {
        s->kind = CNN_STATEMENT_GROUP;
        rc = parse_blocks(p, s, 0);
    } else if (!rc && p->next.kind == CNN_TOKEN_WORD) {
        rc = parse_words(p, s);
    } else if (!rc) {
        return cnn_fail(CNN_EDATA, "%s:%d: label '%s' names nothing", p->name, s->line, s->label);
    }
    if (!rc && s->word && !strcmp(s->word, "def")) {
        *out = NULL;
        return 0;
    }
    return rc ? rc : end_statement(p, s);
}

/* Statements up to the block's end, which is left to the caller. */
static int parse_block(struct parser *p, struct cnn_statement **out)
{
    struct cnn_statement **last = out;
    *out = NULL;
    for (;;) {
        int rc = 0;
        while (!rc && (p->next.kind == CNN_TOKEN_NEWLINE || p->next.kind == CNN_TOKEN_SEMICOLON))
            rc = advance(p);
        if (rc || at_end(p))
            return rc;
        rc = parse_statement(p, last);
        if (rc)
            return rc;
        if (*last)
            last = &(*last)->next;
    }
}

/* Words to layers and defs */

static int unknown_word(const struct parser *p, const struct cnn_statement *s)
{
    struct cnn_nearest near = {.word = s->word};
    const struct cnn_layer_type *t;
    char hint[80];
    for (size_t i = 0; (t = cnn_layer_type_at(i)); i++)
        cnn_nearest_offer(&near, t->name);
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        cnn_nearest_offer(&near, keywords[i].word);
    cnn_nearest_offer(&near, "shortcut");
    cnn_nearest_offer(&near, "input");
    cnn_nearest_offer(&near, "def");
    for (const struct cnn_def *d = p->tree->defs; d; d = d->next)
        cnn_nearest_offer(&near, d->name);
    return cnn_fail(CNN_EDATA, "%s:%d: unknown layer '%.60s'%s", p->name, s->line, s->word,
                    cnn_nearest_hint(&near, hint));
}

static int resolve(const struct parser *p, struct cnn_statement *s)
{
    if (s->kind == CNN_STATEMENT_JOIN)
        s->type = cnn_layer_type_find(s->word);
    if (s->kind != CNN_STATEMENT_LAYER)
        return 0;
    if (!strcmp(s->word, "input"))
        s->kind = CNN_STATEMENT_INPUT;
    else if (!strcmp(s->word, "shortcut"))
        s->kind = CNN_STATEMENT_SHORTCUT;
    else if ((s->def = find_def(p, s->word)))
        s->kind = CNN_STATEMENT_CALL;
    else if (!(s->type = find_layer(s->word)))
        return unknown_word(p, s);
    else if (s->type->flags & CNN_LAYER_LOSS)
        s->kind = CNN_STATEMENT_LOSS;
    return 0;
}

/* input is the first and a loss the last statement of the net, both without label; nowhere else. */
static int check_place(const struct parser *p, const struct cnn_statement *s)
{
    if (s->kind == CNN_STATEMENT_INPUT && s != p->tree->body)
        return cnn_fail(CNN_EDATA, "%s:%d: input stands once, before all layers", p->name, s->line);
    int last = 0;
    for (const struct cnn_statement *t = p->tree->body; t && !last; t = t->next)
        last = t == s && !t->next;
    if (s->kind == CNN_STATEMENT_LOSS && !last)
        return cnn_fail(CNN_EDATA, "%s:%d: %s is a loss: it stands once, as the net's last line",
                        p->name, s->line, s->word);
    if (s->label)
        return cnn_fail(CNN_EDATA, "%s:%d: %s takes no label", p->name, s->line, s->word);
    return 0;
}

static int resolve_all(struct parser *p, struct cnn_statement *first, int calls);

/* A def's body, once; a def that is met while its own body is open calls itself. */
static int resolve_def(struct parser *p, struct cnn_def *d, const struct cnn_statement *from,
                       int calls)
{
    if (d->state == CNN_DEF_OPEN)
        return cnn_fail(CNN_EDATA, "%s:%d: def %s calls itself", p->name, from->line, d->name);
    if (calls > CNN_NET_LEVELS_MAX)
        return cnn_fail(CNN_EDATA, "%s:%d: defs call each other more than %d deep", p->name,
                        d->line, CNN_NET_LEVELS_MAX);
    if (d->state == CNN_DEF_DONE)
        return 0;
    d->state = CNN_DEF_OPEN;
    int rc = resolve_all(p, d->body, calls + 1);
    d->state = CNN_DEF_DONE;
    return rc;
}

static int resolve_all(struct parser *p, struct cnn_statement *first, int calls)
{
    int rc = 0;
    for (struct cnn_statement *s = first; s && !rc; s = s->next) {
        rc = resolve(p, s);
        if (!rc && (s->kind == CNN_STATEMENT_INPUT || s->kind == CNN_STATEMENT_LOSS))
            rc = check_place(p, s);
        for (size_t i = 0; !rc && i < s->blocks; i++)
            rc = resolve_all(p, s->block[i], calls);
        if (!rc && s->def)
            rc = resolve_def(p, s->def, s, calls);
    }
    return rc;
}

/* Take input and loss out of the body. */
static void part(struct cnn_tree *t)
{
    if (t->body && t->body->kind == CNN_STATEMENT_INPUT) {
        t->input = t->body;
        t->body = t->body->next;
    }
    struct cnn_statement **last = &t->body;
    while (*last && (*last)->kind != CNN_STATEMENT_LOSS)
        last = &(*last)->next;
    t->loss = *last;
    *last = NULL;
}

int cnn_parse_net(struct cnn_arena *arena, const char *name, const char *text, struct cnn_tree *out)
{
    *out = (struct cnn_tree){0};
    struct parser p = {.lexer = {name, arena, text, 1}, .arena = arena, .name = name, .tree = out};
    p.last_def = &out->defs;
    if (strlen(text) > CNN_NET_TEXT_MAX)
        return cnn_fail(CNN_EDATA, "%s:1: the text is longer than %d bytes", name,
                        CNN_NET_TEXT_MAX);
    int rc = advance(&p);
    if (!rc)
        rc = parse_block(&p, &out->body);
    if (!rc && p.next.kind == CNN_TOKEN_CLOSE)
        return cnn_fail(CNN_EDATA, "%s:%d: '}' without '{'", name, p.next.line);
    if (!rc)
        rc = resolve_all(&p, out->body, 0);
    for (struct cnn_def *d = out->defs; d && !rc; d = d->next)
        rc = d->state == CNN_DEF_NEW ? resolve_def(&p, d, NULL, 0) : 0;
    if (!rc)
        part(out);
    return rc;
}
