/* Adaptive average pooling: the mean of windows that divide each (h, w) plane as evenly as they
 * can.
 *
 * Of h rows and h' outputs, output i is over the rows floor(i h / h') .. ceil((i + 1) h / h') - 1;
 * columns likewise. Windows overlap where h' does not divide h. The rule is that of
 * torch.nn.AdaptiveAvgPool2d. It is its own inverse: row r is in the windows floor(r h' / h) ..
 * ceil((r + 1) h' / h) - 1. */
#include "kern/pool/pool.cuh"

namespace
{

/* floor(i by / of). */
__device__ inline uint32_t scaled(uint32_t i, uint32_t by, cnn_divisor of)
{
    uint64_t product = (uint64_t)i * by;
    return product >> 32 ? (uint32_t)(product / of.by) : cnn_divide((uint32_t)product, of);
}

/* Of `by` things, those that overlap with the i-th of `of`. */
__device__ inline cnn_span overlapping(uint32_t i, uint32_t by, cnn_divisor of)
{
    uint32_t end = scaled(i + 1, by, of);
    if ((uint64_t)end * of.by < (uint64_t)(i + 1) * by)
        end++;
    return {scaled(i, by, of), end};
}

struct axis {
    cnn_divisor in, out;

    __device__ cnn_span inputs(uint32_t i) const
    {
        return overlapping(i, in.by, out);
    }
    __device__ cnn_span outputs(uint32_t i) const
    {
        return overlapping(i, out.by, in);
    }
    __device__ uint32_t step() const
    {
        return 1;
    }
    __device__ bool holds(uint32_t, uint32_t) const
    {
        return true;
    }
    __device__ uint32_t divisor(uint32_t i) const
    {
        cnn_span s = inputs(i);
        return s.end - s.begin;
    }
};

axis axis_of(size_t in, size_t out)
{
    return {cnn_divisor_of(in), cnn_divisor_of(out)};
}

} // namespace

void cnn_cuda_adaptive_avgpool_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                                       struct cnn_tensor *y)
{
    axis rows = axis_of(x->h, y->h), columns = axis_of(x->w, y->w);
    CNN_BY_PACKS(q, cnn_pool_together(x, y), x->c, cnn_pool_average_run, q,
                 "adaptive_avgpool_forward", rows, columns, x, y);
}

void cnn_cuda_adaptive_avgpool_backward(struct cnn_queue *q, const struct cnn_tensor *dy,
                                        struct cnn_tensor *dx)
{
    axis rows = axis_of(dx->h, dy->h), columns = axis_of(dx->w, dy->w);
    CNN_BY_PACKS(q, cnn_pool_together(dx, dy), dx->c, cnn_pool_spread_run, q,
                 "adaptive_avgpool_backward", rows, columns, dy, dx);
}
