/* What kernels on plain arrays are tried on. */
#ifndef TESTS_KERNELS_ARRAYS_H
#define TESTS_KERNELS_ARRAYS_H

#include "kernels/rig.h"

/* Enough for several jobs, and an odd end. */
enum { MANY = 40003 };

struct arrays {
    int which;
    double number;
    struct cnn_tensor x, y, dy, dx;
    struct cnn_tensor more[3];
    const struct cnn_tensor *xs[3];
    struct cnn_tensor *dxs[3];
    size_t channels[3];
};

static inline struct cnn_tensor vector(size_t count, enum kind kind)
{
    return tensor(1, count, 1, 1, kind);
}

static inline double value(const struct cnn_tensor *t, size_t i)
{
    return (double)((const real *)t->data)[i];
}

#endif
