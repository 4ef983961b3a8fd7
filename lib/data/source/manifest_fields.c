/* The columns of a manifest with a heading: which are paths, classes, groups and weights, and what
 * stands in those that are fields. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lines.h"
#include "data/source/manifest.h"

static const char *const known[] = {"path", "class", "group", "weight"};
enum { KNOWN = sizeof known / sizeof *known };

int cnn_manifest_is_file(const struct cnn_manifest_reading *r, const char *path)
{
    struct stat st;
    char *full = cnn_path_join(r->folder, path);
    int yes = full && stat(full, &st) == 0 && S_ISREG(st.st_mode);
    free(full);
    return yes;
}

int cnn_manifest_is_heading(const struct cnn_manifest_reading *r, const char *line)
{
    size_t n = strlen(known[0]);
    return !strncmp(line, known[0], n) && line[n] == '\t' && !cnn_manifest_is_file(r, known[0]);
}

static int is_of(const char *name, const char *dot, const char *ending, enum cnn_field_kind kind)
{
    return dot ? !strcmp(dot, ending) : !strcmp(name, cnn_field_kind_info[kind].name);
}

/* "age", "mask.seg", "eyes.points" or "words.txt": what is behind the dot says the kind. */
static int read_name(const struct cnn_manifest_reading *r, const char *text,
                     struct cnn_manifest_column *out)
{
    const char *dot = strchr(text, '.');
    size_t n = dot ? (size_t)(dot - text) : strlen(text);
    if (!cnn_field_may_be_called(text, n) ||
        (dot && strcmp(dot, ".seg") && strcmp(dot, ".txt") && strcmp(dot, ".points")))
        return cnn_fail(CNN_EDATA,
                        "%s: '%.60s' is no name of a column (path, class, group, weight, or a "
                        "field's: letters, digits and '_', and perhaps .seg, .points or .txt)",
                        r->where, text);
    snprintf(out->name, sizeof out->name, "%.*s", (int)n, text);
    out->labels = is_of(out->name, dot, ".seg", CNN_FIELD_LABELS);
    out->points = is_of(out->name, dot, ".points", CNN_FIELD_POINTS);
    out->text = is_of(out->name, dot, ".txt", CNN_FIELD_TEXT);
    return 0;
}

int cnn_manifest_read_heading(struct cnn_manifest_reading *r, char *line)
{
    struct cnn_manifest_columns *c = &r->columns;
    for (char *at = line, *tab; at; at = tab) {
        if ((tab = strchr(at, '\t')))
            *tab++ = '\0';
        if (c->count == CNN_MANIFEST_COLUMNS)
            return cnn_fail(CNN_EDATA, "%s: more than %d columns", r->where, CNN_MANIFEST_COLUMNS);
        struct cnn_manifest_column *column = &c->column[c->count++];
        column->known = 0;
        while (column->known < KNOWN && strcmp(known[column->known], at))
            column->known++;
        if (column->known == KNOWN && read_name(r, at, column))
            return CNN_EDATA;
        column->place = column->known == KNOWN ? c->fields++ : 0;
        for (size_t i = 0; i + 1 < c->count; i++)
            if (c->column[i].known == column->known &&
                (column->known < KNOWN || !strcmp(c->column[i].name, column->name)))
                return cnn_fail(CNN_EDATA, "%s: two columns '%.60s'", r->where, at);
    }
    return 0;
}

int cnn_manifest_split(const struct cnn_manifest_reading *r, char *line,
                       struct cnn_manifest_row *row, char **field)
{
    char **to[KNOWN] = {&row->path, &row->class, &row->group, &row->weight};
    const struct cnn_manifest_columns *c = &r->columns;
    size_t n = 0;
    memset(field, 0, c->fields * sizeof *field);
    for (char *at = line, *tab; at; at = tab, n++) {
        if ((tab = strchr(at, '\t')))
            *tab++ = '\0';
        if (n >= c->count)
            return cnn_fail(CNN_EDATA, "%s: more columns than the %zu of the heading", r->where,
                            c->count);
        const struct cnn_manifest_column *column = &c->column[n];
        if (column->known < KNOWN)
            *to[column->known] = at;
        else
            field[column->place] = at;
    }
    row->field = field;
    return *row->path ? 0 : cnn_fail(CNN_EDATA, "%s: an empty path", r->where);
}

/* Numbers divided by commas or blanks: how many, 0: it is something else. */
static size_t read_numbers(const char *text, struct cnn_image *out)
{
    size_t count = 0;
    while (*text) {
        char word[64];
        double x;
        size_t n = strcspn(text, ", ");
        snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : 0), text);
        if (cnn_parse_real(word, -FLT_MAX, FLT_MAX, &x))
            return 0;
        if (out)
            out->px[count] = (float)x;
        count++;
        text += n;
        text += *text == ',';
        text += strspn(text, " ");
    }
    return count;
}

