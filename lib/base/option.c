/* Option tables; see option.h. */
#include "base/option.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void *field(const struct cnn_option *o, void *fields)
{
    return (char *)fields + o->offset;
}

const struct cnn_option *cnn_option_find(const struct cnn_option *table, const char *name)
{
    for (; table && table->name; table++)
        if (!strcmp(table->name, name))
            return table;
    return NULL;
}

static int set_flag(int *out, const char *text)
{
    if (strcmp(text, "0") && strcmp(text, "1"))
        return cnn_fail(CNN_EUSAGE, "'%s' is neither 0 nor 1", text);
    *out = text[0] == '1';
    return 0;
}

/* Whether the letters are those of the n characters, whatever marks stand between them. */
static int same_letters(const char *text, const char *choice, size_t n)
{
    const char *end = choice + n;
    for (;;) {
        while (*text == '-' || *text == '_' || *text == ' ')
            text++;
        while (choice < end && *choice == '-')
            choice++;
        if (!*text || choice == end)
            return !*text && choice == end;
        if (tolower((unsigned char)*text++) != *choice++)
            return 0;
    }
}

static int same_word(const char *text, const char *choice, size_t n)
{
    return strlen(text) == n && !memcmp(text, choice, n);
}

/* The index of the one among "a|b|c" that `text` is, and where it stands; -1: it is none of them.
 */
static int find_choice(const char *choices, const char *text,
                       int (*same)(const char *text, const char *choice, size_t n), const char **at)
{
    int index = 0;
    for (const char *c = choices; c; index++) {
        const char *bar = strchr(c, '|');
        *at = c;
        if (same(text, c, strcspn(c, "|")))
            return index;
        c = bar ? bar + 1 : NULL;
    }
    return -1;
}

static int set_choice(const struct cnn_option *o, unsigned *out, const char *text)
{
    const char *at;
    int index = find_choice(o->choices, text, same_word, &at);
    if (index < 0 && find_choice(o->choices, text, same_letters, &at) >= 0)
        return cnn_fail(CNN_EUSAGE, "'%s' is none of %s (did you mean %.*s?)", text, o->choices,
                        (int)strcspn(at, "|"), at);
    if (index < 0)
        return cnn_fail(CNN_EUSAGE, "'%s' is none of %s", text, o->choices);
    *out = (unsigned)index;
    return 0;
}

/* "3", "3x5" or "3x3x5": how many sizes there are; 0 with an error set. */
static int read_sizes(const struct cnn_option *o, int size[3], const char *text)
{
    int count = 0, most = o->depth ? 3 : 2;
    for (const char *p = text;; p++) {
        char item[24];
        int64_t value;
        size_t n = strcspn(p, "x");
        if (n >= sizeof item || count == most) {
            cnn_fail(CNN_EUSAGE, "'%s' is not a size such as 3 or 3x5%s", text,
                     o->depth ? " or 3x3x5" : "");
            return 0;
        }
        memcpy(item, p, n);
        item[n] = '\0';
        if (cnn_parse_int(item, (int64_t)o->min, (int64_t)o->max, &value))
            return 0;
        size[count++] = (int)value;
        p += n;
        if (!*p)
            return count;
    }
}

static int set_pair(const struct cnn_option *o, struct cnn_pair *out, const char *text)
{
    const char *at;
    int size[3], word = find_choice(o->choices, text, same_word, &at);
    if (word >= 0) {
        *out = (struct cnn_pair){.h = -1 - word, .w = -1 - word};
        return 0;
    }
    int count = read_sizes(o, size, text);
    if (!count)
        return CNN_EUSAGE;
    *out = (struct cnn_pair){.h = size[count > 2], .w = size[count - 1]};
    if (count == 3)
        out->d = size[0];
    return 0;
}

/* "0,0,1,1" */
static int set_sides(const struct cnn_option *o, struct cnn_pad *out, const char *text)
{
    int side[4], count = 0;
    for (const char *p = text;; p++) {
        char item[24];
        int64_t value;
        size_t n = strcspn(p, ",");
        if (n >= sizeof item || count == 4)
            return cnn_fail(CNN_EUSAGE, "'%s' is not four sizes such as 0,0,1,1", text);
        memcpy(item, p, n);
        item[n] = '\0';
        if (cnn_parse_int(item, (int64_t)o->min, (int64_t)o->max, &value))
            return CNN_EUSAGE;
        side[count++] = (int)value;
        p += n;
        if (!*p)
            break;
    }
    if (count < 4)
        return cnn_fail(CNN_EUSAGE, "'%s' is not four sizes such as 0,0,1,1", text);
    *out = (struct cnn_pad){.top = side[0], .left = side[1], .bottom = side[2], .right = side[3]};
    return 0;
}

