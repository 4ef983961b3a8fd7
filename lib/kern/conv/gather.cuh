/* Convolution as a matrix product whose left side is gathered on the way to shared memory (implicit
 * GEMM; Chetlur et al. 2014, "cuDNN", section 3.2): positions of the result x channels of the
 * result, summed over taps and channels of the source. The forward pass is one such product. The
 * data gradient is one for each phase of the stride: positions of dx that are alike modulo the
 * stride see the same taps, and for these the source is read with a stride of 1. */
#ifndef CNN_KERN_CONV_GATHER_CUH
#define CNN_KERN_CONV_GATHER_CUH

#include "kern/cuda/places.cuh"

/* One axis of a product: position i of the result reads position i * stride + offset + tap * step
 * of the source, and is written to position i * spread + first. */
struct cnn_gather_axis {
    uint32_t positions, taps, source;
    int32_t stride, offset, step;
    uint32_t spread, first;
};

/* Where position i reads at a tap; outside the source it is not < source. */
static __device__ inline uint32_t cnn_gather_source(const cnn_gather_axis &a, uint32_t i,
                                                    uint32_t tap)
{
    return i * a.stride + (a.offset + tap * a.step);
}

/* A product for each group. Weights are packed as (groups, out, taps_h, taps_w, in), `row` numbers
 * from one output channel to the next, zeros behind the last tap. */
struct cnn_gather {
    cnn_gather_axis h, w;
    uint32_t samples, groups, in, out; /* in, out: channels of a group */
    uint32_t row;
};

/* The positions of the result, sample by sample, row by row. */
struct cnn_gather_positions {
    uint32_t count;
    cnn_divisor plane, row; /* positions of a sample; of a row */
};

struct cnn_gather_position {
    uint32_t n, h, w;
};

static inline cnn_gather_positions cnn_gather_positions_of(const struct cnn_gather *g)
{
    uint32_t plane = g->h.positions * g->w.positions;
    return {g->samples * plane, cnn_divisor_of(plane), cnn_divisor_of(g->w.positions)};
}

static __device__ inline cnn_gather_position cnn_gather_position_at(const cnn_gather_positions &p,
                                                                    uint32_t i)
{
    cnn_gather_position at;
    at.n = cnn_divide_rest(i, p.plane, &i);
    at.h = cnn_divide_rest(i, p.row, &at.w);
    return at;
}

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
