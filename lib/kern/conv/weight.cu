/* The weight gradient as a matrix product: channels of dy x columns (taps x channels of x), summed
 * over positions, which are gathered slab by slab. Both sides lie in shared memory as they come, a
 * position a row, so that fragments are read transposed. The sum over positions is cut into parts
 * that are added in order. */
#include "kern/conv/weight.cuh"
#include "kern/conv/tile.cuh"

namespace
{

template <typename T> struct product {
    cnn_gather_positions positions;
    cnn_tiling tiling;
    cnn_gather g;
    uint32_t taps, columns; /* columns: taps * in */
    uint32_t x_c, y_c;      /* channels of all groups */
    const T *x, *dy;
    float *dw, *partial; /* partial (splits, groups, out, columns); NULL: not cut */
};

template <typename NUMBER, int M, bool TENSOR_CORES, bool OUT_PACKS, bool IN_PACKS>
struct tile : cnn_tile<NUMBER, M, M, TENSOR_CORES> {
    enum {
        OUT_EACH = OUT_PACKS ? cnn_pack<NUMBER>::COUNT : 1, /* numbers of dy read at once */
        IN_EACH = IN_PACKS ? cnn_pack<NUMBER>::COUNT : 1,   /* and of x */
        PITCH = M + 8, /* numbers from row to row in shared memory: rows begin in different banks */
        ALIGN = 16,
        STAGES = CNN_STAGES,
        SIDE = tile::K * PITCH, /* numbers of a slab */
    };
    /* Where number `at` of a row lies. */
    __device__ static uint32_t place(uint32_t row, uint32_t at)
    {
        return row * PITCH + at;
    }
};

/* Channels and columns in whole 16 bytes; 64 of them are a row (wgmma.cuh). */
template <int M> struct warpgroup_tile : cnn_warpgroup_tile<M, M> {
    enum {
        OUT_EACH = cnn_pack<cnn_bf16>::COUNT,
        IN_EACH = OUT_EACH,
        ALIGN = CNN_WGMMA_ALIGN,
        SIDE = warpgroup_tile::K * M,
    };
    __device__ static uint32_t place(uint32_t row, uint32_t at)
    {
        return at / 64 * (warpgroup_tile::K * 64) + cnn_wgmma_place(row, at % 64 / OUT_EACH) / 2 +
               at % OUT_EACH;
    }
};

/* EACH numbers, or zeros, to shared memory: whole 16 bytes later, others now. */
template <typename T, int EACH> __device__ void fetch(T *to, const T *from, const T *any)
{
    if (EACH > 1)
        cnn_copy_later(to, from ? from : any, from != NULL);
    else
        *to = from ? *from : cnn_to<T>(0);
}

/* Slabs of dy: thread by thread, row by row. */
template <class C>
__device__ void read_gradient(const product<typename C::T> &p, const cnn_tile_place &b,
                              uint32_t first, typename C::T *to)
{
    enum { CHUNKS = C::BM / C::OUT_EACH };
#pragma unroll
    for (int i = 0; i < C::K * CHUNKS / C::THREADS; i++) {
        uint32_t t = threadIdx.x + (uint32_t)i * C::THREADS;
        uint32_t row = t / CHUNKS, at = t % CHUNKS * C::OUT_EACH;
        bool valid = first + row < p.positions.count && b.m + at < p.g.out;
        const typename C::T *from = p.dy + (first + row) * p.y_c + b.group * p.g.out + b.m + at;
        fetch<typename C::T, C::OUT_EACH>(to + C::place(row, at), valid ? from : NULL, p.dy);
    }
}

/* A thread's column, a tap and a channel: what the first position of dy meets. */
struct column {
    uint32_t h, w, c;
    bool valid;
};

template <class C>
__device__ column column_of(const product<typename C::T> &p, const cnn_tile_place &b)
{
    uint32_t n = b.n + threadIdx.x % (C::BN / C::IN_EACH) * C::IN_EACH, tap = n / p.g.in;
    return {cnn_gather_source(p.g.h, 0, tap / p.g.w.taps),
            cnn_gather_source(p.g.w, 0, tap % p.g.w.taps), b.group * p.g.in + n % p.g.in,
            n < p.columns};
}

/* Slabs of x: a thread stays in its column. */
template <class C>
__device__ void read_source(const product<typename C::T> &p, const column &c, uint32_t first,
                            typename C::T *to)
{
    enum { CHUNKS = C::BN / C::IN_EACH };
#pragma unroll
    for (int i = 0; i < C::K * CHUNKS / C::THREADS; i++) {
        uint32_t row = (threadIdx.x + (uint32_t)i * C::THREADS) / CHUNKS, at = first + row;
        cnn_gather_position y = cnn_gather_position_at(p.positions, at);
        uint32_t h = y.h * p.g.h.stride + c.h, w = y.w * p.g.w.stride + c.w;
        bool valid = c.valid && at < p.positions.count && h < p.g.h.source && w < p.g.w.source;
        const typename C::T *from =
            p.x + ((y.n * p.g.h.source + h) * p.g.w.source + w) * p.x_c + c.c;
        fetch<typename C::T, C::IN_EACH>(to + C::place(row, threadIdx.x % CHUNKS * C::IN_EACH),
                                         valid ? from : NULL, p.x);
    }
}

template <class C>
__device__ void write_sum(const product<typename C::T> &p, const cnn_tile_place &b, uint32_t m,
                          uint32_t n, float v)
{
    if (m >= p.g.out || n >= p.columns)
        return;
    uint32_t filter = b.group * p.g.out + m;
    if (p.partial)
        p.partial[((size_t)b.split * p.g.groups * p.g.out + filter) * p.columns + n] = v;
    else
        p.dw[(size_t)filter * p.columns + n % p.g.in * p.taps + n / p.g.in] += v;
}

/* ---- arithmetic -------------------------------------------------------------------------------
 */

/* Fragments of 16 rows of the result (a) or of 16 columns (b), `k` bytes / 2 positions deep, from
 * rows of positions. */
template <int PITCH> __device__ void load_fragment(uint32_t f[4], const cnn_bf16 *at, bool is_a)
{
    uint32_t lane = threadIdx.x % 32, q = lane / 8;
    uint32_t k = (is_a ? q / 2 : q % 2) * 8 + lane % 8, m = (is_a ? q % 2 : q / 2) * 8;
    cnn_load_transposed(f, at + k * PITCH + m);
}

template <int PITCH> __device__ void load_fragment(uint32_t f[4], const float *at, bool is_a)
{
    uint32_t lane = threadIdx.x % 32;
#pragma unroll
    for (int r = 0; r < 4; r++) {
        int k = (is_a ? r / 2 : r % 2) * 4, m = (is_a ? r % 2 : r / 2) * 8;
        f[r] = __float_as_uint(at[(k + lane % 4) * PITCH + m + lane / 4]);
    }
}

/* As tile.cuh takes them. */
template <class C> struct ring {
    typedef typename C::T unit;
    enum { A = C::SIDE, B = A, STAGES = C::STAGES };
};

template <class C> struct slabs : ring<C> {
    typedef typename C::T unit;
    __device__ static void load_a(uint32_t f[4], const unit *a, uint32_t m, int i, int k)
    {
        load_fragment<C::PITCH>(f, a + k / (int)sizeof(unit) * C::PITCH + m + i, true);
    }
    __device__ static void load_b(uint32_t f[4], const unit *b, uint32_t n, int j, int k)
    {
        load_fragment<C::PITCH>(f, b + k / (int)sizeof(unit) * C::PITCH + n + j, false);
    }
    __device__ static void multiply(float c[C::TM][C::TN], const unit *a, const unit *b)
    {
        const unit *row_a = a + threadIdx.x / C::TX;
        const unit *row_b = b + threadIdx.x % C::TX;
#pragma unroll 4
        for (int k = 0; k < C::K; k++, row_a += C::PITCH, row_b += C::PITCH) {
            float fb[C::TN];
#pragma unroll
            for (int j = 0; j < C::TN; j++)
                fb[j] = cnn_float(row_b[j * C::TX]);
#pragma unroll
            for (int i = 0; i < C::TM; i++) {
                float fa = cnn_float(row_a[i * C::TY]);
#pragma unroll
                for (int j = 0; j < C::TN; j++)
                    c[i][j] += fa * fb[j];
            }
        }
    }
};

template <class C> struct warpgroup_slabs : ring<C> {
    enum { BY_K = 1, STEP = CNN_WGMMA_COLUMNS_STEP };
    __device__ static uint64_t left(const cnn_bf16 *a)
    {
        return cnn_wgmma_columns(a + threadIdx.x / 128 * (C::K * 64), C::K);
    }
    __device__ static uint64_t right(const cnn_bf16 *b)
    {
        return cnn_wgmma_columns(b, C::K);
    }
};

template <class C> struct sums_of {
    typedef typename cnn_sums<C, slabs<C>>::type type;
};
template <int M> struct sums_of<warpgroup_tile<M>> {
    typedef warpgroup_tile<M> C;
    typedef cnn_warpgroup_sums<C, warpgroup_slabs<C>> type;
};

template <class C> __device__ void make_tile(const product<typename C::T> &p)
{
    typedef typename C::T T;
    CNN_DYNAMIC_SHARED(memory);
    unsigned char *shared = memory + (C::ALIGN > 128 ? cnn_to_aligned(memory) : 0);
    cnn_tile_place at = cnn_tile_place_of<C>(p.tiling);
    column col = column_of<C>(p, at);
    typename sums_of<C>::type sums;
    sums.clear();
    cnn_ring_sum<ring<C>>(p.tiling, at.split, shared, sums, [&](uint32_t slab, T *a, T *b) {
        read_gradient<C>(p, at, slab * C::K, a);
        read_source<C>(p, col, slab * C::K, b);
    });
    sums.each([&](uint32_t m, uint32_t n, float v) { write_sum<C>(p, at, at.m + m, at.n + n, v); });
}

template <class C>
__global__ void __launch_bounds__(C::THREADS, C::BLOCKS) weight_tile(product<typename C::T> p)
{
    if constexpr (C::ALIGN < (int)CNN_WGMMA_ALIGN || CNN_HAS_WGMMA)
        make_tile<C>(p);
}

/* dw += the parts, one after the other. */
__global__ void weight_finish(const float *partial, uint32_t splits, uint32_t filters,
                              uint32_t columns, uint32_t in, uint32_t taps, float *dw)
{
    size_t count = (size_t)filters * columns;
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count)
        return;
    float sum = cnn_sum_of_parts(partial, splits, count, at);
    uint32_t n = (uint32_t)(at % columns);
    dw[at - n + n % in * taps + n / in] += sum;
}

