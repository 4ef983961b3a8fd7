/* Predictions as text; see predictions.h. */
#include "task/predictions.h"

#include <stdlib.h>
#include <string.h>

#include "task/json.h"

struct cnn_predictions {
    struct cnn_records out;
    struct cnn_predictions_options o;
    int by_row;         /* some output has several rows: each row has a line */
    size_t columns;     /* classes that are named */
    size_t *best;       /* (columns) */
    float *probability; /* (outputs) */
    size_t room;        /* for so many */
};

static void add_numbered(struct cnn_predictions *p, const char *name, size_t i, size_t of)
{
    char text[48];
    snprintf(text, sizeof text, of > 1 ? "%s%zu" : "%s", name, i);
    cnn_record_field(&p->out, text);
}

/* The columns of further outputs, "place:0". */
static void name_more(struct cnn_predictions *p)
{
    struct cnn_buf name = {0};
    for (size_t k = 0; k < p->o.more; k++)
        for (size_t i = 0; i < p->o.output[k].count; i++) {
            name.size = 0;
            cnn_buf_printf(&name, "%s:%zu", p->o.output[k].name, i);
            cnn_record_field(&p->out, name.failed ? "" : name.text);
        }
    p->out.line.failed |= name.failed;
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
        cnn_record_field(&p->out, "class");
    if (o->all && o->places)
        name_place(p, 1);
    for (size_t i = 0; o->all && i < o->outputs; i++)
        cnn_record_field(&p->out, o->classes->item[i]);
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
    cnn_record_field(&p->out, o->paths ? "path" : "key");
    if (o->truth)
        cnn_record_field(&p->out, "truth");
    if (p->by_row)
        cnn_record_field(&p->out, "row");
    for (size_t i = 0; !o->classes->count && i < o->outputs; i++)
        add_numbered(p, "output", i, SIZE_MAX);
    if (o->classes->count)
        name_classes(p);
    name_more(p);
    return cnn_record_end(&p->out);
}

int cnn_predictions_new(FILE *stream, const char *name,
                        const struct cnn_predictions_options *options, struct cnn_predictions **out)
{
    struct cnn_predictions *p = cnn_calloc(1, sizeof *p);
    *out = p;
    if (!p)
        return CNN_ESYSTEM;
    p->o = *options;
    p->by_row = options->rows > 1;
    for (size_t i = 0; i < options->more; i++)
        p->by_row |= options->output[i].rows > 1;
    p->columns = options->all ? 1 : options->top;
    if (p->columns > options->classes->count)
        p->columns = options->classes->count;
    p->best = cnn_calloc(p->columns + 1, sizeof *p->best);
    p->probability = cnn_calloc(p->room = options->outputs, sizeof *p->probability);
    int rc = cnn_records_open(&p->out, stream, name, options->format, options->raw);
    if (!rc)
        rc = p->best && p->probability ? 0 : CNN_ESYSTEM;
    int wanted = options->format == CNN_RECORDS_CSV ||
                 (options->format == CNN_RECORDS_TSV && options->header);
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
    cnn_records_close(&p->out);
    free(p->best);
    free(p->probability);
    free(p);
}

static const char *class_name(const struct cnn_predictions *p, size_t i)
{
    return p->o.classes->item[i];
}

static void json_place(struct cnn_predictions *p, const struct cnn_prediction *s, size_t class)
{
    if (p->o.places)
        cnn_buf_printf(&p->out.line, ", \"y\": %zu, \"x\": %zu", s->place[class][0],
                       s->place[class][1]);
}

static void json_top(struct cnn_predictions *p, const struct cnn_prediction *s)
{
    struct cnn_buf *b = &p->out.line;
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
    struct cnn_buf *b = &p->out.line;
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
    cnn_buf_puts(&p->out.line, ", \"outputs\": {");
    for (size_t k = 0; k < p->o.more; k++) {
        const struct cnn_predictions_output *o = &p->o.output[k];
        cnn_buf_puts(&p->out.line, k ? ", " : "");
        cnn_json_string(o->name, &p->out.line);
        cnn_buf_puts(&p->out.line, ": ");
        json_rows(&p->out.line, s->more[k], o->count, o->rows, s->more_rows[k]);
    }
    cnn_buf_puts(&p->out.line, "}");
}

static void add_json(struct cnn_predictions *p, const struct cnn_prediction *s)
{
    cnn_buf_puts(&p->out.line, s->path ? "{\"path\": " : "{\"key\": ");
    cnn_json_string(s->path ? s->path : s->key, &p->out.line);
    if (p->o.truth) {
        cnn_buf_puts(&p->out.line, ", \"truth\": ");
        if (s->label >= 0)
            cnn_json_string(class_name(p, (size_t)s->label), &p->out.line);
        else
            cnn_buf_puts(&p->out.line, "null");
    }
    if (p->o.classes->count) {
        if (p->o.places)
            cnn_buf_printf(&p->out.line, ", \"map\": [%zu, %zu]", s->map[0], s->map[1]);
        (p->o.all ? json_all : json_top)(p, s);
    } else {
        cnn_buf_puts(&p->out.line, ", \"output\": ");
        json_rows(&p->out.line, s->scores, p->o.outputs, p->o.rows, s->rows);
    }
    if (p->o.more)
        json_more(p, s);
    cnn_buf_puts(&p->out.line, "}");
}

/* A row of an output; empty fields where there is none. */
static void add_numbers(struct cnn_predictions *p, const float *x, size_t count, int there)
{
    for (size_t i = 0; i < count; i++)
        if (there)
            cnn_record_number(&p->out, x[i]);
        else
            cnn_record_field(&p->out, "");
}

static void add_place(struct cnn_predictions *p, const struct cnn_prediction *s, size_t class)
{
    for (int axis = 0; p->o.places && axis < 2; axis++)
        add_numbered(p, "", s->place[class][axis], SIZE_MAX);
}

static void add_classes(struct cnn_predictions *p, const struct cnn_prediction *s, int there)
{
    if (p->o.all) {
        cnn_record_field(&p->out, there ? class_name(p, p->best[0]) : "");
        add_place(p, s, p->best[0]);
        add_numbers(p, p->probability, p->o.outputs, there);
    }
    for (size_t i = 0; !p->o.all && i < p->columns; i++) {
        cnn_record_field(&p->out, there ? class_name(p, p->best[i]) : "");
        add_numbers(p, p->probability + p->best[i], 1, there);
        add_place(p, s, p->best[i]);
    }
}

static void add_row(struct cnn_predictions *p, const struct cnn_prediction *s, size_t row)
{
    cnn_record_field(&p->out, s->path ? s->path : s->key);
    if (p->o.truth)
        cnn_record_field(&p->out, s->label >= 0 ? class_name(p, (size_t)s->label) : "");
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
    if (p->o.format == CNN_RECORDS_JSON) {
        add_json(p, s);
        return cnn_record_end(&p->out);
    }
    int rc = 0;
    for (size_t row = 0, lines = lines_of(p, s); !rc && row < lines; row++) {
        add_row(p, s, row);
        rc = cnn_record_end(&p->out);
    }
    return rc;
}
