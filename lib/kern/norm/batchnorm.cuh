/* What batch normalisation knows of each channel, and of those that a thread stays with. */
#ifndef CNN_KERN_NORM_BATCHNORM_CUH
#define CNN_KERN_NORM_BATCHNORM_CUH

#include <math.h>

#include "kern/cuda/lanes.cuh"

struct cnn_bn {
    const float *gamma, *beta; /* (c); NULL: 1 and 0 */
    const float *mean;         /* NULL: 0 */
    const float *inv;          /* 1 / sqrt(variance + eps); from var where that is there; else 1 */
    const float *var;
    double eps;
};

static inline float *cnn_bn_data(const struct cnn_tensor *t)
{
    return t ? (float *)t->data : NULL;
}

template <typename R> static __device__ inline R cnn_bn_inverse(const cnn_bn &b, uint32_t c)
{
    if (!b.inv && !b.var)
        return 1;
    return b.inv ? (R)b.inv[c] : 1 / sqrt((R)b.var[c] + (R)b.eps);
}

static __device__ inline float cnn_bn_mean(const cnn_bn &b, uint32_t c)
{
    return b.mean ? b.mean[c] : 0;
}

/* v = (x - mean) scale + shift. */
template <int V> struct cnn_bn_lanes {
    float mean[V], scale[V], shift[V];
};

template <int V>
static __device__ inline cnn_bn_lanes<V> cnn_bn_lanes_of(const cnn_bn &b, uint32_t c)
{
    cnn_bn_lanes<V> a;
    CNN_UNROLL
    for (int k = 0; k < V; k++) {
        a.mean[k] = cnn_bn_mean(b, c + k);
        a.scale[k] = (b.gamma ? b.gamma[c + k] : 1) * cnn_bn_inverse<float>(b, c + k);
        a.shift[k] = b.beta ? b.beta[c + k] : 0;
    }
    return a;
}

template <int V>
static __device__ inline void cnn_bn_apply(const cnn_bn_lanes<V> &a, const float (&x)[V],
                                           float (&v)[V])
{
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        v[k] = fmaf(x[k] - a.mean[k], a.scale[k], a.shift[k]);
}

#endif
