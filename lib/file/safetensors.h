/* Safetensors: 8 bytes little-endian header size, a JSON header, raw tensors
 * (https://github.com/huggingface/safetensors, format section). */
#ifndef CNN_FILE_SAFETENSORS_H
#define CNN_FILE_SAFETENSORS_H

#include "base/error.h"
#include "file/infile.h"
#include "file/tensors.h"

/* What a file of these bytes holds (given up, on failure, too), checked: header size, JSON, offsets
 * within the file, no overlaps, sizes that match shapes, nothing behind. CNN_EDATA with "PATH: what
 * is wrong". */
CNN_CHECKED int cnn_safetensors_open(const char *path, struct cnn_bytes *bytes,
                                     struct cnn_tensor_source **out);
/* How large a file is. */
cnn_extent cnn_safetensors_extent;

/* Writing. Tensors are declared first (in the order in which their data will follow), then written
 * one after another. */
struct cnn_safetensors_writer;
struct cnn_outfile;
CNN_CHECKED int cnn_safetensors_writer_new(struct cnn_safetensors_writer **out);
CNN_CHECKED int cnn_safetensors_put_meta(struct cnn_safetensors_writer *w, const char *key,
                                         const char *value);
CNN_CHECKED int cnn_safetensors_put(struct cnn_safetensors_writer *w, const char *name,
                                    enum cnn_dtype dtype, const struct cnn_shape *shape);
/* The header (metadata keys sorted, tensor data aligned to 8 bytes), to the stream of `f`. */
CNN_CHECKED int cnn_safetensors_begin(struct cnn_safetensors_writer *w, struct cnn_outfile *f);
/* The next tensor's bytes, exactly as many as declared. */
CNN_CHECKED int cnn_safetensors_data(struct cnn_safetensors_writer *w, const void *data,
                                     size_t bytes);
/* CNN_EINTERNAL when a declared tensor is missing. */
CNN_CHECKED int cnn_safetensors_end(struct cnn_safetensors_writer *w);
void cnn_safetensors_writer_free(struct cnn_safetensors_writer *w);

/* A file as a whole or not at all (outfile.h): `declare` puts metadata and tensors, `data` writes
 * those. The code of what fails first. */
typedef int cnn_safetensors_part(struct cnn_safetensors_writer *w, const void *context);
CNN_CHECKED int cnn_safetensors_save(const char *path, cnn_safetensors_part *declare,
                                     cnn_safetensors_part *data, const void *context);

#endif
