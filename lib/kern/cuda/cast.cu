/* Parameters as the activations' type; see cast.cuh. */
#include "kern/cuda/cast.cuh"

__global__ void cast_to_bf16(const float *from, cnn_bf16 *to, size_t count)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        to[i] = cnn_to_bf16(from[i]);
}

size_t cnn_cuda_cast_bytes(const struct cnn_queue *q, size_t count)
{
    return q->precision == CNN_PRECISION_BF16 ? count * sizeof(cnn_bf16) : 0;
}

const void *cnn_cuda_cast(struct cnn_queue *q, const float *from, size_t count, void *to)
{
    if (q->precision != CNN_PRECISION_BF16)
        return from;
    cnn_launch(q, "cast", cast_to_bf16, cnn_blocks(count, 256), 256, 0, from, (cnn_bf16 *)to,
               count);
    return to;
}
