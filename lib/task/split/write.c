/* Rows that point at the originals, and the files they go to. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "file/outfile.h"
#include "task/apart.h"
#include "task/split/private.h"

enum { FILES = CNN_SPLITS + 1 };

/* The way from one real folder to another: "../photos"; "." when they are the same. */
static char *way_between(const char *from, const char *to)
{
    struct cnn_buf b = {0};
    size_t common = 0, i = 0;
    for (; from[i] && from[i] == to[i]; i++)
        if (from[i] == '/')
            common = i;
    if ((!from[i] || from[i] == '/') && (!to[i] || to[i] == '/'))
        common = i;
    for (const char *p = from + common; *p; p++)
        if (*p == '/' && p[1])
            cnn_buf_puts(&b, b.size ? "/.." : "..");
    if (from[1] && common == 0 && from[0] == '/' && !b.size)
        cnn_buf_puts(&b, "..");
    const char *rest = to + common;
    while (*rest == '/')
        rest++;
    if (*rest && b.size)
        cnn_buf_puts(&b, "/");
    cnn_buf_puts(&b, *rest || b.size ? rest : ".");
    return cnn_buf_take(&b);
}

/* What stands in front of the names of a folder, as seen from the outputs. free() it. */
static char *prefix_of(const char *folder, const char *output)
{
    char *target = realpath(folder, NULL), *way = NULL;
    if (!target)
        cnn_fail_errno(CNN_ENOINPUT, "%s", folder);
    else
        way = way_between(output, target);
    free(target);
    return way;
}

/* The folder that was looked at last. */
struct last {
    char *folder, *prefix;
};

static int print_path(const char *source, const char *output, struct last *last,
                      struct cnn_buf *out)
{
    const char *slash = strrchr(source, '/'), *base = slash ? slash + 1 : source;
    if (source[0] == '/' || !strncmp(source, "digits:", 7)) {
        cnn_buf_puts(out, source);
        return 0;
    }
    size_t n = (size_t)(base - source);
    if (!last->folder || strlen(last->folder) != n || strncmp(last->folder, source, n)) {
        free(last->folder);
        free(last->prefix);
        last->folder = cnn_strndup(source, n);
        last->prefix = last->folder ? prefix_of(n ? last->folder : ".", output) : NULL;
        if (!last->prefix)
            return cnn_error_code();
    }
    int here = !strcmp(last->prefix, ".");
    if (!here || base[0] == '#' || !strncmp(base, "digits:", 7))
        cnn_buf_printf(out, "%s/", last->prefix);
    cnn_buf_puts(out, base);
    return 0;
}

/* One row; no field may end a line or a field. */
static int print_row(const struct split *s, const struct split_sample *sample, const char *output,
                     struct last *last, struct cnn_buf *row)
{
    const struct cnn_record *r = sample->record;
    const char *class =
        (size_t)sample->class < s->classes.count ? s->classes.item[sample->class] : "";
    row->size = 0;
    int rc = print_path(r->source, output, last, row);
    if (rc)
        return rc;
    size_t path = row->size;
    cnn_buf_printf(row, "\t%s", class);
    if (r->group || r->weight != 1)
        cnn_buf_printf(row, "\t%s", r->group ? r->group : "");
    if (r->weight != 1) {
        char text[32];
        cnn_format_real((double)r->weight, 1, text);
        cnn_buf_printf(row, "\t%s", text);
    }
    if (row->failed)
        return CNN_ESYSTEM;
    if (strpbrk(row->text, "\r\n") || memchr(row->text, '\t', path) || strchr(class, '\t'))
        return cnn_fail(CNN_EDATA,
                        "'%.300s': a tab or the end of a line in a name cannot stand in a manifest",
                        r->source);
    cnn_buf_puts(row, "\n");
    return row->failed ? CNN_ESYSTEM : 0;
}

/* The rows are made in the order of the samples, whose folders follow one another, and written in
 * an order of their own: that in which samples were divided goes from split to split, class by
 * class. */
static int write_rows(const struct split *s, const char *output, FILE *const *file)
{
    struct cnn_buf text = {0}, row = {0};
    struct last last = {0};
    size_t *at = cnn_calloc(s->count + 1, sizeof *at);
    uint32_t *order = cnn_calloc(s->count, sizeof *order);
    int rc = at && order ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < s->count; i++) {
        if (s->sample[i].split < CNN_SPLITS)
            rc = print_row(s, &s->sample[i], output, &last, &row);
        if (!rc && s->sample[i].split < CNN_SPLITS)
            cnn_buf_add(&text, row.text, row.size);
        if (!rc)
            at[i + 1] = text.size;
        if (text.failed)
            rc = CNN_ESYSTEM;
    }
    if (!rc)
        cnn_random_permutation(s->options->seed, cnn_hash_string("split rows", 0), s->count, order);
    for (size_t i = 0; !rc && i < s->count; i++) {
        uint32_t k = order[i];
        if (s->sample[k].split < CNN_SPLITS)
            fwrite(text.text + at[k], 1, at[k + 1] - at[k], file[s->sample[k].split]);
    }
    free(at);
    free(order);
    free(last.folder);
    free(last.prefix);
    cnn_buf_free(&text);
    cnn_buf_free(&row);
    return rc;
}

