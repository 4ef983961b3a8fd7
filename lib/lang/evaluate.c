/* What stands in a text for an option's value or a label, with its arithmetic done. */
#include "lang/syntax.h"

#include <string.h>

int cnn_evaluate_label(const char *text, const struct cnn_variables *v, struct cnn_arena *arena,
                       const char **out)
{
    struct cnn_buf b = {0};
    int rc = 0;
    for (const char *at = text; !rc && *at;) {
        size_t n = strcspn(at, "(");
        struct cnn_number x = {0};
        cnn_buf_printf(&b, "%.*s", (int)n, at);
        at += n;
        if (!*at)
            break;
        at++;
        rc = cnn_expression_read(text, &at, CNN_NUMBER_WHOLE, v, &x);
        if (!rc && *at != ')')
            rc = cnn_expression_unexpected(text, at);
        at++;
        cnn_buf_printf(&b, "%lld", (long long)x.whole);
    }
    if (!rc)
        rc = b.failed || !(*out = cnn_arena_strndup(arena, b.text, b.size)) ? CNN_ESYSTEM : 0;
    cnn_buf_free(&b);
    return rc;
}

/* The words that an option takes beside sizes; NULL: none. */
static const char *words_of(const struct cnn_option *o)
{
    return o->type == CNN_OPT_PAD ? CNN_PAD_WORDS : o->choices;
}

static int is_word_of(const struct cnn_option *o, const char *text)
{
    size_t n = strlen(text);
    for (const char *w = words_of(o); w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
        if (strcspn(w, "|") == n && !memcmp(w, text, n))
            return 1;
    return 0;
}

/* "3", "3x5", "3x3x5" or, with the other `mark`, "0,0,1,1", each part an expression. */
static int evaluate_parts(const char *text, char mark, const struct cnn_variables *v,
                          struct cnn_buf *out)
{
    const char *at = text;
    for (;;) {
        struct cnn_number x = {0};
        int rc = cnn_expression_read(text, &at, CNN_NUMBER_WHOLE, v, &x);
        if (rc)
            return rc;
        cnn_buf_printf(out, "%lld", (long long)x.whole);
        if (*at != mark)
            return *at ? cnn_expression_unexpected(text, at) : 0;
        cnn_buf_printf(out, "%c", mark);
        at++;
    }
}

static int evaluate_pair(const struct cnn_option *o, const char *text,
                         const struct cnn_variables *v, struct cnn_buf *out)
{
    if (is_word_of(o, text)) {
        cnn_buf_puts(out, text);
        return 0;
    }
    int sides = o->type == CNN_OPT_PAD && strchr(text, ',');
    int rc = evaluate_parts(text, sides ? ',' : 'x', v, out);
    if (rc == CNN_EDATA && words_of(o) && cnn_name_length(text) == strlen(text))
        return cnn_fail(rc, "'%.60s' is neither a size nor %s", text, words_of(o));
    return rc;
}

static int evaluate_reals(const char *text, const struct cnn_variables *v, struct cnn_buf *out)
{
    const char *at = text;
    char printed[32];
    for (;;) {
        struct cnn_number x = {0};
        int rc = cnn_expression_read(text, &at, CNN_NUMBER_REAL, v, &x);
        if (rc)
            return rc;
        cnn_format_real(x.real, 0, printed);
        cnn_buf_puts(out, printed);
        if (*at != ',')
            return *at ? cnn_expression_unexpected(text, at) : 0;
        cnn_buf_puts(out, ",");
        at++;
    }
}

static int evaluate_one(const char *text, enum cnn_number_mode mode, const struct cnn_variables *v,
                        struct cnn_buf *out)
{
    struct cnn_number x = {0};
    char printed[32];
    int rc = cnn_evaluate_number(text, mode, v, &x);
    if (rc)
        return rc;
    cnn_format_real(x.real, 0, printed);
    if (mode == CNN_NUMBER_WHOLE)
        cnn_buf_printf(out, "%lld", (long long)x.whole);
    else
        cnn_buf_puts(out, printed);
    return 0;
}

int cnn_evaluate_option(const struct cnn_option *o, const char *text, const struct cnn_variables *v,
                        struct cnn_arena *arena, const char **out)
{
    struct cnn_buf b = {0};
    int rc = 0;
    if (o->type == CNN_OPT_INT || o->type == CNN_OPT_FLAG)
        rc = evaluate_one(text, CNN_NUMBER_WHOLE, v, &b);
    else if (o->type == CNN_OPT_REAL)
        rc = evaluate_one(text, CNN_NUMBER_REAL, v, &b);
    else if (o->type == CNN_OPT_REALS)
        rc = evaluate_reals(text, v, &b);
    else if (o->type == CNN_OPT_PAIR || o->type == CNN_OPT_PAD)
        rc = evaluate_pair(o, text, v, &b);
    else
        cnn_buf_puts(&b, text);
    if (!rc)
        rc = b.failed || !(*out = cnn_arena_strndup(arena, b.text, b.size)) ? CNN_ESYSTEM : 0;
    cnn_buf_free(&b);
    return rc;
}
