/* Numbers side by side, as elementwise kernels take them: each thread has as many as 16 bytes of T
 * hold, reads and writes them at once where they are all there and lie well, and computes in float.
 *
 *     size_t at = cnn_first<T>();
 *     float v[cnn_pack<T>::COUNT];
 *     if (at >= count)
 *         return;
 *     cnn_load(x + at, count - at, v);
 *     ...
 *     cnn_store(y + at, count - at, v); */
#ifndef CNN_KERN_CUDA_ELEMENTS_CUH
#define CNN_KERN_CUDA_ELEMENTS_CUH

#include "kern/cuda/cuda.cuh"

enum { CNN_ELEMENT_THREADS = 256 };

/* Blocks for `count` numbers. */
template <typename T> static inline dim3 cnn_element_blocks(size_t count)
{
    return cnn_blocks(cnn_ceil(count, cnn_pack<T>::COUNT), CNN_ELEMENT_THREADS);
}

/* This thread's first number. */
template <typename T> static __device__ inline size_t cnn_first()
{
    return (size_t)cnn_thread() * cnn_pack<T>::COUNT;
}

template <typename T> static __device__ inline bool cnn_is_whole(const T *at, size_t left)
{
    return left >= cnn_pack<T>::COUNT && (uintptr_t)at % sizeof(cnn_pack<T>) == 0;
}

/* `left` numbers lie at `from` and behind; where they are too few the last of v are 0. */
template <typename T> static __device__ inline void cnn_load(const T *from, size_t left, float *v)
{
    enum { COUNT = cnn_pack<T>::COUNT };
    if (cnn_is_whole(from, left)) {
        cnn_pack<T> p = *(const cnn_pack<T> *)from;
        for (int i = 0; i < COUNT; i++)
            v[i] = cnn_float(p.v[i]);
        return;
    }
    for (int i = 0; i < COUNT; i++)
        v[i] = (size_t)i < left ? cnn_float(from[i]) : 0;
}

template <typename T> static __device__ inline void cnn_store(T *to, size_t left, const float *v)
{
    enum { COUNT = cnn_pack<T>::COUNT };
    if (cnn_is_whole(to, left)) {
        cnn_pack<T> p;
        for (int i = 0; i < COUNT; i++)
            p.v[i] = cnn_to<T>(v[i]);
        *(cnn_pack<T> *)to = p;
        return;
    }
    for (int i = 0; i < COUNT; i++)
        if ((size_t)i < left)
            to[i] = cnn_to<T>(v[i]);
}

#endif