/* ---- starting ---------------------------------------------------------------------------------
 */

template <class C> static void start(struct cnn_queue *q, product<typename C::T> p)
{
    uint32_t filters = p.g.groups * p.g.out;
    p.tiling =
        cnn_tiling_of<C>(p.g.groups, p.g.out, p.columns, p.positions.count, CNN_BLOCKS_WANTED);
    if (p.tiling.splits > 1)
        p.partial = (float *)q->cuda->scratch;
    cnn_launch(q, "convolution weight gradient", weight_tile<C>, cnn_tiling_blocks(p.tiling),
               C::THREADS, cnn_ring_bytes<ring<C>>() + (C::ALIGN > 128 ? C::ALIGN : 0), p);
    if (p.tiling.splits > 1)
        cnn_launch(q, "convolution weight gradient: parts", weight_finish,
                   cnn_blocks((size_t)filters * p.columns, 256), 256, 0, (const float *)p.partial,
                   p.tiling.splits, filters, p.columns, p.g.in, p.taps, p.dw);
}

template <typename T, bool TENSOR, bool OUT_PACKS>
static void start_tile(struct cnn_queue *q, const product<T> &p, bool in_packs)
{
    bool small = p.g.out <= 64 || p.columns <= 64;
    if (small && in_packs)
        start<tile<T, 64, TENSOR, OUT_PACKS, true>>(q, p);
    else if (small)
        start<tile<T, 64, TENSOR, OUT_PACKS, false>>(q, p);
    else if (in_packs)
        start<tile<T, 128, TENSOR, OUT_PACKS, true>>(q, p);
    else
        start<tile<T, 128, TENSOR, OUT_PACKS, false>>(q, p);
}

