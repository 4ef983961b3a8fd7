/* Features as svmlight has them: "LABEL PLACE:NUMBER ... # KEY", sparse, places from 1 (Joachims,
 * SVM-light, input file format). They are kept in memory, dense. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/matrix.h"

enum { MAX_PLACE = 1 << 26, MAX_ELEMENTS = 1 << 30 };

static const struct cnn_source_type svmlight_type = {
    .form = "svmlight", .load = cnn_matrix_load, .close = cnn_matrix_close};

/* The largest place of a text, so that the rows have one length; and whether all labels are whole
 * numbers. The text was not cut into lines yet. */
struct survey {
    size_t d;
    int whole, negative;
};

static int survey_line(const char *where, const char *line, struct survey *s)
{
    char *end;
    double label = strtod(line, &end);
    if (end == line || !isfinite(label) || (*end && !strchr(" \t#", *end)))
        return cnn_fail(CNN_EDATA, "%s: no label at its beginning", where);
    s->whole &= label == floor(label) && fabs(label) < 1e9;
    s->negative |= label < 0;
    const char *stop = strchr(end, '#');
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
        int code = cnn_matrix_number(where, colon + 1, stop, &row[place - 1]);
        if (code)
            return code;
        last = place;
        at = stop;
    }
    return 0;
}

static int add_line(struct cnn_dataset *ds, const char *where, char *line, const struct survey *s,
                    struct cnn_found *found)
{
    struct cnn_matrix *m = ds->state;
    size_t row = m->count;
    int32_t label = -1;
    char *comment = strchr(line, '#'), *end;
    if (comment)
        *comment++ = '\0';
    if (cnn_grow(&m->value, &m->capacity, row + s->d, sizeof *m->value) ||
        cnn_grow(&m->target, &m->target_capacity, ds->count + 1, sizeof *m->target))
        return CNN_ESYSTEM;
    memset(m->value + row, 0, s->d * sizeof *m->value);
    m->count += s->d;
    double value = strtod(line, &end);
    m->target[ds->count] = (float)value;
    int code = s->whole ? cnn_found_add_number(found, (long long)value, where, &label) : 0;
    if (!code)
        code = fill_row(where, end, m->value + row);
    if (code)
        return code;
    while (comment && *comment == ' ')
        comment++;
    if (!comment || !*comment)
        return cnn_source_add_item(ds, ds->count, label, 1);
    char source[1200];
    snprintf(source, sizeof source, "%.1000s#%zu", ds->path, ds->count);
    struct cnn_record r = {.key = comment, .source = source, .label = label, .weight = 1};
    return cnn_source_add(ds, &r);
}

/* Where the lines begin, each NUL-terminated; free(). */
static int split_lines(char *text, size_t size, char ***out, size_t *count)
{
    char *at = text, *line, **list = NULL;
    size_t capacity = 0;
    *count = 0;
    while ((line = cnn_text_line(&at, text + size))) {
        if (cnn_grow(&list, &capacity, *count + 1, sizeof *list)) {
            free(list);
            return CNN_ESYSTEM;
        }
        list[(*count)++] = line;
    }
    *out = list;
    return 0;
}

/* Twice over the lines: first the number of columns, then the numbers. */
static int read_lines(struct cnn_dataset *ds, char *const *line, size_t lines,
                      struct cnn_found *found)
{
    struct survey s = {.whole = 1};
    struct cnn_matrix *m = ds->state;
    char where[1200];
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < lines; i++) {
            int code = 0;
            snprintf(where, sizeof where, "%.1000s:%zu", ds->path, i + 1);
            if (line[i][0] && line[i][0] != '#')
                code = pass ? add_line(ds, where, line[i], &s, found)
                            : survey_line(where, line[i], &s);
            if (code)
                return code;
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

int cnn_open_svmlight(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                      const char *folder, char *text, size_t size)
{
    struct cnn_matrix *m = cnn_calloc(1, sizeof *m);
    struct cnn_found found = {0};
    struct cnn_strings own = {0};
    ds->type = &svmlight_type;
    ds->state = m;
    char **line = NULL;
    size_t lines = 0;
    int code = m ? split_lines(text, size, &line, &lines) : CNN_ESYSTEM;
    if (!code)
        code = read_lines(ds, line, lines, &found);
    free(line);
    if (!code && found.text.count) { /* the labels are classes */
        free(m->target);
        m->target = NULL;
    }
    if (!code && strcmp(ds->path, "-"))
        code = cnn_source_beside(folder, &own);
    if (!code)
        code = cnn_source_settle(ds, options, &found, &own);
    if (!code)
        ds->bytes = m->capacity * sizeof *m->value;
    cnn_found_free(&found);
    cnn_strings_free(&own);
    return code;
}
