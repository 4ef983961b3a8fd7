/* What a class name may be, and when two spellings are one name; see source.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef CNN_UTF8PROC
#include <utf8proc.h>
#endif

#include "base/lines.h"
#include "base/unicode.h"
#include "data/source/source.h"

int cnn_class_add(struct cnn_found *f, const char *text, const char *where, int32_t *index)
{
    size_t n = cnn_trim(&text, strlen(text));
    return n ? cnn_found_add(f, text, n, where, index)
             : cnn_fail(CNN_EDATA, "%s: a class name of nothing but blanks", where);
}

int cnn_class_check(const char *where, const char *name)
{
    if (!cnn_utf8_valid(name))
        return cnn_fail(CNN_EDATA, "%s: class '%s' is not UTF-8", where, name);
    uint32_t code = 0;
    for (const char *c = name; *c; c += cnn_utf8_char(c, NULL))
        if (cnn_utf8_char(c, &code) && (code < 0x20 || (code >= 0x7f && code < 0xa0)))
            return cnn_fail(CNN_EDATA, "%s: a class name holds a control character: '%s'", where,
                            name);
    return 0;
}

#ifdef CNN_UTF8PROC
/* The text's normal form C; NULL: it has none, or with *code set to CNN_ESYSTEM no memory. */
static char *compose(const char *text, int *code)
{
    utf8proc_uint8_t *normal = NULL;
    utf8proc_option_t options =
        UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_IGNORE;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)text, 0, &normal, options);
    if (size == UTF8PROC_ERROR_NOMEM)
        *code = cnn_fail_memory(strlen(text));
    return (char *)normal;
}
#endif

/* The form in which spellings of a name are equal; free(). */
static char *normal_form(const char *name)
{
    size_t n = cnn_trim(&name, strlen(name));
    char *copy = cnn_strndup(name, n);
#ifdef CNN_UTF8PROC
    int rc = 0;
    char *normal = copy ? compose(copy, &rc) : NULL;
    if (normal || rc) {
        free(copy);
        return normal;
    }
#endif
    return copy;
}

int cnn_class_find(const struct cnn_strings *list, const char *name, ptrdiff_t *index)
{
    *index = cnn_strings_find(list, name);
    char *wanted = *index < 0 ? normal_form(name) : NULL;
    int rc = *index < 0 && !wanted ? CNN_ESYSTEM : 0;
    for (size_t i = 0; !rc && *index < 0 && i < list->count; i++) {
        char *form = normal_form(list->item[i]);
        if (!form)
            rc = CNN_ESYSTEM;
        else if (!strcmp(form, wanted))
            *index = (ptrdiff_t)i;
        free(form);
    }
    free(wanted);
    return rc;
}

/* As cnn_found_add, of the normal form. */
static int add_form(struct cnn_found *seen, const char *name, int32_t *index)
{
    char *form = normal_form(name);
    int rc = form ? cnn_found_add(seen, form, strlen(form), "", index) : CNN_ESYSTEM;
    free(form);
    return rc;
}

int cnn_class_list_add(const char *where, const char *text, struct cnn_found *seen,
                       struct cnn_strings *out)
{
    int32_t index;
    size_t n = cnn_trim(&text, strlen(text));
    if (!n)
        return cnn_fail(CNN_EDATA, "%s: an empty class name", where);
    int rc = cnn_strings_add_n(out, text, n);
    const char *name = rc ? "" : out->item[out->count - 1];
    if (!rc)
        rc = cnn_class_check(where, name);
    if (!rc)
        rc = add_form(seen, name, &index);
    if (rc || (size_t)index + 1 == out->count)
        return rc;
    const char *other = out->item[index];
    return strcmp(other, name)
               ? cnn_fail(CNN_EDATA, "%s: class '%s' is there already, in other bytes: '%s'", where,
                          name, other)
               : cnn_fail(CNN_EDATA, "%s: class '%s' is there twice", where, name);
}

int cnn_class_list_of(const struct cnn_strings *found, struct cnn_strings *out)
{
    struct cnn_strings sorted = {0};
    struct cnn_found seen = {0};
    int rc = cnn_strings_copy(&sorted, found);
    cnn_strings_sort(&sorted);
    for (size_t i = 0; !rc && i < sorted.count; i++) {
        int32_t index;
        rc = add_form(&seen, sorted.item[i], &index);
        if (!rc && (size_t)index == out->count)
            rc = cnn_strings_add(out, sorted.item[i]);
    }
    cnn_strings_free(&sorted);
    cnn_found_free(&seen);
    return rc;
}

int cnn_classes_number(size_t count, struct cnn_strings *out)
{
    int rc = 0;
    for (size_t c = 0; !rc && c < count; c++) {
        char text[32];
        snprintf(text, sizeof text, "%zu", c);
        rc = cnn_strings_add(out, text);
    }
    return rc;
}
