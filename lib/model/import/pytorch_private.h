/* What the files of the PyTorch import share. Where one fails with CNN_EDATA no path is in the
 * message; who opens the file puts it in front. */
#ifndef CNN_MODEL_IMPORT_PYTORCH_PRIVATE_H
#define CNN_MODEL_IMPORT_PYTORCH_PRIVATE_H

#include "base/memory.h"
#include "file/pickle/pickle.h"
#include "file/zip.h"
#include "model/import/import.h"

/* Memory that tensors are views of. */
struct pytorch_storage {
    const char *type; /* PyTorch's or NumPy's name of its elements */
    int dtype;        /* an enum cnn_dtype; -1: one that we do not read */
    size_t item;      /* bytes of an element */
    size_t bytes;
    int big;                             /* the highest byte of an element comes first */
    const unsigned char *data;           /* (bytes); NULL: it is in: */
    const struct cnn_zip_member *member; /* deflated; NULL, too: the file has none of it */
};

struct pytorch_tensor {
    const struct pytorch_storage *storage;
    int dtype;
    size_t item, offset; /* in elements, as strides are */
    int rank;
    size_t *dim, *stride; /* (rank) */
};

/* What a source of tensors is made of. */
struct pytorch {
    struct cnn_bytes bytes;
    struct cnn_zip *zip; /* NULL: another form */
    char *folder;        /* of the archive, with its slash */
    struct cnn_arena *arena;
    struct cnn_pickle_reader reader;
    int big;
    /* PERSISTENT values: `visited` is one more than an index into one of these. */
    struct pytorch_storage **storage; /* (storages) */
    size_t storages, storage_room;
    struct pytorch_tensor **kept; /* (kepts) of the tar form */
    size_t kepts, kept_room;
    struct pytorch_tensor **tensor; /* (the source's count) */
    size_t tensor_room;
    unsigned char *inflated; /* of the member that was read last */
    const struct cnn_zip_member *inflated_of;
};

/* pytorch_names.c: what a class or function is to us. */
enum pytorch_role {
    PYTORCH_UNKNOWN,
    PYTORCH_VALUE, /* something that holds no tensor */
    PYTORCH_DICT,
    PYTORCH_TENSOR,       /* (storage, offset, size, stride, ...) */
    PYTORCH_TYPED_TENSOR, /* the same, the type is argument 6 */
    PYTORCH_PARAMETER,    /* (tensor, ...) */
    PYTORCH_SUBCLASS,     /* (function, class, its arguments, state) */
    PYTORCH_OTHER_TENSOR, /* of a kind that we do not read */
    PYTORCH_STORAGE,      /* (bytes of a file) */
    PYTORCH_ENCODED,      /* (text, "latin1"): bytes */
    PYTORCH_ARRAY,        /* its state: (version, shape, dtype, Fortran's order, bytes) */
    PYTORCH_BUFFER,       /* (bytes, dtype, shape, order) */
    PYTORCH_SCALAR,       /* (dtype, bytes) */
};
enum pytorch_role cnn_pytorch_role(const char *name);
/* That of what made a CALL or an OBJECT; else PYTORCH_UNKNOWN. */
enum pytorch_role cnn_pytorch_made_by(const struct cnn_pickle_value *v);
/* Whether data may call it. */
int cnn_pytorch_may_call(const char *name);
/* The elements of a storage class ("torch.FloatStorage") or type ("torch.float32"): *dtype -1: not
 * read by us; 0: there are none such. */
int cnn_pytorch_type(const char *name, int *dtype, size_t *item);

/* pytorch_storages.c */
/* The next of the file's storages, zero; NULL with an error set. */
struct pytorch_storage *cnn_pytorch_storage_new(struct pytorch *f);
/* The bytes of a text or of what encodes one; nonzero: it is neither. */
CNN_CHECKED int cnn_pytorch_bytes(struct pytorch *f, struct cnn_pickle_value *v,
                                  const unsigned char **bytes, size_t *size);
/* What ("storage", type, key, place, count) says, without its data. */
CNN_CHECKED int cnn_pytorch_storage_said(struct pytorch *f, const struct cnn_pickle_value *with,
                                         struct pytorch_storage *out);
/* A stream of the legacy kind: its object, with all storages in it. */
CNN_CHECKED int cnn_pytorch_stream(struct pytorch *f, const unsigned char *bytes, size_t size,
                                   struct cnn_pickle_value **out);
/* The storage that a value stands for. */
CNN_CHECKED int cnn_pytorch_storage(struct pytorch *f, struct cnn_pickle_value *v,
                                    const struct pytorch_storage **out);

/* pytorch_tar.c: the form before the stream. */
int cnn_pytorch_is_tar(const unsigned char *bytes, size_t n);
CNN_CHECKED int cnn_pytorch_tar(struct pytorch *f, struct cnn_pickle_value **out);

/* pytorch_tensors.c */
/* Whether a value is a tensor, or an array, of whatever kind. */
int cnn_pytorch_is_tensor(const struct pytorch *f, const struct cnn_pickle_value *v);
/* That tensor, whose elements are all in its storage. */
CNN_CHECKED int cnn_pytorch_tensor(struct pytorch *f, struct cnn_pickle_value *v,
                                   struct pytorch_tensor **out);
CNN_CHECKED int cnn_pytorch_check(const struct pytorch *f, const struct pytorch_tensor *t);
/* Its elements where they lie one after another as they are; else NULL. */
const unsigned char *cnn_pytorch_in_place(const struct pytorch_tensor *t, size_t count);
CNN_CHECKED int cnn_pytorch_floats(const struct cnn_tensor_source *s, size_t i, float *out);

/* pytorch_state.c: the tensors of a state dict that the object is, or has, into the source. */
CNN_CHECKED int cnn_pytorch_state(struct cnn_tensor_source *s, struct cnn_pickle_value *root);

#endif
