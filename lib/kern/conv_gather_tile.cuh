/* What a gathered product (conv_gather.cu) is given, how it is cut into tiles, and how a block
 * brings slabs of both sides to shared memory. */
#ifndef CNN_KERN_CONV_GATHER_TILE_CUH
#define CNN_KERN_CONV_GATHER_TILE_CUH

#include "kern/conv_gather.cuh"
#include "kern/mma.cuh"

enum {
    SLAB = 64,       /* bytes of k in a slab */
    ROW = SLAB + 16, /* bytes from row to row in shared memory: eight rows meet all banks once */
    STAGES = 3,
    WANTED = 256, /* blocks for a large device */
};

namespace
{

/* What a kernel is given. */
template <typename T> struct product {
    cnn_gather g;
    uint32_t m, k;                     /* positions of all samples; numbers of k */
    uint32_t tiles_m, tiles_n, splits; /* parts of k */
    uint32_t slabs, slabs_each;        /* of k; of a part */
    cnn_divisor by_plane, by_row;      /* positions of a sample; of a row */
    const T *x, *w;
    uint32_t x_sample, x_row, x_column; /* strides */
    T *y;
    uint32_t y_sample, y_row, y_column;
    const float *bias;
    cnn_after<T> after;
    float *partial; /* (splits, groups, m, out); NULL: not cut */
};

template <typename NUMBER, int M, int N, bool TENSOR_CORES, bool PACKS> struct tile {
    typedef NUMBER T;
    enum {
        BM = M,
        BN = N,
        TENSOR = TENSOR_CORES,
        WHOLE = PACKS, /* channels come in whole 16 bytes */
        THREADS = M * N >= 128 * 64 ? 256 : 128,
        K = SLAB / (int)sizeof(T), /* numbers in a slab */
        EACH = cnn_pack<T>::COUNT, /* numbers read at once */
        CHUNKS = SLAB / 16,        /* of a row of a slab */
        WARPS = THREADS / 32,
        WARPS_N = N == 128 ? 4 : 2, /* warps side by side */
        WM = M / (WARPS / WARPS_N), /* a warp's positions */
        WN = N / WARPS_N,           /* and channels */
        TX = 16,                    /* without tensor cores: threads side by side */
        TY = THREADS / TX,
        TM = M / TY,
        TN = N / TX,
        SHARED = STAGES * (M + N) * ROW
    };
};

/* Where a block is. */
struct place {
    uint32_t group, split, m, n; /* m, n: first position and channel */
};

template <class C> __device__ place block_place(const product<typename C::T> &p)
{
    uint32_t b = blockIdx.x, tiles = p.tiles_m * p.tiles_n;
    uint32_t tile = b % tiles, rest = b / tiles;
    return {rest % p.g.groups, rest / p.g.groups, tile / p.tiles_n * C::BM,
            tile % p.tiles_n * C::BN};
}

/* ---- reading the source -----------------------------------------------------------------------
 */

/* A position of the result, as its first tap sees the source. */
struct origin {
    uint32_t sample; /* offset in x, the group's channels included */
    int32_t i, j;
    bool valid;
};

template <typename T> __device__ origin origin_of(const product<T> &p, uint32_t group, uint32_t m)
{
    uint32_t n = cnn_divide(m, p.by_plane), at = m - n * p.by_plane.by;
    uint32_t i = cnn_divide(at, p.by_row), j = at - i * p.by_row.by;
    return {n * p.x_sample + group * p.g.in, (int32_t)i * p.g.h.stride + p.g.h.offset,
            (int32_t)j * p.g.w.stride + p.g.w.offset, m < p.m};
}

/* Where along k a thread reads. */
struct tap {
    uint32_t r, s, c;
};

template <typename T> __device__ tap tap_at(const product<T> &p, uint32_t k)
{
    uint32_t at = k / p.g.in;
    return {at / p.g.w.taps, at % p.g.w.taps, k % p.g.in};
}

template <typename T> __device__ void advance(const product<T> &p, tap &t, uint32_t by)
{
    for (t.c += by; t.c >= p.g.in && t.r < p.g.h.taps; t.c -= p.g.in)
        if (++t.s == p.g.w.taps) {
            t.s = 0;
            t.r++;
        }
}

/* The number at that tap, NULL outside the source. */
template <typename T>
__device__ const T *source_at(const product<T> &p, const origin &o, const tap &t)
{
    int32_t i = o.i + (int32_t)t.r * p.g.h.step, j = o.j + (int32_t)t.s * p.g.w.step;
    if (!o.valid || t.r >= p.g.h.taps || (uint32_t)i >= p.g.h.source || (uint32_t)j >= p.g.w.source)
        return NULL;
    return p.x + o.sample + (uint32_t)i * p.x_row + (uint32_t)j * p.x_column + t.c;
}

/* Slabs of the source, in whole 16 bytes: a thread has one chunk of some rows. */
template <class C> struct packs_reader {
    typedef typename C::T T;
    enum { ROWS = C::BM * C::CHUNKS / C::THREADS };
    origin o[ROWS];
    tap at;
    __device__ void start(const product<T> &p, const place &b, uint32_t k)
    {
        for (int i = 0; i < ROWS; i++)
            o[i] = origin_of(p, b.group, b.m + row(i));
        at = tap_at(p, k + threadIdx.x % C::CHUNKS * C::EACH);
    }
    __device__ static uint32_t row(int i)
    {
        return (threadIdx.x + (uint32_t)i * C::THREADS) / C::CHUNKS;
    }
    __device__ void read(const product<T> &p, unsigned char *a)
    {
#pragma unroll
        for (int i = 0; i < ROWS; i++) {
            const T *from = source_at(p, o[i], at);
            cnn_copy_later(a + row(i) * ROW + threadIdx.x % C::CHUNKS * 16, from ? from : p.x,
                           from != NULL);
        }
        advance(p, at, C::K);
    }
};

/* Slabs of a source whose channels do not come in whole 16 bytes: a thread has part of one row. */
template <class C> struct numbers_reader {
    typedef typename C::T T;
    enum { EACH = C::K * C::BM / C::THREADS };
    origin o;
    uint32_t k;
    __device__ void start(const product<T> &p, const place &b, uint32_t first)
    {
        o = origin_of(p, b.group, b.m + threadIdx.x % C::BM);
        k = first + threadIdx.x / C::BM * EACH;
    }
    __device__ void read(const product<T> &p, unsigned char *a)
    {
        T *to = (T *)(a + threadIdx.x % C::BM * ROW) + threadIdx.x / C::BM * EACH;
        tap t = tap_at(p, k);
        for (int i = 0; i < EACH; i++) {
            const T *from = source_at(p, o, t);
            to[i] = from ? *from : cnn_to<T>(0);
            advance(p, t, 1);
        }
        k += C::K;
    }
};

template <class C, bool WHOLE> struct reader_of {
    typedef packs_reader<C> type;
};
template <class C> struct reader_of<C, false> {
    typedef numbers_reader<C> type;
};

/* A slab of the weights. */
template <class C>
__device__ void read_weights(const product<typename C::T> &p, const place &b, uint32_t k,
                             unsigned char *to)
{
#pragma unroll
    for (int i = 0; i < C::BN * C::CHUNKS / C::THREADS; i++) {
        uint32_t t = threadIdx.x + (uint32_t)i * C::THREADS;
        uint32_t row = t / C::CHUNKS, at = k + t % C::CHUNKS * C::EACH, n = b.n + row;
        bool valid = n < p.g.out && at < p.g.row;
        const typename C::T *from =
            valid ? p.w + (size_t)(b.group * p.g.out + n) * p.g.row + at : p.w;
        cnn_copy_later(to + row * ROW + t % C::CHUNKS * 16, from, valid);
    }
}

} // namespace

#endif
