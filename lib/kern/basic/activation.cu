/* Activations, elementwise; the functions and their derivatives are cnn_activate and cnn_slope_at
 * of cuda.cuh. */
#include "kern/cuda/elements.cuh"

template <typename T>
static __global__ void forward_kernel(int f, float slope, const T *x, T *y, size_t count)
{
    size_t at = cnn_first<T>();
    float v[cnn_pack<T>::COUNT];
    if (at >= count)
        return;
    cnn_load(x + at, count - at, v);
    for (int i = 0; i < cnn_pack<T>::COUNT; i++)
        v[i] = cnn_activate(f, slope, v[i]);
    cnn_store(y + at, count - at, v);
}

template <typename T>
static __global__ void backward_kernel(int f, float slope, const T *y, const T *dy, T *dx,
                                       size_t count)
{
    size_t at = cnn_first<T>();
    float v[cnn_pack<T>::COUNT], d[cnn_pack<T>::COUNT];
    if (at >= count)
        return;
    cnn_load(y + at, count - at, v);
    cnn_load(dy + at, count - at, d);
    for (int i = 0; i < cnn_pack<T>::COUNT; i++)
        d[i] *= cnn_slope_at(f, slope, v[i]);
    cnn_store(dx + at, count - at, d);
}

template <typename T>
static void forward(struct cnn_queue *q, int f, double slope, const struct cnn_tensor *x,
                    struct cnn_tensor *y)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "activation_forward", forward_kernel<T>, cnn_element_blocks<T>(count),
               CNN_ELEMENT_THREADS, 0, f, (float)slope, x->data, y->data, count);
}

template <typename T>
static void backward(struct cnn_queue *q, int f, double slope, const struct cnn_tensor *y,
                     const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    size_t count = cnn_tensor_count(dx);
    cnn_launch(q, "activation_backward", backward_kernel<T>, cnn_element_blocks<T>(count),
               CNN_ELEMENT_THREADS, 0, f, (float)slope, y->data, dy->data, dx->data, count);
}

void cnn_cuda_activation_forward(struct cnn_queue *q, enum cnn_activation f, double slope,
                                 const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, forward, q, f, slope, x, y);
}

void cnn_cuda_activation_backward(struct cnn_queue *q, enum cnn_activation f, double slope,
                                  const struct cnn_tensor *y, const struct cnn_tensor *dy,
                                  struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, backward, q, f, slope, y, dy, dx);
}
