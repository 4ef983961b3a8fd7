/* A sink's file, or the caller's stream; see private.h. */
#include <stdlib.h>

#include "task/features/private.h"

/* A manifest has the name that the keys beside an .npy would get: train.tsv, train.npy. */
static int check_apart(const struct features_to *to, const char *path)
{
    const struct cnn_path_use out[] = {
        {"--output", path}, {"--on-bad list", to->bad_list}, {NULL, NULL}};
    return cnn_apart_run(out, to->apart);
}

int cnn_features_file_open(struct features_file *f, const struct features_to *to, const char *path)
{
    f->name = cnn_strdup(path[0] ? path : to->name);
    if (!f->name)
        return CNN_ESYSTEM;
    f->stream = to->stream;
    int rc = path[0] || to->bad_list ? check_apart(to, path) : 0;
    if (!rc && path[0])
        rc = cnn_outfile_open(path, &f->file);
    if (!rc && f->file)
        f->stream = cnn_outfile_stream(f->file);
    return rc;
}

int cnn_features_file_check(const struct features_file *f)
{
    return ferror(f->stream) ? cnn_fail_errno(CNN_EIO, "%s", f->name) : 0;
}

int cnn_features_file_finish(struct features_file *f)
{
    if (f->file)
        return cnn_outfile_finish(f->file);
    return fflush(f->stream) ? cnn_fail_errno(CNN_EIO, "%s", f->name) : 0;
}

int cnn_features_file_commit(struct features_file *f)
{
    struct cnn_outfile *file = f->file;
    f->file = NULL;
    return file ? cnn_outfile_commit(file) : 0;
}

void cnn_features_file_close(struct features_file *f)
{
    cnn_outfile_abort(f->file);
    free(f->name);
    *f = (struct features_file){0};
}
