/* What there is to know of each type; see dtype.h. */
#include "file/dtype.h"

#define INFO(name, kind, size) [CNN_##name] = {#name, kind, size},
const struct cnn_dtype_info cnn_dtype_info[CNN_DTYPE_COUNT] = {CNN_DTYPES(INFO)};
