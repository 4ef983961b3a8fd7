/* Sums over the plane of each channel of each sample, in an order that the shape fixes. A block has
 * ACROSS channels side by side, and CNN_TEAM / ACROSS positions of each at a time. */
#ifndef CNN_KERN_CUDA_PLANE_SUMS_CUH
#define CNN_KERN_CUDA_PLANE_SUMS_CUH

#include "kern/cuda/reduce.cuh"

struct cnn_plane_cut {
    uint32_t c, hw;
    uint32_t channel, position; /* from one to the next in memory */
    cnn_divisor tiles;          /* blocks of a sample */
};

static inline cnn_plane_cut cnn_plane_cut_of(const struct cnn_tensor *t, size_t across)
{
    uint32_t c = (uint32_t)t->c, hw = (uint32_t)(t->h * t->w);
    cnn_divisor tiles = cnn_divisor_of(cnn_ceil(c, across));
    if (cnn_is_nhwc(t))
        return {c, hw, 1, c, tiles};
    return {c, hw, hw, 1, tiles};
}

/* F has SUMS, a type state, and
 *   state start(uint32_t n, uint32_t c, uint32_t at) const   what a thread keeps of its plane, whose
 *                                                            first element is there
 *   void add(const state &, uint32_t at, float (&sum)[SUMS]) const   what the element there has
 *   void finish(const state &, uint32_t n, uint32_t c, const float (&total)[SUMS]) const */
template <typename F, int ACROSS>
__global__ void __launch_bounds__(CNN_TEAM) cnn_sum_plane(F f, cnn_plane_cut k)
{
    enum { S = F::SUMS };
    CNN_SHARED(float, part, S *CNN_TEAM);
    uint32_t n = cnn_divide(blockIdx.x, k.tiles), tile = blockIdx.x - n * k.tiles.by;
    uint32_t c = tile * ACROSS + threadIdx.x % ACROSS;
    uint32_t first = n * k.c * k.hw + c * k.channel;
    float sum[S] = {};
    typename F::state own = {};
    if (c < k.c)
        own = f.start(n, c, first);
    for (uint32_t i = threadIdx.x / ACROSS; i < k.hw && c < k.c; i += CNN_TEAM / ACROSS)
        f.add(own, first + i * k.position, sum);
    for (int s = 0; s < S; s++)
        part[s * CNN_TEAM + threadIdx.x] = sum[s];
    __syncthreads();
    for (uint32_t half = CNN_TEAM / 2; half >= ACROSS; half /= 2) {
        for (int s = 0; s < S && threadIdx.x < half; s++)
            part[s * CNN_TEAM + threadIdx.x] += part[s * CNN_TEAM + threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x >= ACROSS || c >= k.c)
        return;
    for (int s = 0; s < S; s++)
        sum[s] = part[s * CNN_TEAM + threadIdx.x];
    f.finish(own, n, c, sum);
}

template <typename F>
static void cnn_plane_sums(struct cnn_queue *q, const char *name, const struct cnn_tensor *t, F f)
{
    enum { ACROSS = 32 };
    cnn_plane_cut k = cnn_plane_cut_of(t, cnn_is_nhwc(t) ? ACROSS : 1);
    dim3 blocks((unsigned)(t->n * k.tiles.by));
    if (k.channel == 1)
        cnn_launch(q, name, cnn_sum_plane<F, ACROSS>, blocks, CNN_TEAM, 0, f, k);
    else
        cnn_launch(q, name, cnn_sum_plane<F, 1>, blocks, CNN_TEAM, 0, f, k);
}

#endif
