/* What a gathered product (gather.cu) is given, and how slabs of both sides come to shared
 * memory and lie there: a row for each position of the result on the left, for each channel on the
 * right. Large products in bfloat16 go through the instructions that Hopper has for four warps
 * together (wgmma.cuh), with slabs of 128 bytes; they need no fragments of either side. */
#ifndef CNN_KERN_CONV_GATHER_SLABS_CUH
#define CNN_KERN_CONV_GATHER_SLABS_CUH

#include "kern/conv/gather.cuh"
#include "kern/conv/tile.cuh"
#include "kern/cuda/lanes.cuh"

namespace
{

/* What a kernel is given. */
template <typename T> struct product {
    cnn_gather g;
    cnn_gather_positions positions;
    cnn_tiling tiling;
    const T *x, *w;
    uint32_t x_sample, x_row, x_column; /* strides */
    T *y;
    uint32_t y_sample, y_row, y_column;
    const float *bias;
    cnn_after<T> after;
    float *partial; /* (splits, groups, positions, out); NULL: not cut */
};

template <typename NUMBER, int M, int N, bool TENSOR_CORES, bool PACKS>
struct tile : cnn_tile<NUMBER, M, N, TENSOR_CORES> {
    enum {
        WHOLE = PACKS, /* channels come in whole 16 bytes */
        EACH = cnn_pack<NUMBER>::COUNT,
        CHUNKS = CNN_SLAB / 16, /* of a row of a slab */
        ROW = CNN_SLAB + 16,    /* bytes from row to row: eight rows meet all banks once */
        ALIGN = 16,
        STAGES = CNN_STAGES,
    };
    /* Where a chunk of a row lies. */
    __device__ static uint32_t place(uint32_t row, uint32_t chunk)
    {
        return row * ROW + chunk * 16;
    }
};

template <int M, int N> struct warpgroup_tile : cnn_warpgroup_tile<M, N> {
    enum {
        WHOLE = 1,
        EACH = cnn_pack<cnn_bf16>::COUNT,
        CHUNKS = CNN_WGMMA_ROW / 16,
        ROW = CNN_WGMMA_ROW,
        ALIGN = CNN_WGMMA_ALIGN,
    };
    __device__ static uint32_t place(uint32_t row, uint32_t chunk)
    {
        return cnn_wgmma_place(row, chunk);
    }
};

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
    cnn_gather_position at = cnn_gather_position_at(p.positions, m);
    return {at.n * p.x_sample + group * p.g.in, (int32_t)at.h * p.g.h.stride + p.g.h.offset,
            (int32_t)at.w * p.g.w.stride + p.g.w.offset, m < p.positions.count};
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
    __device__ void start(const product<T> &p, const cnn_tile_place &b, uint32_t k)
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
            cnn_copy_later(a + C::place(row(i), threadIdx.x % C::CHUNKS), from ? from : p.x,
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
    __device__ void start(const product<T> &p, const cnn_tile_place &b, uint32_t first)
    {
        o = origin_of(p, b.group, b.m + threadIdx.x % C::BM);
        k = first + threadIdx.x / C::BM * EACH;
    }
    __device__ void read(const product<T> &p, unsigned char *a)
    {
        T *to = (T *)(a + threadIdx.x % C::BM * C::ROW) + threadIdx.x / C::BM * EACH;
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
__device__ void read_weights(const product<typename C::T> &p, const cnn_tile_place &b, uint32_t k,
                             unsigned char *to)
{
#pragma unroll
    for (int i = 0; i < C::BN * C::CHUNKS / C::THREADS; i++) {
        uint32_t t = threadIdx.x + (uint32_t)i * C::THREADS;
        uint32_t row = t / C::CHUNKS, at = k + t % C::CHUNKS * C::EACH, n = b.n + row;
        bool valid = n < p.g.out && at < p.g.row;
        const typename C::T *from =
            valid ? p.w + (size_t)(b.group * p.g.out + n) * p.g.row + at : p.w;
        cnn_copy_later(to + C::place(row, t % C::CHUNKS), from, valid);
    }
}

/* ---- in shared memory -------------------------------------------------------------------------
 */

/* As tile.cuh takes them. */
template <class C> struct ring {
    typedef unsigned char unit;
    enum { A = C::BM * C::ROW, B = C::BN * C::ROW, STAGES = C::STAGES };
};

template <class C> struct slabs : ring<C> {
    typedef cnn_pack<typename C::T> pack;
    typedef unsigned char unit;
    enum { ROW = C::ROW };
    __device__ static void load_a(uint32_t f[4], const unit *a, uint32_t m, int i, int k)
    {
        uint32_t lane = threadIdx.x % 32;
        cnn_load_matrices(f, a + (m + lane % 16) * ROW + lane / 16 * 16 + i * ROW + k);
    }
    __device__ static void load_b(uint32_t f[4], const unit *b, uint32_t n, int j, int k)
    {
        uint32_t lane = threadIdx.x % 32;
        cnn_load_matrices(f, b + (n + lane / 16 * 8 + lane % 8) * ROW + lane / 8 % 2 * 16 +
                                 j * ROW + k);
    }
    __device__ static void multiply(float c[C::TM][C::TN], const unit *a, const unit *b)
    {
        const unit *row_a = a + threadIdx.x / C::TX * ROW;
        const unit *row_b = b + threadIdx.x % C::TX * ROW;
#pragma unroll
        for (int k = 0; k < CNN_SLAB; k += 16) {
            pack pb[C::TN];
#pragma unroll
            for (int j = 0; j < C::TN; j++)
                pb[j] = *(const pack *)(row_b + j * C::TX * ROW + k);
#pragma unroll
            for (int i = 0; i < C::TM; i++) {
                pack pa = *(const pack *)(row_a + i * C::TY * ROW + k);
#pragma unroll
                for (int e = 0; e < C::EACH; e++)
#pragma unroll
                    for (int j = 0; j < C::TN; j++)
                        c[i][j] += cnn_float(pa.v[e]) * cnn_float(pb[j].v[e]);
            }
        }
    }
};

template <class C> struct warpgroup_slabs : ring<C> {
    enum { BY_K = 0, STEP = CNN_WGMMA_ROWS_STEP };
    __device__ static uint64_t left(const unsigned char *a)
    {
        return cnn_wgmma_rows(a + threadIdx.x / 128 * 64 * C::ROW);
    }
    __device__ static uint64_t right(const unsigned char *b)
    {
        return cnn_wgmma_rows(b);
    }
};

template <class C> struct sums_of {
    typedef typename cnn_sums<C, slabs<C>>::type type;
};
template <int M, int N> struct sums_of<warpgroup_tile<M, N>> {
    typedef warpgroup_tile<M, N> C;
    typedef cnn_warpgroup_sums<C, warpgroup_slabs<C>> type;
};

} // namespace

#endif