static enum cnn_field_kind kind_of(const struct cnn_manifest_column *c, const char *text,
                                   int *is_file)
{
    enum cnn_field_kind kind;
    size_t before;
    *is_file = 0;
    if (c->text)
        return CNN_FIELD_TEXT;
    if (cnn_field_ending(text, &kind, &before)) {
        *is_file = 1;
        return c->labels && kind == CNN_FIELD_IMAGE ? CNN_FIELD_LABELS : kind;
    }
    if (c->points)
        return CNN_FIELD_POINTS;
    return read_numbers(text, NULL) ? CNN_FIELD_NUMBERS : CNN_FIELD_CLASS;
}

static int check_points(const struct cnn_manifest_reading *r, const char *name, const char *text)
{
    size_t count = read_numbers(text, NULL);
    return count && count % 2 == 0
               ? 0
               : cnn_fail(CNN_EDATA,
                          "%s: field '%s': '%.40s' is no list of points, x and y of each", r->where,
                          name, text);
}

/* A class is told as soon as it is met: it is numbered by a list. */
static int check_class(const struct cnn_manifest_reading *r, const struct cnn_source_field *of,
                       const char *text)
{
    struct cnn_sample s = {0};
    int rc = cnn_source_decode(of, (const unsigned char *)text, strlen(text), &s);
    cnn_sample_free(&s);
    return rc ? cnn_fail_within("%s", r->where) : 0;
}

static int take_value(struct cnn_manifest_reading *r, const struct cnn_manifest_column *c,
                      const char *text, struct cnn_manifest_value *out)
{
    int is_file;
    enum cnn_field_kind kind = kind_of(c, text, &is_file);
    int rc = cnn_source_field(r->ds, c->name, kind, &out->of);
    if (!rc && kind == CNN_FIELD_CLASS && !is_file)
        rc = check_class(r, out->of, text);
    if (!rc && kind == CNN_FIELD_POINTS && !is_file)
        rc = check_points(r, c->name, text);
    if (rc)
        return rc;
    char *path = is_file ? cnn_path_join(r->folder, text) : NULL;
    if (is_file && !path)
        return CNN_ESYSTEM;
    out->is_file = is_file;
    out->text = cnn_arena_strdup(r->ds->arena, is_file ? path : text);
    free(path);
    return out->text ? 0 : CNN_ESYSTEM;
}

int cnn_manifest_take_fields(struct cnn_manifest_reading *r, char *const *field,
                             struct cnn_manifest_value *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < r->columns.count; i++) {
        const struct cnn_manifest_column *c = &r->columns.column[i];
        const char *text = c->known == KNOWN ? field[c->place] : NULL;
        struct cnn_manifest_value *to = &out[c->place];
        if (c->known < KNOWN)
            continue;
        *to = (struct cnn_manifest_value){0};
        size_t n = text ? cnn_trim(&text, strlen(text)) : 0;
        char *own = n ? cnn_strndup(text, n) : NULL;
        if (n)
            rc = own ? take_value(r, c, own, to) : CNN_ESYSTEM;
        free(own);
    }
    return rc;
}

static int load_numbers(const struct cnn_manifest_value *v, struct cnn_sample *out)
{
    struct cnn_field *f = cnn_sample_add_field(out, v->of->name, v->of->kind);
    size_t count = read_numbers(v->text, NULL), columns = v->of->kind == CNN_FIELD_POINTS ? 2 : 1;
    int rc = f ? cnn_image_reshape(&f->values, count / columns, columns, 1, 0) : CNN_ESYSTEM;
    if (!rc)
        read_numbers(v->text, &f->values);
    return rc;
}

static int load_file(const struct cnn_manifest_value *v, struct cnn_sample *out)
{
    size_t size = 0;
    int rc = cnn_source_read_file(v->text, out, &size);
    if (rc)
        return cnn_fail_within("field '%s': %s", v->of->name, v->text);
    if ((rc = cnn_source_decode(v->of, out->encoded, size, out)))
        return rc == CNN_EDATA ? cnn_fail_within("%s", v->text) : rc;
    struct cnn_field *f = cnn_sample_add_field(out, v->of->name, v->of->kind); /* it is there */
    if (f)
        f->file = v->text;
    return f ? 0 : CNN_ESYSTEM;
}

int cnn_manifest_load_fields(const struct cnn_manifest_value *value, size_t count,
                             struct cnn_sample *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        const struct cnn_manifest_value *v = &value[i];
        if (!v->of || !cnn_sample_wants(out, v->of->name))
            continue;
        if (v->is_file)
            rc = load_file(v, out);
        else if (v->of->kind == CNN_FIELD_NUMBERS || v->of->kind == CNN_FIELD_POINTS)
            rc = load_numbers(v, out);
        else
            rc = cnn_source_decode(v->of, (const unsigned char *)v->text, strlen(v->text), out);
    }
    return rc;
}
