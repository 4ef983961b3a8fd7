/* Lines of texts, and the rows that features have in TSV and beside npy; see features.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/lines.h"
#include "data/source/features.h"
#include "data/source/source.h"

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
    int rc = 0;
    if (own->count)
        return cnn_fail(CNN_EDATA, "%s: a second class list", where);
    while (!rc && (name = take_field(&rest)))
        rc = cnn_class_list_add(where, name, &seen, own);
    cnn_found_free(&seen);
    return rc;
}

static int read_made(struct cnn_dataset *ds, const char *where, const char *text)
{
    cnn_json_watch();
    json_t *made = cnn_json_text(text, 0);
    int good = json_is_object(made) && !ds->made;
    json_decref(made);
    if (cnn_json_lacked())
        return CNN_ESYSTEM;
    if (!good)
        return cnn_fail(CNN_EDATA, "%s: malformed " CNN_FEATURES_MADE, where);
    return (ds->made = cnn_strdup(text)) ? 0 : CNN_ESYSTEM;
}

/* \t, \n, \r and \\ to what they stand for, in place. */
static void unescape(char *text)
{
    static const char special[] = "\t\n\r\\", letter[] = "tnr\\";
    char *to = text;
    for (const char *from = text; *from; from++) {
        const char *s = *from == '\\' && from[1] ? strchr(letter, from[1]) : NULL;
        *to++ = s ? special[s - letter] : *from;
        from += s != NULL;
    }
    *to = '\0';
}

static int add_record(struct cnn_dataset *ds, char *first, int32_t label, int paths)
{
    struct cnn_buf key = {0}, source = {0};
    if (paths) {
        unescape(first);
        cnn_key_from_path(first, &key);
    } else {
        cnn_buf_puts(&key, first);
    }
    cnn_buf_printf(&source, "%s#%zu", ds->path, ds->count);
    struct cnn_record r = {.key = key.text, .source = source.text, .label = label, .weight = 1};
    r.path = paths ? first : NULL;
    int rc = key.failed || source.failed ? CNN_ESYSTEM : cnn_source_add(ds, &r);
    cnn_buf_free(&key);
    cnn_buf_free(&source);
    return rc;
}

static size_t count_fields(const char *s)
{
    size_t n = 1;
    for (; *s; s++)
        n += *s == '\t';
    return n;
}

static int read_row(struct cnn_dataset *ds, const char *where, char *line,
                    struct cnn_feature_rows *rows, struct cnn_found *found)
{
    char *rest = line, *key = take_field(&rest), *class = take_field(&rest);
    int32_t label = -1;
    if (!class)
        return cnn_fail(CNN_EDATA, "%s: no class column (key<TAB>class is needed)", where);
    if (!*key)
        return cnn_fail(CNN_EDATA, "%s: an empty %s", where, rows->paths ? "path" : "key");
    int rc = *class ? cnn_class_add(found, class, where, &label) : 0;
    if (!rc)
        rc = add_record(ds, key, label, rows->paths);
    if (!rc && rows->row)
        rc = rows->row(rows->context, where, rest);
    else if (!rc && (rest ? count_fields(rest) : 0) != rows->heading)
        rc = cnn_fail(CNN_EDATA, "%s: not as many columns as in the heading", where);
    return rc;
}

int cnn_features_parse(struct cnn_dataset *ds, const char *name, char *text, size_t size,
                       struct cnn_feature_rows *rows, struct cnn_found *found,
                       struct cnn_strings *own)
{
    static const char classes[] = CNN_FEATURES_CLASSES "\t", made[] = CNN_FEATURES_MADE "\t",
                      heading[] = CNN_FEATURES_HEADING, paths[] = CNN_FEATURES_PATHS;
    struct cnn_lines lines = cnn_lines_of(text, size);
    char *line, where[1200];
    int rc = 0, headed = 0;
    while (!rc && (line = cnn_lines_next(&lines))) {
        snprintf(where, sizeof where, "%.1000s:%zu", name, lines.number);
        if (!headed && !strncmp(line, classes, strlen(classes))) {
            rc = read_classes(where, line + strlen(classes), own);
        } else if (!headed && !strncmp(line, made, strlen(made))) {
            rc = read_made(ds, where, line + strlen(made));
        } else if (!headed) {
            rows->paths = !strncmp(line, paths, strlen(paths));
            headed = rows->paths || !strncmp(line, heading, strlen(heading));
            rows->heading = headed ? count_fields(line) - 2 : 0;
            if (!headed)
                rc =
                    cnn_fail(CNN_EDATA, "%s: the heading #key<TAB>class<TAB>... is missing", where);
        } else {
            rc = read_row(ds, where, line, rows, found);
        }
    }
    return rc;
}
