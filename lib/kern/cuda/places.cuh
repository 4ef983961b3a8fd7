/* Places of tensors, counted: each thread of a kernel has one, of V channels. */
#ifndef CNN_KERN_CUDA_PLACES_CUH
#define CNN_KERN_CUDA_PLACES_CUH

#include "kern/cuda/cuda.cuh"

/* (n, c, h, w) in the order of memory, V channels each. */
struct cnn_places {
    uint32_t count;
    int together;
    cnn_divisor c, h, w; /* c: groups of V channels */
};

struct cnn_place {
    uint32_t n, c, h, w;
};

/* All of a tensor. */
static inline struct cnn_places cnn_places_of(const struct cnn_tensor *t, int together, size_t v)
{
    return {(uint32_t)(cnn_tensor_count(t) / v), together, cnn_divisor_of(t->c / v),
            cnn_divisor_of(t->h), cnn_divisor_of(t->w)};
}

/* i / by, and in `rest` what remains. */
static __device__ inline uint32_t cnn_divide_rest(uint32_t i, cnn_divisor by, uint32_t *rest)
{
    uint32_t quotient = cnn_divide(i, by);
    *rest = i - quotient * by.by;
    return quotient;
}

template <int V> static __device__ inline cnn_place cnn_place_at(const cnn_places &p, uint32_t i)
{
    cnn_place at;
    if (V > 1 || p.together) {
        i = cnn_divide_rest(i, p.c, &at.c);
        i = cnn_divide_rest(i, p.w, &at.w);
        at.n = cnn_divide_rest(i, p.h, &at.h);
        at.c *= V;
    } else {
        i = cnn_divide_rest(i, p.w, &at.w);
        i = cnn_divide_rest(i, p.h, &at.h);
        at.n = cnn_divide_rest(i, p.c, &at.c);
    }
    return at;
}

#endif
