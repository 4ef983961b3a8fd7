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
    size_t columns;      /* classes that are named */
    size_t *best;        /* (columns) */
    float *probability;  /* (outputs) */
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

static int put_header(struct cnn_predictions *p)
{
    const struct cnn_predictions_options *o = &p->o;
    add_field(p, o->paths ? "path" : "key");
    if (o->truth)
        add_field(p, "truth");
    if (!o->classes->count) {
        for (size_t i = 0; i < o->outputs; i++)
            add_numbered(p, "output", i, SIZE_MAX);
        return put_line(p);
    }
    if (o->all)
        add_field(p, "class");
    for (size_t i = 0; o->all && i < o->outputs; i++)
        add_field(p, o->classes->item[i]);
    for (size_t i = 0; !o->all && i < p->columns; i++) {
        add_numbered(p, "class", i + 1, p->columns);
        add_numbered(p, "probability", i + 1, p->columns);
    }
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
    p->columns = options->all ? 1 : options->top;
    if (p->columns > options->classes->count)
        p->columns = options->classes->count;
    p->name = cnn_strdup(name);
    p->best = cnn_calloc(p->columns + 1, sizeof *p->best);
    p->probability = cnn_calloc(options->outputs, sizeof *p->probability);
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

static void json_top(struct cnn_predictions *p)
{
    struct cnn_buf *b = &p->line;
    cnn_buf_puts(b, ", \"top\": [");
    for (size_t i = 0; i < p->columns; i++) {
        cnn_buf_puts(b, i ? ", {\"class\": " : "{\"class\": ");
        cnn_json_string(class_name(p, p->best[i]), b);
        cnn_buf_puts(b, ", \"probability\": ");
        cnn_json_real((double)p->probability[p->best[i]], 1, b);
        cnn_buf_puts(b, "}");
    }
    cnn_buf_puts(b, "]");
}

static void json_all(struct cnn_predictions *p)
{
    struct cnn_buf *b = &p->line;
    cnn_buf_puts(b, ", \"class\": ");
    cnn_json_string(class_name(p, p->best[0]), b);
    cnn_buf_puts(b, ", \"probabilities\": {");
    for (size_t i = 0; i < p->o.outputs; i++) {
        cnn_buf_puts(b, i ? ", " : "");
        cnn_json_string(class_name(p, i), b);
        cnn_buf_puts(b, ": ");
        cnn_json_real((double)p->probability[i], 1, b);
    }
    cnn_buf_puts(b, "}");
}

static void json_raw(struct cnn_predictions *p)
{
    cnn_buf_puts(&p->line, ", \"output\": [");
    for (size_t i = 0; i < p->o.outputs; i++) {
        cnn_buf_puts(&p->line, i ? ", " : "");
        cnn_json_real((double)p->probability[i], 1, &p->line);
    }
    cnn_buf_puts(&p->line, "]");
}

static void add_json(struct cnn_predictions *p, const char *path, const char *key, int32_t label)
{
    cnn_buf_puts(&p->line, path ? "{\"path\": " : "{\"key\": ");
    cnn_json_string(path ? path : key, &p->line);
    if (p->o.truth) {
        cnn_buf_puts(&p->line, ", \"truth\": ");
        if (label >= 0)
            cnn_json_string(class_name(p, (size_t)label), &p->line);
        else
            cnn_buf_puts(&p->line, "null");
    }
    if (!p->o.classes->count)
        json_raw(p);
    else
        (p->o.all ? json_all : json_top)(p);
    cnn_buf_puts(&p->line, "}");
}

static void add_row(struct cnn_predictions *p, const char *path, const char *key, int32_t label)
{
    int raw = !p->o.classes->count;
    add_field(p, path ? path : key);
    if (p->o.truth)
        add_field(p, label >= 0 ? class_name(p, (size_t)label) : "");
    if (!raw && p->o.all)
        add_field(p, class_name(p, p->best[0]));
    for (size_t i = 0; (raw || p->o.all) && i < p->o.outputs; i++)
        add_number(p, p->probability[i]);
    for (size_t i = 0; !raw && !p->o.all && i < p->columns; i++) {
        add_field(p, class_name(p, p->best[i]));
        add_number(p, p->probability[p->best[i]]);
    }
}

int cnn_predictions_add(struct cnn_predictions *p, const char *path, const char *key, int32_t label,
                        const float *scores)
{
    /* Ranked before they are rounded to probabilities, so that these make no new ties. */
    cnn_scores_top(scores, p->o.outputs, p->columns, p->best);
    cnn_scores_convert(p->o.kind, scores, p->o.outputs, p->probability);
    (p->o.format == CNN_PREDICTIONS_JSON ? add_json : add_row)(p, path, key, label);
    return put_line(p);
}
