/* The element types of safetensors, by enum cnn_dtype. */
#ifndef CNN_FILE_SAFETENSORS_DTYPE_H
#define CNN_FILE_SAFETENSORS_DTYPE_H

#include <stddef.h>

struct cnn_dtype_info {
    const char *name;
    char kind; /* as cnn_elements_read takes it */
    size_t size;
};

enum { CNN_DTYPE_COUNT = 10 };
extern const struct cnn_dtype_info cnn_dtype_info[CNN_DTYPE_COUNT];

#endif
