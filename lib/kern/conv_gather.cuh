/* Convolution as a matrix product whose left side is gathered on the way to shared memory (implicit
 * GEMM; Chetlur et al. 2014, "cuDNN", section 3.2): positions of the result x channels of the
 * result, summed over taps and channels of the source. The forward pass is one such product. The
 * data gradient is one for each phase of the stride: positions of dx that are alike modulo the
 * stride see the same taps, and for these the source is read with a stride of 1. */
#ifndef CNN_KERN_CONV_GATHER_CUH
#define CNN_KERN_CONV_GATHER_CUH

#include "kern/cuda.cuh"

/* One axis of a product: position i of the result reads position i * stride + offset + tap * step
 * of the source, and is written to position i * spread + first. */
struct cnn_gather_axis {
    uint32_t positions, taps, source;
    int32_t stride, offset, step;
    uint32_t spread, first;
};

/* A product for each group. Weights are packed as (groups, out, taps_h, taps_w, in), `row` numbers
 * from one output channel to the next, zeros behind the last tap. */
struct cnn_gather {
    cnn_gather_axis h, w;
    uint32_t samples, groups, in, out; /* in, out: channels of a group */
    uint32_t row;
};

/* Numbers of a packed row: k rounded up to whole 16 bytes. */
static inline size_t cnn_gather_row(size_t k, size_t number_bytes)
{
    size_t each = 16 / number_bytes;
    return cnn_ceil(k, each) * each;
}

/* y = f(product + bias + add). x, y: NHWC; packed: of the activations' type. */
void cnn_cuda_gather(struct cnn_queue *q, const struct cnn_gather *g, const struct cnn_tensor *x,
                     const void *packed, const float *bias, const struct cnn_epilogue *e,
                     struct cnn_tensor *y);

#endif
