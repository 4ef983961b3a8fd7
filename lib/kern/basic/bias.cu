/* Biases of channels, y[n][c][h][w] += b[c], and their gradient,
 * db[c] += sum over n, h, w of dy[n][c][h][w]. */
#include "kern/cuda/channel_sums.cuh"
#include "kern/cuda/places.cuh"

namespace
{

template <typename T, int V> struct bias {
    enum { LANES = V, ROWS = cnn_pack<T>::COUNT, SUMS = 1 };
    const T *dy; /* (n, c, h, w) */
    float *db;   /* (c) */

    struct state {
        double part[1][V]; /* nothing else is to be done with what is read: that is time enough */
    };

    __device__ state start(uint32_t) const
    {
        return {};
    }

    __device__ void open(state &, uint32_t) const
    {
    }

    template <int R> __device__ void rows(state &s, const uint32_t (&at)[R]) const
    {
        float v[R][V];
        CNN_UNROLL
        for (int r = 0; r < R; r++)
            cnn_lanes_load(dy + at[r], v[r]);
        CNN_UNROLL
        for (int r = 0; r < R; r++) {
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                s.part[0][k] += v[r][k];
        }
    }

    __device__ void close(state &s, uint32_t, double (&sum)[1][V]) const
    {
        cnn_tile_add(s.part, sum);
    }

    __device__ void finish(uint32_t c, const double (&total)[1]) const
    {
        db[c] += (float)total[0];
    }
};

template <typename T, int V>
void run(struct cnn_queue *q, const struct cnn_tensor *dy, struct cnn_tensor *db)
{
    bias<T, V> f = {(const T *)dy->data, (float *)db->data};
    cnn_channel_sums(q, "bias_backward", dy, f);
}

enum { THREADS = 256 };

template <typename T, int V> __global__ void shift_kernel(const float *b, cnn_places to, T *y)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    float v[V];
    cnn_lanes_load(y + i * V, v);
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        v[k] += b[at.c + k];
    cnn_lanes_store(v, y + i * V);
}

template <typename T, int V>
void shift(struct cnn_queue *q, const struct cnn_tensor *b, struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, cnn_is_nhwc(y), V);
    cnn_launch(q, "bias_forward", shift_kernel<T, V>, cnn_blocks(places.count, THREADS), THREADS, 0,
               (const float *)b->data, places, (T *)y->data);
}

} // namespace

void cnn_cuda_bias_forward(struct cnn_queue *q, const struct cnn_tensor *b, struct cnn_tensor *y)
{
    CNN_BY_PACKS(q, cnn_is_nhwc(y), y->c, shift, q, b, y);
}

void cnn_cuda_bias_backward(struct cnn_queue *q, const struct cnn_tensor *dy, struct cnn_tensor *db)
{
    if (!q->code)
        CNN_BY_FOURS(q, cnn_is_nhwc(dy), dy->c, run, q, dy, db);
}