static int set_pad(const struct cnn_option *o, struct cnn_pad *out, const char *text)
{
    static const int value[] = {CNN_PAD_SAME, 0, CNN_PAD_FULL,
                                CNN_PAD_SAME_LOWER}; /* of the words */
    int size[3];
    const char *at;
    int word = find_choice(CNN_PAD_WORDS, text, same_word, &at);
    if (word >= 0) {
        int all = value[word];
        *out = (struct cnn_pad){.top = all, .left = all, .bottom = all, .right = all};
        return 0;
    }
    if (strchr(text, ','))
        return set_sides(o, out, text);
    int count = read_sizes(o, size, text);
    if (!count)
        return CNN_EUSAGE;
    int h = size[count > 2], w = size[count - 1];
    *out = (struct cnn_pad){.top = h, .left = w, .bottom = h, .right = w, .deep = count == 3};
    out->depth = count == 3 ? size[0] : 0;
    return 0;
}

static int set_reals(const struct cnn_option *o, struct cnn_reals *out, const char *text)
{
    struct cnn_reals list = {0};
    const char *p = text;
    while (*p) {
        char item[64];
        size_t n = strcspn(p, ",");
        if (n >= sizeof item)
            return cnn_fail(CNN_EUSAGE, "'%s' is not a list of numbers", text);
        memcpy(item, p, n);
        item[n] = '\0';
        if (list.count == (int)(sizeof list.value / sizeof *list.value))
            return cnn_fail(CNN_EUSAGE, "'%s' has more than %d numbers", text, list.count);
        if (cnn_parse_real(item, o->min, o->max, &list.value[list.count++]))
            return CNN_EUSAGE;
        p += n;
        if (*p == ',' && !*++p)
            return cnn_fail(CNN_EUSAGE, "'%s' ends in a comma", text);
    }
    *out = list;
    return 0;
}

static int set_value(const struct cnn_option *o, void *p, const char *text)
{
    int64_t whole = 0;
    int rc;
    switch (o->type) {
    case CNN_OPT_FLAG:
        return set_flag(p, text);
    case CNN_OPT_INT:
        rc = cnn_parse_int(text, (int64_t)o->min, o->max >= 9.2e18 ? INT64_MAX : (int64_t)o->max,
                           &whole);
        if (!rc)
            *(long long *)p = whole;
        return rc;
    case CNN_OPT_REAL:
        return cnn_parse_real(text, o->min, o->max, p);
    case CNN_OPT_TEXT:
        *(const char **)p = text;
        return 0;
    case CNN_OPT_CHOICE:
        return set_choice(o, p, text);
    case CNN_OPT_PAIR:
        return set_pair(o, p, text);
    case CNN_OPT_PAD:
        return set_pad(o, p, text);
    case CNN_OPT_REALS:
        return set_reals(o, p, text);
    case CNN_OPT_BYTES:
        return cnn_parse_bytes(text, p);
    case CNN_OPT_TEXTS:
        return cnn_strings_add(p, text);
    }
    return cnn_fail(CNN_EINTERNAL, "option of unknown type");
}

int cnn_option_set(const struct cnn_option *o, void *fields, const char *text)
{
    return set_value(o, field(o, fields), text) ? cnn_fail_within("%s", o->name) : 0;
}

int cnn_option_defaults(const struct cnn_option *table, void *fields)
{
    for (const struct cnn_option *o = table; o && o->name; o++)
        if (o->fallback && o->type != CNN_OPT_TEXTS && cnn_option_set(o, fields, o->fallback))
            return cnn_fail(CNN_EINTERNAL, "default of option '%s' is invalid", o->name);
    return 0;
}

static void print_choice(const char *choices, unsigned index, struct cnn_buf *out)
{
    const char *c = choices;
    for (; index; index--)
        c = strchr(c, '|') + 1;
    cnn_buf_add(out, c, strcspn(c, "|"));
}

