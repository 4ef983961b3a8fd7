/* Tokens to a tree of statements. */
#include "lang/syntax.h"

#include <string.h>

struct parser {
    struct cnn_lexer lexer;
    struct cnn_token next; /* looked at, not taken */
    struct cnn_arena *arena;
    const char *name;
    struct cnn_tree *tree;
    struct cnn_def **last_def;
    size_t defs;
    int level, uses; /* blocks, and texts that use each other, around */
    int alone;       /* nothing may be used */
};

enum { USES_MAX = 16 };

/* Branches stand in blocks, unless from= names several values. */
static int names_branches(const struct cnn_statement *s)
{
    for (size_t i = 0; i < s->args; i++)
        if (s->arg[i].key && !strcmp(s->arg[i].key, "from"))
            return strchr(s->arg[i].value, ',') != NULL;
    return 0;
}

/* By the word and its arguments, and whether blocks follow. */
static enum cnn_statement_kind kind_of(const struct cnn_statement *s)
{
    if (!strcmp(s->word, "repeat"))
        return CNN_STATEMENT_REPEAT;
    if (!strcmp(s->word, "aux"))
        return CNN_STATEMENT_AUX;
    return cnn_word_takes_branches(s->word) && !names_branches(s) ? CNN_STATEMENT_JOIN
                                                                  : CNN_STATEMENT_LAYER;
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

/* The bytes of a key before '=': names joined by '-', as options are called; 0: it is none. */
static size_t key_length(const char *word)
{
    size_t n = cnn_name_length(word), more;
    while (n && word[n] == '-' && (more = cnn_name_length(word + n + 1)))
        n += 1 + more;
    return n;
}

static int add_argument(struct parser *p, struct cnn_statement *s, size_t *capacity)
{
    const char *word = p->next.text;
    size_t n = key_length(word);
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

static int check_def_name(struct parser *p, const struct cnn_def *d)
{
    const struct cnn_def *other = cnn_def_find(p->tree, d->name);
    if (other)
        return cnn_fail(CNN_EDATA, "%s:%d: def %s: there is one already (line %d%s%s)", p->name,
                        d->line, d->name, other->line, other->file == p->name ? "" : " of ",
                        other->file == p->name ? "" : other->file);
    if (cnn_word_is_taken(d->name))
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
    d->file = p->name;
    if (p->level)
        return cnn_fail(CNN_EDATA, "%s:%d: def stands outside of all blocks", p->name, line);
    size_t n = p->next.kind == CNN_TOKEN_WORD ? cnn_name_length(p->next.text) : 0;
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
        rc = cnn_parse_parameters(p->arena, p->name, list, d);
    if (!rc)
        rc = parse_braces(p, d->name, line, &d->body);
    *p->last_def = d;
    p->last_def = &d->next;
    return rc;
}

/* use */

/* The defs of another text, which may use others; its net is passed over. */
static int parse_used(struct parser *p, const char *file, const char *text)
{
    struct parser other = *p;
    struct cnn_statement *unused;
    other.lexer = (struct cnn_lexer){file, p->arena, text, 1};
    other.name = file;
    other.uses++;
    int rc = advance(&other);
    if (!rc)
        rc = parse_block(&other, &unused);
    if (!rc && other.next.kind == CNN_TOKEN_CLOSE)
        rc = cnn_fail(CNN_EDATA, "%s:%d: '}' without '{'", file, other.next.line);
    p->last_def = other.last_def;
    p->defs = other.defs;
    return rc;
}

static int parse_use(struct parser *p, int line)
{
    const char *name = p->next.text, *file, *text;
    if (p->level)
        return cnn_fail(CNN_EDATA, "%s:%d: use stands outside of all blocks", p->name, line);
    if (p->alone)
        return cnn_fail(CNN_EDATA, "%s:%d: use: this text has to stand for itself", p->name, line);
    if (p->next.kind != CNN_TOKEN_WORD)
        return cnn_fail(CNN_EDATA, "%s:%d: use: a name is missing", p->name, line);
    int rc = advance(p);
    if (!rc && p->next.kind == CNN_TOKEN_WORD)
        return cnn_fail(CNN_EDATA, "%s:%d: use: '%.60s' is one argument too many", p->name, line,
                        p->next.text);
    if (!rc && p->uses == USES_MAX)
        return cnn_fail(CNN_EDATA, "%s:%d: use: more than %d files that use each other", p->name,
                        line, USES_MAX);
    if (!rc && (rc = cnn_use_text(p->arena, p->name, name, &file, &text)))
        return rc == CNN_ESYSTEM
                   ? rc
                   : cnn_fail(CNN_EDATA, "%s:%d: use: %s", p->name, line, cnn_error_message());
    for (const struct cnn_use *u = p->tree->uses; !rc && u; u = u->next)
        if (!strcmp(u->file, file))
            return 0;
    struct cnn_use *use = rc ? NULL : cnn_arena_alloc(p->arena, sizeof *use);
    if (!use)
        return rc ? rc : CNN_ESYSTEM;
    *use = (struct cnn_use){file, p->tree->uses};
    p->tree->uses = use;
    return parse_used(p, file, text);
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

/* def and use, which leave no statement. */
static int makes_nothing(const struct cnn_statement *s)
{
    return s->word && (!strcmp(s->word, "def") || !strcmp(s->word, "use"));
}

static int parse_words(struct parser *p, struct cnn_statement *s)
{
    s->word = p->next.text;
    int rc = advance(p);
    if (!rc && makes_nothing(s)) {
        if (s->label)
            return cnn_fail(CNN_EDATA, "%s:%d: %s takes no label", p->name, s->line, s->word);
        return *s->word == 'd' ? parse_def(p, s->line) : parse_use(p, s->line);
    }
    if (!rc)
        rc = parse_arguments(p, s);
    s->kind = kind_of(s);
    if (!rc && s->kind != CNN_STATEMENT_LAYER)
        rc = parse_blocks(p, s, s->kind == CNN_STATEMENT_JOIN);
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
    if (!rc && makes_nothing(s)) {
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

int cnn_parse_net(struct cnn_arena *arena, const char *name, const char *text, int alone,
                  struct cnn_tree *out)
{
    *out = (struct cnn_tree){0};
    struct parser p = {
        .lexer = {name, arena, text, 1}, .arena = arena, .name = name, .tree = out, .alone = alone};
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
        rc = cnn_resolve_net(name, out);
    return rc;
}
