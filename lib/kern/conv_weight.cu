/* The weight gradient as a matrix product: channels of dy x columns (taps x channels of x), summed
 * over positions, which are gathered slab by slab. Both sides lie in shared memory as they come, a
 * position a row, so that fragments are read transposed. The sum over positions is cut into parts
 * that are added in order. */
#include "kern/conv_weight.cuh"
#include "kern/mma.cuh"

enum {
    SLAB = 64, /* bytes of k: 32 bfloat16 or 16 float32 positions */
    PAD = 8,   /* numbers behind each row in shared memory: rows then begin in different banks */
    STAGES = 3,
    WANTED = 256, /* blocks for a large device */
};

namespace
{

template <typename T> struct product {
    uint32_t groups, out, in;    /* channels of a group */
    uint32_t columns, positions; /* taps * in; of all samples */
    uint32_t kw, taps;
    uint32_t tiles_m, tiles_n, slabs, slabs_each, splits;
    cnn_divisor by_plane, by_row; /* positions of a sample; of a row */
    int32_t stride_h, stride_w, pad_h, pad_w, step_h, step_w;
    uint32_t in_h, in_w, x_c, y_c; /* x_c, y_c: channels of all groups */
    const T *x, *dy;
    float *dw, *partial; /* partial (splits, groups, out, columns); NULL: not cut */
};

template <typename NUMBER, int M, bool TENSOR_CORES, bool OUT_PACKS, bool IN_PACKS> struct tile {
    typedef NUMBER T;
    enum {
        BM = M,
        BN = M,
        TENSOR = TENSOR_CORES,
        OUT_EACH = OUT_PACKS ? cnn_pack<T>::COUNT : 1, /* numbers of dy read at once */
        IN_EACH = IN_PACKS ? cnn_pack<T>::COUNT : 1,   /* and of x */
        THREADS = M == 128 ? 256 : 128,
        K = SLAB / (int)sizeof(T), /* positions in a slab */
        PITCH = M + PAD,           /* numbers from row to row */
        WARPS_N = M == 128 ? 4 : 2,
        WM = M / (THREADS / 32 / WARPS_N),
        WN = M / WARPS_N,
        TX = 16,
        TY = THREADS / TX,
        TM = M / TY,
        TN = M / TX,
        SHARED = STAGES * 2 * K * PITCH * (int)sizeof(T)
    };
};

struct place {
    uint32_t group, split, m, n; /* m, n: first channel of dy, first column */
};

template <class C> __device__ place block_place(const product<typename C::T> &p)
{
    uint32_t b = blockIdx.x, tiles = p.tiles_m * p.tiles_n;
    uint32_t tile = b % tiles, rest = b / tiles;
    return {rest % p.groups, rest / p.groups, tile / p.tiles_n * C::BM, tile % p.tiles_n * C::BN};
}

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
__device__ void read_gradient(const product<typename C::T> &p, const place &b, uint32_t first,
                              typename C::T *to)
{
    enum { CHUNKS = C::BM / C::OUT_EACH };
#pragma unroll
    for (int i = 0; i < C::K * CHUNKS / C::THREADS; i++) {
        uint32_t t = threadIdx.x + (uint32_t)i * C::THREADS;
        uint32_t row = t / CHUNKS, at = t % CHUNKS * C::OUT_EACH;
        bool valid = first + row < p.positions && b.m + at < p.out;
        const typename C::T *from = p.dy + (first + row) * p.y_c + b.group * p.out + b.m + at;
        fetch<typename C::T, C::OUT_EACH>(to + row * C::PITCH + at, valid ? from : NULL, p.dy);
    }
}

/* A thread's column: what tap and channel it is. */
struct column {
    int32_t dh, dw;
    uint32_t c;
    bool valid;
};

template <class C> __device__ column column_of(const product<typename C::T> &p, const place &b)
{
    uint32_t n = b.n + threadIdx.x % (C::BN / C::IN_EACH) * C::IN_EACH, tap = n / p.in;
    return {(int32_t)(tap / p.kw) * p.step_h - p.pad_h, (int32_t)(tap % p.kw) * p.step_w - p.pad_w,
            b.group * p.in + n % p.in, n < p.columns};
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
        uint32_t n = cnn_divide(at, p.by_plane), in_plane = at - n * p.by_plane.by;
        uint32_t y = cnn_divide(in_plane, p.by_row), x = in_plane - y * p.by_row.by;
        uint32_t h = (uint32_t)((int32_t)y * p.stride_h + c.dh);
        uint32_t w = (uint32_t)((int32_t)x * p.stride_w + c.dw);
        bool valid = c.valid && at < p.positions && h < p.in_h && w < p.in_w;
        const typename C::T *from = p.x + ((n * p.in_h + h) * p.in_w + w) * p.x_c + c.c;
        fetch<typename C::T, C::IN_EACH>(to + row * C::PITCH + threadIdx.x % CHUNKS * C::IN_EACH,
                                         valid ? from : NULL, p.x);
    }
}

