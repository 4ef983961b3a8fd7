/* Models and weights of Keras. */
#ifndef CNN_MODEL_IMPORT_KERAS_OPEN_H
#define CNN_MODEL_IMPORT_KERAS_OPEN_H

#include "base/error.h"
#include "file/infile.h"
#include "file/tensors.h"

/* Whether a file begins as an HDF5 file, or as an archive of Keras 3. */
int cnn_keras_is(const unsigned char *bytes, size_t n);

/* A file's net as a text in the language of nets, and its tensors. *text is NULL where the file has
 * no net, and where that cannot be imported, which *why says then; both are the caller's to free().
 * The bytes are given up, on failure, too. CNN_EDATA with "PATH: what is wrong". */
CNN_CHECKED int cnn_keras_open(const char *path, struct cnn_bytes *bytes, char **text, char **why,
                               struct cnn_tensor_source **tensors);

#endif
