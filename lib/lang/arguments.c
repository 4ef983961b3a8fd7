/* A statement's arguments into the fields of its option table. */
#include "lang/syntax.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS_MAX = 64 };

static const struct cnn_option *at_position(const struct cnn_option *table, int position)
{
    for (; table && table->name; table++)
        if (table->position == position)
            return table;
    return NULL;
}

/* "conv channels size stride= pad= ...": what the word takes. */
static void print_usage(const char *word, const struct cnn_option *table, struct cnn_buf *out)
{
    const struct cnn_option *o;
    cnn_buf_puts(out, word);
    for (int k = 1; (o = at_position(table, k)); k++)
        cnn_buf_printf(out, o->fallback ? " [%s]" : " %s", o->name);
    for (o = table; o && o->name; o++)
        if (!o->position)
            cnn_buf_printf(out, " [%s=]", o->name);
}

static int fail_with_usage(const char *word, const struct cnn_option *table, const char *message)
{
    struct cnn_buf usage = {0};
    print_usage(word, table, &usage);
    int rc = usage.failed ? CNN_ESYSTEM
                          : cnn_fail(CNN_EDATA, "%s: %s; it is: %s", word, message, usage.text);
    cnn_buf_free(&usage);
    return rc;
}

static int same_name(const char *a, const char *b)
{
    while (*a && (*a == '_' ? '-' : tolower((unsigned char)*a)) == *b)
        a++, b++;
    return !*a && !*b;
}

/* What other programs call a key of the table; NULL: none of them does so. */
static const char *name_here(const struct cnn_option *table, const char *key)
{
    static const char *const name[][2] = {
#define CNN_SYNONYM(there, programs, here, words) {there, here},
#include "base/synonyms.def"
#undef CNN_SYNONYM
    };
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (name[i][1] && same_name(key, name[i][0]) && cnn_option_find(table, name[i][1]))
            return name[i][1];
    return NULL;
}

static int unknown_key(const char *word, const struct cnn_option *table, const char *key)
{
    char message[200], hint[80];
    struct cnn_nearest near = {.word = key};
    const char *here = name_here(table, key);
    if (here) {
        snprintf(message, sizeof message, "unknown key '%.60s' (%s here)", key, here);
        return fail_with_usage(word, table, message);
    }
    for (const struct cnn_option *o = table; o && o->name; o++)
        cnn_nearest_offer(&near, o->name);
    snprintf(message, sizeof message, "unknown key '%.60s'%s", key, cnn_nearest_hint(&near, hint));
    return fail_with_usage(word, table, message);
}

static int choose(const char *word, const struct cnn_option *table, const struct cnn_argument *arg,
                  int *position, const struct cnn_option **out)
{
    char message[120];
    *out = arg->key ? cnn_option_find(table, arg->key) : at_position(table, ++*position);
    if (*out)
        return 0;
    if (arg->key)
        return unknown_key(word, table, arg->key);
    snprintf(message, sizeof message, "'%.60s' is one argument too many", arg->value);
    return fail_with_usage(word, table, message);
}

static int set_one(const char *word, const struct cnn_option *o, const char *text,
                   const struct cnn_variables *v, struct cnn_arena *arena, void *fields)
{
    const char *value = NULL;
    int rc = cnn_evaluate_option(o, text, v, arena, &value);
    if (rc == CNN_EDATA)
        return cnn_fail(rc, "%s: %s: %s", word, o->name, cnn_error_message());
    if (!rc && cnn_option_set(o, fields, value))
        rc = cnn_fail(CNN_EDATA, "%s: %s", word, cnn_error_message());
    return rc;
}

int cnn_evaluate_arguments(const char *word, const struct cnn_option *table,
                           const struct cnn_argument *arg, size_t args,
                           const struct cnn_variables *v, struct cnn_arena *arena, void *fields)
{
    char given[OPTIONS_MAX] = {0}, message[120];
    int position = 0, rc = cnn_option_defaults(table, fields);
    for (size_t i = 0; !rc && i < args; i++) {
        const struct cnn_option *o;
        rc = choose(word, table, &arg[i], &position, &o);
        if (rc)
            return rc;
        if (given[o - table])
            return cnn_fail(CNN_EDATA, "%s: %s is given twice", word, o->name);
        given[o - table] = 1;
        rc = set_one(word, o, arg[i].value, v, arena, fields);
    }
    for (const struct cnn_option *o = table; !rc && o && o->name; o++)
        if (!o->fallback && !given[o - table]) {
            snprintf(message, sizeof message, "%s is missing", o->name);
            rc = fail_with_usage(word, table, message);
        }
    return rc;
}
