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

const struct cnn_binding *cnn_binding_find(const struct cnn_variables *v, const char *name,
                                           size_t n)
{
    const struct cnn_binding *b = v->last;
    while (b && (strlen(b->name) != n || memcmp(b->name, name, n)))
        b = b->before;
    return b;
}

/* "n, s, " as they were bound; nothing where that is too long. */
static void list_names(const struct cnn_binding *b, char *out, size_t size)
{
    if (!b)
        return;
    list_names(b->before, out, size);
    size_t used = strlen(out);
    if (used + strlen(b->name) + 3 > size)
        out[0] = '\0';
    else
        snprintf(out + used, size - used, "%s, ", b->name);
}

static int unknown_name(const struct reader *r, const char *name, size_t n)
{
    char known[160] = "";
    list_names(r->v->last, known, sizeof known);
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
    const struct cnn_binding *b = cnn_binding_find(r->v, name, n);
    if (b && b->word)
        return cnn_fail(CNN_EDATA, "'%s' is the word %s here, not a number", b->name, b->word);
    if (b) {
        *out = b->number;
        if (r->mode == CNN_NUMBER_WHOLE && !out->is_whole)
            return cnn_fail(CNN_EDATA, "'%s' is %g here, not a whole number", b->name, out->real);
        return 0;
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

int cnn_expression_unexpected(const char *text, const char *at)
{
    return unexpected(&(struct reader){.text = text, .at = at});
}

int cnn_expression_read(const char *text, const char **at, enum cnn_number_mode mode,
                        const struct cnn_variables *v, struct cnn_number *out)
{
    struct reader r = {text, *at, mode, v, 0};
    int rc = read_sum(&r, out);
    *at = r.at;
    return rc;
}

int cnn_evaluate_number(const char *text, enum cnn_number_mode mode, const struct cnn_variables *v,
                        struct cnn_number *out)
{
    const char *at = text;
    int rc = cnn_expression_read(text, &at, mode, v, out);
    return !rc && *at ? cnn_expression_unexpected(text, at) : rc;
}
