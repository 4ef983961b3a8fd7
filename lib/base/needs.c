/* Options that were given, and whether they have an effect beside the others; see option.h. */
#include <string.h>

#include "base/option.h"

int cnn_option_given(const struct cnn_option *option, const struct cnn_strings *given,
                     const void *fields)
{
    if (cnn_strings_find(given, option->name) >= 0)
        return 1;
    int rc = cnn_option_is_default(option, fields);
    return rc < 0 ? rc : !rc;
}

/* Whether `text` of n bytes is among "sgd|adam". */
static int is_among(const char *values, size_t n, const char *text)
{
    size_t length = strlen(text);
    for (const char *v = values, *end = values + n; v < end;) {
        const char *bar = memchr(v, '|', (size_t)(end - v));
        size_t size = (size_t)((bar ? bar : end) - v);
        if (size == length && !memcmp(v, text, length))
            return 1;
        v += size + 1;
    }
    return 0;
}

/* One of the alternatives of a need: "val", "!eval", "schedule=step|exponential", "!epochs=0". */
struct alternative {
    int without;
    size_t name_length, values_length; /* values_length 0: none */
    const char *name, *values;
    size_t length; /* of the whole */
};

static struct alternative read_alternative(const char *text)
{
    struct alternative a = {.length = strcspn(text, ",")};
    a.without = *text == '!';
    a.name = text + a.without;
    a.name_length = strcspn(a.name, "=,");
    a.values = a.name + a.name_length;
    if (*a.values == '=') {
        a.values++;
        a.values_length = strcspn(a.values, ",");
    }
    return a;
}

static const struct cnn_option *option_of(const struct cnn_option *table,
                                          const struct alternative *a)
{
    for (; table->name; table++)
        if (strlen(table->name) == a->name_length && !memcmp(table->name, a->name, a->name_length))
            return table;
    return NULL;
}

/* 1: it holds; 0: it does not; negative: failed. */
static int holds(const struct cnn_option *table, const struct alternative *a, const void *fields)
{
    const struct cnn_option *o = option_of(table, a);
    struct cnn_buf value = {0};
    if (!o)
        return cnn_fail(CNN_EINTERNAL, "there is no option --%.*s", (int)a->name_length, a->name);
    if (!a->values_length) {
        int rc = cnn_option_is_default(o, fields);
        return rc < 0 ? rc : rc == a->without;
    }
    cnn_option_print(o, fields, &value);
    int rc = value.failed ? CNN_ESYSTEM
                          : is_among(a->values, a->values_length, value.text ? value.text : "");
    cnn_buf_free(&value);
    return rc < 0 ? rc : rc != a->without;
}

/* "--schedule step or exponential". */
static void print_wanted(const struct alternative *a, struct cnn_buf *out)
{
    cnn_buf_printf(out, "--%.*s", (int)a->name_length, a->name);
    for (const char *v = a->values, *end = v + a->values_length; v < end;) {
        const char *bar = memchr(v, '|', (size_t)(end - v));
        size_t size = (size_t)((bar ? bar : end) - v);
        int last = bar && !memchr(bar + 1, '|', (size_t)(end - bar - 1));
        cnn_buf_printf(out, " %.*s%s", (int)size, v, last ? " or" : bar ? "," : "");
        v += size + 1;
    }
}

static int fail(const char *option, const char *needs)
{
    struct cnn_buf with = {0}, without = {0};
    for (const char *p = needs; *p;) {
        struct alternative a = read_alternative(p);
        struct cnn_buf *out = a.without ? &without : &with;
        cnn_buf_puts(out, out->size ? " or " : "");
        print_wanted(&a, out);
        p += a.length;
        p += *p == ',';
    }
    int rc = CNN_ESYSTEM;
    if (!with.failed && !without.failed && without.size)
        rc = cnn_fail(CNN_EUSAGE, "--%s has no effect with %s%s%s", option, without.text,
                      with.size ? " without " : "", with.size ? with.text : "");
    else if (!with.failed && !without.failed)
        rc = cnn_fail(CNN_EUSAGE, "--%s has no effect: it needs %s", option, with.text);
    cnn_buf_free(&with);
    cnn_buf_free(&without);
    return rc;
}

int cnn_option_needs(const struct cnn_option *table, const struct cnn_need *needs,
                     const struct cnn_strings *given, const void *fields)
{
    for (; needs && needs->option; needs++) {
        const struct cnn_option *o = cnn_option_find(table, needs->option);
        int met = 0;
        if (!o)
            return cnn_fail(CNN_EINTERNAL, "there is no option --%s", needs->option);
        int is_given = cnn_option_given(o, given, fields);
        if (is_given < 0)
            return is_given;
        if (!is_given)
            continue;
        for (const char *p = needs->needs; *p && !met;) {
            struct alternative a = read_alternative(p);
            met = holds(table, &a, fields);
            p += a.length;
            p += *p == ',';
        }
        if (met < 0)
            return met;
        if (!met)
            return fail(needs->option, needs->needs);
    }
    return 0;
}
