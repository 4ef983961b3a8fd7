/* An output folder that is filled whole or not at all: all is written in a hidden folder within it,
 * whose contents are moved up at the end. */
#ifndef CNN_FILE_OUTFOLDER_H
#define CNN_FILE_OUTFOLDER_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"

struct cnn_outfolder;

/* Begin, with a folder that is made or is there and empty. CNN_ECREATE with "PATH: ...". */
CNN_CHECKED int cnn_outfolder_open(const char *path, struct cnn_outfolder **out);

/* Its path, for messages: without slashes at the end. */
const char *cnn_outfolder_path(const struct cnn_outfolder *f);

/* A text as part of a name: no hidden and no empty components (so none is "." or ".."), nothing that ends
 * a line or field; `slash` is what becomes of '/'. */
void cnn_outfolder_name(const char *text, char slash, struct cnn_buf *out);

/* A new file, and the folders that its name needs. CNN_EDATA with "PATH/NAME: ..." where there is
 * one of that name; CNN_ECREATE, CNN_EIO. */
CNN_CHECKED int cnn_outfolder_put(const struct cnn_outfolder *f, const char *name,
                                  const void *bytes, size_t size);
/* A new file that is written to by and by, and closed by the caller. CNN_ECREATE. */
CNN_CHECKED int cnn_outfolder_stream(const struct cnn_outfolder *f, const char *name, FILE **out);

/* Everything was written. `last` is what will be moved up after all else, since it is what makes
 * the folder complete; NULL: nothing is. CNN_EIO. */
CNN_CHECKED int cnn_outfolder_finish(struct cnn_outfolder *f, const char *last);
/* Move all up: CNN_ECREATE, CNN_EIO, or it is in place. Comes after finish. */
CNN_CHECKED int cnn_outfolder_commit(struct cnn_outfolder *f);
/* Without a commit before: nothing is left of it. NULL is fine. */
void cnn_outfolder_free(struct cnn_outfolder *f);

#endif
