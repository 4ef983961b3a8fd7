/* Matrix products as blocks of threads make them, for sides that are gathered: a block has a tile
 * of the result, rows x columns. Slabs along k of both sides go through a ring of shared memory,
 * ahead of the arithmetic. Where tensor cores serve (bfloat16, TF32) each
 * warp multiplies fragments of 16 x 8; else each thread has some of the sums. Products with too few
 * tiles for a large device are cut along k, and the parts are added in order.
 *
 * How a slab lies in shared memory is each product's own; S says it:
 *
 *     unit                          bytes or numbers, in which the next two count
 *     A, B                          the left side of a slab, and the right behind it
 *     STAGES                        slabs in the ring
 *     void load_a(f, a, m, i, k)    a fragment: 16 rows from m + i on, 32 bytes from k on
 *     void load_b(f, b, n, j, k)    two fragments: 16 columns from n + j on, 32 bytes from k on
 *     void multiply(c, a, b)        c += a b for a thread's sums, without tensor cores
 *
 * i, j and k are constants when loops are unrolled, and stay apart so that addresses show it. */
#ifndef CNN_KERN_CONV_TILE_CUH
#define CNN_KERN_CONV_TILE_CUH

#include "kern/cuda/wgmma.cuh"

enum {
    CNN_SLAB = 64, /* bytes of k */
    CNN_STAGES = 3,
    CNN_BLOCKS_WANTED = 256, /* for a large device */
};

/* A tile of M x N sums of products of numbers of type T. */
template <typename NUMBER, int M, int N, bool TENSOR_CORES> struct cnn_tile {
    typedef NUMBER T;
    enum {
        BM = M,
        BN = N,
        TENSOR = TENSOR_CORES,
        K = CNN_SLAB / (int)sizeof(T), /* numbers of k in a slab */
        THREADS = M * N >= 128 * 64 ? 256 : 128,
        BLOCKS = 1,                        /* at least, on a processor */
        WARPS_N = N == 128 ? 4 : 2,        /* warps side by side */
        WM = M / (THREADS / 32 / WARPS_N), /* a warp's rows */
        WN = N / WARPS_N,                  /* and columns */
        TX = 16,                           /* without tensor cores: threads side by side */
        TY = THREADS / TX,
        TM = M / TY, /* a thread's rows, TY apart */
        TN = N / TX, /* and columns, TX apart */
    };
};

/* A tile of bfloat16 for warpgroups, which have 64 rows each (wgmma.cuh). */
template <int M, int N> struct cnn_warpgroup_tile {
    typedef cnn_bf16 T;
    enum {
        BM = M,
        BN = N,
        K = 64,
        THREADS = M * 2,
        WN = N,                       /* a warp's columns */
        BLOCKS = N > 128 ? 1 : 2,     /* that share a processor, */
        STAGES = BLOCKS == 1 ? 4 : 3, /* with stages of 48 KiB, or of 32 at most */
    };
};

/* Bytes to where slabs may begin. */
static __device__ inline uint32_t cnn_to_aligned(const unsigned char *shared)
{
    return (CNN_WGMMA_ALIGN - cnn_shared_address(shared) % CNN_WGMMA_ALIGN) % CNN_WGMMA_ALIGN;
}

/* How the products of all groups are cut. */
struct cnn_tiling {
    uint32_t groups, tiles_m, tiles_n; /* tiles_m, tiles_n: of a group */
    uint32_t slabs, slabs_each;        /* of k; of a part */
    uint32_t splits;                   /* parts of k */
};

/* m x n sums over k numbers for each group. Fewer than `few` tiles are cut along k; then their
 * parts fit a queue's scratch. */
