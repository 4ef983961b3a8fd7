/* Functions of math.h in the precision of `real`, on both devices. */
#ifndef CNN_KERN_REAL_H
#define CNN_KERN_REAL_H

#include <math.h>

#include "base/random.h" /* CNN_BOTH */
#include "tensor/tensor.h"

#define CNN_REAL_FUNCTION(name)                                                                    \
    CNN_BOTH real cnn_##name(real x)                                                               \
    {                                                                                              \
        return sizeof(real) == sizeof(float) ? (real)name##f((float)x) : (real)name((double)x);    \
    }
CNN_REAL_FUNCTION(exp)
CNN_REAL_FUNCTION(expm1)
CNN_REAL_FUNCTION(log1p)
CNN_REAL_FUNCTION(tanh)
CNN_REAL_FUNCTION(sqrt)
#undef CNN_REAL_FUNCTION

#endif
