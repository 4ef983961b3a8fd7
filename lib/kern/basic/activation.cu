/* Activations, elementwise; see activation.c. */
#include "kern/cuda/activation.cuh"
#include "kern/cuda/elements.cuh"

template <int F, typename T>
static __global__ void forward_kernel(float a, float b, const T *x, T *y, size_t count)
{
    size_t at = cnn_first<T>();
    float v[cnn_pack<T>::COUNT];
    if (at >= count)
        return;
    cnn_load(x + at, count - at, v);
    for (int i = 0; i < cnn_pack<T>::COUNT; i++)
        v[i] = cnn_function<F>::of(v[i], a, b);
    cnn_store(y + at, count - at, v);
}

/* from: x or y. */
template <int F, typename T>
static __global__ void backward_kernel(float a, float b, const T *from, const T *dy, T *dx,
                                       size_t count)
{
    size_t at = cnn_first<T>();
    float v[cnn_pack<T>::COUNT], d[cnn_pack<T>::COUNT];
    if (at >= count)
        return;
    cnn_load(from + at, count - at, v);
    cnn_load(dy + at, count - at, d);
    for (int i = 0; i < cnn_pack<T>::COUNT; i++)
        d[i] = cnn_function<F>::back(v[i], d[i], a, b);
    cnn_store(dx + at, count - at, d);
}

template <typename T>
static void forward(struct cnn_queue *q, enum cnn_activation f, const double *a,
                    const struct cnn_tensor *x, struct cnn_tensor *y)
{
    size_t count = cnn_tensor_count(y);
    switch (f) {
#define CNN_ACTIVATION(NAME, ...)                                                                  \
    case CNN_##NAME:                                                                               \
        cnn_launch(q, "activation_forward", forward_kernel<CNN_##NAME, T>,                         \
                   cnn_element_blocks<T>(count), CNN_ELEMENT_THREADS, 0, (float)a[0], (float)a[1], \
                   x->data, y->data, count);                                                       \
        break;
#include "kern/activations.def"
    }
}

template <typename T>
static void backward(struct cnn_queue *q, enum cnn_activation f, const double *a,
                     const struct cnn_tensor *from, const struct cnn_tensor *dy,
                     struct cnn_tensor *dx)
{
    size_t count = cnn_tensor_count(dx);
    switch (f) {
#define CNN_ACTIVATION(NAME, ...)                                                                  \
    case CNN_##NAME:                                                                               \
        cnn_launch(q, "activation_backward", backward_kernel<CNN_##NAME, T>,                       \
                   cnn_element_blocks<T>(count), CNN_ELEMENT_THREADS, 0, (float)a[0], (float)a[1], \
                   from->data, dy->data, dx->data, count);                                         \
        break;
#include "kern/activations.def"
    }
}

void cnn_cuda_activation_forward(struct cnn_queue *q, enum cnn_activation f,
                                 const double a[CNN_ACTIVATION_OPTIONS], const struct cnn_tensor *x,
                                 struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, forward, q, f, a, x, y);
}

void cnn_cuda_activation_backward(struct cnn_queue *q, enum cnn_activation f,
                                  const double a[CNN_ACTIVATION_OPTIONS],
                                  const struct cnn_tensor *from, const struct cnn_tensor *dy,
                                  struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, backward, q, f, a, from, dy, dx);
}
