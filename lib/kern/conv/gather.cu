/* Gathered matrix products; see gather.cuh. Tiles (tile.cuh) are of positions x channels
 * of the result, k are taps x channels of the source. */
#include "kern/conv/gather_slabs.cuh"

namespace
{

/* ---- writing the result -----------------------------------------------------------------------
 */

/* COUNT channels from `channel` on (of all groups) of position m. */
template <typename T, int COUNT>
__device__ void write_result(const product<T> &p, uint32_t m, uint32_t channel, const float *v)
{
    cnn_gather_position at = cnn_gather_position_at(p.positions, m);
    uint32_t i = at.h * p.g.h.spread + p.g.h.first, j = at.w * p.g.w.spread + p.g.w.first;
    cnn_lanes_finish<COUNT>(v, p.bias ? p.bias + channel : NULL, p.after, p.y,
                            at.n * p.y_sample + i * p.y_row + j * p.y_column + channel);
}

/* EACH sums of a tile, from position m and channel n of the group on; those outside are left out.
 */
template <class C, int EACH>
__device__ void write_sums(const product<typename C::T> &p, const cnn_tile_place &b, uint32_t m,
                           uint32_t n, const float *v)
{
    if (m >= p.positions.count || n >= p.g.out)
        return;
    if (p.partial) {
        float *to = p.partial +
                    ((size_t)(b.split * p.g.groups + b.group) * p.positions.count + m) * p.g.out +
                    n;
        for (int i = 0; i < EACH && n + i < p.g.out; i++)
            to[i] = v[i];
        return;
    }
    uint32_t channel = b.group * p.g.out + n;
    if (p.g.out % EACH == 0) {
        write_result<typename C::T, EACH>(p, m, channel, v);
        return;
    }
    for (uint32_t i = 0; i < EACH && n + i < p.g.out; i++)
        write_result<typename C::T, 1>(p, m, channel + i, v + i);
}

/* From tensor cores through shared memory of the warp's own, 16 positions at a time, so that lanes
 * write side by side. */
template <class C, class SUMS>
__device__ void write_fragments(const product<typename C::T> &p, const cnn_tile_place &b,
                                const SUMS &sums, unsigned char *shared)
{
    enum { PITCH = C::WN + 4, PACKS = C::WN / C::EACH };
    float *mine = (float *)shared + threadIdx.x / 32 * 16 * PITCH;
#pragma unroll
    for (int i = 0; i < sums.MI; i++) {
#pragma unroll
        for (int j = 0; j < sums.NI; j++)
#pragma unroll
            for (int e = 0; e < 4; e++)
                mine[cnn_fragment_row(e) * PITCH + j * 8 + cnn_fragment_column(e)] =
                    sums.c[i][j][e];
        __syncwarp();
        for (uint32_t t = threadIdx.x % 32; t < 16 * PACKS; t += 32) {
            uint32_t row = t / PACKS, n = t % PACKS * C::EACH;
            write_sums<C, C::EACH>(p, b, b.m + sums.warp_m() + i * 16 + row,
                                   b.n + sums.warp_n() + n, mine + row * PITCH + n);
        }
        __syncwarp();
    }
}

template <class C, class S>
__device__ void write_tile(const product<typename C::T> &p, const cnn_tile_place &b,
                           const cnn_fragments<C, S> &sums, unsigned char *shared)
{
    write_fragments<C>(p, b, sums, shared);
}

template <class C, class S>
__device__ void write_tile(const product<typename C::T> &p, const cnn_tile_place &b,
                           const cnn_warpgroup_sums<C, S> &sums, unsigned char *shared)
{
    write_fragments<C>(p, b, sums, shared);
}

template <class C, class S>
__device__ void write_tile(const product<typename C::T> &p, const cnn_tile_place &b,
                           const cnn_registers<C, S> &sums, unsigned char *)
{
    sums.each(
        [&](uint32_t m, uint32_t n, float v) { write_sums<C, 1>(p, b, b.m + m, b.n + n, &v); });
}

template <class C> __device__ void make_tile(const product<typename C::T> &p)
{
    CNN_DYNAMIC_SHARED(memory);
    unsigned char *shared = memory + (C::ALIGN > 128 ? cnn_to_aligned(memory) : 0);
    cnn_tile_place at = cnn_tile_place_of<C>(p.tiling);
    typename reader_of<C, C::WHOLE>::type reader;
    typename sums_of<C>::type sums;
    reader.start(p, at, at.split * p.tiling.slabs_each * C::K);
    sums.clear();
    cnn_ring_sum<ring<C>>(p.tiling, at.split, shared, sums,
                          [&](uint32_t slab, unsigned char *a, unsigned char *b) {
                              reader.read(p, a);
                              read_weights<C>(p, at, slab * C::K, b);
                          });
    __syncthreads();
    write_tile(p, at, sums, shared);
}

template <class C>
__global__ void __launch_bounds__(C::THREADS, C::BLOCKS) gather_tile(product<typename C::T> p)
{
    if constexpr (C::ALIGN < (int)CNN_WGMMA_ALIGN || CNN_HAS_WGMMA)
        make_tile<C>(p);
}

/* The parts of a product that was cut, added in order. */
template <typename T> __global__ void gather_finish(product<T> p)
{
    size_t count = (size_t)p.g.groups * p.positions.count * p.g.out;
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count)
        return;
    float sum = cnn_sum_of_parts(p.partial, p.tiling.splits, count, at);
    uint32_t group = (uint32_t)(at / ((size_t)p.positions.count * p.g.out));
    write_result<T, 1>(p, (uint32_t)(at / p.g.out % p.positions.count),
                       group * p.g.out + (uint32_t)(at % p.g.out), &sum);
}

