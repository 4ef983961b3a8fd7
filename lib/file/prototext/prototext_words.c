/* Words, punctuation and strings of the text form of protocol buffers; see prototext.h. */
#include <string.h>

#include "file/prototext/prototext_private.h"

int cnn_prototext_wrong(const struct prototext_reader *r, const char *what, const char *word)
{
    return cnn_fail(CNN_EDATA, "%s:%d: %s%s%.100s%s", r->name, r->line, what, word ? " '" : "",
                    word ? word : "", word ? "'" : "");
}

/* Words */

static void skip_blanks(struct prototext_reader *r)
{
    while (r->at < r->end) {
        char c = *r->at;
        if (c == '#')
            while (r->at < r->end && *r->at != '\n')
                r->at++;
        else if (c == '\n' || c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v')
            r->line += *r->at++ == '\n';
        else
            return;
    }
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

char cnn_prototext_peek(struct prototext_reader *r)
{
    skip_blanks(r);
    return r->at < r->end ? *r->at : '\0';
}

int cnn_prototext_take(struct prototext_reader *r, char c)
{
    if (cnn_prototext_peek(r) != c || r->at == r->end)
        return 0;
    r->at++;
    return 1;
}

int cnn_prototext_word(struct prototext_reader *r)
{
    size_t n = 0;
    char c = cnn_prototext_peek(r);
    if (c == '-' || c == '+') {
        r->word[n++] = c;
        r->at++;
        skip_blanks(r);
    }
    for (; r->at < r->end && n + 1 < PROTOTEXT_WORD; r->at++) {
        char before = n ? r->word[n - 1] : '\0';
        int exponent = (*r->at == '-' || *r->at == '+') && (before == 'e' || before == 'E') &&
                       r->word[0] < 'A';
        if (!is_letter(*r->at) && !exponent)
            break;
        r->word[n++] = *r->at;
    }
    r->word[n] = '\0';
    if (n + 1 >= PROTOTEXT_WORD)
        return cnn_prototext_wrong(r, "this word is too long", NULL);
    if (n)
        return 0;
    if (r->at == r->end)
        return cnn_prototext_wrong(r, "the text ends too early", NULL);
    return cnn_prototext_wrong(r, "this has no meaning here:", (char[]){*r->at, '\0'});
}

/* Strings */

static int octal(struct prototext_reader *r, int first)
{
    int v = first;
    for (int k = 0; k < 2 && r->at < r->end && *r->at >= '0' && *r->at <= '7'; k++)
        v = 8 * v + *r->at++ - '0';
    return v;
}

static int hexadecimal(struct prototext_reader *r)
{
    int v = 0;
    for (int k = 0; k < 2 && r->at < r->end; k++, r->at++) {
        static const char digits[] = "0123456789abcdef";
        char c = *r->at >= 'A' && *r->at <= 'F' ? (char)(*r->at - 'A' + 'a') : *r->at;
        const char *d = c ? strchr(digits, c) : NULL;
        if (!d)
            break;
        v = 16 * v + (int)(d - digits);
    }
    return v;
}

static int escaped(struct prototext_reader *r)
{
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    char c = r->at < r->end ? *r->at++ : '\\';
    const char *k = c ? strchr(from, c) : NULL;
    if (k)
        return to[k - from];
    if (c == 'x' || c == 'X')
        return hexadecimal(r);
    return c >= '0' && c <= '7' ? octal(r, c - '0') : c;
}

int cnn_prototext_string(struct prototext_reader *r, struct cnn_buf *out)
{
    char quote = cnn_prototext_peek(r);
    if (quote != '"' && quote != '\'')
        return cnn_prototext_wrong(r, "a text in quotes is wanted", NULL);
    for (; quote == '"' || quote == '\''; quote = cnn_prototext_peek(r)) {
        for (r->at++; r->at < r->end && *r->at != quote && *r->at != '\n';) {
            char c = *r->at++;
            int v = c == '\\' ? escaped(r) : c;
            cnn_buf_add(out, &(char){(char)v}, 1);
        }
        if (r->at == r->end || *r->at != quote)
            return cnn_prototext_wrong(r, "the quotes are not closed", NULL);
        r->at++;
    }
    return out->failed ? CNN_ESYSTEM : 0;
}
