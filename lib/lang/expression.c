/* Arithmetic in arguments: + - * / % and parentheses over numbers, a def's parameters
 * and `classes`. Whole numbers stay whole (7/2 is 3, as in C) unless a real number is wanted. */
#include "lang/syntax.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NESTING_MAX = 64 };

struct reader {
    const char *text, *at;
    enum cnn_number_mode mode;
    const struct cnn_variables *v;
    int nesting;
};

static int read_sum(struct reader *r, struct cnn_number *out);

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_name(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static void skip_blanks(struct reader *r)
{
    while (*r->at == ' ' || *r->at == '\t')
        r->at++;
}

static struct cnn_number from_real(double x)
{
    return (struct cnn_number){.real = x};
}

static struct cnn_number from_whole(int64_t n)
{
    return (struct cnn_number){1, n, (double)n};
}

/* Digits, and for real numbers a fraction and an exponent. */
static size_t literal_length(const char *s, int *is_whole)
{
    size_t n = strspn(s, "0123456789");
    *is_whole = 1;
    if (s[n] == '.') {
        n += 1 + strspn(s + n + 1, "0123456789");
        *is_whole = 0;
    }
    if (s[n] == 'e' || s[n] == 'E') {
        size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
        size_t digits = strspn(s + n + 1 + sign, "0123456789");
        if (digits) {
            n += 1 + sign + digits;
            *is_whole = 0;
        }
    }
    return n;
}

static int read_literal(struct reader *r, struct cnn_number *out)
{
    char digits[64];
    int is_whole;
    size_t n = literal_length(r->at, &is_whole);
    if (n >= sizeof digits)
        return cnn_fail(CNN_EDATA, "'%.40s' has too many digits", r->at);
    memcpy(digits, r->at, n);
    digits[n] = '\0';
    if (!is_whole || r->mode == CNN_NUMBER_REAL) {
        double x;
        if (r->mode == CNN_NUMBER_WHOLE)
            return cnn_fail(CNN_EDATA, "'%s' is not a whole number", digits);
        if (cnn_parse_real(digits, -INFINITY, INFINITY, &x))
            return CNN_EDATA;
        *out = from_real(x);
    } else {
        int64_t whole;
        if (cnn_parse_int(digits, 0, INT64_MAX, &whole))
            return cnn_fail(CNN_EDATA, "'%s' is too large", digits);
        *out = from_whole(whole);
    }
    r->at += n;
    return 0;
}

static int unknown_name(const struct reader *r, const char *name, size_t n)
{
    char known[160];
    size_t used = 0;
    known[0] = '\0';
    for (size_t i = 0; r->v->def && i < r->v->known && used < sizeof known; i++)
        used +=
            (size_t)snprintf(known + used, sizeof known - used, "%s, ", r->v->def->param[i].name);
    if (used >= sizeof known)
        known[0] = '\0';
    if (n == strlen(r->text))
        return cnn_fail(CNN_EDATA, "'%.*s' is not a number (names known here: %sclasses)",
                        (int)(n < 60 ? n : 60), name, known);
    return cnn_fail(CNN_EDATA, "unknown name '%.*s' in '%.60s' (known here: %sclasses)",
                    (int)(n < 60 ? n : 60), name, r->text, known);
}

static int read_classes(struct reader *r, struct cnn_number *out)
{
    const char *option = r->v->classes_option;
    *r->v->classes_used = 1;
    if (!r->v->classes)
        return cnn_fail(CNN_EDATA,
                        "the number of classes is not known here (%s%sclasses=N in the "
                        "input line gives one)",
                        option ? option : "", option ? " or " : "");
    *out = from_whole((int64_t)r->v->classes);
    return 0;
}

static int read_name(struct reader *r, struct cnn_number *out)
{
    const char *name = r->at;
    size_t n = 0;
    while (is_name(name[n]))
        n++;
    r->at += n;
    for (size_t i = 0; r->v->def && i < r->v->known; i++) {
        const char *param = r->v->def->param[i].name;
        if (strlen(param) == n && !memcmp(param, name, n)) {
            *out = r->v->value[i];
            if (r->mode == CNN_NUMBER_WHOLE && !out->is_whole)
                return cnn_fail(CNN_EDATA, "'%s' is %g here, not a whole number", param, out->real);
            return 0;
        }
    }
    if (n == 7 && !memcmp(name, "classes", n))
        return read_classes(r, out);
    return unknown_name(r, name, n);
}

static int unexpected(const struct reader *r)
{
    if (!*r->at)
        return cnn_fail(CNN_EDATA, "'%.60s' ends too early", r->text);
    return cnn_fail(CNN_EDATA, "unexpected '%c' in '%.60s'", *r->at, r->text);
}

static int read_parentheses(struct reader *r, struct cnn_number *out)
{
    if (++r->nesting > NESTING_MAX)
        return cnn_fail(CNN_EDATA, "more than %d parentheses within each other", NESTING_MAX);
    r->at++;
    int rc = read_sum(r, out);
    skip_blanks(r);
    if (!rc && *r->at != ')')
        rc = unexpected(r);
    r->at++;
    r->nesting--;
    return rc;
}

static int negate(struct cnn_number *x)
{
    *x = x->is_whole ? from_whole(-x->whole) : from_real(-x->real); /* whole is never INT64_MIN */
    return 0;
}

static int read_factor(struct reader *r, struct cnn_number *out)
{
    int negative = 0, rc;
    skip_blanks(r);
    while (*r->at == '-' || *r->at == '+') {
        negative ^= *r->at++ == '-';
        skip_blanks(r);
    }
    if (*r->at == '(')
        rc = read_parentheses(r, out);
    else if (is_digit(*r->at) || (*r->at == '.' && is_digit(r->at[1])))
        rc = read_literal(r, out);
    else if (is_name(*r->at))
        rc = read_name(r, out);
    else
        rc = unexpected(r);
    return !rc && negative ? negate(out) : rc;
}

static int whole_operation(const struct reader *r, char op, struct cnn_number *a, int64_t b)
{
    int64_t result = 0;
    int over = 0;
    if ((op == '/' || op == '%') && b == 0)
        return cnn_fail(CNN_EDATA, "division by zero in '%.60s'", r->text);
    if (op == '+')
        over = __builtin_add_overflow(a->whole, b, &result);
    else if (op == '-')
        over = __builtin_sub_overflow(a->whole, b, &result);
    else if (op == '*')
        over = __builtin_mul_overflow(a->whole, b, &result);
    else
        result = op == '/' ? a->whole / b : a->whole % b;
    if (over || result == INT64_MIN)
        return cnn_fail(CNN_EDATA, "'%.60s' is too large", r->text);
    *a = from_whole(result);
    return 0;
}

static int operate(const struct reader *r, char op, struct cnn_number *a, struct cnn_number b)
{
    if (a->is_whole && b.is_whole && r->mode != CNN_NUMBER_REAL)
        return whole_operation(r, op, a, b.whole);
    double x = a->real, y = b.real;
    double result = op == '+'   ? x + y
                    : op == '-' ? x - y
                    : op == '*' ? x * y
                    : op == '/' ? x / y
                                : fmod(x, y);
    if (!isfinite(result))
        return cnn_fail(CNN_EDATA, "'%.60s' is not finite", r->text);
    *a = from_real(result);
    return 0;
}

static int read_product(struct reader *r, struct cnn_number *out)
{
    int rc = read_factor(r, out);
    for (skip_blanks(r); !rc && *r->at && strchr("*/%", *r->at); skip_blanks(r)) {
        char op = *r->at++;
        struct cnn_number b = {0};
        rc = read_factor(r, &b);
        if (!rc)
            rc = operate(r, op, out, b);
    }
    return rc;
}

static int read_sum(struct reader *r, struct cnn_number *out)
{
    int rc = read_product(r, out);
    for (skip_blanks(r); !rc && (*r->at == '+' || *r->at == '-'); skip_blanks(r)) {
        char op = *r->at++;
        struct cnn_number b = {0};
        rc = read_product(r, &b);
        if (!rc)
            rc = operate(r, op, out, b);
    }
    return rc;
}

int cnn_evaluate_number(const char *text, enum cnn_number_mode mode, const struct cnn_variables *v,
                        struct cnn_number *out)
{
    struct reader r = {text, text, mode, v, 0};
    int rc = read_sum(&r, out);
    return !rc && *r.at ? unexpected(&r) : rc;
}

/* The words that an option takes beside sizes; NULL: none. */
static const char *words_of(const struct cnn_option *o)
{
    return o->type == CNN_OPT_PAD ? "same|valid|full" : o->choices;
}

static int is_word_of(const struct cnn_option *o, const char *text)
{
    size_t n = strlen(text);
    for (const char *w = words_of(o); w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
        if (strcspn(w, "|") == n && !memcmp(w, text, n))
            return 1;
    return 0;
}

/* "3" or "3x5", each part an expression. */
static int evaluate_sizes(const char *text, const struct cnn_variables *v, struct cnn_buf *out)
{
    struct reader r = {text, text, CNN_NUMBER_WHOLE, v, 0};
    struct cnn_number h = {0}, w = {0};
    int rc = read_sum(&r, &h);
    if (rc)
        return rc;
    cnn_buf_printf(out, "%lld", (long long)h.whole);
    if (*r.at == 'x') {
        r.at++;
        rc = read_sum(&r, &w);
        if (!rc)
            cnn_buf_printf(out, "x%lld", (long long)w.whole);
    }
    return !rc && *r.at ? unexpected(&r) : rc;
}

static int evaluate_pair(const struct cnn_option *o, const char *text,
                         const struct cnn_variables *v, struct cnn_buf *out)
{
    if (is_word_of(o, text)) {
        cnn_buf_puts(out, text);
        return 0;
    }
    int rc = evaluate_sizes(text, v, out);
    if (rc == CNN_EDATA && words_of(o) && cnn_name_length(text) == strlen(text))
        return cnn_fail(rc, "'%.60s' is neither a size nor %s", text, words_of(o));
    return rc;
}

static int evaluate_reals(const char *text, const struct cnn_variables *v, struct cnn_buf *out)
{
    struct reader r = {text, text, CNN_NUMBER_REAL, v, 0};
    char printed[32];
    for (;;) {
        struct cnn_number x = {0};
        int rc = read_sum(&r, &x);
        if (rc)
            return rc;
        cnn_format_real(x.real, 0, printed);
        cnn_buf_puts(out, printed);
        if (*r.at != ',')
            return *r.at ? unexpected(&r) : 0;
        cnn_buf_puts(out, ",");
        r.at++;
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
