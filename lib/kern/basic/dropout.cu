/* Inverted dropout; see dropout.c. A thread's elements are one Philox block or two. */
#include "base/random.h"
#include "kern/cuda/elements.cuh"
#include "kern/cuda/places.cuh"

template <typename T>
static __global__ void dropout_kernel(float rate, float scale, uint64_t key, uint64_t stream,
                                      const T *x, T *y, size_t count)
{
    size_t at = cnn_first<T>();
    float v[cnn_pack<T>::COUNT];
    uint32_t word[4];
    if (at >= count)
        return;
    cnn_load(x + at, count - at, v);
    for (int i = 0; i < cnn_pack<T>::COUNT; i++) {
        if (i % 4 == 0)
            cnn_philox(key, stream, (at + (size_t)i) / 4, word);
        v[i] = cnn_unit(word[i % 4]) < rate ? 0 : v[i] * scale;
    }
    cnn_store(y + at, count - at, v);
}

template <typename T>
static void dropout(struct cnn_queue *q, double rate, uint64_t key, uint64_t stream,
                    const struct cnn_tensor *x, struct cnn_tensor *y)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "dropout", dropout_kernel<T>, cnn_element_blocks<T>(count), CNN_ELEMENT_THREADS,
               0, rate, 1 / (1 - rate), key, stream, x->data, y->data, count);
}

void cnn_cuda_dropout(struct cnn_queue *q, double rate, uint64_t key, uint64_t stream,
                      const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, dropout, q, rate, key, stream, x, y);
}

template <typename T>
static __global__ void planes_kernel(uint32_t rows, float rate, float scale, uint64_t key,
                                     uint64_t stream, cnn_places to, const T *x, T *y)
{
    uint32_t i = cnn_thread(), word[4];
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<1>(to, i);
    uint32_t unit = rows ? at.n / rows : at.n * to.c.by + at.c;
    cnn_philox(key, stream, unit / 4, word);
    y[i] = cnn_to<T>(cnn_unit(word[unit % 4]) < rate ? 0 : cnn_float(x[i]) * scale);
}

template <typename T>
static void dropout_planes(struct cnn_queue *q, int rows, double rate, uint64_t key,
                           uint64_t stream, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, cnn_is_nhwc(y), 1);
    cnn_launch(q, "dropout_planes", planes_kernel<T>, cnn_blocks(places.count, CNN_ELEMENT_THREADS),
               CNN_ELEMENT_THREADS, 0, (uint32_t)rows, (float)rate, (float)(1 / (1 - rate)), key,
               stream, places, (const T *)x->data, (T *)y->data);
}

void cnn_cuda_dropout_planes(struct cnn_queue *q, int rows, double rate, uint64_t key,
                             uint64_t stream, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, dropout_planes, q, rows, rate, key, stream, x, y);
}