/* ---- starting ---------------------------------------------------------------------------------
 */

template <class C> static void start(struct cnn_queue *q, product<typename C::T> p)
{
    size_t taps = p.g.h.taps * p.g.w.taps, count = p.positions.count;
    p.tiling = cnn_tiling_of<C>(p.g.groups, count, p.g.out, taps * p.g.in, CNN_BLOCKS_WANTED / 2);
    if (p.tiling.splits > 1)
        p.partial = (float *)q->cuda->scratch;
    cnn_launch(q, "convolution", gather_tile<C>, cnn_tiling_blocks(p.tiling), C::THREADS,
               cnn_ring_bytes<ring<C>>() + (C::ALIGN > 128 ? C::ALIGN : 0), p);
    if (p.tiling.splits > 1)
        cnn_launch(q, "convolution: parts", gather_finish<typename C::T>,
                   cnn_blocks(p.g.groups * count * p.g.out, 256), 256, 0, p);
}

/* The tile follows the shapes alone: large ones share more of what they read, small ones are more.
 */
template <typename T, bool TENSOR, bool WHOLE>
static void start_tile(struct cnn_queue *q, const product<T> &p)
{
    size_t large = cnn_ceil(p.positions.count, 128) * cnn_ceil(p.g.out, 128) * p.g.groups;
    if (large < CNN_BLOCKS_WANTED / 2 ||
        (p.g.out <= 64 && p.positions.count <= 64 * CNN_BLOCKS_WANTED))
        start<tile<T, 64, 64, TENSOR, WHOLE>>(q, p);
    else if (p.g.out <= 64)
        start<tile<T, 128, 64, TENSOR, WHOLE>>(q, p);
    else
        start<tile<T, 128, 128, TENSOR, WHOLE>>(q, p);
}

/* Where a large device has enough to do with them. */
static bool start_warpgroups(struct cnn_queue *q, const product<cnn_bf16> &p)
{
    size_t rows = cnn_ceil(p.positions.count, 128) * p.g.groups;
    if (!q->cuda->warpgroups || rows * cnn_ceil(p.g.out, 128) < CNN_BLOCKS_WANTED / 2)
        return false;
    if (p.g.out > 128 && rows * cnn_ceil(p.g.out, 256) >= CNN_BLOCKS_WANTED / 2)
        start<warpgroup_tile<128, 256>>(q, p);
    else if (p.g.out > 64)
        start<warpgroup_tile<128, 128>>(q, p);
    else
        start<warpgroup_tile<128, 64>>(q, p);
    return true;
}

static bool start_warpgroups(struct cnn_queue *, const product<float> &)
{
    return false;
}

template <typename T>
static void gather(struct cnn_queue *q, const struct cnn_gather *g, const struct cnn_tensor *x,
                   const void *packed, const float *bias, const struct cnn_epilogue *e,
                   struct cnn_tensor *y)
{
    product<T> p = {};
    p.g = *g;
    p.positions = cnn_gather_positions_of(g);
    if (!p.positions.count)
        return;
    p.x = (const T *)x->data;
    p.w = (const T *)packed;
    p.x_column = (uint32_t)x->c;
    p.x_row = (uint32_t)(x->w * x->c);
    p.x_sample = (uint32_t)(x->h * x->w * x->c);
    p.y = (T *)y->data;
    p.y_column = (uint32_t)y->c;
    p.y_row = (uint32_t)(y->w * y->c);
    p.y_sample = (uint32_t)(y->h * y->w * y->c);
    p.bias = bias;
    p.after = cnn_after_of<T>(e);
    bool tensor = q->precision != CNN_PRECISION_FP32 && q->cuda->tensor_cores;
    bool whole = g->in % cnn_pack<T>::COUNT == 0;
    if (tensor && whole && start_warpgroups(q, p))
        return;
    if (tensor && whole)
        start_tile<T, true, true>(q, p);
    else if (tensor)
        start_tile<T, true, false>(q, p);
    else if (whole)
        start_tile<T, false, true>(q, p);
    else
        start_tile<T, false, false>(q, p);
}

} // namespace

void cnn_cuda_gather(struct cnn_queue *q, const struct cnn_gather *g, const struct cnn_tensor *x,
                     const void *packed, const float *bias, const struct cnn_epilogue *e,
                     struct cnn_tensor *y)
{
    if (!q->code)
        CNN_BY_TYPE(q, gather, q, g, x, packed, bias, e, y);
}
