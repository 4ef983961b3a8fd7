/* Powers of sizes, elementwise; see power.c. */
#include "kern/cuda/elements.cuh"

namespace
{

__device__ inline float power_of(float x, float p)
{
    return p == 2 ? x * x : p == 0.5f ? sqrtf(fabsf(x)) : powf(fabsf(x), p);
}

/* x |x|^p */
__device__ inline float times_of(float x, float p)
{
    return x == 0 ? 0 : p == 0 ? x : p == -2 ? 1 / x : x * powf(fabsf(x), p);
}

template <typename T> __global__ void power_kernel(float p, size_t count, const T *x, T *y)
{
    size_t at = cnn_first<T>();
    float v[cnn_pack<T>::COUNT];
    if (at >= count)
        return;
    cnn_load(x + at, count - at, v);
    for (int i = 0; i < cnn_pack<T>::COUNT; i++)
        v[i] = power_of(v[i], p);
    cnn_store(y + at, count - at, v);
}

template <typename T>
__global__ void times_kernel(float p, size_t count, const T *x, const T *d, T *y)
{
    size_t at = cnn_first<T>();
    float v[cnn_pack<T>::COUNT], w[cnn_pack<T>::COUNT];
    if (at >= count)
        return;
    cnn_load(x + at, count - at, v);
    cnn_load(d + at, count - at, w);
    for (int i = 0; i < cnn_pack<T>::COUNT; i++)
        v[i] = w[i] * times_of(v[i], p);
    cnn_store(y + at, count - at, v);
}

template <typename T>
void power(struct cnn_queue *q, double p, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "power", power_kernel<T>, cnn_element_blocks<T>(count), CNN_ELEMENT_THREADS, 0,
               (float)p, count, (const T *)x->data, (T *)y->data);
}

template <typename T>
void times(struct cnn_queue *q, double p, const struct cnn_tensor *x, const struct cnn_tensor *d,
           struct cnn_tensor *y)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "power_times", times_kernel<T>, cnn_element_blocks<T>(count), CNN_ELEMENT_THREADS,
               0, (float)p, count, (const T *)x->data, (const T *)d->data, (T *)y->data);
}

} // namespace

void cnn_cuda_power(struct cnn_queue *q, double p, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, power, q, p, x, y);
}

void cnn_cuda_power_times(struct cnn_queue *q, double p, const struct cnn_tensor *x,
                          const struct cnn_tensor *d, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, times, q, p, x, d, y);
}
