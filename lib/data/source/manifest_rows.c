/* What the text of a manifest says: rows "path<TAB>class[<TAB>group[<TAB>weight]]", or as a heading
 * says, Caffe's "path number", or paths alone, a line each or ended by NUL bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "data/source/manifest.h"

static int split_tabs(const struct cnn_manifest_reading *r, char *line,
                      struct cnn_manifest_row *row)
{
    char **field[] = {&row->path, &row->class, &row->group, &row->weight};
    size_t n = 0;
    for (char *at = line; at; n++) {
        char *tab = strchr(at, '\t');
        if (tab)
            *tab = '\0';
        if (n < 4)
            *field[n] = at;
        at = tab ? tab + 1 : NULL;
    }
    if (n > 4)
        return cnn_fail(CNN_EDATA, "%s: %zu columns (path, class, group and weight are all)",
                        r->where, n);
    return *row->path ? 0 : cnn_fail(CNN_EDATA, "%s: an empty path", r->where);
}

/* "path number", the path perhaps with spaces. 1: it is such a row. */
static int split_caffe(const struct cnn_manifest_reading *r, char *line,
                       struct cnn_manifest_row *row)
{
    int64_t value;
    char *space = strrchr(line, ' ');
    if (!space || strchr(line, '\t') || cnn_parse_int(space + 1, 0, INT32_MAX, &value))
        return 0;
    char *end = space;
    while (end > line && end[-1] == ' ')
        end--;
    if (end == line || (r->caffe < 0 && cnn_manifest_is_file(r, line)))
        return 0;
    *end = '\0';
    *row = (struct cnn_manifest_row){.path = line, .class = space + 1};
    return 1;
}

/* Where the first row names a file up to a space, a comma or a semicolon, and no file as a whole:
 * columns that are parted otherwise than they should be. */
static int check_columns(const struct cnn_manifest_reading *r, char *line)
{
    int file = strchr(line, '\t') || cnn_manifest_is_file(r, line);
    int64_t number;
    for (char *at = line; !file && *(at += strcspn(at, " ,;")); at++) {
        const char *rest = at + 1 + strspn(at + 1, " ");
        char mark = *at;
        *at = '\0';
        file = cnn_manifest_is_file(r, line);
        if (file && (mark != ' ' || cnn_parse_int(rest, 0, INT32_MAX, &number)))
            return cnn_fail(CNN_EDATA,
                            "%s: '%s' is a file, but '%s' stands behind no tab (rows are "
                            "path<TAB>class, or 'path number' with a number from 0)",
                            r->where, line, rest);
        *at = mark;
    }
    return 0;
}

/* Either all rows have a class or none has. */
static int count_row(struct cnn_manifest_reading *r, const struct cnn_manifest_row *row)
{
    int has = row->class && *row->class;
    *(has ? &r->classed : &r->unclassed) += 1;
    if (!r->classed || !r->unclassed)
        return 0;
    return cnn_fail(
        CNN_EDATA, "%s: %s", r->where,
        has          ? "a class where the rows before have none"
        : row->class ? "an empty class where the rows before have one"
                     : "no class column (path<TAB>class) where the rows before have one");
}

static int read_row(struct cnn_manifest_reading *r, char *line)
{
    struct cnn_manifest_row row = {0};
    char *field[CNN_MANIFEST_COLUMNS];
    int first = !r->classed && !r->unclassed && !r->columns.count;
    if (first && cnn_manifest_is_heading(r, line))
        return cnn_manifest_read_heading(r, line);
    int rc = first ? check_columns(r, line) : 0;
    if (rc)
        return rc;
    if (r->columns.count) {
        r->caffe = 0;
        rc = cnn_manifest_split(r, line, &row, field);
    } else if (r->caffe != 0 && split_caffe(r, line, &row))
        r->caffe = 1;
    else if (r->caffe == 1)
        return cnn_fail(CNN_EDATA,
                        "%s: not 'path number' as the rows before, with a number from 0: '%s'",
                        r->where, line);
    else {
        r->caffe = 0;
        rc = split_tabs(r, line, &row);
    }
    if (!rc)
        rc = count_row(r, &row);
    return rc ? rc : r->add(r, &row);
}

static void set_place(struct cnn_manifest_reading *r, size_t line)
{
    r->line = line;
    snprintf(r->where, sizeof r->where, "%.1000s:%zu", r->ds->path, line);
}

/* A line that begins with '#' is a comment, unless a file is called so. */
static int is_comment(const struct cnn_manifest_reading *r, const char *line)
{
    return *line == '#' && (strchr(line, '\t') || !cnn_manifest_is_file(r, line));
}

static int read_lines(struct cnn_manifest_reading *r, char *text, size_t size)
{
    struct cnn_lines lines = cnn_lines_of(text, size);
    char *line;
    while ((line = cnn_lines_next(&lines))) {
        set_place(r, lines.number);
        int rc = is_comment(r, line) ? 0 : read_row(r, line);
        if (rc)
            return rc;
    }
    return 0;
}

static int read_names(struct cnn_manifest_reading *r, char *text, size_t size)
{
    char *end = text + size;
    size_t number = 1;
    for (char *at = text; at < end; at += strlen(at) + 1, number++) {
        struct cnn_manifest_row row = {.path = at};
        set_place(r, number);
        int rc = *at ? r->add(r, &row) : cnn_fail(CNN_EDATA, "%s: an empty name", r->where);
        if (rc)
            return rc;
    }
    return 0;
}

int cnn_manifest_read(struct cnn_manifest_reading *r, char *text, size_t size)
{
    int names = size && memchr(text, '\0', size);
    if (names)
        r->caffe = 0;
    return (names ? read_names : read_lines)(r, text, size);
}
