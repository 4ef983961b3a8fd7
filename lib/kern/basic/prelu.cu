/* Rectified units with learned slopes; see prelu.c. */
#include "kern/cuda/channel_sums.cuh"
#include "kern/cuda/places.cuh"

namespace
{

enum { THREADS = 256 };

/* y = x > 0 ? from : w from, from being x or dy. step: 0 where there is one slope. */
template <typename T, int V>
__global__ void apply_kernel(uint32_t step, const float *w, cnn_places to, const T *x,
                             const T *from, T *y)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    float v[V], u[V];
    cnn_lanes_load(x + i * V, v);
    cnn_lanes_load(from + i * V, u);
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        u[k] = v[k] > 0 ? u[k] : w[(at.c + k) * step] * u[k];
    cnn_lanes_store(u, y + i * V);
}

template <typename T, int V>
void apply(struct cnn_queue *q, const char *name, const struct cnn_tensor *x,
           const struct cnn_tensor *w, const struct cnn_tensor *from, struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, cnn_is_nhwc(y), V);
    cnn_launch(q, name, apply_kernel<T, V>, cnn_blocks(places.count, THREADS), THREADS, 0,
               cnn_tensor_count(w) > 1, (const float *)w->data, places, (const T *)x->data,
               (const T *)from->data, (T *)y->data);
}

template <typename T, int V> struct slopes {
    enum { LANES = V, ROWS = cnn_pack<T>::COUNT / 2, SUMS = 1 };
    const T *x, *dy; /* (n, c, h, w) */
    float *dw;       /* (c) */
    double *each;    /* (c): where there is one slope, what is to be added up for it; else NULL */

    struct state {
        float part[1][V];
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
        CNN_UNROLL
        for (int r = 0; r < R; r++) {
            float v[V], d[V];
            cnn_lanes_load(x + at[r], v);
            cnn_lanes_load(dy + at[r], d);
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                s.part[0][k] += v[k] > 0 ? 0 : v[k] * d[k];
        }
    }

    __device__ void close(state &s, uint32_t, double (&sum)[1][V]) const
    {
        cnn_tile_add(s.part, sum);
    }

    __device__ void finish(uint32_t c, const double (&total)[1]) const
    {
        if (each)
            each[c] = total[0];
        else
            dw[c] += (float)total[0];
    }
};

/* The sum of all channels' to the one slope. */
__global__ void join_kernel(uint32_t c, const double *each, float *dw)
{
    double sum = 0;
    for (uint32_t i = 0; i < c; i++)
        sum += each[i];
    *dw += (float)sum;
}

template <typename T, int V>
void slope_gradient(struct cnn_queue *q, const struct cnn_tensor *x, const struct cnn_tensor *dy,
                    struct cnn_tensor *dw)
{
    int shared = cnn_tensor_count(dw) == 1 && x->c > 1;
    double *each = shared ? (double *)((char *)q->cuda->scratch + CNN_SUM_BYTES) : NULL;
    slopes<T, V> f = {(const T *)x->data, (const T *)dy->data, (float *)dw->data, each};
    cnn_channel_sums(q, "prelu_backward", x, f);
    if (shared)
        cnn_launch(q, "prelu_backward", join_kernel, dim3(1), 1, 0, (uint32_t)x->c,
                   (const double *)each, (float *)dw->data);
}

} // namespace

size_t cnn_cuda_prelu_work(struct cnn_queue *, const struct cnn_tensor *)
{
    return 0;
}

void cnn_cuda_prelu_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                            const struct cnn_tensor *w, struct cnn_tensor *y)
{
    CNN_BY_PACKS(q, cnn_is_nhwc(y), y->c, apply, q, "prelu_forward", x, w, x, y);
}

void cnn_cuda_prelu_backward(struct cnn_queue *q, const struct cnn_tensor *x,
                             const struct cnn_tensor *w, const struct cnn_tensor *dy,
                             struct cnn_tensor *dx, struct cnn_tensor *dw, void *)
{
    if (q->code)
        return;
    if (dw)
        CNN_BY_FOURS(q, cnn_is_nhwc(x), x->c, slope_gradient, q, x, dy, dw);
    if (dx)
        CNN_BY_PACKS(q, cnn_is_nhwc(x), x->c, apply, q, "prelu_backward", x, w, dy, dx);
}
