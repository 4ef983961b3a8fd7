/* Gathered matrix products; see conv_gather.cuh.
 *
 * A block makes a tile of the result, BM positions x BN channels. Slabs of 64 bytes along k (taps x
 * channels) of both sides go through a ring of shared memory, two slabs ahead of the arithmetic.
 * Where tensor cores serve (bfloat16, TF32) each warp multiplies fragments of 16 x 8; else each
 * thread has 8 positions x 4 or 8 channels. Products with too few tiles for a large device are cut
 * along k, and the parts are added in order. */
#include "kern/conv_gather_tile.cuh"

namespace
{

/* ---- writing the result -----------------------------------------------------------------------
 */

template <typename T> __device__ T *result_at(const product<T> &p, uint32_t m)
{
    uint32_t n = cnn_divide(m, p.by_plane), at = m - n * p.by_plane.by;
    uint32_t i = cnn_divide(at, p.by_row), j = at - i * p.by_row.by;
    return p.y + n * p.y_sample + (i * p.g.h.spread + p.g.h.first) * p.y_row +
           (j * p.g.w.spread + p.g.w.first) * p.y_column;
}

/* COUNT channels from `channel` on (of all groups) of a position. */
template <typename T, int COUNT>
__device__ void write_result(const product<T> &p, uint32_t m, uint32_t channel, const float *v)
{
    struct alignas(COUNT * sizeof(T)) numbers {
        T v[COUNT];
    };
    T *y = result_at(p, m) + channel;
    numbers add = {}, out;
    if (p.after.add)
        add = *(const numbers *)(p.after.add + (y - p.y));
    for (int i = 0; i < COUNT; i++) {
        float sum = v[i] + (p.bias ? p.bias[channel + i] : 0);
        if (p.after.add)
            sum += cnn_float(add.v[i]);
        out.v[i] = cnn_to<T>(cnn_activate(p.after.f, p.after.slope, sum));
    }
    *(numbers *)y = out;
}

/* EACH sums of a tile, from position m and channel n of the group on; those outside are left out.
 */
template <class C, int EACH>
__device__ void write_sums(const product<typename C::T> &p, const place &b, uint32_t m, uint32_t n,
                           const float *v)
{
    if (m >= p.m || n >= p.g.out)
        return;
    if (p.partial) {
        float *to = p.partial + ((size_t)(b.split * p.g.groups + b.group) * p.m + m) * p.g.out + n;
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

/* ---- arithmetic -------------------------------------------------------------------------------
 */

/* On tensor cores. */
template <class C> struct fragments {
    typedef typename C::T T;
    enum { MI = C::WM / 16, NI = C::WN / 8, PITCH = C::WN + 4 };
    float c[MI][NI][4];
    __device__ void clear()
    {
        cnn_clear<MI, NI>(c);
    }
    __device__ static uint32_t warp_m()
    {
        return threadIdx.x / 32 / C::WARPS_N * C::WM;
    }
    __device__ static uint32_t warp_n()
    {
        return threadIdx.x / 32 % C::WARPS_N * C::WN;
    }
    __device__ void add(const unsigned char *a, const unsigned char *b)
    {
        uint32_t lane = threadIdx.x % 32;
        const unsigned char *row_a = a + (warp_m() + lane % 16) * ROW + lane / 16 * 16;
        const unsigned char *row_b =
            b + (warp_n() + lane / 16 * 8 + lane % 8) * ROW + lane / 8 % 2 * 16;
#pragma unroll
        for (int k = 0; k < SLAB; k += 32) {
            uint32_t fa[MI][4], fb[NI / 2][4];
#pragma unroll
            for (int i = 0; i < MI; i++)
                cnn_load_matrices(fa[i], row_a + i * 16 * ROW + k);
#pragma unroll
            for (int j = 0; j < NI / 2; j++)
                cnn_load_matrices(fb[j], row_b + j * 16 * ROW + k);
            cnn_multiply<MI, NI>(c, fa, fb, T());
        }
    }
    /* Through shared memory of the warp's own, 16 positions at a time, so that lanes write side by
     * side. */
    __device__ void write(const product<T> &p, const place &b, unsigned char *shared) const
    {
        uint32_t lane = threadIdx.x % 32;
        float *mine = (float *)shared + threadIdx.x / 32 * 16 * PITCH;
#pragma unroll
        for (int i = 0; i < MI; i++) {
#pragma unroll
            for (int j = 0; j < NI; j++)
#pragma unroll
                for (int e = 0; e < 4; e++)
                    mine[(lane / 4 + e / 2 * 8) * PITCH + j * 8 + lane % 4 * 2 + e % 2] =
                        c[i][j][e];
            __syncwarp();
            for (uint32_t t = lane; t < 16 * C::WN / C::EACH; t += 32) {
                uint32_t row = t / (C::WN / C::EACH), n = t % (C::WN / C::EACH) * C::EACH;
                write_sums<C, C::EACH>(p, b, b.m + warp_m() + i * 16 + row, b.n + warp_n() + n,
                                       mine + row * PITCH + n);
            }
            __syncwarp();
        }
    }
};

/* In float32, each thread by itself. */
template <class C> struct registers {
    typedef typename C::T T;
    float c[C::TM][C::TN];
    __device__ void clear()
    {
#pragma unroll
        for (int i = 0; i < C::TM * C::TN; i++)
            c[i / C::TN][i % C::TN] = 0;
    }
    __device__ void add(const unsigned char *a, const unsigned char *b)
    {
        const unsigned char *row_a = a + threadIdx.x / C::TX * ROW;
        const unsigned char *row_b = b + threadIdx.x % C::TX * ROW;
#pragma unroll
        for (int k = 0; k < SLAB; k += 16) {
            cnn_pack<T> pb[C::TN];
#pragma unroll
            for (int j = 0; j < C::TN; j++)
                pb[j] = *(const cnn_pack<T> *)(row_b + j * C::TX * ROW + k);
#pragma unroll
            for (int i = 0; i < C::TM; i++) {
                cnn_pack<T> pa = *(const cnn_pack<T> *)(row_a + i * C::TY * ROW + k);
#pragma unroll
                for (int e = 0; e < C::EACH; e++)
#pragma unroll
                    for (int j = 0; j < C::TN; j++)
                        c[i][j] += cnn_float(pa.v[e]) * cnn_float(pb[j].v[e]);
            }
        }
    }
    __device__ void write(const product<T> &p, const place &b, unsigned char *) const
    {
#pragma unroll
        for (int i = 0; i < C::TM; i++)
#pragma unroll
            for (int j = 0; j < C::TN; j++)
                write_sums<C, 1>(p, b, b.m + threadIdx.x / C::TX + i * C::TY,
                                 b.n + threadIdx.x % C::TX + j * C::TX, &c[i][j]);
    }
};

template <class C, bool TENSOR> struct sums_of {
    typedef registers<C> type;
};
template <class C> struct sums_of<C, true> {
    typedef fragments<C> type;
};

template <class C>
__global__ void __launch_bounds__(C::THREADS) gather_tile(product<typename C::T> p)
{
    CNN_DYNAMIC_SHARED(shared);
    place b = block_place<C>(p);
    uint32_t first = b.split * p.slabs_each;
    uint32_t end = first + p.slabs_each < p.slabs ? first + p.slabs_each : p.slabs;
    typename reader_of<C, C::WHOLE>::type reader;
    typename sums_of<C, C::TENSOR>::type sums;
    reader.start(p, b, first * C::K);
    sums.clear();
    for (uint32_t slab = first; slab < end + STAGES - 1; slab++) {
        /* Of a slab that is behind the last one only the group of copies is there, and empty. */
        if (slab >= first + STAGES - 1) {
            cnn_copies_wait<STAGES - 2>();
            __syncthreads();
        }
        if (slab < end) {
            unsigned char *a = shared + slab % STAGES * (C::BM + C::BN) * ROW;
            reader.read(p, a);
            read_weights<C>(p, b, slab * C::K, a + C::BM * ROW);
        }
        cnn_copies_end();
        if (slab >= first + STAGES - 1) {
            const unsigned char *a =
                shared + (slab - (STAGES - 1)) % STAGES * (C::BM + C::BN) * ROW;
            sums.add(a, a + C::BM * ROW);
        }
    }
    __syncthreads();
    sums.write(p, b, shared);
}

/* The parts of a product that was cut, added in order. */
template <typename T> __global__ void gather_finish(product<T> p)
{
    size_t count = (size_t)p.g.groups * p.m * p.g.out;
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count)
        return;
    float sum = 0;
    for (uint32_t s = 0; s < p.splits; s++)
        sum += p.partial[s * count + at];
    uint32_t group = (uint32_t)(at / ((size_t)p.m * p.g.out));
    write_result<T, 1>(p, (uint32_t)(at / p.g.out % p.m),
                       group * p.g.out + (uint32_t)(at % p.g.out), &sum);
}

/* ---- starting ---------------------------------------------------------------------------------
 */

template <class C> static void start(struct cnn_queue *q, product<typename C::T> p)
{
    p.tiles_m = (uint32_t)cnn_ceil(p.m, C::BM);
    p.tiles_n = (uint32_t)cnn_ceil(p.g.out, C::BN);
    p.slabs = (uint32_t)cnn_ceil(p.k, C::K);
    size_t tiles = (size_t)p.tiles_m * p.tiles_n * p.g.groups;
    size_t splits = tiles < WANTED / 2 ? WANTED / tiles : 1;
    splits = p.slabs / 8 < splits ? p.slabs / 8 : splits;
    p.slabs_each = (uint32_t)cnn_ceil(p.slabs, splits ? splits : 1);
    p.splits = p.slabs_each ? (uint32_t)cnn_ceil(p.slabs, p.slabs_each) : 1;
    if (p.splits > 1)
        p.partial = (float *)q->cuda->scratch;
    cnn_launch(q, "convolution", gather_tile<C>, dim3((unsigned)(tiles * p.splits)), C::THREADS,
               C::SHARED, p);
    if (p.splits > 1)
        cnn_launch(q, "convolution: parts", gather_finish<typename C::T>,
                   cnn_blocks((size_t)p.g.groups * p.m * p.g.out, 256), 256, 0, p);
}

/* The tile follows the shapes alone: large ones share more of what they read, small ones are more.
 */
template <typename T, bool TENSOR, bool WHOLE>
static void start_tile(struct cnn_queue *q, const product<T> &p)
{
    size_t large = cnn_ceil(p.m, 128) * cnn_ceil(p.g.out, 128) * p.g.groups;
    if (large < WANTED / 2 || (p.g.out <= 64 && p.m <= 64 * WANTED))
        start<tile<T, 64, 64, TENSOR, WHOLE>>(q, p);
    else if (p.g.out <= 64)
        start<tile<T, 128, 64, TENSOR, WHOLE>>(q, p);
    else
        start<tile<T, 128, 128, TENSOR, WHOLE>>(q, p);
}

template <typename T>
static void gather(struct cnn_queue *q, const struct cnn_gather *g, const struct cnn_tensor *x,
                   const void *packed, const float *bias, const struct cnn_epilogue *e,
                   struct cnn_tensor *y)
{
    product<T> p = {};
    uint32_t plane = g->h.positions * g->w.positions;
    p.g = *g;
    p.m = g->samples * plane;
    p.k = g->h.taps * g->w.taps * g->in;
    if (!p.m)
        return;
    p.by_plane = cnn_divisor_of(plane);
    p.by_row = cnn_divisor_of(g->w.positions);
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
