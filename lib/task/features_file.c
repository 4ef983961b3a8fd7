/* A sink's file, or the caller's stream; see features_private.h. */
#include <stdlib.h>

#include "task/features_private.h"

int features_file_open(struct features_file *f, const struct features_to *to, const char *path)
{
    f->name = cnn_strdup(path[0] ? path : to->name);
    if (!f->name)
        return CNN_ESYSTEM;
    f->stream = to->stream;
    int rc = path[0] ? cnn_outfile_open(path, &f->file) : 0;
    if (!rc && f->file)
        f->stream = cnn_outfile_stream(f->file);
    return rc;
}

int features_file_check(const struct features_file *f)
{
    return ferror(f->stream) ? cnn_fail_errno(CNN_EIO, "%s", f->name) : 0;
}

int features_file_commit(struct features_file *f)
{
    struct cnn_outfile *file = f->file;
    f->file = NULL;
    if (file)
        return cnn_outfile_commit(file);
    return fflush(f->stream) ? cnn_fail_errno(CNN_EIO, "%s", f->name) : 0;
}

void features_file_close(struct features_file *f)
{
    cnn_outfile_abort(f->file);
    free(f->name);
    *f = (struct features_file){0};
}
