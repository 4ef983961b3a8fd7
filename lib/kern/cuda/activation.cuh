/* The activations of activations.def for one number, f a constant wherever that is known. */
#ifndef CNN_KERN_CUDA_ACTIVATION_CUH
#define CNN_KERN_CUDA_ACTIVATION_CUH

#include "kern/activation_functions.h"
#include "kern/cuda/cuda.cuh"

static __device__ inline float cnn_sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static __device__ inline float cnn_sigmoid_gradient(float y, float dy)
{
    return dy * (y * (1 - y));
}

template <int F> struct cnn_function;
#define CNN_ACTIVATION(NAME, kind, passing, reads, high, f, gradient)                              \
    template <> struct cnn_function<CNN_##NAME> {                                                  \
        enum { APART = CNN_PASSING_##passing == CNN_PASSING_APART };                               \
        static __device__ inline float of(float x, float a, float b = 0)                           \
        {                                                                                          \
            (void)(a + b);                                                                         \
            return f;                                                                              \
        }                                                                                          \
        static __device__ inline float slope_of(float x, float y, float dy, float a, float b)      \
        {                                                                                          \
            (void)(a + b);                                                                         \
            (void)x;                                                                               \
            (void)y;                                                                               \
            return gradient;                                                                       \
        }                                                                                          \
        static __device__ inline float back(float from, float dy, float a, float b = 0)            \
        {                                                                                          \
            return slope_of(from, from, dy, a, b);                                                 \
        }                                                                                          \
    };
#include "kern/activations.def"

/* y = f(v) in passing; what is apart stays out of the kernels that call this. */
static __device__ inline float cnn_activate(int f, float a, float v)
{
    switch (f) {
#define CNN_ACTIVATION(NAME, ...)                                                                  \
    case CNN_##NAME:                                                                               \
        return cnn_function<CNN_##NAME>::APART ? v : cnn_function<CNN_##NAME>::of(v, a);
#include "kern/activations.def"
    case CNN_NO_ACTIVATION:
        break;
    }
    return v;
}

#endif
