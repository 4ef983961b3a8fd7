/* Inverted dropout; see dropout.c. A thread's elements are one Philox block or two. */
#include "base/random.h"
#include "kern/cuda/elements.cuh"

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
