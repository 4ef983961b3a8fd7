/* Euclidean distances of vectors; see distance.c. */
#include "kern/cuda/reduce.cuh"

namespace
{

/* A block has a pair. */
template <typename T> __global__ void forward_kernel(uint32_t each, const T *a, const T *b, T *y)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    float sum = 0;
    for (uint32_t i = threadIdx.x; i < each; i += CNN_TEAM) {
        float d = cnn_float(a[blockIdx.x * each + i]) - cnn_float(b[blockIdx.x * each + i]);
        sum += d * d;
    }
    sum = cnn_reduce<cnn_add, CNN_TEAM>(sum, shared);
    if (threadIdx.x == 0)
        y[blockIdx.x] = cnn_to<T>(sqrtf(sum));
}

/* A thread has an element. */
template <typename T>
__global__ void backward_kernel(float sign, uint32_t count, cnn_divisor each, const T *a,
                                const T *b, const T *y, const T *dy, T *d)
{
    uint32_t i = cnn_thread(), n = cnn_divide(i, each);
    if (i >= count)
        return;
    float length = cnn_float(y[n]);
    float factor = length > 0 ? sign * cnn_float(dy[n]) / length : 0;
    d[i] = cnn_to<T>(factor * (cnn_float(a[i]) - cnn_float(b[i])));
}

template <typename T>
void forward(struct cnn_queue *q, const struct cnn_tensor *a, const struct cnn_tensor *b,
             struct cnn_tensor *y)
{
    cnn_launch(q, "distance", forward_kernel<T>, dim3((unsigned)a->n), CNN_TEAM, 0,
               a->c * a->h * a->w, a->data, b->data, y->data);
}

template <typename T>
void backward(struct cnn_queue *q, double sign, const struct cnn_tensor *a,
              const struct cnn_tensor *b, const struct cnn_tensor *y, const struct cnn_tensor *dy,
              struct cnn_tensor *d)
{
    size_t count = cnn_tensor_count(a);
    cnn_launch(q, "distance", backward_kernel<T>, cnn_blocks(count, CNN_TEAM), CNN_TEAM, 0,
               (float)sign, count, cnn_divisor_of(a->c * a->h * a->w), a->data, b->data, y->data,
               dy->data, d->data);
}

} // namespace

void cnn_cuda_distance_forward(struct cnn_queue *q, const struct cnn_tensor *a,
                               const struct cnn_tensor *b, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, forward, q, a, b, y);
}

void cnn_cuda_distance_backward(struct cnn_queue *q, double sign, const struct cnn_tensor *a,
                                const struct cnn_tensor *b, const struct cnn_tensor *y,
                                const struct cnn_tensor *dy, struct cnn_tensor *d)
{
    CNN_BY_TYPE(q, backward, q, sign, a, b, y, dy, d);
}
