/* Writing zip archives: members stored as they are, with the same date for all, so that equal contents are equal bytes
 * (PKWARE's APPNOTE.TXT 6.3). */
#ifndef CNN_FILE_ZIP_WRITE_H
#define CNN_FILE_ZIP_WRITE_H

#include <stddef.h>

#include "base/error.h"

struct cnn_zip_writer;
struct cnn_outfile;

/* To the stream of `f`, from its beginning. */
CNN_CHECKED int cnn_zip_writer_new(struct cnn_outfile *f, struct cnn_zip_writer **out);
/* A member of both blocks of bytes, one after the other. CNN_EDATA for a name of 64 KiB or more; CNN_EIO. */
CNN_CHECKED int cnn_zip_put(struct cnn_zip_writer *w, const char *name, const void *first,
                            size_t first_bytes, const void *rest, size_t rest_bytes);
/* The list of all members, which ends the file. CNN_EIO. */
CNN_CHECKED int cnn_zip_end(struct cnn_zip_writer *w);
void cnn_zip_writer_free(struct cnn_zip_writer *w); /* NULL is fine */

#endif