/* Folders that were made for the output: of `path` what is longer than `kept`. */
struct made {
    char *path;
    size_t kept;
};

/* The folder and those above it. */
static int make_folder(const char *path, struct made *made)
{
    struct stat st;
    size_t length = strlen(path), above = 0;
    if (!(made->path = cnn_strdup(path)))
        return CNN_ESYSTEM;
    made->kept = length;
    for (size_t n = 1; n <= length; n++) {
        if (path[n] && path[n] != '/')
            continue;
        made->path[n] = '\0';
        if (!mkdir(made->path, 0777))
            made->kept = made->kept < length ? made->kept : above;
        else if (n == length && errno != EEXIST)
            return cnn_fail_errno(CNN_ECREATE, "%s", path);
        made->path[n] = path[n];
        above = n;
    }
    if (stat(path, &st) || !S_ISDIR(st.st_mode))
        return cnn_fail(CNN_ECREATE, "%s: Not a directory", path);
    return 0;
}

/* Those that are empty go again, when there is nothing to put in them. */
static void unmake_folder(struct made *made)
{
    for (size_t n = strlen(made->path); n > made->kept; n--)
        if (!made->path[n] || made->path[n] == '/') {
            made->path[n] = '\0';
            rmdir(made->path);
        }
}

static int open_files(const char *folder, struct cnn_outfile **file)
{
    static const char *const name[FILES] = {"train.tsv", "val.tsv", "test.tsv", "classes.txt"};
    int rc = 0;
    for (int i = 0; !rc && i < FILES; i++) {
        struct cnn_buf b = {0};
        cnn_buf_printf(&b, "%s/%s", folder, name[i]);
        char *path = cnn_buf_take(&b);
        rc = path ? cnn_outfile_open(path, &file[i]) : CNN_ESYSTEM;
        free(path);
    }
    return rc;
}

/* All are whole before the first takes its place. */
static int commit_files(const struct split *s, struct cnn_outfile **file)
{
    int rc = 0;
    for (int i = 0; i < FILES && !rc; i++)
        rc = cnn_outfile_finish(file[i]);
    if (!rc)
        rc = cnn_callbacks_ready(s->options->callbacks);
    for (int i = 0; i < FILES && !rc; i++) {
        rc = cnn_outfile_commit(file[i]);
        file[i] = NULL;
    }
    return rc;
}

/* The class list that is there may be what was read: the same again does no harm. */
static int replaces_classes(const struct split *s, const char *path)
{
    struct cnn_strings there = {0};
    struct stat st;
    int same =
        !stat(path, &st) && !cnn_classes_read(path, &there) && there.count == s->classes.count;
    for (size_t i = 0; same && i < there.count; i++)
        same = !strcmp(there.item[i], s->classes.item[i]);
    cnn_strings_free(&there);
    return !same;
}

int cnn_split_check_apart(const struct split *s)
{
    static const char *const name[FILES] = {"train.tsv", "val.tsv", "test.tsv", "classes.txt"};
    const struct cnn_split_options *o = s->options;
    struct cnn_path_use out[FILES + 2] = {{"--on-bad list", o->bad_list}};
    struct cnn_buf path[FILES] = {0};
    size_t n = 1;
    int rc = 0;
    for (int i = 0; i < FILES; i++) {
        cnn_buf_printf(&path[i], "%s/%s", o->folder, name[i]);
        rc = path[i].failed ? CNN_ESYSTEM : rc;
        if (!rc && (i < CNN_SPLITS || replaces_classes(s, path[i].text)))
            out[n++] = (struct cnn_path_use){name[i], path[i].text};
    }
    for (int i = 0; !rc && i < o->inputs; i++) {
        const struct cnn_path_use in[] = {{"the data", o->input[i]},
                                          {"--classes", o->classes},
                                          {"--labels", o->labels},
                                          {NULL, NULL}};
        rc = cnn_apart_check(out, in);
        if (!rc)
            rc = cnn_apart_folder(o->folder, o->input[i]);
        if (!rc)
            rc = cnn_apart_samples(out, s->ds[i]);
    }
    for (int i = 0; i < FILES; i++)
        cnn_buf_free(&path[i]);
    return rc;
}

int cnn_split_write(const struct split *s)
{
    struct cnn_outfile *file[FILES] = {0};
    FILE *stream[CNN_SPLITS];
    struct made made = {0};
    int rc = make_folder(s->options->folder, &made);
    char *output = rc ? NULL : realpath(s->options->folder, NULL);
    if (!rc && !output)
        rc = cnn_fail_errno(CNN_ECREATE, "%s", s->options->folder);
    if (!rc)
        rc = open_files(s->options->folder, file);
    for (int i = 0; !rc && i < CNN_SPLITS; i++)
        stream[i] = cnn_outfile_stream(file[i]);
    if (!rc)
        rc = write_rows(s, output, stream);
    for (size_t i = 0; !rc && i < s->classes.count; i++)
        fprintf(cnn_outfile_stream(file[CNN_SPLITS]), "%s\n", s->classes.item[i]);
    if (!rc)
        rc = split_check_stop(s);
    if (!rc)
        rc = commit_files(s, file);
    for (int i = 0; i < FILES; i++)
        cnn_outfile_abort(file[i]);
    if (rc && made.path)
        unmake_folder(&made);
    free(made.path);
    free(output);
    return rc;
}
