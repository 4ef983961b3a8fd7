/* Vectors by number; see embedding.c. */
#include "kern/cuda/cuda.cuh"

namespace
{

enum { THREADS = 256, COLUMNS = 32 };

/* The row of w; count: none. */
template <typename T>
__device__ inline uint32_t row_of(const T *x, uint32_t i, uint32_t count, int32_t padding)
{
    float number = floorf(cnn_float(x[i]) + 0.5f);
    if (!(number >= 0 && number < (float)count) || number == (float)padding)
        return count;
    return (uint32_t)number;
}

/* A thread has an element of y. */
template <typename T>
__global__ void forward_kernel(int32_t padding, uint32_t count, uint32_t elements, cnn_divisor size,
                               const T *x, const float *w, T *y)
{
    uint32_t at = cnn_thread(), i = cnn_divide(at, size);
    if (at >= elements)
        return;
    uint32_t row = row_of(x, i, count, padding);
    y[at] = cnn_to<T>(row < count ? w[row * size.by + at - i * size.by] : 0);
}

/* A thread has a column, to which the rows are added in their order. */
template <typename T>
__global__ void backward_kernel(int32_t padding, uint32_t count, uint32_t rows, uint32_t size,
                                const T *x, const T *dy, float *dw)
{
    uint32_t k = cnn_thread();
    for (uint32_t i = 0; k < size && i < rows; i++) {
        uint32_t row = row_of(x, i, count, padding);
        if (row < count)
            dw[row * size + k] += cnn_float(dy[i * size + k]);
    }
}

template <typename T>
void forward(struct cnn_queue *q, int32_t padding, const struct cnn_tensor *x,
             const struct cnn_tensor *w, struct cnn_tensor *y)
{
    size_t elements = cnn_tensor_count(x) * w->c;
    cnn_launch(q, "embedding", forward_kernel<T>, cnn_blocks(elements, THREADS), THREADS, 0,
               padding, w->n, elements, cnn_divisor_of(w->c), x->data, w->data, y->data);
}

template <typename T>
void backward(struct cnn_queue *q, int32_t padding, const struct cnn_tensor *x,
              const struct cnn_tensor *dy, struct cnn_tensor *dw)
{
    cnn_launch(q, "embedding", backward_kernel<T>, cnn_blocks(dw->c, COLUMNS), COLUMNS, 0, padding,
               dw->n, cnn_tensor_count(x), dw->c, x->data, dy->data, dw->data);
}

} // namespace

void cnn_cuda_embedding_forward(struct cnn_queue *q, int32_t padding, const struct cnn_tensor *x,
                                const struct cnn_tensor *w, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, forward, q, padding, x, w, y);
}

void cnn_cuda_embedding_backward(struct cnn_queue *q, int32_t padding, const struct cnn_tensor *x,
                                 const struct cnn_tensor *dy, struct cnn_tensor *dw)
{
    CNN_BY_TYPE(q, backward, q, padding, x, dy, dw);
}
