/* Backward of batch normalisation and of what follows it. With dz the gradient before the
 * activation, z = (x - mean) invstd and m numbers a channel,
 *   dadd = dz,  dgamma += sum dz z,  dbeta += sum dz,
 *   dx = gamma invstd (dz - sum dz / m - z sum(dz z) / m)   through the batch's own statistics,
 *   dx = gamma invstd dz                                    with frozen ones.
 * One pass for the sums and one for dx. dz is made anew in each, from y or, where nothing is
 * added, from x; where it is wanted as dadd, the first pass writes it and the second reads it. */
#include "kern/norm/batchnorm.cuh"
#include "kern/cuda/channel_sums.cuh"

namespace
{

/* dz = dy f'(y). */
template <typename T, int V> struct gradient {
    const T *x, *y, *dy; /* (n, c, h, w); y NULL: not looked at */
    int f;
    float a;

    /* What is read of a position. */
    struct row {
        cnn_pack<T, V> x, y, dy;
    };

    template <int R> __device__ void read(const uint32_t (&at)[R], row (&in)[R]) const
    {
        CNN_UNROLL
        for (int r = 0; r < R; r++) {
            in[r].x = cnn_lanes_at<V>(x + at[r]);
            in[r].dy = cnn_lanes_at<V>(dy + at[r]);
            if (y)
                in[r].y = cnn_lanes_at<V>(y + at[r]);
        }
    }

    /* x - mean, and dz. */
    __device__ void of(const row &in, const cnn_bn_lanes<V> &bn, float (&d)[V],
                       float (&dz)[V]) const
    {
        float v[V];
        cnn_lanes_float(in.x, d);
        cnn_lanes_float(in.dy, dz);
        if (f != CNN_NO_ACTIVATION) {
            if (y) {
                cnn_lanes_float(in.y, v);
            } else {
                cnn_bn_apply(bn, d, v);
                cnn_lanes_activate(f, a, v);
            }
            cnn_lanes_gradient(f, a, v, dz);
        }
        CNN_UNROLL
        for (int k = 0; k < V; k++)
            d[k] -= bn.mean[k];
    }
};

/* The first pass: sums of dz and of dz (x - mean). */
template <typename T, int V> struct sums {
    enum { LANES = V, ROWS = cnn_pack<T>::COUNT / 2, SUMS = 2 };
    gradient<T, V> g;
    cnn_bn bn;
    T *dadd;               /* (n, c, h, w); NULL: not wanted */
    float *dgamma, *dbeta; /* (c); likewise */
    float *slant, *level;  /* (c), for the second pass; NULL: it needs none */
    double count;          /* n h w */

    struct state {
        cnn_bn_lanes<V> a;
        float part[2][V];
    };

    __device__ state start(uint32_t c) const
    {
        return {cnn_bn_lanes_of<V>(bn, c), {}};
    }

    __device__ void open(state &, uint32_t) const
    {
    }

    /* What is added up is what is written. */
    __device__ void write(float (&dz)[V], uint32_t at) const
    {
        CNN_UNROLL
        for (int k = 0; k < V; k++)
            dz[k] = cnn_float(cnn_to<T>(dz[k]));
        cnn_lanes_store(dz, dadd + at);
    }

    template <int R> __device__ void rows(state &s, const uint32_t (&at)[R]) const
    {
        typename gradient<T, V>::row in[R];
        g.read(at, in);
        CNN_UNROLL
        for (int r = 0; r < R; r++) {
            float d[V], dz[V];
            g.of(in[r], s.a, d, dz);
            if (dadd)
                write(dz, at[r]);
            CNN_UNROLL
            for (int k = 0; k < V; k++) {
                s.part[0][k] += dz[k];
                s.part[1][k] = fmaf(dz[k], d[k], s.part[1][k]);
            }
        }
    }

    __device__ void close(state &s, uint32_t, double (&sum)[2][V]) const
    {
        cnn_tile_add(s.part, sum);
    }

    __device__ void finish(uint32_t c, const double (&total)[2]) const
    {
        double inv = cnn_bn_inverse<double>(bn, c), dot = total[1] * inv;
        if (dgamma)
            dgamma[c] += (float)dot;
        if (dbeta)
            dbeta[c] += (float)total[0];
        if (!level)
            return;
        double scale = (bn.gamma ? bn.gamma[c] : 1) * inv / count;
        slant[c] = (float)(scale * inv * dot);
        level[c] = (float)(scale * total[0]);
    }
};

/* The second pass: dx = dz scale - (x - mean) slant - level. */
template <typename T, int V> struct input_gradient {
    enum { LANES = V, ROWS = cnn_pack<T>::COUNT / 2 };
    gradient<T, V> g;
    cnn_bn bn;
    const float *slant, *level; /* (c); NULL: zeros */
    T *dx;                      /* (n, c, h, w) */

    struct state {
        cnn_bn_lanes<V> a;
        float slant[V], level[V];
    };

    __device__ state start(uint32_t c) const
    {
        state s = {cnn_bn_lanes_of<V>(bn, c), {}, {}};
        CNN_UNROLL
        for (int k = 0; k < V && level; k++) {
            s.slant[k] = slant[c + k];
            s.level[k] = level[c + k];
        }
        return s;
    }

    template <int R> __device__ void rows(const state &s, const uint32_t (&at)[R]) const
    {
        typename gradient<T, V>::row in[R];
        g.read(at, in);
        CNN_UNROLL
        for (int r = 0; r < R; r++) {
            float d[V], dz[V];
            g.of(in[r], s.a, d, dz);
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                dz[k] = dz[k] * s.a.scale[k] - fmaf(d[k], s.slant[k], s.level[k]);
            cnn_lanes_store(dz, dx + at[r]);
        }
    }
};

/* What the kernels are given. */
struct call {
    const char *name;
    cnn_bn bn;
    int through; /* the statistics depend on x */
    const struct cnn_tensor *x, *y;
    const struct cnn_epilogue *e;
    const struct cnn_tensor *dy;
    struct cnn_tensor *dx, *dadd, *dgamma, *dbeta;
};

template <typename T> T *data_of(const struct cnn_tensor *t)
{
    return t ? (T *)t->data : NULL;
}

/* Whether the gradient is made of y: something was added, or f is no rectified unit. */
int looks_at_y(const struct cnn_epilogue *e)
{
    if (!e || !e->activate)
        return 0;
    enum cnn_activation_passing passing = cnn_activation_type(e->f)->passing;
    return e->add || (passing != CNN_PASSING_LIMITS && passing != CNN_PASSING_LEAKY);
}

template <typename T, int V> gradient<T, V> gradient_of(const call &k)
{
    cnn_after<T> after = cnn_after_of<T>(k.e);
    return {data_of<T>(k.x), looks_at_y(k.e) ? data_of<T>(k.y) : NULL, data_of<T>(k.dy), after.f,
            after.a};
}

/* slant and level (c) lie in scratch behind the partial sums. */
template <typename T, int V> void run(struct cnn_queue *q, const call &k)
{
    gradient<T, V> g = gradient_of<T, V>(k);
    float *slant = NULL, *level = NULL;
    if (k.through && k.dx) {
        slant = (float *)((char *)q->cuda->scratch + CNN_SUM_BYTES);
        level = slant + k.x->c;
    }
    if (k.dgamma || k.dbeta || k.dadd || level) {
        sums<T, V> f = {g,
                        k.bn,
                        data_of<T>(k.dadd),
                        data_of<float>(k.dgamma),
                        data_of<float>(k.dbeta),
                        slant,
                        level,
                        (double)(k.x->n * k.x->h * k.x->w)};
        cnn_channel_sums(q, k.name, k.x, f);
    }
    if (k.dadd)
        g = {g.x, NULL, data_of<T>(k.dadd), CNN_NO_ACTIVATION, 0};
    if (k.dx) {
        input_gradient<T, V> f = {g, k.bn, slant, level, data_of<T>(k.dx)};
        cnn_channel_map(q, k.name, k.x, f);
    }
}

void backward(struct cnn_queue *q, const call &k)
{
    if (k.x->c > (CNN_CUDA_SCRATCH - CNN_SUM_BYTES) / (2 * sizeof(float)))
        cnn_cuda_failed(q, "batch normalisation of too many channels", cudaErrorInvalidValue);
    else
        CNN_BY_FOURS(q, cnn_is_nhwc(k.x), k.x->c, run, q, k);
}

} // namespace

