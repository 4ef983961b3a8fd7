/* Lines of texts, and the rows that features have in TSV and beside npy; see features.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/features.h"
#include "data/source.h"

char *cnn_text_line(char **at, char *end)
{
    char *line = *at;
    if (line >= end)
        return NULL;
    char *newline = memchr(line, '\n', (size_t)(end - line));
    char *stop = newline ? newline : end;
    *at = newline ? newline + 1 : end;
    if (stop > line && stop[-1] == '\r')
        stop--;
    *stop = '\0';
    return line;
}

/* Cut the next field off; NULL when there is none. */
static char *take_field(char **at)
{
    char *field = *at;
    if (!field)
        return NULL;
    char *tab = strchr(field, '\t');
    if (tab)
        *tab = '\0';
    *at = tab ? tab + 1 : NULL;
    return field;
}

static int read_classes(const char *where, char *rest, struct cnn_strings *own)
{
    struct cnn_found seen = {0};
    char *name;
    int code = 0;
    if (own->count)
        return cnn_fail(CNN_EDATA, "%s: a second class list", where);
    while (!code && (name = take_field(&rest))) {
        int32_t index;
        code = *name ? cnn_found_add(&seen, name, strlen(name), where, &index)
                     : cnn_fail(CNN_EDATA, "%s: an empty class name", where);
        if (!code && (size_t)index < own->count)
            code = cnn_fail(CNN_EDATA, "%s: class '%s' is there twice", where, name);
        if (!code)
            code = cnn_strings_add(own, name);
    }
    cnn_found_free(&seen);
    return code;
}

static int read_row(struct cnn_dataset *ds, const char *where, char *line,
                    struct cnn_feature_rows *rows, struct cnn_found *found)
{
    char *rest = line, *key = take_field(&rest), *class = take_field(&rest);
    int32_t label = -1;
    if (!class)
        return cnn_fail(CNN_EDATA, "%s: no class column (key<TAB>class is needed)", where);
    if (!*key)
        return cnn_fail(CNN_EDATA, "%s: an empty key", where);
    int code = *class ? cnn_found_add(found, class, strlen(class), where, &label) : 0;
    char source[1200];
    snprintf(source, sizeof source, "%.1000s#%zu", ds->path, ds->count);
    struct cnn_record r = {.key = key, .source = source, .label = label, .weight = 1};
    if (!code)
        code = cnn_source_add(ds, &r);
    if (!code && rows->row)
        code = rows->row(rows->context, where, rest);
    else if (!code && rest)
        code = cnn_fail(CNN_EDATA, "%s: more than two columns", where);
    return code;
}

static size_t count_fields(const char *s)
{
    size_t n = 1;
    for (; *s; s++)
        n += *s == '\t';
    return n;
}

int cnn_features_parse(struct cnn_dataset *ds, const char *name, char *text,
                       struct cnn_feature_rows *rows, struct cnn_found *found,
                       struct cnn_strings *own)
{
    static const char classes[] = CNN_FEATURES_CLASSES "\t", heading[] = CNN_FEATURES_HEADING;
    char *at = text, *end = text + strlen(text), *line, where[1200];
    int code = 0, headed = 0;
    for (size_t n = 1; !code && (line = cnn_text_line(&at, end)); n++) {
        snprintf(where, sizeof where, "%.1000s:%zu", name, n);
        if (!headed && !strncmp(line, classes, strlen(classes))) {
            code = read_classes(where, line + strlen(classes), own);
        } else if (!headed) {
            headed = !strncmp(line, heading, strlen(heading));
            rows->heading = headed ? count_fields(line) - 2 : 0;
            if (!headed)
                code =
                    cnn_fail(CNN_EDATA, "%s: the heading #key<TAB>class<TAB>... is missing", where);
        } else {
            code = read_row(ds, where, line, rows, found);
        }
    }
    return code;
}