static bool start_warpgroups(struct cnn_queue *q, const product<cnn_bf16> &p)
{
    if (!q->cuda->warpgroups || p.g.out <= 64 || p.columns <= 64)
        return false;
    start<warpgroup_tile<128>>(q, p);
    return true;
}

static bool start_warpgroups(struct cnn_queue *, const product<float> &)
{
    return false;
}

template <typename T>
static void weight(struct cnn_queue *q, const struct cnn_gather *g, const struct cnn_tensor *x,
                   const struct cnn_tensor *dy, struct cnn_tensor *dw)
{
    product<T> p = {};
    p.g = *g;
    p.positions = cnn_gather_positions_of(g);
    p.taps = g->h.taps * g->w.taps;
    p.columns = p.taps * g->in;
    if (!p.positions.count)
        return;
    p.x_c = (uint32_t)x->c;
    p.y_c = (uint32_t)dy->c;
    p.x = (const T *)x->data;
    p.dy = (const T *)dy->data;
    p.dw = (float *)dw->data;
    bool tensor = q->precision != CNN_PRECISION_FP32 && q->cuda->tensor_cores;
    bool out_packs = g->out % cnn_pack<T>::COUNT == 0, in_packs = g->in % cnn_pack<T>::COUNT == 0;
    if (tensor && out_packs && in_packs && start_warpgroups(q, p))
        return;
    if (tensor && out_packs)
        start_tile<T, true, true>(q, p, in_packs);
    else if (tensor)
        start_tile<T, true, false>(q, p, in_packs);
    else if (out_packs)
        start_tile<T, false, true>(q, p, in_packs);
    else
        start_tile<T, false, false>(q, p, in_packs);
}

} // namespace

void cnn_cuda_conv_weight(struct cnn_queue *q, const struct cnn_gather *g,
                          const struct cnn_tensor *x, const struct cnn_tensor *dy,
                          struct cnn_tensor *dw)
{
    if (!q->code)
        CNN_BY_TYPE(q, weight, q, g, x, dy, dw);
}
