/* Predictions as text; see predictions.h. */
#include "task/predictions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/unicode.h"

#include "task/json.h"

struct cnn_predictions {
    FILE *stream;
    char *name;
    struct cnn_predictions_options o;
    int by_row;          /* some output has several rows: each row has a line */
    size_t columns;      /* classes that are named */
    size_t *best;        /* (columns) */
    float *probability;  /* (outputs) */
    size_t room;         /* for so many */
    int terminal;        /* what would command it is shown */
    struct cnn_buf line; /* reused */
    size_t fields;       /* in it so far */
};

void cnn_tsv_field(const char *text, struct cnn_buf *out)
{
    static const char special[] = "\t\n\r\\", letter[] = "tnr\\";
    for (const char *c = text; *c; c++) {
        const char *s = strchr(special, *c);
        if (s)
            cnn_buf_printf(out, "\\%c", letter[s - special]);
        else
            cnn_buf_add(out, c, 1);
    }
}

/* Fields of CSV: quoted where they hold a separator, a quote or the end of a line. */
static void add_csv(const char *text, struct cnn_buf *out)
{
    if (!strpbrk(text, ",\"\r\n")) {
        cnn_buf_puts(out, text);
        return;
    }
    cnn_buf_puts(out, "\"");
    for (const char *c = text; *c; c++)
        cnn_buf_printf(out, *c == '"' ? "%c\"" : "%c", *c);
    cnn_buf_puts(out, "\"");
}

static void add_field(struct cnn_predictions *p, const char *text)
{
    int csv = p->o.format == CNN_PREDICTIONS_CSV;
    if (p->fields++)
        cnn_buf_puts(&p->line, csv ? "," : "\t");
    if (p->o.raw)
        cnn_buf_puts(&p->line, text);
    else
        (csv ? add_csv : cnn_tsv_field)(text, &p->line);
}

static void add_number(struct cnn_predictions *p, float value)
{
    char text[32];
    cnn_format_real((double)value, 1, text);
    add_field(p, text);
}

static void add_numbered(struct cnn_predictions *p, const char *name, size_t i, size_t of)
{
    char text[48];
    snprintf(text, sizeof text, of > 1 ? "%s%zu" : "%s", name, i);
    add_field(p, text);
}

/* Lines end with a newline, or NUL; an error is seen as soon as the stream meets it. */
static int put_line(struct cnn_predictions *p)
{
    struct cnn_buf shown = {0}, *line = &p->line;
    if (p->terminal) {
        cnn_buf_show_row(&shown, line->text ? line->text : "");
        shown.failed |= line->failed;
        line = &shown;
    }
    cnn_buf_add(line, p->o.raw ? "" : "\n", 1);
    int failed = line->failed;
    if (!failed)
        fwrite(line->text, 1, line->size, p->stream);
    cnn_buf_free(&shown);
    p->line.size = p->fields = 0;
    if (failed)
        return CNN_ESYSTEM;
    return ferror(p->stream) ? cnn_fail_errno(CNN_EIO, "%s", p->name) : 0;
}

/* The columns of further outputs, "place:0". */
static void name_more(struct cnn_predictions *p)
{
    struct cnn_buf name = {0};
    for (size_t k = 0; k < p->o.more; k++)
        for (size_t i = 0; i < p->o.output[k].count; i++) {
            name.size = 0;
            cnn_buf_printf(&name, "%s:%zu", p->o.output[k].name, i);
            add_field(p, name.failed ? "" : name.text);
        }
    p->line.failed |= name.failed;
    cnn_buf_free(&name);
}

static void name_place(struct cnn_predictions *p, size_t i)
{
    add_numbered(p, "y", i, p->columns);
    add_numbered(p, "x", i, p->columns);
}

static void name_classes(struct cnn_predictions *p)
{
    const struct cnn_predictions_options *o = &p->o;
    if (o->all)
        add_field(p, "class");
    if (o->all && o->places)
        name_place(p, 1);
    for (size_t i = 0; o->all && i < o->outputs; i++)
        add_field(p, o->classes->item[i]);
    for (size_t i = 0; !o->all && i < p->columns; i++) {
        add_numbered(p, "class", i + 1, p->columns);
        add_numbered(p, "probability", i + 1, p->columns);
        if (o->places)
            name_place(p, i + 1);
    }
}