static void print_pair(const struct cnn_option *o, const struct cnn_pair *p, struct cnn_buf *out)
{
    if (p->h < 0)
        print_choice(o->choices, (unsigned)(-1 - p->h), out);
    else if (p->d)
        cnn_buf_printf(out, "%dx%dx%d", p->d, p->h, p->w);
    else if (p->h == p->w)
        cnn_buf_printf(out, "%d", p->h);
    else
        cnn_buf_printf(out, "%dx%d", p->h, p->w);
}

static void print_pad(const struct cnn_pad *p, struct cnn_buf *out)
{
    if (p->top == CNN_PAD_SAME)
        cnn_buf_puts(out, "same");
    else if (p->top == CNN_PAD_SAME_LOWER)
        cnn_buf_puts(out, "same_lower");
    else if (p->top == CNN_PAD_FULL)
        cnn_buf_puts(out, "full");
    else if (p->deep)
        cnn_buf_printf(out, "%dx%dx%d", p->depth, p->top, p->left);
    else if (p->top != p->bottom || p->left != p->right)
        cnn_buf_printf(out, "%d,%d,%d,%d", p->top, p->left, p->bottom, p->right);
    else if (p->top != p->left)
        cnn_buf_printf(out, "%dx%d", p->top, p->left);
    else
        cnn_buf_printf(out, "%d", p->top);
}

static void print_real(double value, struct cnn_buf *out)
{
    char text[32];
    cnn_format_real(value, 0, text);
    cnn_buf_puts(out, text);
}

void cnn_option_print(const struct cnn_option *o, const void *fields, struct cnn_buf *out)
{
    const void *p = (const char *)fields + o->offset;
    const struct cnn_reals *reals = p;
    switch (o->type) {
    case CNN_OPT_FLAG:
        cnn_buf_printf(out, "%d", *(const int *)p);
        break;
    case CNN_OPT_INT:
        cnn_buf_printf(out, "%lld", *(const long long *)p);
        break;
    case CNN_OPT_REAL:
        print_real(*(const double *)p, out);
        break;
    case CNN_OPT_TEXT:
        cnn_buf_puts(out, *(const char *const *)p ? *(const char *const *)p : "");
        break;
    case CNN_OPT_CHOICE:
        print_choice(o->choices, *(const unsigned *)p, out);
        break;
    case CNN_OPT_PAIR:
        print_pair(o, p, out);
        break;
    case CNN_OPT_PAD:
        print_pad(p, out);
        break;
    case CNN_OPT_REALS:
        for (int i = 0; i < reals->count; i++) {
            if (i)
                cnn_buf_puts(out, ",");
            print_real(reals->value[i], out);
        }
        break;
    case CNN_OPT_BYTES:
        cnn_buf_printf(out, "%zu", *(const size_t *)p);
        break;
    case CNN_OPT_TEXTS:
        for (size_t i = 0; i < ((const struct cnn_strings *)p)->count; i++)
            cnn_buf_printf(out, i ? " %s" : "%s", ((const struct cnn_strings *)p)->item[i]);
        break;
    }
}

int cnn_option_is_default(const struct cnn_option *o, const void *fields)
{
    if (!o->name[0])
        return 1;
    if (!o->fallback && o->type != CNN_OPT_TEXTS)
        return 0;
    if (o->type == CNN_OPT_TEXTS)
        return ((const struct cnn_strings *)((const char *)fields + o->offset))->count == 0;
    union {
        struct cnn_reals reals;
        struct cnn_pair pair;
        struct cnn_pad pad;
        long long whole;
        double real;
        const char *text;
        size_t bytes;
    } value;
    memset(&value, 0, sizeof value);
    int rc = set_value(o, &value, o->fallback);
    if (rc)
        return rc == CNN_ESYSTEM ? rc : 0;
    struct cnn_option at_zero = *o;
    at_zero.offset = 0;
    struct cnn_buf a = {0}, b = {0};
    cnn_option_print(&at_zero, &value, &a);
    cnn_option_print(o, fields, &b);
    int same = a.failed || b.failed
                   ? CNN_ESYSTEM
                   : a.size == b.size && (!a.size || !memcmp(a.text, b.text, a.size));
    cnn_buf_free(&a);
    cnn_buf_free(&b);
    return same;
}
