/* Sums over n, h, w of each channel: in single precision over a tile of a thread's positions, in
 * double precision from there on; over the threads of a block, and over the blocks of a channel by
 * a second kernel. The order of all of it is that of the cut (channel_rows.cuh). */
#ifndef CNN_KERN_CUDA_CHANNEL_SUMS_CUH
#define CNN_KERN_CUDA_CHANNEL_SUMS_CUH

#include "kern/cuda/channel_rows.cuh"

enum {
    CNN_SUM_TILE = 32,     /* positions of a thread */
    CNN_SUM_BLOCKS = 1024, /* about, of the first kernel */
    CNN_SUM_TOGETHER = 4,  /* channels that a block of the second one adds up */
    CNN_SUM_BYTES = CNN_SUM_BLOCKS * 2 * 8 * CNN_ROW_THREADS, /* of scratch, at most */
};

/* Adds the sums of threads with the same channels, that is the same threadIdx.x % across; the
 * first across * V threads get the totals of a channel each. */
template <int S, int V>
static __device__ inline void cnn_block_sums(uint32_t across, const double (&sum)[S][V],
                                             double (&total)[S])
{
    enum { WARPS = CNN_ROW_THREADS / 32 };
    CNN_SHARED(double, part, CNN_ROW_THREADS *V); /* (WARPS, across * V) */
    uint32_t lane = threadIdx.x % 32, width = across * V;
    double *own = part + threadIdx.x / 32 * width + lane * V;
    CNN_UNROLL
    for (int s = 0; s < S; s++) {
        CNN_UNROLL
        for (int k = 0; k < V; k++) {
            double v = sum[s][k];
            for (uint32_t apart = 16; apart >= across; apart /= 2)
                v += __shfl_xor_sync(0xffffffffu, v, (int)apart);
            if (lane < across)
                own[k] = v;
        }
        __syncthreads();
        total[s] = 0;
        for (int i = 0; i < WARPS && threadIdx.x < width; i++)
            total[s] += part[i * width + threadIdx.x];
        __syncthreads();
    }
}

/* F is as in channel_rows.cuh, and has SUMS and
 *   void open(state &, uint32_t at) const                    a tile begins, at this place
 *   void close(state &, uint32_t rows, double sum[SUMS][LANES]) const
 *                                                            it ends, after so many positions
 *   void finish(uint32_t c, const double total[SUMS]) const  for each channel at last. */
template <typename F>
__global__ void __launch_bounds__(CNN_ROW_THREADS, 2)
    cnn_sum_rows(F f, cnn_cut k, double *partial /* (chunks, SUMS, c) */)
{
    enum { S = F::SUMS, V = F::LANES };
    cnn_walk w = cnn_walk_of<V>(k);
    double sum[S][V] = {}, total[S];
    if (w.count) {
        typename F::state s = f.start(w.c);
        for (uint32_t i = 0; i < w.count; i += CNN_SUM_TILE) {
            uint32_t rows = min((uint32_t)CNN_SUM_TILE, w.count - i);
            f.open(s, cnn_walk_place<V>(k, w, i));
            cnn_walk_rows(f, s, k, w, i, i + rows);
            f.close(s, rows, sum);
        }
    }
    cnn_block_sums(k.across, sum, total);
    uint32_t width = k.across * V, c = blockIdx.x * width + threadIdx.x;
    if (threadIdx.x >= width || c >= k.c)
        return;
    if (k.chunks == 1)
        f.finish(c, total);
    for (int s = 0; s < S && k.chunks > 1; s++)
        partial[(blockIdx.y * S + s) * k.c + c] = total[s];
}

template <typename F>
__global__ void __launch_bounds__(CNN_ROW_THREADS)
    cnn_sum_chunks(F f, uint32_t c, uint32_t chunks, const double *partial)
{
    enum { S = F::SUMS };
    uint32_t channel = blockIdx.x * CNN_SUM_TOGETHER + threadIdx.x % CNN_SUM_TOGETHER;
    uint32_t end = channel < c ? chunks : 0, step = CNN_ROW_THREADS / CNN_SUM_TOGETHER;
    double sum[S][1] = {}, total[S];
    CNN_UNROLL_8
    for (uint32_t i = threadIdx.x / CNN_SUM_TOGETHER; i < end; i += step) {
        CNN_UNROLL
        for (int s = 0; s < S; s++)
            sum[s][0] += partial[(i * S + s) * c + channel];
    }
    cnn_block_sums(CNN_SUM_TOGETHER, sum, total);
    if (threadIdx.x < CNN_SUM_TOGETHER && channel < c)
        f.finish(channel, total);
}

/* Over a tensor of t's shape and layout. Partial sums take the first CNN_SUM_BYTES of scratch. */
template <typename F>
static void cnn_channel_sums(struct cnn_queue *q, const char *name, const struct cnn_tensor *t, F f)
{
    enum { ROWS = 16 };
    cnn_cut k = cnn_cut_of(t, F::LANES, CNN_SUM_BLOCKS, ROWS);
    double *partial = (double *)q->cuda->scratch;
    cnn_launch(q, name, cnn_sum_rows<F>, dim3(k.tiles, k.chunks), CNN_ROW_THREADS, 0, f, k,
               partial);
    if (k.chunks > 1)
        cnn_launch(q, name, cnn_sum_chunks<F>, cnn_blocks(k.c, CNN_SUM_TOGETHER), CNN_ROW_THREADS,
                   0, f, k.c, k.chunks, partial);
}

/* A tile's sums as they are. */
template <int S, int V, typename P>
static __device__ inline void cnn_tile_add(P (&part)[S][V], double (&sum)[S][V])
{
    CNN_UNROLL
    for (int s = 0; s < S; s++) {
        CNN_UNROLL
        for (int k = 0; k < V; k++) {
            sum[s][k] += part[s][k];
            part[s][k] = 0;
        }
    }
}

#endif
