/* Features as svmlight has them: "LABEL [qid:QUERY] PLACE:NUMBER ... # KEY", sparse, places from 1
 * (Joachims, SVM-light, input file format). They are kept in memory, dense. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "data/source/matrix.h"

enum { MAX_PLACE = 1 << 26, MAX_ELEMENTS = 1 << 30 };

static const struct cnn_source_type svmlight_type = {
    .form = "svmlight", .load = cnn_matrix_load, .close = cnn_matrix_close};

/* The largest place of a text, so that the rows have one length; and whether all labels are whole
 * numbers. The text was not cut into lines yet. */
struct survey {
    size_t d;
    int whole, negative;
};

/* Behind the label: where "qid:QUERY" is, its value's length in *n, else NULL. */
static const char *find_query(const char *at, size_t *n)
{
    at += strspn(at, " \t");
    if (strncmp(at, "qid:", 4))
        return NULL;
    *n = strcspn(at + 4, " \t#");
    return at + 4;
}

static int survey_line(const char *where, const char *line, struct survey *s)
{
    char *end;
    double label = strtod(line, &end);
    if (end == line || !isfinite(label) || (*end && !strchr(" \t#", *end)))
        return cnn_fail(CNN_EDATA, "%s: no label at its beginning", where);
    s->whole &= label == floor(label) && fabs(label) < 1e9;
    s->negative |= label < 0;
    size_t query;
    const char *stop = strchr(end, '#'), *qid = find_query(end, &query);
    if (qid)
        end += (size_t)(qid - end) + query;
    for (const char *colon = strchr(end, ':'); colon && (!stop || colon < stop);
         colon = strchr(colon + 1, ':')) {
        const char *place = colon;
        while (place > end && place[-1] >= '0' && place[-1] <= '9')
            place--;
        unsigned long value = strtoul(place, NULL, 10);
        if (place == colon || value < 1 || value > MAX_PLACE)
            return cnn_fail(CNN_EDATA, "%s: a place that is not in 1..%d", where, (int)MAX_PLACE);
        s->d = value > s->d ? value : s->d;
    }
    return 0;
}

/* "PLACE:NUMBER" pairs with rising places. */
static int fill_row(const char *where, char *at, float *row)
{
    unsigned long last = 0;
    for (at += strspn(at, " \t"); *at; at += strspn(at, " \t")) {
        char *colon;
        unsigned long place = strtoul(at, &colon, 10);
        if (*at < '0' || *at > '9' || *colon != ':')
            return cnn_fail(CNN_EDATA, "%s: '%.40s' is not PLACE:NUMBER", where, at);
        if (place <= last)
            return cnn_fail(CNN_EDATA, "%s: place %lu behind place %lu", where, place, last);
        char *stop = colon + 1 + strcspn(colon + 1, " \t");
        int rc = cnn_matrix_number(where, colon + 1, stop, &row[place - 1]);
        if (rc)
            return rc;
        last = place;
        at = stop;
    }
    return 0;
}

/* The comment is the key; without one it is numbered. Samples of a query stay together. */
static int add_record(struct cnn_dataset *ds, const char *comment, const char *group, int32_t label)
{
    struct cnn_buf key = {0}, source = {0};
    if (comment)
        comment += strspn(comment, " \t");
    if (comment && *comment)
        cnn_buf_puts(&key, comment);
    else
        cnn_key_from_number(ds->path, ds->count, &key);
    cnn_buf_printf(&source, "%s#%zu", ds->path, ds->count);
    struct cnn_record r = {.key = key.text, .source = source.text, .group = group, .weight = 1};
    r.label = label;
    int rc = key.failed || source.failed ? CNN_ESYSTEM : cnn_source_add(ds, &r);
    cnn_buf_free(&key);
    cnn_buf_free(&source);
    return rc;
}