template <class C>
static cnn_tiling cnn_tiling_of(size_t groups, size_t m, size_t n, size_t k, size_t few)
{
    static_assert(sizeof(float) * CNN_BLOCKS_WANTED * C::BM * C::BN <= CNN_CUDA_SCRATCH,
                  "parts of products do not fit");
    size_t tiles_m = cnn_ceil(m, C::BM), tiles_n = cnn_ceil(n, C::BN), slabs = cnn_ceil(k, C::K);
    size_t tiles = tiles_m * tiles_n * groups;
    size_t splits = tiles < few ? CNN_BLOCKS_WANTED / tiles : 1;
    splits = slabs / 8 < splits ? slabs / 8 : splits;
    size_t each = cnn_ceil(slabs, splits ? splits : 1);
    return {(uint32_t)groups, (uint32_t)tiles_m, (uint32_t)tiles_n,
            (uint32_t)slabs,  (uint32_t)each,    (uint32_t)(each ? cnn_ceil(slabs, each) : 1)};
}

static inline dim3 cnn_tiling_blocks(const cnn_tiling &t)
{
    return dim3(t.tiles_m * t.tiles_n * t.groups * t.splits);
}

/* A block's tile. */
struct cnn_tile_place {
    uint32_t group, split, m, n; /* m, n: first row and column */
};

template <class C> static __device__ inline cnn_tile_place cnn_tile_place_of(const cnn_tiling &t)
{
    uint32_t b = blockIdx.x, tiles = t.tiles_m * t.tiles_n;
    uint32_t tile = b % tiles, rest = b / tiles;
    return {rest % t.groups, rest / t.groups, tile / t.tiles_n * C::BM, tile % t.tiles_n * C::BN};
}

/* What sums have beside them: a slab is multiplied between begin and end, in between which the next
 * is asked for; and copied() is called by each thread before the barrier that shows its copies to
 * all. */
struct cnn_sums_base {
    __device__ static void copied()
    {
    }
};

/* ---- sums -------------------------------------------------------------------------------------
 */

/* f(row, column, sum) for this thread's of MI x NI fragments that begin at (m, n). */
template <int MI, int NI, typename F>
static __device__ inline void cnn_each_fragment(const float c[MI][NI][4], uint32_t m, uint32_t n,
                                                F f)
{
#pragma unroll
    for (int i = 0; i < MI; i++)
#pragma unroll
        for (int j = 0; j < NI; j++)
#pragma unroll
            for (int e = 0; e < 4; e++)
                f(m + i * 16 + cnn_fragment_row(e), n + j * 8 + cnn_fragment_column(e), c[i][j][e]);
}

/* A warp's sums, on tensor cores. */
template <class C, class S> struct cnn_fragments : cnn_sums_base {
    enum { MI = C::WM / 16, NI = C::WN / 8 };
    float c[MI][NI][4];
    __device__ void clear()
    {
        cnn_clear<MI, NI>(c);
    }
    /* Where the warp's sums begin in the tile. */
    __device__ static uint32_t warp_m()
    {
        return threadIdx.x / 32 / C::WARPS_N * C::WM;
    }
    __device__ static uint32_t warp_n()
    {
        return threadIdx.x / 32 % C::WARPS_N * C::WN;
    }
    __device__ void begin(const typename S::unit *, const typename S::unit *)
    {
    }
    __device__ void end(const typename S::unit *a, const typename S::unit *b)
    {
#pragma unroll
        for (int k = 0; k < CNN_SLAB; k += 32) {
            uint32_t fa[MI][4], fb[NI / 2][4];
#pragma unroll
            for (int i = 0; i < MI; i++)
                S::load_a(fa[i], a, warp_m(), i * 16, k);
#pragma unroll
            for (int j = 0; j < NI / 2; j++)
                S::load_b(fb[j], b, warp_n(), j * 16, k);
            cnn_multiply<MI, NI>(c, fa, fb, typename C::T());
        }
    }
    /* f(row of the tile, column of the tile, sum) for this thread's. */
    template <typename F> __device__ void each(F f) const
    {
        cnn_each_fragment<MI, NI>(c, warp_m(), warp_n(), f);
    }
};

