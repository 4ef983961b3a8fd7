/* An output file that appears whole or not at all: written under a temporary
 * name in the same folder, flushed, fsynced, renamed. */
#ifndef CNN_FILE_OUTFILE_H
#define CNN_FILE_OUTFILE_H

#include <stdio.h>

#include "base/error.h"

struct cnn_outfile;

/* Begin. CNN_ECREATE with "PATH: ..." when the folder is not writable or missing, or PATH is a
 * folder. A PATH that exists and is not a regular file (a FIFO, /dev/null, /dev/stdout) is written
 * to directly. */
CNN_CHECKED int cnn_outfile_open(const char *path, struct cnn_outfile **out);

/* The stream to write to; check nothing, commit does. */
FILE *cnn_outfile_stream(struct cnn_outfile *f);

/* For a caller whose write to the stream just failed and who does not go on to commit: CNN_EIO with
 * "PATH: " and what errno says. */
int cnn_outfile_error(const struct cnn_outfile *f);

/* All that can fail but the name: CNN_EIO with "PATH: ..." when any write failed; then abort. The
 * stream is closed. For several outputs, all of which are finished before the first gets its name.
 * Done already, or NULL: fine. */
CNN_CHECKED int cnn_outfile_finish(struct cnn_outfile *f);
/* Finish, where that was not done: an error, or the file is in place. Frees f in both cases. */
CNN_CHECKED int cnn_outfile_commit(struct cnn_outfile *f);
/* Give up: the temporary file is removed. Frees f; NULL is fine. */
void cnn_outfile_abort(struct cnn_outfile *f);

#endif