template <class C>
__device__ void write_sum(const product<typename C::T> &p, const place &b, uint32_t m, uint32_t n,
                          float v)
{
    if (m >= p.out || n >= p.columns)
        return;
    uint32_t filter = b.group * p.out + m;
    if (p.partial)
        p.partial[((size_t)b.split * p.groups * p.out + filter) * p.columns + n] = v;
    else
        p.dw[(size_t)filter * p.columns + n % p.in * p.taps + n / p.in] += v;
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

template <class C> struct fragments {
    typedef typename C::T T;
    enum { MI = C::WM / 16, NI = C::WN / 8, STEP = 32 / (int)sizeof(T) };
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
    __device__ void add(const T *a, const T *b)
    {
#pragma unroll
        for (int k = 0; k < C::K; k += STEP) {
            uint32_t fa[MI][4], fb[NI / 2][4];
#pragma unroll
            for (int i = 0; i < MI; i++)
                load_fragment<C::PITCH>(fa[i], a + k * C::PITCH + warp_m() + i * 16, true);
#pragma unroll
            for (int j = 0; j < NI / 2; j++)
                load_fragment<C::PITCH>(fb[j], b + k * C::PITCH + warp_n() + j * 16, false);
            cnn_multiply<MI, NI>(c, fa, fb, T());
        }
    }
    __device__ void write(const product<T> &p, const place &b) const
    {
        uint32_t lane = threadIdx.x % 32;
#pragma unroll
        for (int i = 0; i < MI; i++)
#pragma unroll
            for (int j = 0; j < NI; j++)
#pragma unroll
                for (int e = 0; e < 4; e++)
                    write_sum<C>(p, b, b.m + warp_m() + i * 16 + lane / 4 + e / 2 * 8,
                                 b.n + warp_n() + j * 8 + lane % 4 * 2 + e % 2, c[i][j][e]);
    }
};

template <class C> struct registers {
    typedef typename C::T T;
    float c[C::TM][C::TN];
    __device__ void clear()
    {
#pragma unroll
        for (int i = 0; i < C::TM * C::TN; i++)
            c[i / C::TN][i % C::TN] = 0;
    }
    __device__ void add(const T *a, const T *b)
    {
        a += threadIdx.x / C::TX;
        b += threadIdx.x % C::TX;
#pragma unroll 4
        for (int k = 0; k < C::K; k++, a += C::PITCH, b += C::PITCH) {
            float fb[C::TN];
#pragma unroll
            for (int j = 0; j < C::TN; j++)
                fb[j] = cnn_float(b[j * C::TX]);
#pragma unroll
            for (int i = 0; i < C::TM; i++) {
                float fa = cnn_float(a[i * C::TY]);
#pragma unroll
                for (int j = 0; j < C::TN; j++)
                    c[i][j] += fa * fb[j];
            }
        }
    }
    __device__ void write(const product<T> &p, const place &b) const
    {
#pragma unroll
        for (int i = 0; i < C::TM; i++)
#pragma unroll
            for (int j = 0; j < C::TN; j++)
                write_sum<C>(p, b, b.m + threadIdx.x / C::TX + i * C::TY,
                             b.n + threadIdx.x % C::TX + j * C::TX, c[i][j]);
    }
};

template <class C, bool TENSOR> struct sums_of {
    typedef registers<C> type;
};
template <class C> struct sums_of<C, true> {
    typedef fragments<C> type;
};

template <class C>
__global__ void __launch_bounds__(C::THREADS) weight_tile(product<typename C::T> p)
{
    typedef typename C::T T;
    CNN_DYNAMIC_SHARED(shared);
    place b = block_place<C>(p);
    uint32_t first = b.split * p.slabs_each;
    uint32_t end = first + p.slabs_each < p.slabs ? first + p.slabs_each : p.slabs;
    column col = column_of<C>(p, b);
    typename sums_of<C, C::TENSOR>::type sums;
    sums.clear();
    for (uint32_t slab = first; slab < end + STAGES - 1; slab++) {
        if (slab >= first + STAGES - 1) {
            cnn_copies_wait<STAGES - 2>();
            __syncthreads();
        }
        if (slab < end) {
            T *a = (T *)shared + slab % STAGES * (2 * C::K * C::PITCH);
            read_gradient<C>(p, b, slab * C::K, a);
            read_source<C>(p, col, slab * C::K, a + C::K * C::PITCH);
        }
        cnn_copies_end();
        if (slab >= first + STAGES - 1) {
            const T *a = (const T *)shared + (slab - (STAGES - 1)) % STAGES * (2 * C::K * C::PITCH);
            sums.add(a, a + C::K * C::PITCH);
        }
    }
    sums.write(p, b);
}

/* dw += the parts, one after the other. */
__global__ void weight_finish(const float *partial, uint32_t splits, uint32_t filters,
                              uint32_t columns, uint32_t in, uint32_t taps, float *dw)
{
    size_t count = (size_t)filters * columns;
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count)
        return;
    float sum = 0;
    for (uint32_t s = 0; s < splits; s++)
        sum += partial[s * count + at];
    uint32_t n = (uint32_t)(at % columns);
    dw[at - n + n % in * taps + n / in] += sum;
}