static int put_header(struct cnn_predictions *p)
{
    const struct cnn_predictions_options *o = &p->o;
    add_field(p, o->paths ? "path" : "key");
    if (o->truth)
        add_field(p, "truth");
    if (p->by_row)
        add_field(p, "row");
    for (size_t i = 0; !o->classes->count && i < o->outputs; i++)
        add_numbered(p, "output", i, SIZE_MAX);
    if (o->classes->count)
        name_classes(p);
    name_more(p);
    return put_line(p);
}

int cnn_predictions_new(FILE *stream, const char *name,
                        const struct cnn_predictions_options *options, struct cnn_predictions **out)
{
    struct cnn_predictions *p = cnn_calloc(1, sizeof *p);
    *out = p;
    if (!p)
        return CNN_ESYSTEM;
    p->stream = stream;
    p->terminal = isatty(fileno(stream));
    p->o = *options;
    p->by_row = options->rows > 1;
    for (size_t i = 0; i < options->more; i++)
        p->by_row |= options->output[i].rows > 1;
    p->columns = options->all ? 1 : options->top;
    if (p->columns > options->classes->count)
        p->columns = options->classes->count;
    p->name = cnn_strdup(name);
    p->best = cnn_calloc(p->columns + 1, sizeof *p->best);
    p->probability = cnn_calloc(p->room = options->outputs, sizeof *p->probability);
    int rc = p->name && p->best && p->probability ? 0 : CNN_ESYSTEM;
    int wanted = options->format == CNN_PREDICTIONS_CSV ||
                 (options->format == CNN_PREDICTIONS_TSV && options->header);
    if (!rc && wanted)
        rc = put_header(p);
    if (rc) {
        cnn_predictions_free(p);
        *out = NULL;
    }
    return rc;
}

int cnn_predictions_resize(struct cnn_predictions *p, size_t outputs)
{
    p->o.outputs = outputs;
    return cnn_grow(&p->probability, &p->room, outputs, sizeof *p->probability);
}

void cnn_predictions_free(struct cnn_predictions *p)
{
    if (!p)
        return;
    free(p->name);
    free(p->best);
    free(p->probability);
    cnn_buf_free(&p->line);
    free(p);
}

static const char *class_name(const struct cnn_predictions *p, size_t i)
{
    return p->o.classes->item[i];
}

static void json_place(struct cnn_predictions *p, const struct cnn_prediction *s, size_t class)
{
    if (p->o.places)
        cnn_buf_printf(&p->line, ", \"y\": %zu, \"x\": %zu", s->place[class][0],
                       s->place[class][1]);
}

static void json_top(struct cnn_predictions *p, const struct cnn_prediction *s)
{
    struct cnn_buf *b = &p->line;
    cnn_buf_puts(b, ", \"top\": [");
    for (size_t i = 0; i < p->columns; i++) {
        cnn_buf_puts(b, i ? ", {\"class\": " : "{\"class\": ");
        cnn_json_string(class_name(p, p->best[i]), b);
        cnn_buf_puts(b, ", \"probability\": ");
        cnn_json_real((double)p->probability[p->best[i]], 1, b);
        json_place(p, s, p->best[i]);
        cnn_buf_puts(b, "}");
    }
    cnn_buf_puts(b, "]");
}

static void json_all(struct cnn_predictions *p, const struct cnn_prediction *s)
{
    struct cnn_buf *b = &p->line;
    cnn_buf_puts(b, ", \"class\": ");
    cnn_json_string(class_name(p, p->best[0]), b);
    json_place(p, s, p->best[0]);
    cnn_buf_puts(b, ", \"probabilities\": {");
    for (size_t i = 0; i < p->o.outputs; i++) {
        cnn_buf_puts(b, i ? ", " : "");
        cnn_json_string(class_name(p, i), b);
        cnn_buf_puts(b, ": ");
        cnn_json_real((double)p->probability[i], 1, b);
    }
    cnn_buf_puts(b, "}");
}

static void json_numbers(struct cnn_buf *b, const float *x, size_t n)
{
    cnn_buf_puts(b, "[");
    for (size_t i = 0; i < n; i++) {
        cnn_buf_puts(b, i ? ", " : "");
        cnn_json_real((double)x[i], 1, b);
    }
    cnn_buf_puts(b, "]");
}

/* An array of numbers, or of rows where there may be several. */
static void json_rows(struct cnn_buf *b, const float *x, size_t count, size_t most, size_t rows)
{
    if (most == 1) {
        json_numbers(b, x, count);
        return;
    }
    cnn_buf_puts(b, "[");
    for (size_t r = 0; r < rows; r++) {
        cnn_buf_puts(b, r ? ", " : "");
        json_numbers(b, x + r * count, count);
    }
    cnn_buf_puts(b, "]");
}

