/* Layer normalisation; see layernorm.c. A warp has a place. */
#include "kern/cuda/channel_sums.cuh"

namespace
{

enum { THREADS = 256, WARPS = THREADS / 32 };

/* Where places lie: channels `channel` apart, places of a sample `place`. */
struct rule {
    uint32_t c, count; /* channels, places of all samples */
    uint32_t channel, place;
    cnn_divisor hw;
    const float *gamma, *beta; /* (c); NULL: 1 and 0 */
};

rule rule_of(const struct cnn_tensor *x, const struct cnn_tensor *gamma,
             const struct cnn_tensor *beta)
{
    uint32_t c = (uint32_t)x->c, hw = (uint32_t)(x->h * x->w), together = cnn_is_nhwc(x);
    return {c,
            (uint32_t)x->n * hw,
            together ? 1 : hw,
            together ? c : 1,
            cnn_divisor_of(hw),
            gamma ? (const float *)gamma->data : NULL,
            beta ? (const float *)beta->data : NULL};
}

__device__ inline uint32_t first_of(const rule &r, uint32_t place)
{
    uint32_t n = cnn_divide(place, r.hw);
    return n * r.c * r.hw.by + (place - n * r.hw.by) * r.place;
}

__device__ inline float warp_sum(float v)
{
    for (int step = 16; step; step /= 2)
        v += __shfl_xor_sync(0xffffffffu, v, step);
    return v;
}

template <typename T>
__global__ void forward_kernel(rule r, float eps, const T *x, T *y, float *mean, float *inv)
{
    uint32_t place = blockIdx.x * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32;
    bool there = place < r.count;
    uint32_t at = there ? first_of(r, place) : 0, end = there ? r.c : 0;
    float sum = 0, squares = 0;
    for (uint32_t c = lane; c < end; c += 32)
        sum += cnn_float(x[at + c * r.channel]);
    float m = warp_sum(sum) / r.c;
    for (uint32_t c = lane; c < end; c += 32) {
        float d = cnn_float(x[at + c * r.channel]) - m;
        squares = fmaf(d, d, squares);
    }
    float s = 1 / sqrtf(warp_sum(squares) / r.c + eps);
    for (uint32_t c = lane; c < end; c += 32) {
        float v = (cnn_float(x[at + c * r.channel]) - m) * s;
        y[at + c * r.channel] =
            cnn_to<T>(v * (r.gamma ? r.gamma[c] : 1) + (r.beta ? r.beta[c] : 0));
    }
    if (there && !lane && mean) {
        mean[place] = m;
        inv[place] = s;
    }
}

template <typename T>
__global__ void backward_kernel(rule r, const T *x, const float *mean, const float *inv,
                                const T *dy, T *dx)
{
    uint32_t place = blockIdx.x * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32;
    bool there = place < r.count;
    uint32_t at = there ? first_of(r, place) : 0, end = there ? r.c : 0;
    float m = there ? mean[place] : 0, s = there ? inv[place] : 0, a = 0, b = 0;
    for (uint32_t c = lane; c < end; c += 32) {
        float d = cnn_float(dy[at + c * r.channel]) * (r.gamma ? r.gamma[c] : 1);
        a += d;
        b = fmaf(d, (cnn_float(x[at + c * r.channel]) - m) * s, b);
    }
    a = warp_sum(a) / r.c;
    b = warp_sum(b) / r.c;
    for (uint32_t c = lane; c < end; c += 32) {
        uint32_t i = at + c * r.channel;
        float z = (cnn_float(x[i]) - m) * s;
        float d = cnn_float(dy[i]) * (r.gamma ? r.gamma[c] : 1);
        dx[i] = cnn_to<T>((d - a - z * b) * s);
    }
}

/* Sums of dy z and of dy of each channel. */
template <typename T, int V> struct parameters {
    enum { LANES = V, ROWS = cnn_pack<T>::COUNT / 2, SUMS = 2 };
    rule r;
    cnn_divisor c;
    const T *x, *dy;
    const float *mean, *inv;
    float *dgamma, *dbeta;

    struct state {
        float part[2][V];
    };

    __device__ state start(uint32_t) const
    {
        return {};
    }

    __device__ void open(state &, uint32_t) const
    {
    }

    __device__ uint32_t place_of(uint32_t at) const
    {
        uint32_t row = cnn_divide(at, r.channel == 1 ? c : r.hw);
        return r.channel == 1 ? row : cnn_divide(row, c) * r.hw.by + at - row * r.hw.by;
    }

    template <int R> __device__ void rows(state &s, const uint32_t (&at)[R]) const
    {
        CNN_UNROLL
        for (int i = 0; i < R; i++) {
            float v[V], d[V];
            uint32_t place = place_of(at[i]);
            cnn_lanes_load(x + at[i], v);
            cnn_lanes_load(dy + at[i], d);
            CNN_UNROLL
            for (int k = 0; k < V; k++) {
                s.part[0][k] = fmaf(d[k], (v[k] - mean[place]) * inv[place], s.part[0][k]);
                s.part[1][k] += d[k];
            }
        }
    }

    __device__ void close(state &s, uint32_t, double (&sum)[2][V]) const
    {
        cnn_tile_add(s.part, sum);
    }

    __device__ void finish(uint32_t channel, const double (&total)[2]) const
    {
        if (dgamma)
            dgamma[channel] += (float)total[0];
        if (dbeta)
            dbeta[channel] += (float)total[1];
    }
};

template <typename T>
void forward(struct cnn_queue *q, const rule &r, double eps, const struct cnn_tensor *x, void *mean,
             void *inv, struct cnn_tensor *y)
{
    cnn_launch(q, "layernorm_forward", forward_kernel<T>, cnn_blocks(r.count, WARPS), THREADS, 0, r,
               (float)eps, (const T *)x->data, (T *)y->data, (float *)mean, (float *)inv);
}

template <typename T>
void backward(struct cnn_queue *q, const rule &r, const struct cnn_tensor *x, const void *mean,
              const void *inv, const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    cnn_launch(q, "layernorm_backward", backward_kernel<T>, cnn_blocks(r.count, WARPS), THREADS, 0,
               r, (const T *)x->data, (const float *)mean, (const float *)inv, (const T *)dy->data,
               (T *)dx->data);
}

template <typename T, int V>
void add_parameters(struct cnn_queue *q, const rule &r, const struct cnn_tensor *x,
                    const void *mean, const void *inv, const struct cnn_tensor *dy,
                    struct cnn_tensor *dgamma, struct cnn_tensor *dbeta)
{
    parameters<T, V> f = {r,
                          cnn_divisor_of(x->c),
                          (const T *)x->data,
                          (const T *)dy->data,
                          (const float *)mean,
                          (const float *)inv,
                          dgamma ? (float *)dgamma->data : NULL,
                          dbeta ? (float *)dbeta->data : NULL};
    cnn_channel_sums(q, "layernorm_backward", x, f);
}

} // namespace

size_t cnn_cuda_layernorm_work(struct cnn_queue *, const struct cnn_tensor *)
{
    return 0;
}

void cnn_cuda_layernorm_forward(struct cnn_queue *q, double eps, const struct cnn_tensor *x,
                                const struct cnn_tensor *gamma, const struct cnn_tensor *beta,
                                void *save_mean, void *save_invstd, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, forward, q, rule_of(x, gamma, beta), eps, x, save_mean, save_invstd, y);
}

void cnn_cuda_layernorm_backward(struct cnn_queue *q, const struct cnn_tensor *x,
                                 const struct cnn_tensor *gamma, const void *save_mean,
                                 const void *save_invstd, const struct cnn_tensor *dy,
                                 struct cnn_tensor *dx, struct cnn_tensor *dgamma,
                                 struct cnn_tensor *dbeta, void *)
{
    if (q->code)
        return;
    rule r = rule_of(x, gamma, NULL);
    if (dgamma || dbeta)
        CNN_BY_FOURS(q, cnn_is_nhwc(x), x->c, add_parameters, q, r, x, save_mean, save_invstd, dy,
                     dgamma, dbeta);
    if (dx)
        CNN_BY_TYPE(q, backward, q, r, x, save_mean, save_invstd, dy, dx);
}
