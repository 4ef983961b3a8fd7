/* The rows that a store has from earlier runs, and the names of its files; see update.h. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lines.h"
#include "data/source/dataset_open.h"
#include "data/source/features.h"
#include "file/text_file.h"
#include "task/features/update.h"

char *cnn_update_beside(const char *output, const char *end)
{
    struct cnn_buf b = {0};
    size_t n = strlen(output);
    cnn_buf_add(&b, output, n > 4 && !strcmp(output + n - 4, ".npy") ? n - 4 : n);
    cnn_buf_puts(&b, end);
    return cnn_buf_take(&b);
}

static int is_there(const char *path)
{
    struct stat st;
    return !stat(path, &st);
}

static int move(const char *from, const char *to)
{
    return rename(from, to) ? cnn_fail_errno(CNN_ECREATE, "%s", to) : 0;
}

/* Half-written files of this name, which have no other yet. */
static void remove_unfinished(const char *next)
{
    const char *slash = strrchr(next, '/'), *name = slash ? slash + 1 : next;
    char *folder = slash ? cnn_strndup(next, (size_t)(slash - next) + 1) : cnn_strdup("./");
    DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *e;
    size_t n = strlen(name);
    while (dir && (e = readdir(dir))) {
        struct cnn_buf path = {0};
        cnn_buf_printf(&path, "%s%s", folder, e->d_name);
        if (!path.failed && !strncmp(e->d_name, name, n) &&
            !strncmp(e->d_name + n, ".tmp-", strlen(".tmp-")))
            unlink(path.text);
        cnn_buf_free(&path);
    }
    if (dir)
        closedir(dir);
    free(folder);
}

/* feats.next.npy gets its name last, and has it only when all is on the disk. */
int cnn_update_settle(const char *output)
{
    char *values = cnn_update_beside(output, ".next.npy"),
         *keys = cnn_update_beside(output, ".next.tsv"), *to = cnn_update_beside(output, ".tsv");
    int rc = values && keys && to ? 0 : CNN_ESYSTEM;
    if (!rc) {
        remove_unfinished(values);
        remove_unfinished(keys);
    }
    if (!rc && is_there(values)) {
        rc = is_there(keys) ? move(keys, to) : 0;
        rc = rc ? rc : move(values, output);
    } else if (!rc && unlink(keys) && errno != ENOENT) {
        rc = cnn_fail_errno(CNN_ECREATE, "%s", keys);
    }
    free(values);
    free(keys);
    free(to);
    return rc;
}

void cnn_update_columns(const struct update_row *row, struct cnn_buf *out)
{
    char hash[CNN_CONTENTS_TEXT];
    cnn_contents_print(&row->hash, hash);
    cnn_buf_printf(out, "\t%s\t%lld\t%lld", hash, row->stat.size, row->stat.time);
}

/* The last field of a line is cut off. */
static char *cut_field(char *line)
{
    char *tab = strrchr(line, '\t');
    if (tab)
        *tab = '\0';
    return tab ? tab + 1 : NULL;
}

static int read_row(char *line, struct update_row *out)
{
    char *time = cut_field(line), *size = time ? cut_field(line) : NULL,
         *hash = size ? cut_field(line) : NULL;
    int64_t number[2];
    if (!hash || cnn_contents_parse(hash, &out->hash) ||
        cnn_parse_int(size, 0, INT64_MAX, &number[0]) ||
        cnn_parse_int(time, 0, INT64_MAX, &number[1]))
        return CNN_EDATA;
    out->stat = (struct update_stat){number[0], number[1]};
    return 0;
}

/* As the dataset has read it already, but for the columns behind class. */
static int read_rows(struct update_store *s, const char *path, char *text, size_t size)
{
    struct cnn_lines lines = cnn_lines_of(text, size);
    size_t n = strlen(UPDATE_COLUMNS), k = 0;
    char *line;
    int headed = 0;
    while ((line = cnn_lines_next(&lines))) {
        size_t length = strlen(line);
        if (headed && (k == s->count || read_row(line, &s->row[k++])))
            return cnn_fail(CNN_EDATA, "%s:%zu: no hash, size and time of a file", path,
                            lines.number);
        if (!headed && !strncmp(line, CNN_FEATURES_PATHS, strlen(CNN_FEATURES_PATHS))) {
            headed = length > n && !strcmp(line + length - n, UPDATE_COLUMNS);
            if (!headed)
                break;
        }
    }
    return headed ? 0
                  : cnn_fail(CNN_EDATA,
                             "%s: no rows that --incremental goes on from: a column of "
                             "hashes is missing",
                             path);
}

static int open_rows(struct update_store *s, const char *output, const char *keys,
                     const struct cnn_callbacks *cb)
{
    const struct cnn_dataset_options d = {.empty = 1, .stop = cb->stop};
    char *text = NULL;
    size_t size;
    int rc = cnn_dataset_open(output, &d, &s->ds);
    if (rc)
        return rc;
    s->count = cnn_dataset_count(s->ds);
    s->row = cnn_calloc(s->count + 1, sizeof *s->row);
    rc = s->row ? cnn_text_read(keys, 0, &text, &size) : CNN_ESYSTEM;
    if (!rc)
        rc = read_rows(s, keys, text, size);
    free(text);
    return rc;
}

int cnn_update_store_open(struct update_store *s, const char *output,
                          const struct cnn_callbacks *cb)
{
    char *keys = cnn_update_beside(output, ".tsv");
    int rc = keys ? 0 : CNN_ESYSTEM, values = is_there(output);
    if (!rc && values != is_there(keys))
        rc = cnn_fail(CNN_EDATA, "%s is there, and %s is not", values ? output : keys,
                      values ? keys : output);
    if (!rc && values)
        rc = open_rows(s, output, keys, cb);
    free(keys);
    return rc;
}

void cnn_update_store_close(struct update_store *s)
{
    cnn_dataset_close(s->ds);
    free(s->row);
}
