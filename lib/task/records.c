/* Fields and ends of lines; see records.h. */
#include "task/records.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/unicode.h"

int cnn_records_open(struct cnn_records *r, FILE *stream, const char *name,
                     enum cnn_records_format format, int raw)
{
    *r = (struct cnn_records){.stream = stream, .format = format, .raw = raw};
    r->terminal = isatty(fileno(stream));
    r->name = cnn_strdup(name);
    return r->name ? 0 : CNN_ESYSTEM;
}

void cnn_records_close(struct cnn_records *r)
{
    free(r->name);
    cnn_buf_free(&r->line);
    *r = (struct cnn_records){0};
}

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

void cnn_record_field(struct cnn_records *r, const char *text)
{
    int csv = r->format == CNN_RECORDS_CSV;
    if (r->fields++)
        cnn_buf_puts(&r->line, csv ? "," : "\t");
    if (r->raw)
        cnn_buf_puts(&r->line, text);
    else
        (csv ? add_csv : cnn_tsv_field)(text, &r->line);
}

void cnn_record_number(struct cnn_records *r, float value)
{
    char text[32];
    cnn_format_real((double)value, 1, text);
    cnn_record_field(r, text);
}

/* Lines end with a newline, or NUL; an error is seen as soon as the stream meets it. */
int cnn_record_end(struct cnn_records *r)
{
    struct cnn_buf shown = {0}, *line = &r->line;
    if (r->terminal) {
        cnn_buf_show_row(&shown, line->text ? line->text : "");
        shown.failed |= line->failed;
        line = &shown;
    }
    cnn_buf_add(line, r->raw ? "" : "\n", 1);
    int failed = line->failed;
    if (!failed)
        fwrite(line->text, 1, line->size, r->stream);
    cnn_buf_free(&shown);
    r->line.size = r->fields = 0;
    if (failed)
        return CNN_ESYSTEM;
    return ferror(r->stream) ? cnn_fail_errno(CNN_EIO, "%s", r->name) : 0;
}
