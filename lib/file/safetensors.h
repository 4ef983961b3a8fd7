/* Safetensors: 8 bytes little-endian header size, a JSON header, raw tensors
 * (https://github.com/huggingface/safetensors, format section). */
#ifndef CNN_FILE_SAFETENSORS_H
#define CNN_FILE_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "file/infile.h"
#include "tensor/tensor.h"

enum cnn_dtype {
    CNN_F32,
    CNN_F64,
    CNN_F16,
    CNN_BF16,
    CNN_I64,
    CNN_I32,
    CNN_I16,
    CNN_I8,
    CNN_U8,
    CNN_BOOL
};

struct cnn_safetensor {
    const char *name;
    enum cnn_dtype dtype;
    int rank; /* tensors of rank above CNN_MAX_RANK are listed with their count but cannot be viewed
                 as cnn_shape */
    struct cnn_shape shape;
    size_t count;              /* elements */
    const unsigned char *data; /* in the mapped file; may be unaligned */
    size_t bytes;
};

struct cnn_safetensors;

/* Map and check a file: header size, JSON, offsets within the file, no overlaps, sizes that match
 * shapes, nothing behind. A pipe is read. CNN_ENOINPUT, CNN_EDATA with "PATH: what is wrong". */
int cnn_safetensors_open(const char *path, struct cnn_safetensors **out);
/* The same of bytes, which are its own from here on, with an error, too; and how large a file is.
 */
int cnn_safetensors_of(const char *path, struct cnn_bytes *bytes, struct cnn_safetensors **out);
cnn_extent cnn_safetensors_extent;
void cnn_safetensors_close(struct cnn_safetensors *f);

size_t cnn_safetensors_count(const struct cnn_safetensors *f);
const struct cnn_safetensor *cnn_safetensors_at(const struct cnn_safetensors *f,
                                                size_t i); /* in file order */
const struct cnn_safetensor *cnn_safetensors_find(const struct cnn_safetensors *f,
                                                  const char *name);
/* A value of __metadata__, or NULL; and the i-th key in sorted order, or NULL past the end. */
const char *cnn_safetensors_meta(const struct cnn_safetensors *f, const char *key);
const char *cnn_safetensors_meta_key(const struct cnn_safetensors *f, size_t i);
/* What tells the names and contents of the tensors, in their order, from those of other files: 16
 * hexadecimal digits. */
enum { CNN_SAFETENSORS_HASH = 17 };
void cnn_safetensors_hash(const struct cnn_safetensors *f, char out[CNN_SAFETENSORS_HASH]);
/* The elements in the mapped file, where it holds them as this machine's own float32; else NULL. */
const float *cnn_safetensor_floats(const struct cnn_safetensor *t);
/* Elements as float32 (converted from the file's type). */
void cnn_safetensor_read(const struct cnn_safetensor *t, float *out);

/* Writing. Tensors are declared first (in the order in which their data will follow), then written
 * one after another. */
struct cnn_safetensors_writer;
struct cnn_outfile;
int cnn_safetensors_writer_new(struct cnn_safetensors_writer **out);
int cnn_safetensors_put_meta(struct cnn_safetensors_writer *w, const char *key, const char *value);
int cnn_safetensors_put(struct cnn_safetensors_writer *w, const char *name, enum cnn_dtype dtype,
                        const struct cnn_shape *shape);
/* The header (metadata keys sorted, tensor data aligned to 8 bytes), to the stream of `f`. */
int cnn_safetensors_begin(struct cnn_safetensors_writer *w, struct cnn_outfile *f);
/* The next tensor's bytes, exactly as many as declared. */
int cnn_safetensors_data(struct cnn_safetensors_writer *w, const void *data, size_t bytes);
/* CNN_EINTERNAL when a declared tensor is missing. */
int cnn_safetensors_end(struct cnn_safetensors_writer *w);
void cnn_safetensors_writer_free(struct cnn_safetensors_writer *w);

#endif
