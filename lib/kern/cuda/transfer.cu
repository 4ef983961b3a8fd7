/* Between plain float32 and activations; see transfer.cuh. */
#include "kern/cuda/transfer.cuh"

/* Element i of the plain order. */
template <typename T>
__device__ T &element(cnn_view<T> v, uint32_t i, cnn_divisor by_w, cnn_divisor by_h,
                      cnn_divisor by_c)
{
    uint32_t row = cnn_divide(i, by_w), plane = cnn_divide(row, by_h), n = cnn_divide(plane, by_c);
    return v.at(n, plane - n * v.c, row - plane * v.h, i - row * v.w);
}

template <typename T>
__global__ void import_numbers(const float *plain, cnn_view<T> v, uint32_t count, cnn_divisor by_w,
                               cnn_divisor by_h, cnn_divisor by_c)
{
    uint32_t i = cnn_thread();
    if (i < count)
        element(v, i, by_w, by_h, by_c) = cnn_to<T>(plain[i]);
}

template <typename T>
__global__ void export_numbers(cnn_view<T> v, float *plain, uint32_t count, cnn_divisor by_w,
                               cnn_divisor by_h, cnn_divisor by_c)
{
    uint32_t i = cnn_thread();
    if (i < count)
        plain[i] = cnn_float(element(v, i, by_w, by_h, by_c));
}

template <typename T>
static void transfer(struct cnn_queue *q, const float *in, const struct cnn_tensor *t, float *out)
{
    size_t count = cnn_tensor_count(t);
    cnn_divisor by_w = cnn_divisor_of(t->w), by_h = cnn_divisor_of(t->h),
                by_c = cnn_divisor_of(t->c);
    if (in)
        cnn_launch(q, "upload", import_numbers<T>, cnn_blocks(count, 256), 256, 0, in,
                   cnn_view_of<T>(t), (uint32_t)count, by_w, by_h, by_c);
    else
        cnn_launch(q, "download", export_numbers<T>, cnn_blocks(count, 256), 256, 0,
                   cnn_view_of<T>(t), out, (uint32_t)count, by_w, by_h, by_c);
}

void cnn_cuda_import(struct cnn_queue *q, const float *plain, const struct cnn_tensor *to)
{
    CNN_BY_TYPE(q, transfer, q, plain, to, NULL);
}

void cnn_cuda_export(struct cnn_queue *q, const struct cnn_tensor *from, float *plain)
{
    CNN_BY_TYPE(q, transfer, q, NULL, from, plain);
}
