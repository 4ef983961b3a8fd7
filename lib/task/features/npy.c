/* Features as NumPy's .npy, (n, d) or (n, c, h, w), with keys and classes in a .tsv beside it. How
 * many rows there are is written at the end, over the header's first number. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/source/features.h"
#include "file/elements.h"
#include "file/infile.h"
#include "file/npy.h"
#include "task/features/private.h"

struct npy {
    struct features_file values, keys;
    const struct cnn_strings *classes;
    int paths;
    struct cnn_chw shape;
    size_t count, rows; /* count: of a row */
    uint16_t *half;     /* (count) a row as float16; NULL: float32 */
    struct cnn_buf line;
};

static int put_header(struct npy *s)
{
    const size_t dim[] = {s->rows, s->shape.c, s->shape.h, s->shape.w};
    unsigned char *bytes;
    size_t size;
    int rank = s->shape.h * s->shape.w == 1 ? 2 : 4;
    int rc = cnn_npy_header(s->half ? CNN_F16 : CNN_F32, rank, dim, &bytes, &size);
    if (rc)
        return rc;
    fwrite(bytes, 1, size, s->values.stream);
    free(bytes);
    return cnn_features_file_check(&s->values);
}

/* feats.tsv for feats.npy */
static char *keys_path(const char *path)
{
    struct cnn_buf b = {0};
    size_t n = strlen(path);
    cnn_buf_add(&b, path, n > 4 && !strcmp(path + n - 4, ".npy") ? n - 4 : n);
    cnn_buf_puts(&b, ".tsv");
    return cnn_buf_take(&b);
}

/* What is there already is written over only when it holds keys or features. */
static int check_keys(const char *path)
{
    static const char *const ours[] = {CNN_FEATURES_CLASSES, CNN_FEATURES_MADE,
                                       CNN_FEATURES_HEADING, CNN_FEATURES_PATHS};
    unsigned char head[16] = {0};
    size_t got, fits = 0;
    int rc = cnn_bytes_head(path, head, sizeof head - 1, &got);
    if (rc == CNN_ENOINPUT) {
        cnn_error_clear();
        return 0;
    }
    for (size_t i = 0; !rc && i < sizeof ours / sizeof *ours; i++)
        fits |= !strncmp((const char *)head, ours[i], strlen(ours[i]));
    return rc || fits ? rc
                      : cnn_fail(CNN_ECREATE,
                                 "%s is there already and holds something else than "
                                 "keys",
                                 path);
}

static int put_line(struct npy *s)
{
    cnn_buf_puts(&s->line, "\n");
    if (s->line.failed)
        return CNN_ESYSTEM;
    fwrite(s->line.text, 1, s->line.size, s->keys.stream);
    s->line.size = 0;
    return cnn_features_file_check(&s->keys);
}

static int npy_open(void *sink, const struct features_to *to)
{
    struct npy *s = sink;
    if (!to->path[0])
        return cnn_fail(CNN_EUSAGE, "npy needs a file (--output): its size is known at the end");
    struct stat st;
    if (!stat(to->path, &st) && !S_ISREG(st.st_mode))
        return cnn_fail(CNN_ECREATE, "%s: npy needs a regular file", to->path);
    s->classes = to->classes;
    s->paths = to->paths;
    s->shape = to->shape;
    s->count = cnn_chw_count(to->shape);
    if (to->half && !(s->half = cnn_calloc(s->count, sizeof *s->half)))
        return CNN_ESYSTEM;
    char *path = keys_path(to->path);
    int rc = path ? check_keys(path) : CNN_ESYSTEM;
    if (!rc)
        rc = cnn_features_file_open(&s->values, to, to->path);
    if (!rc)
        rc = cnn_features_file_open(&s->keys, to, path);
    free(path);
    if (rc)
        return rc;
    cnn_features_heading(to, &s->line);
    cnn_buf_puts(&s->line, to->columns);
    rc = put_line(s);
    return rc ? rc : put_header(s);
}

static int put_half(struct npy *s, const struct features_row *row)
{
    size_t held = cnn_elements_halve(row->values, s->count, s->half);
    if (held < s->count)
        return cnn_fail(CNN_EDATA, "%s: %g is beyond float16", row->path ? row->path : row->key,
                        (double)row->values[held]);
    fwrite(s->half, sizeof *s->half, s->count, s->values.stream);
    return 0;
}

static int npy_add(void *sink, const struct features_row *row)
{
    struct npy *s = sink;
    int out = s->half ? put_half(s, row) : 0;
    if (out)
        return out;
    if (!s->half)
        fwrite(row->values, sizeof *row->values, s->count, s->values.stream);
    s->rows++;
    cnn_features_key(s->classes, s->paths, row, &s->line);
    cnn_buf_puts(&s->line, row->more ? row->more : "");
    int rc = put_line(s);
    return rc ? rc : cnn_features_file_check(&s->values);
}

static int npy_finish(void *sink)
{
    struct npy *s = sink;
    if (fseek(s->values.stream, 0, SEEK_SET))
        return cnn_fail_errno(CNN_EIO, "%s", s->values.name);
    int rc = put_header(s);
    if (!rc)
        rc = cnn_features_file_finish(&s->keys);
    return rc ? rc : cnn_features_file_finish(&s->values);
}

static int npy_commit(void *sink)
{
    struct npy *s = sink;
    int rc = cnn_features_file_commit(&s->keys);
    return rc ? rc : cnn_features_file_commit(&s->values);
}

static void npy_close(void *sink)
{
    struct npy *s = sink;
    cnn_features_file_close(&s->values);
    cnn_features_file_close(&s->keys);
    free(s->half);
    cnn_buf_free(&s->line);
}

const struct features_sink_type cnn_features_npy = {.open = npy_open,
                                                    .add = npy_add,
                                                    .finish = npy_finish,
                                                    .commit = npy_commit,
                                                    .close = npy_close,
                                                    .size = sizeof(struct npy)};