/* A thread's sums, in float32. */
template <class C, class S> struct cnn_registers : cnn_sums_base {
    float c[C::TM][C::TN];
    __device__ void clear()
    {
#pragma unroll
        for (int i = 0; i < C::TM * C::TN; i++)
            c[i / C::TN][i % C::TN] = 0;
    }
    __device__ void begin(const typename S::unit *, const typename S::unit *)
    {
    }
    __device__ void end(const typename S::unit *a, const typename S::unit *b)
    {
        S::multiply(c, a, b);
    }
    template <typename F> __device__ void each(F f) const
    {
#pragma unroll
        for (int i = 0; i < C::TM; i++)
#pragma unroll
            for (int j = 0; j < C::TN; j++)
                f(threadIdx.x / C::TX + i * C::TY, threadIdx.x % C::TX + j * C::TX, c[i][j]);
    }
};

/* A warpgroup's sums: each of its warps has 16 rows and all columns. S says how the sides lie:
 *
 *     BY_K, STEP                    as cnn_wgmma takes them, and what 16 of k are in a side's word
 *     uint64_t left(a), right(b)    the warpgroup's 64 rows; all columns */
template <class C, class S> struct cnn_warpgroup_sums {
    enum { MI = 1, NI = C::BN / 8 };
    float c[MI][NI][4];
    __device__ void clear()
    {
        cnn_clear<MI, NI>(c);
    }
    __device__ static uint32_t warp_m()
    {
        return threadIdx.x / 32 * 16;
    }
    __device__ static uint32_t warp_n()
    {
        return 0;
    }
    __device__ static void copied()
    {
        cnn_wgmma_copied();
    }
    __device__ void begin(const typename S::unit *a, const typename S::unit *b)
    {
        uint64_t left = S::left(a), right = S::right(b);
        cnn_wgmma_begin();
#pragma unroll
        for (int k = 0; k < C::K / 16; k++)
            cnn_wgmma<S::BY_K>(c[0], left + k * S::STEP, right + k * S::STEP);
        cnn_wgmma_start();
    }
    __device__ void end(const typename S::unit *, const typename S::unit *)
    {
        cnn_wgmma_wait();
    }
    template <typename F> __device__ void each(F f) const
    {
        cnn_each_fragment<MI, NI>(c, warp_m(), warp_n(), f);
    }
};

template <class C, class S, bool TENSOR = C::TENSOR> struct cnn_sums {
    typedef cnn_registers<C, S> type;
};
template <class C, class S> struct cnn_sums<C, S, true> {
    typedef cnn_fragments<C, S> type;
};

/* ---- slabs ------------------------------------------------------------------------------------
 */

template <class S> constexpr size_t cnn_ring_bytes()
{
    return S::STAGES * (S::A + S::B) * sizeof(typename S::unit);
}

/* sums += a part's slabs. read(slab, a, b) brings one to shared memory, by copies that end later.
 */
template <class S, typename SUMS, typename READ>
static __device__ inline void cnn_ring_sum(const cnn_tiling &t, uint32_t split,
                                           unsigned char *shared, SUMS &sums, READ read)
{
    enum { AHEAD = S::STAGES - 1 };
    typename S::unit *ring = (typename S::unit *)shared;
    uint32_t first = split * t.slabs_each, end = min(first + t.slabs_each, t.slabs);
    /* Of a slab that is behind the last one only the group of copies is there, and empty. */
    auto ask = [&](uint32_t slab) {
        typename S::unit *a = ring + slab % S::STAGES * (S::A + S::B);
        if (slab < end)
            read(slab, a, a + S::A);
        cnn_copies_end();
    };
    for (uint32_t slab = first; slab < first + AHEAD; slab++)
        ask(slab);
    for (uint32_t slab = first; slab < end; slab++) {
        const typename S::unit *a = ring + slab % S::STAGES * (S::A + S::B);
        cnn_copies_wait<AHEAD - 1>();
        SUMS::copied();
        __syncthreads();
        sums.begin(a, a + S::A);
        ask(slab + AHEAD);
        sums.end(a, a + S::A);
    }
}

/* The sum whose parts partial (splits, count) has at `at`. */
static __device__ inline float cnn_sum_of_parts(const float *partial, uint32_t splits, size_t count,
                                                size_t at)
{
    float sum = 0;
    for (uint32_t s = 0; s < splits; s++)
        sum += partial[s * count + at];
    return sum;
}

#endif
