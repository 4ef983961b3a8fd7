/* Batch normalisation (Ioffe and Szegedy 2015, algorithms 1 and 2): over n, h, w of each channel,
 *   y = f((x - mean) invstd gamma + beta + add),   invstd = 1 / sqrt(var + eps).
 * Training reads x twice: for mean and variance, and to normalise.
 *
 * A tile's sums of x and x^2 are taken about its first number `near`, in single precision; then
 * moved, in double precision, to the channel's first number `origin`, so that they just add up. */
#include "kern/norm/batchnorm.cuh"
#include "kern/cuda/channel_sums.cuh"

namespace
{

struct statistics {
    double eps, momentum, count;                              /* count: n h w */
    float *running_mean, *running_var, *save_mean, *save_inv; /* (c) */
};

template <typename T, int V> struct moments {
    enum { LANES = V, ROWS = cnn_pack<T>::COUNT, SUMS = 2 };
    statistics to;
    const T *x;          /* (n, c, h, w) */
    size_t channel_step; /* from channel to channel */

    struct state {
        float origin[V], near[V];
        float part[2][V]; /* of x - near, and of its square */
    };

    __device__ state start(uint32_t c) const
    {
        state s = {};
        cnn_lanes_load(x + c * channel_step, s.origin);
        return s;
    }

    __device__ void open(state &s, uint32_t at) const
    {
        cnn_lanes_load(x + at, s.near);
    }

    template <int R> __device__ void rows(state &s, const uint32_t (&at)[R]) const
    {
        float v[R][V];
        CNN_UNROLL
        for (int r = 0; r < R; r++)
            cnn_lanes_load(x + at[r], v[r]);
        CNN_UNROLL
        for (int r = 0; r < R; r++) {
            CNN_UNROLL
            for (int k = 0; k < V; k++) {
                float d = v[r][k] - s.near[k];
                s.part[0][k] += d;
                s.part[1][k] = fmaf(d, d, s.part[1][k]);
            }
        }
    }

    /* With d = near - origin: x - origin = (x - near) + d. */
    __device__ void close(state &s, uint32_t rows, double (&sum)[2][V]) const
    {
        CNN_UNROLL
        for (int k = 0; k < V; k++) {
            double d = (double)s.near[k] - s.origin[k], moved = s.part[0][k], shift = rows * d;
            sum[0][k] += moved + shift;
            sum[1][k] += s.part[1][k] + d * (2 * moved + shift);
            s.part[0][k] = s.part[1][k] = 0;
        }
    }

    __device__ void finish(uint32_t c, const double (&total)[2]) const
    {
        double m = to.count, keep = 1 - to.momentum;
        double mean = cnn_float(x[c * channel_step]) + total[0] / m;
        double squares = total[1] - total[0] * total[0] / m;
        squares = squares < 0 ? 0 : squares;
        double unbiased = m > 1 ? squares / (m - 1) : 0;
        to.save_mean[c] = (float)mean;
        to.save_inv[c] = (float)(1 / sqrt(squares / m + to.eps));
        to.running_mean[c] = (float)(keep * to.running_mean[c] + to.momentum * mean);
        to.running_var[c] = (float)(keep * to.running_var[c] + to.momentum * unbiased);
    }
};

template <typename T, int V> struct normalise {
    enum { LANES = V, ROWS = cnn_pack<T>::COUNT };
    typedef cnn_bn_lanes<V> state;
    cnn_bn bn;
    cnn_after<T> after;
    const T *x; /* (n, c, h, w) */
    T *y;

    __device__ state start(uint32_t c) const
    {
        return cnn_bn_lanes_of<V>(bn, c);
    }

    template <int R> __device__ void rows(const state &a, const uint32_t (&at)[R]) const
    {
        cnn_pack<T, V> in[R], add[R];
        CNN_UNROLL
        for (int r = 0; r < R; r++) {
            in[r] = cnn_lanes_at<V>(x + at[r]);
            if (after.add)
                add[r] = cnn_lanes_at<V>(after.add + at[r]);
        }
        CNN_UNROLL
        for (int r = 0; r < R; r++) {
            float v[V];
            cnn_lanes_float(in[r], v);
            cnn_bn_apply(a, v, v);
            CNN_UNROLL
            for (int k = 0; k < V && after.add; k++)
                v[k] += cnn_float(add[r].v[k]);
            cnn_lanes_activate(after.f, after.a, v);
            cnn_lanes_store(v, y + at[r]);
        }
    }
};

template <typename T, int V>
void take_moments(struct cnn_queue *q, const statistics &to, const struct cnn_tensor *x)
{
    moments<T, V> f = {to, (const T *)x->data, cnn_is_nhwc(x) ? 1 : x->h * x->w};
    cnn_channel_sums(q, "batchnorm_train", x, f);
}

template <typename T, int V>
void apply(struct cnn_queue *q, const char *name, const cnn_bn &bn, const struct cnn_tensor *x,
           const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    normalise<T, V> f = {bn, cnn_after_of<T>(e), (const T *)x->data, (T *)y->data};
    cnn_channel_map(q, name, x, f);
}

} // namespace

void cnn_cuda_batchnorm_train(struct cnn_queue *q, double eps, double momentum,
                              const struct cnn_tensor *x, const struct cnn_tensor *gamma,
                              const struct cnn_tensor *beta, struct cnn_tensor *running_mean,
                              struct cnn_tensor *running_var, void *save_mean, void *save_invstd,
                              const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    if (q->code)
        return;
    statistics to = {eps,
                     momentum,
                     (double)(x->n * x->h * x->w),
                     cnn_bn_data(running_mean),
                     cnn_bn_data(running_var),
                     (float *)save_mean,
                     (float *)save_invstd};
    cnn_bn bn = {cnn_bn_data(gamma), cnn_bn_data(beta), to.save_mean, to.save_inv, NULL, eps};
    CNN_BY_FOURS(q, cnn_is_nhwc(x), x->c, take_moments, q, to, x);
    CNN_BY_FOURS(q, cnn_is_nhwc(x), x->c, apply, q, "batchnorm_train", bn, x, e, y);
    cnn_after_rest(q, e, y);
}

void cnn_cuda_batchnorm_infer(struct cnn_queue *q, double eps, const struct cnn_tensor *x,
                              const struct cnn_tensor *gamma, const struct cnn_tensor *beta,
                              const struct cnn_tensor *running_mean,
                              const struct cnn_tensor *running_var, const struct cnn_epilogue *e,
                              struct cnn_tensor *y)
{
    if (q->code)
        return;
    cnn_bn bn = {cnn_bn_data(gamma),        cnn_bn_data(beta),
                 cnn_bn_data(running_mean), NULL,
                 cnn_bn_data(running_var),  eps};
    CNN_BY_FOURS(q, cnn_is_nhwc(x), x->c, apply, q, "batchnorm_infer", bn, x, e, y);
    cnn_after_rest(q, e, y);
}
