/* Features as TSV and as svmlight's lines, a sample each; data/source/features.h has the forms. */
#include "data/source/features.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/unicode.h"
#include "data/source/dataset.h"
#include "task/features/private.h"
#include "task/records.h"

struct text {
    struct features_file out;
    struct cnn_outfile *list; /* svmlight's classes.txt; NULL: none is written */
    const struct cnn_strings *classes;
    int paths;
    size_t count; /* values of a row */
    int terminal; /* what would command it is shown */
    struct cnn_buf line;
};

static int put_line(struct text *s)
{
    cnn_buf_puts(&s->line, "\n");
    if (s->line.failed)
        return CNN_ESYSTEM;
    struct cnn_buf shown = {0};
    if (s->terminal) {
        cnn_buf_show_lines(&shown, s->line.text);
        fwrite(shown.text, 1, shown.size, s->out.stream);
    } else {
        fwrite(s->line.text, 1, s->line.size, s->out.stream);
    }
    s->line.size = 0;
    int failed = shown.failed;
    cnn_buf_free(&shown);
    if (failed)
        return CNN_ESYSTEM;
    return cnn_features_file_check(&s->out);
}

static int text_open(struct text *s, const struct features_to *to)
{
    s->classes = to->classes;
    s->paths = to->paths;
    s->count = cnn_chw_count(to->shape);
    int rc = cnn_features_file_open(&s->out, to, to->path);
    s->terminal = !rc && isatty(fileno(s->out.stream));
    return rc;
}

static int text_finish(void *sink)
{
    struct text *s = sink;
    int rc = cnn_features_file_finish(&s->out);
    return rc ? rc : cnn_outfile_finish(s->list);
}

static int text_commit(void *sink)
{
    struct text *s = sink;
    struct cnn_outfile *list = s->list;
    s->list = NULL;
    int rc = list ? cnn_outfile_commit(list) : 0;
    return rc ? rc : cnn_features_file_commit(&s->out);
}

static void text_close(void *sink)
{
    struct text *s = sink;
    cnn_outfile_abort(s->list);
    cnn_features_file_close(&s->out);
    cnn_buf_free(&s->line);
}

void cnn_features_heading(const struct features_to *to, struct cnn_buf *out)
{
    const struct cnn_strings *classes = to->classes;
    if (classes->count)
        cnn_buf_puts(out, CNN_FEATURES_CLASSES);
    for (size_t i = 0; i < classes->count; i++)
        cnn_buf_printf(out, "\t%s", classes->item[i]);
    cnn_buf_puts(out, classes->count ? "\n" : "");
    if (to->path[0])
        cnn_buf_printf(out, CNN_FEATURES_MADE "\t%s\n", to->made);
    cnn_buf_puts(out, to->paths ? CNN_FEATURES_PATHS : CNN_FEATURES_HEADING);
}

/* A tar's key may hold what would end a field or a line, or what the form forbids: '_' for each. */
static void put_key(const char *key, char forbidden, struct cnn_buf *out)
{
    for (const char *c = key; *c; c++) {
        int bad = (unsigned char)*c < ' ' || *c == 0x7f || *c == forbidden;
        cnn_buf_add(out, bad ? "_" : c, 1);
    }
}

void cnn_features_key(const struct cnn_strings *classes, int paths, const struct features_row *row,
                      struct cnn_buf *out)
{
    if (paths)
        cnn_tsv_field(row->path, out);
    else
        put_key(row->key, '\0', out);
    cnn_buf_puts(out, "\t");
    cnn_buf_puts(out, row->label >= 0 ? classes->item[row->label] : "");
}

/* TSV */

static int tsv_open(void *sink, const struct features_to *to)
{
    struct text *s = sink;
    int rc = text_open(s, to);
    if (rc)
        return rc;
    cnn_features_heading(to, &s->line);
    for (size_t l = 0; l < to->layer->count; l++)
        for (size_t i = 0; i < to->width[l]; i++)
            cnn_buf_printf(&s->line, "\t%s:%zu", to->layer->item[l], i);
    return put_line(s);
}

static int tsv_add(void *sink, const struct features_row *row)
{
    struct text *s = sink;
    cnn_features_key(s->classes, s->paths, row, &s->line);
    for (size_t i = 0; i < s->count; i++) {
        char number[32];
        cnn_format_real((double)row->values[i], 1, number);
        cnn_buf_puts(&s->line, "\t");
        cnn_buf_puts(&s->line, number);
    }
    return put_line(s);
}

const struct features_sink_type cnn_features_tsv = {.open = tsv_open,
                                                    .add = tsv_add,
                                                    .finish = text_finish,
                                                    .commit = text_commit,
                                                    .close = text_close,
                                                    .size = sizeof(struct text)};

/* svmlight */

static int write_classes(struct text *s, const char *path)
{
    int rc = cnn_outfile_open(path, &s->list);
    for (size_t i = 0; !rc && i < s->classes->count; i++)
        fprintf(cnn_outfile_stream(s->list), "%s\n", s->classes->item[i]); /* finishing checks */
    return rc;
}

/* Labels are numbers here: classes.txt beside the file has their names. One that is there already
 * must be the same, for other files rely on it. */
static int put_classes(struct text *s, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct cnn_strings old = {0};
    struct cnn_buf beside = {0};
    cnn_buf_add(&beside, path, slash ? (size_t)(slash + 1 - path) : 0);
    cnn_buf_puts(&beside, "classes.txt");
    if (beside.failed)
        return CNN_ESYSTEM;
    int rc = cnn_classes_read(beside.text, &old);
    if (rc == CNN_ENOINPUT) {
        cnn_error_clear();
        rc = write_classes(s, beside.text);
    } else if (!rc && !cnn_strings_equal(&old, s->classes)) {
        rc = cnn_fail(CNN_ECREATE, "%s is there already and lists other classes", beside.text);
    }
    cnn_strings_free(&old);
    cnn_buf_free(&beside);
    return rc;
}

static int svmlight_open(void *sink, const struct features_to *to)
{
    int rc = text_open(sink, to);
    return rc || !to->path[0] || !to->classes->count ? rc : put_classes(sink, to->path);
}

static int svmlight_add(void *sink, const struct features_row *row)
{
    struct text *s = sink;
    cnn_buf_printf(&s->line, "%d", row->label >= 0 ? (int)row->label : 0);
    for (size_t i = 0; i < s->count; i++) {
        char number[32];
        if (row->values[i] == 0 && i + 1 < s->count)
            continue;
        cnn_format_real((double)row->values[i], 1, number);
        cnn_buf_printf(&s->line, " %zu:%s", i + 1, number);
    }
    cnn_buf_puts(&s->line, " # ");
    put_key(row->key, ':', &s->line);
    return put_line(s);
}

const struct features_sink_type cnn_features_svmlight = {.open = svmlight_open,
                                                         .add = svmlight_add,
                                                         .finish = text_finish,
                                                         .commit = text_commit,
                                                         .close = text_close,
                                                         .size = sizeof(struct text)};