static int add_line(struct cnn_dataset *ds, const char *where, char *line, const struct survey *s,
                    struct cnn_found *found)
{
    struct cnn_matrix *m = ds->state;
    size_t row = m->count, query = 0;
    int32_t label = -1;
    char *comment = strchr(line, '#'), *end, *group = NULL;
    if (comment)
        *comment++ = '\0';
    if (cnn_grow(&m->value, &m->capacity, row + s->d, sizeof *m->value) ||
        cnn_grow(&m->target, &m->target_capacity, ds->count + 1, sizeof *m->target))
        return CNN_ESYSTEM;
    memset(m->value + row, 0, s->d * sizeof *m->value);
    m->count += s->d;
    double value = strtod(line, &end);
    m->target[ds->count] = (float)value;
    int rc = s->whole ? cnn_found_add_number(found, (long long)value, where, &label) : 0;
    const char *qid = find_query(end, &query);
    if (qid) {
        end += (size_t)(qid - end) + query;
        group = cnn_strndup(qid, query);
    }
    if (qid && !group)
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = fill_row(where, end, m->value + row);
    if (!rc)
        rc = add_record(ds, comment, group, label);
    free(group);
    return rc;
}

struct numbered {
    char *text;
    size_t number;
};

/* The lines that hold rows, each NUL-terminated; free(). */
static int split_lines(char *text, size_t size, struct numbered **out, size_t *count)
{
    struct cnn_lines lines = cnn_lines_of(text, size);
    struct numbered *list = NULL;
    size_t capacity = 0;
    char *line;
    *count = 0;
    while ((line = cnn_lines_next(&lines))) {
        if (*line == '#')
            continue;
        if (cnn_grow(&list, &capacity, *count + 1, sizeof *list)) {
            free(list);
            return CNN_ESYSTEM;
        }
        list[(*count)++] = (struct numbered){line, lines.number};
    }
    *out = list;
    return 0;
}

/* Twice over the lines: first the number of columns, then the numbers. */
static int read_lines(struct cnn_dataset *ds, const struct numbered *line, size_t lines,
                      struct cnn_found *found)
{
    struct survey s = {.whole = 1};
    struct cnn_matrix *m = ds->state;
    char where[1200];
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < lines; i++) {
            snprintf(where, sizeof where, "%.1000s:%zu", ds->path, line[i].number);
            int rc = pass ? add_line(ds, where, line[i].text, &s, found)
                          : survey_line(where, line[i].text, &s);
            if (rc)
                return rc;
        }
        if (!s.d)
            return cnn_fail(CNN_EDATA, "%s: no numbers", ds->path);
        if (s.d > MAX_ELEMENTS / lines)
            return cnn_fail(CNN_EDATA, "%s: %zu lines of %zu columns are too many", ds->path, lines,
                            s.d);
        found->numeric = s.whole && !s.negative;
    }
    m->d = s.d;
    return 0;
}

static int open_svmlight(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                         const char *folder, char *text, size_t size)
{
    struct cnn_matrix *m = cnn_calloc(1, sizeof *m);
    struct cnn_found found = {0};
    struct cnn_strings own = {0};
    ds->type = &svmlight_type;
    ds->state = m;
    struct numbered *line = NULL;
    size_t lines = 0;
    int rc = m ? split_lines(text, size, &line, &lines) : CNN_ESYSTEM;
    if (!rc)
        rc = read_lines(ds, line, lines, &found);
    free(line);
    if (!rc && found.text.count) { /* the labels are classes */
        free(m->target);
        m->target = NULL;
    }
    if (!rc && strcmp(ds->path, "-"))
        rc = cnn_source_beside(folder, &own);
    if (!rc)
        rc = cnn_source_settle(ds, options, &found, &own);
    if (!rc)
        ds->bytes = m->capacity * sizeof *m->value;
    cnn_found_free(&found);
    cnn_strings_free(&own);
    return rc;
}

/* Behind comments a number, perhaps "qid:QUERY", then "PLACE:NUMBER". */
static int is_svmlight(const struct cnn_form_head *h)
{
    const char *line = h->text;
    char *end, *colon;
    while (line && *line == '#') {
        line += strcspn(line, "\n");
        line += strspn(line, " \t\r\n");
    }
    if (!line)
        return 0;
    strtod(line, &end);
    if (end == line || (*end != ' ' && *end != '\t'))
        return 0;
    end += strspn(end, " \t");
    if (!strncmp(end, "qid:", 4)) {
        end += strcspn(end, " \t\n");
        end += strspn(end, " \t");
    }
    size_t digits = strspn(end, "0123456789");
    if (!digits || end[digits] != ':')
        return 0;
    strtod(end + digits + 1, &colon);
    return colon > end + digits + 1;
}

const struct cnn_form cnn_form_svmlight = {
    .name = "svmlight", .is = is_svmlight, .parse = open_svmlight};
