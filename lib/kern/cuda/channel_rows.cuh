/* Going over the positions (n, h, w) of each channel. A thread stays with V channels, whose numbers
 * it keeps in registers, and takes every so many-th position of a chunk.
 *
 * Blocks are tiles of channels (x) times chunks of positions (y), cut by the shape alone. Where
 * channels lie side by side, a block is `across` threads of V channels times 256 / across
 * positions; in plain order it is 256 positions of one channel, and V = 1. */
#ifndef CNN_KERN_CUDA_CHANNEL_ROWS_CUH
#define CNN_KERN_CUDA_CHANNEL_ROWS_CUH

#include "kern/cuda/lanes.cuh"

enum { CNN_ROW_THREADS = 256 };

struct cnn_cut {
    uint32_t c, positions;
    uint32_t across;        /* a power of two, at most 32 */
    uint32_t chunk;         /* positions */
    uint32_t tiles, chunks; /* the grid */
    int together;           /* channels lie side by side */
    cnn_divisor hw;
};

/* Threads side by side for so many groups of channels: a warp at most, and few that idle. */
static inline uint32_t cnn_cut_across(size_t groups)
{
    uint32_t across = 1;
    while (across < 32 && across < groups)
        across *= 2;
    for (uint32_t less = across / 2; less >= 8; less /= 2)
        if (cnn_ceil(groups, less) * less < cnn_ceil(groups, across) * across)
            across = less;
    return across;
}

/* About `blocks` blocks, or fewer, so that a thread has `rows` positions or more. */
static inline struct cnn_cut cnn_cut_of(const struct cnn_tensor *t, size_t lanes, size_t blocks,
                                        size_t rows)
{
    struct cnn_cut k = {};
    size_t groups = t->c / lanes, positions = t->n * t->h * t->w;
    k.c = (uint32_t)t->c;
    k.positions = (uint32_t)positions;
    k.together = cnn_is_nhwc(t);
    k.hw = cnn_divisor_of(t->h * t->w);
    k.across = k.together ? cnn_cut_across(groups) : 1;
    k.tiles = (uint32_t)cnn_ceil(groups, k.across);
    size_t each = k.tiles < blocks ? cnn_ceil(positions, blocks / k.tiles) : positions;
    size_t least = rows * (CNN_ROW_THREADS / k.across);
    k.chunk = (uint32_t)(each > least ? each : least);
    k.chunks = (uint32_t)cnn_ceil(positions, k.chunk);
    return k;
}

/* A thread's channels c .. c + V - 1 and its positions first, first + step, ..., count of them. */
struct cnn_walk {
    uint32_t c, first, count, step;
};

template <int V> static __device__ inline cnn_walk cnn_walk_of(const cnn_cut &k)
{
    uint32_t begin = blockIdx.y * k.chunk, size = min(k.chunk, k.positions - begin);
    uint32_t row = threadIdx.x / k.across;
    cnn_walk w;
    w.c = (blockIdx.x * k.across + threadIdx.x % k.across) * V;
    w.first = begin + row;
    w.step = CNN_ROW_THREADS / k.across;
    w.count = w.c < k.c && row < size ? (size - row - 1) / w.step + 1 : 0;
    return w;
}

/* Where the i-th of these positions begins, its channels beside it. */
template <int V>
static __device__ inline uint32_t cnn_walk_place(const cnn_cut &k, const cnn_walk &w, uint32_t i)
{
    uint32_t p = w.first + i * w.step;
    if (V > 1 || k.together)
        return p * k.c + w.c;
    uint32_t n = cnn_divide(p, k.hw);
    return (n * k.c + w.c) * k.hw.by + p - n * k.hw.by;
}

/* f.rows(state, places) for positions begin .. end - 1 of a thread: F::ROWS at a time, so that what
 * they read is on its way together. */
template <typename F>
static __device__ inline void cnn_walk_rows(const F &f, typename F::state &s, const cnn_cut &k,
                                            const cnn_walk &w, uint32_t begin, uint32_t end)
{
    uint32_t i = begin, at[F::ROWS], last[1];
    for (; i + F::ROWS <= end; i += F::ROWS) {
        CNN_UNROLL
        for (int r = 0; r < F::ROWS; r++)
            at[r] = cnn_walk_place<F::LANES>(k, w, i + r);
        f.rows(s, at);
    }
    for (; i < end; i++) {
        last[0] = cnn_walk_place<F::LANES>(k, w, i);
        f.rows(s, last);
    }
}

/* F has LANES, ROWS, a type state, and
 *   state start(uint32_t c) const           what a thread keeps for its channels c ...
 *   void rows(state &, places [R]) const    for any R. */
template <typename F>
__global__ void __launch_bounds__(CNN_ROW_THREADS, 2) cnn_map_rows(F f, cnn_cut k)
{
    cnn_walk w = cnn_walk_of<F::LANES>(k);
    if (!w.count)
        return;
    typename F::state s = f.start(w.c);
    cnn_walk_rows(f, s, k, w, 0, w.count);
}

/* All of a tensor of t's shape and layout. */
template <typename F>
static void cnn_channel_map(struct cnn_queue *q, const char *name, const struct cnn_tensor *t, F f)
{
    enum { BLOCKS = 2048, ROWS = 8 };
    cnn_cut k = cnn_cut_of(t, F::LANES, BLOCKS, ROWS);
    cnn_launch(q, name, cnn_map_rows<F>, dim3(k.tiles, k.chunks), CNN_ROW_THREADS, 0, f, k);
}

#endif
