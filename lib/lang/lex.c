/* Text to tokens: words, labels, braces, ends of statements. A word runs to the next
 * blank, brace, semicolon, colon or comment; blanks inside parentheses belong to it. */
#include "lang/syntax.h"

#include <string.h>

static int is_word(char c)
{
    return c > ' ' && c < 127 && !strchr("{};:#\"'`$&|<>[]\\~^!?@", c);
}

static int refuse(const struct cnn_lexer *l, char c)
{
    if (c > ' ' && c < 127)
        return cnn_fail(CNN_EDATA, "%s:%d: '%c' has no meaning here", l->name, l->line, c);
    return cnn_fail(CNN_EDATA, "%s:%d: byte 0x%02x is not part of a net's text", l->name, l->line,
                    (unsigned)(unsigned char)c);
}

/* The bytes of the word at `at`, parentheses closed; 0 with an error set otherwise. A colon ends
 * it, but within a value: init=gaussian:0.01. */
static size_t word_length(const struct cnn_lexer *l)
{
    size_t n = 0;
    int depth = 0, value = 0;
    for (;; n++) {
        char c = l->at[n];
        int blank = c == ' ' || c == '\t', colon = c == ':' && value && is_word(l->at[n + 1]);
        if (!is_word(c) && !(blank && depth) && !colon)
            break;
        value |= c == '=';
        depth += (c == '(') - (c == ')');
        if (depth < 0) {
            cnn_fail(CNN_EDATA, "%s:%d: ')' without '('", l->name, l->line);
            return 0;
        }
    }
    if (depth) {
        cnn_fail(CNN_EDATA, "%s:%d: '(' is not closed", l->name, l->line);
        return 0;
    }
    return n;
}

/* Labels are made of letters, digits, '_', '-' and '/', in parts divided by single dots, and of
 * arithmetic in parentheses. */
static int is_label(const char *s, size_t n)
{
    int depth = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        depth += (c == '(') - (c == ')');
        if (depth || c == ')')
            continue;
        int letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (c == '.' && (i == 0 || i + 1 == n || s[i - 1] == '.'))
            return 0;
        if (!letter && c != '.' && c != '_' && c != '-' && c != '/')
            return 0;
    }
    return n > 0;
}

static int lex_word(struct cnn_lexer *l, struct cnn_token *out)
{
    size_t n = word_length(l);
    if (!n)
        return CNN_EDATA;
    out->kind = CNN_TOKEN_WORD;
    out->text = cnn_arena_strndup(l->arena, l->at, n);
    if (!out->text)
        return CNN_ESYSTEM;
    if (l->at[n] == ':') {
        out->kind = CNN_TOKEN_LABEL;
        if (!is_label(l->at, n))
            return cnn_fail(CNN_EDATA,
                            "%s:%d: '%.60s' is no label: letters, digits, '_', '-' and '/', in "
                            "parts divided by dots",
                            l->name, l->line, out->text);
        n++;
    }
    l->at += n;
    return 0;
}

int cnn_lex(struct cnn_lexer *l, struct cnn_token *out)
{
    while (*l->at == ' ' || *l->at == '\t' || *l->at == '\r')
        l->at++;
    if (*l->at == '#')
        l->at += strcspn(l->at, "\n");
    *out = (struct cnn_token){.line = l->line};
    switch (*l->at) {
    case '\0':
        out->kind = CNN_TOKEN_END;
        return 0;
    case '\n':
        out->kind = CNN_TOKEN_NEWLINE;
        l->line++;
        break;
    case ';':
        out->kind = CNN_TOKEN_SEMICOLON;
        break;
    case '{':
        out->kind = CNN_TOKEN_OPEN;
        break;
    case '}':
        out->kind = CNN_TOKEN_CLOSE;
        break;
    default:
        return is_word(*l->at) ? lex_word(l, out) : refuse(l, *l->at);
    }
    l->at++;
    return 0;
}

size_t cnn_name_length(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return s[0] >= '0' && s[0] <= '9' ? 0 : n;
}