static void json_more(struct cnn_predictions *p, const struct cnn_prediction *s)
{
    cnn_buf_puts(&p->line, ", \"outputs\": {");
    for (size_t k = 0; k < p->o.more; k++) {
        const struct cnn_predictions_output *o = &p->o.output[k];
        cnn_buf_puts(&p->line, k ? ", " : "");
        cnn_json_string(o->name, &p->line);
        cnn_buf_puts(&p->line, ": ");
        json_rows(&p->line, s->more[k], o->count, o->rows, s->more_rows[k]);
    }
    cnn_buf_puts(&p->line, "}");
}

static void add_json(struct cnn_predictions *p, const struct cnn_prediction *s)
{
    cnn_buf_puts(&p->line, s->path ? "{\"path\": " : "{\"key\": ");
    cnn_json_string(s->path ? s->path : s->key, &p->line);
    if (p->o.truth) {
        cnn_buf_puts(&p->line, ", \"truth\": ");
        if (s->label >= 0)
            cnn_json_string(class_name(p, (size_t)s->label), &p->line);
        else
            cnn_buf_puts(&p->line, "null");
    }
    if (p->o.classes->count) {
        if (p->o.places)
            cnn_buf_printf(&p->line, ", \"map\": [%zu, %zu]", s->map[0], s->map[1]);
        (p->o.all ? json_all : json_top)(p, s);
    } else {
        cnn_buf_puts(&p->line, ", \"output\": ");
        json_rows(&p->line, s->scores, p->o.outputs, p->o.rows, s->rows);
    }
    if (p->o.more)
        json_more(p, s);
    cnn_buf_puts(&p->line, "}");
}

/* A row of an output; empty fields where there is none. */
static void add_numbers(struct cnn_predictions *p, const float *x, size_t count, int there)
{
    for (size_t i = 0; i < count; i++)
        if (there)
            add_number(p, x[i]);
        else
            add_field(p, "");
}

static void add_place(struct cnn_predictions *p, const struct cnn_prediction *s, size_t class)
{
    for (int axis = 0; p->o.places && axis < 2; axis++)
        add_numbered(p, "", s->place[class][axis], SIZE_MAX);
}

static void add_classes(struct cnn_predictions *p, const struct cnn_prediction *s, int there)
{
    if (p->o.all) {
        add_field(p, there ? class_name(p, p->best[0]) : "");
        add_place(p, s, p->best[0]);
        add_numbers(p, p->probability, p->o.outputs, there);
    }
    for (size_t i = 0; !p->o.all && i < p->columns; i++) {
        add_field(p, there ? class_name(p, p->best[i]) : "");
        add_numbers(p, p->probability + p->best[i], 1, there);
        add_place(p, s, p->best[i]);
    }
}

static void add_row(struct cnn_predictions *p, const struct cnn_prediction *s, size_t row)
{
    add_field(p, s->path ? s->path : s->key);
    if (p->o.truth)
        add_field(p, s->label >= 0 ? class_name(p, (size_t)s->label) : "");
    if (p->by_row)
        add_numbered(p, "", row, SIZE_MAX);
    if (p->o.classes->count)
        add_classes(p, s, row < s->rows);
    else
        add_numbers(p, s->scores + row * p->o.outputs, p->o.outputs, row < s->rows);
    for (size_t k = 0; k < p->o.more; k++) {
        size_t count = p->o.output[k].count;
        add_numbers(p, s->more[k] + row * count, count, row < s->more_rows[k]);
    }
}

/* As many lines as the output with the most rows has, and one at least. */
static size_t lines_of(const struct cnn_predictions *p, const struct cnn_prediction *s)
{
    size_t lines = s->rows > 1 ? s->rows : 1;
    for (size_t k = 0; k < p->o.more; k++)
        lines = s->more_rows[k] > lines ? s->more_rows[k] : lines;
    return lines;
}

int cnn_predictions_add(struct cnn_predictions *p, const struct cnn_prediction *s)
{
    if (p->o.classes->count) {
        /* Ranked before they are rounded to probabilities, so that these make no new ties. */
        cnn_scores_top(s->scores, p->o.outputs, p->columns, p->best);
        cnn_scores_convert(p->o.kind, s->scores, p->o.outputs, p->probability);
    }
    if (p->o.format == CNN_PREDICTIONS_JSON) {
        add_json(p, s);
        return put_line(p);
    }
    int rc = 0;
    for (size_t row = 0, lines = lines_of(p, s); !rc && row < lines; row++) {
        add_row(p, s, row);
        rc = put_line(p);
    }
    return rc;
}