/* ---- starting ---------------------------------------------------------------------------------
 */

template <class C> static void start(struct cnn_queue *q, product<typename C::T> p)
{
    p.tiles_m = (uint32_t)cnn_ceil(p.out, C::BM);
    p.tiles_n = (uint32_t)cnn_ceil(p.columns, C::BN);
    p.slabs = (uint32_t)cnn_ceil(p.positions, C::K);
    size_t tiles = (size_t)p.tiles_m * p.tiles_n * p.groups;
    size_t splits = tiles < WANTED ? WANTED / tiles : 1;
    size_t room = CNN_CUDA_SCRATCH / sizeof(float) / ((size_t)p.groups * p.out * p.columns);
    splits = p.slabs / 8 < splits ? p.slabs / 8 : splits;
    splits = room < splits ? room : splits;
    p.slabs_each = (uint32_t)cnn_ceil(p.slabs, splits ? splits : 1);
    p.splits = (uint32_t)cnn_ceil(p.slabs, p.slabs_each);
    if (p.splits > 1)
        p.partial = (float *)q->cuda->scratch;
    cnn_launch(q, "convolution weight gradient", weight_tile<C>, dim3((unsigned)(tiles * p.splits)),
               C::THREADS, C::SHARED, p);
    if (p.splits > 1)
        cnn_launch(q, "convolution weight gradient: parts", weight_finish,
                   cnn_blocks((size_t)p.groups * p.out * p.columns, 256), 256, 0,
                   (const float *)p.partial, p.splits, p.groups * p.out, p.columns, p.in, p.taps,
                   p.dw);
}

template <typename T, bool TENSOR, bool OUT_PACKS>
static void start_tile(struct cnn_queue *q, const product<T> &p, bool in_packs)
{
    bool small = p.out <= 64 || p.columns <= 64;
    if (small && in_packs)
        start<tile<T, 64, TENSOR, OUT_PACKS, true>>(q, p);
    else if (small)
        start<tile<T, 64, TENSOR, OUT_PACKS, false>>(q, p);
    else if (in_packs)
        start<tile<T, 128, TENSOR, OUT_PACKS, true>>(q, p);
    else
        start<tile<T, 128, TENSOR, OUT_PACKS, false>>(q, p);
}

template <typename T>
static void weight(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                   const struct cnn_tensor *dy, struct cnn_tensor *dw)
{
    product<T> p = {};
    p.groups = (uint32_t)g->groups;
    p.out = (uint32_t)(g->out_c / g->groups);
    p.in = (uint32_t)(g->in_c / g->groups);
    p.kw = (uint32_t)g->kw;
    p.taps = (uint32_t)(g->kh * g->kw);
    p.columns = p.taps * p.in;
    p.positions = (uint32_t)(dy->n * dy->h * dy->w);
    if (!p.positions)
        return;
    p.by_plane = cnn_divisor_of(dy->h * dy->w);
    p.by_row = cnn_divisor_of(dy->w);
    p.stride_h = (int32_t)g->stride_h;
    p.stride_w = (int32_t)g->stride_w;
    p.pad_h = (int32_t)g->pad_top;
    p.pad_w = (int32_t)g->pad_left;
    p.step_h = (int32_t)g->dilation_h;
    p.step_w = (int32_t)g->dilation_w;
    p.in_h = (uint32_t)x->h;
    p.in_w = (uint32_t)x->w;
    p.x_c = (uint32_t)x->c;
    p.y_c = (uint32_t)dy->c;
    p.x = (const T *)x->data;
    p.dy = (const T *)dy->data;
    p.dw = (float *)dw->data;
    bool tensor = q->precision != CNN_PRECISION_FP32 && q->cuda->tensor_cores;
    bool out_packs = p.out % cnn_pack<T>::COUNT == 0, in_packs = p.in % cnn_pack<T>::COUNT == 0;
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

void cnn_cuda_conv_weight(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                          const struct cnn_tensor *dy, struct cnn_tensor *dw)
{
    if (!q->code)
        CNN_BY_TYPE(q, weight, q, g, x, dy, dw);
}
