/* The types of elements that files hold. */
#ifndef CNN_FILE_DTYPE_H
#define CNN_FILE_DTYPE_H

#include <stddef.h>

/* Name, kind (as cnn_elements_read takes it), bytes. */
#define CNN_DTYPES(X)                                                                              \
    X(F32, 'f', 4)                                                                                 \
    X(F64, 'f', 8)                                                                                 \
    X(F16, 'f', 2)                                                                                 \
    X(BF16, 'B', 2)                                                                                \
    X(I64, 'i', 8)                                                                                 \
    X(I32, 'i', 4)                                                                                 \
    X(I16, 'i', 2)                                                                                 \
    X(I8, 'i', 1)                                                                                  \
    X(U64, 'u', 8)                                                                                 \
    X(U32, 'u', 4)                                                                                 \
    X(U16, 'u', 2)                                                                                 \
    X(U8, 'u', 1)                                                                                  \
    X(BOOL, 'b', 1)                                                                                \
    X(F8_E4M3, '4', 1)                                                                             \
    X(F8_E5M2, '5', 1)

#define CNN_DTYPE_NAME(name, kind, size) CNN_##name,
enum cnn_dtype { CNN_DTYPES(CNN_DTYPE_NAME) CNN_DTYPE_COUNT };
#undef CNN_DTYPE_NAME

struct cnn_dtype_info {
    const char *name;
    char kind;
    size_t size;
};

extern const struct cnn_dtype_info cnn_dtype_info[CNN_DTYPE_COUNT];

#endif