void cnn_cuda_batchnorm_backward(struct cnn_queue *q, const struct cnn_tensor *x,
                                 const struct cnn_tensor *gamma, const struct cnn_tensor *beta,
                                 const void *save_mean, const void *save_invstd,
                                 const struct cnn_tensor *y, const struct cnn_epilogue *e,
                                 const struct cnn_tensor *dy, struct cnn_tensor *dx,
                                 struct cnn_tensor *dadd, struct cnn_tensor *dgamma,
                                 struct cnn_tensor *dbeta)
{
    if (q->code)
        return;
    cnn_bn bn = {cnn_bn_data(gamma),
                 cnn_bn_data(beta),
                 (const float *)save_mean,
                 (const float *)save_invstd,
                 NULL,
                 0};
    backward(q, {"batchnorm_backward", bn, 1, x, y, e, dy, dx, dadd, dgamma, dbeta});
}

void cnn_cuda_batchnorm_backward_frozen(
    struct cnn_queue *q, double eps, const struct cnn_tensor *x, const struct cnn_tensor *gamma,
    const struct cnn_tensor *beta, const struct cnn_tensor *running_mean,
    const struct cnn_tensor *running_var, const struct cnn_tensor *y, const struct cnn_epilogue *e,
    const struct cnn_tensor *dy, struct cnn_tensor *dx, struct cnn_tensor *dadd,
    struct cnn_tensor *dgamma, struct cnn_tensor *dbeta)
{
    if (q->code)
        return;
    cnn_bn bn = {cnn_bn_data(gamma),        cnn_bn_data(beta),
                 cnn_bn_data(running_mean), NULL,
                 cnn_bn_data(running_var),  eps};
    backward(q, {"batchnorm_backward_frozen", bn, 0, x, y, e, dy, dx, dadd, dgamma, dbeta});
}
