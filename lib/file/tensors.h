/* A file's tensors by their names, whatever form the file has: what models and programs read
 * weights through. A form makes a cnn_tensor_source with cnn_tensors_new, adds what the file has,
 * and settles it; safetensors.c is the first. */
#ifndef CNN_FILE_TENSORS_H
#define CNN_FILE_TENSORS_H

#include "base/error.h"
#include "file/dtype.h"
#include "tensor/tensor.h"

struct cnn_stored_tensor {
    const char *name; /* lives as long as the source */
    enum cnn_dtype dtype;
    int rank;               /* one above CNN_MAX_RANK is listed, with its count, but has no shape */
    struct cnn_shape shape; /* of rank 0 then */
    size_t count, bytes;    /* elements, and what they take in their type */
    /* The elements, little-endian, at any address; NULL: the source reads them when asked. */
    const unsigned char *data;
};

/* Key of the text that says in which order numbers are of vectors that were planes, weights of what
 * reads them among them: "hwc", channels last. Without it they are as (c, h, w). */
#define CNN_TENSORS_ORDER "cnn.order"

struct cnn_stored_text {
    const char *key, *value;
};

struct cnn_tensor_source;

struct cnn_tensor_source_type {
    /* (optional, where all tensors have data) The elements of s->tensor[i] as float32. CNN_EDATA
     * with "PATH: what is wrong". */
    int (*floats)(const struct cnn_tensor_source *s, size_t i, float *out);
    /* (optional) n bytes of a tensor's data will not be read soon: the memory that they take may go,
     * and they come back when they are read. */
    void (*done)(const struct cnn_tensor_source *s, const unsigned char *data, size_t n);
    /* Free the state, names and texts with it. */
    void (*close)(void *state);
};

struct cnn_tensor_source {
    const struct cnn_tensor_source_type *type;
    void *state;
    char *path;                       /* what messages call it */
    struct cnn_stored_tensor *tensor; /* (count) in file order */
    size_t count, room;
    const struct cnn_stored_tensor **by_name; /* (count) */
    struct cnn_stored_text *text;             /* (texts) metadata, by key */
    size_t texts, text_room;
};

/* Making one. The state is the type's to close, on failure, too: NULL with an error set. */
struct cnn_tensor_source *cnn_tensors_new(const char *path,
                                          const struct cnn_tensor_source_type *type, void *state);
/* Rank, shape, count and bytes from a type and dimensions; nonzero where so much cannot be, no zero
 * among them hiding it. */
CNN_CHECKED int cnn_stored_tensor_shape(struct cnn_stored_tensor *t, enum cnn_dtype dtype, int rank,
                                        const size_t *dim);
CNN_CHECKED int cnn_tensors_add(struct cnn_tensor_source *s, const struct cnn_stored_tensor *t);
CNN_CHECKED int cnn_tensors_add_text(struct cnn_tensor_source *s, const char *key,
                                     const char *value);
/* When all are there. CNN_EDATA where two have one name. */
CNN_CHECKED int cnn_tensors_settle(struct cnn_tensor_source *s);

void cnn_tensors_close(struct cnn_tensor_source *s);

size_t cnn_tensors_count(const struct cnn_tensor_source *s);
/* In file order; NULL past the end. */
const struct cnn_stored_tensor *cnn_tensors_at(const struct cnn_tensor_source *s, size_t i);
const struct cnn_stored_tensor *cnn_tensors_find(const struct cnn_tensor_source *s,
                                                 const char *name);
/* A text of the metadata, or NULL; and the i-th key in sorted order, or NULL past the end. */
const char *cnn_tensors_text(const struct cnn_tensor_source *s, const char *key);
const char *cnn_tensors_text_key(const struct cnn_tensor_source *s, size_t i);

/* Whether the elements are in memory as this machine's float32, at any address. */
int cnn_tensor_is_plain(const struct cnn_stored_tensor *t);
/* Elements where they are so, at an address of floats; else NULL. */
const float *cnn_tensor_mapped(const struct cnn_stored_tensor *t);
/* Elements of such a tensor that were copied, and will not be read soon. */
void cnn_tensor_done(const struct cnn_tensor_source *s, const struct cnn_stored_tensor *t,
                     size_t first, size_t count);
/* Elements as float32, converted from the file's type. CNN_EDATA where what was to be read is
 * damaged, which cannot be where the tensor has data. */
CNN_CHECKED int cnn_tensor_floats(const struct cnn_tensor_source *s,
                                  const struct cnn_stored_tensor *t, float *out);
/* The elements' bytes: in their type where they are in memory; else as float32, read into *held,
 * which is the caller's to free(). */
CNN_CHECKED int cnn_tensor_bytes(const struct cnn_tensor_source *s,
                                 const struct cnn_stored_tensor *t, float **held,
                                 const unsigned char **bytes, size_t *size);

/* What tells the names and contents of the tensors, in their order, from those of other files: 16
 * hexadecimal digits. Fails as cnn_tensor_floats. */
enum { CNN_TENSORS_HASH = 17 };
CNN_CHECKED int cnn_tensors_hash(const struct cnn_tensor_source *s, char out[CNN_TENSORS_HASH]);

#endif
