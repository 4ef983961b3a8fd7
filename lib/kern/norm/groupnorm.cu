/* Group normalisation; see groupnorm.c. Sums over planes, then over the channels of a group, then a
 * pass over the elements. */
#include "kern/cuda/lanes.cuh"
#include "kern/cuda/places.cuh"
#include "kern/cuda/plane_sums.cuh"

namespace
{

enum { THREADS = 256 };

/* What all kernels know. */
struct rule {
    uint32_t c, groups;
    cnn_divisor share;    /* channels of a group */
    float m;              /* numbers of a group */
    const float *gamma;   /* (c); NULL: 1 */
    float *mean, *inv;    /* (n, groups) */
    float *first, *other; /* (n, c): of a plane, mean and squared deviations, or S and D */
};

__device__ inline uint32_t group_of(const rule &r, uint32_t n, uint32_t c)
{
    return n * r.groups + cnn_divide(c, r.share);
}

__device__ inline float gamma_of(const rule &r, uint32_t c)
{
    return r.gamma ? r.gamma[c] : 1;
}

rule rule_of(size_t groups, const struct cnn_tensor *x, const struct cnn_tensor *gamma, void *work)
{
    float *first = (float *)work;
    return {(uint32_t)x->c,
            (uint32_t)groups,
            cnn_divisor_of(x->c / groups),
            (float)(x->c / groups * x->h * x->w),
            gamma ? (const float *)gamma->data : NULL,
            NULL,
            NULL,
            first,
            first + x->n * x->c};
}

/* The two arrays (n, groups) of work behind the planes'. */
float *groups_of(const rule &r, size_t n)
{
    return r.other + n * r.c;
}

/* Sums about the plane's first number. */
template <typename T> struct moments {
    enum { SUMS = 2 };
    rule r;
    const T *x;
    float hw;

    struct state {
        float near;
    };

    __device__ state start(uint32_t, uint32_t, uint32_t at) const
    {
        return {cnn_float(x[at])};
    }

    __device__ void add(const state &s, uint32_t at, float (&sum)[2]) const
    {
        float d = cnn_float(x[at]) - s.near;
        sum[0] += d;
        sum[1] = fmaf(d, d, sum[1]);
    }

    __device__ void finish(const state &s, uint32_t n, uint32_t c, const float (&total)[2]) const
    {
        float mean = total[0] / hw;
        r.first[n * r.c + c] = s.near + mean;
        r.other[n * r.c + c] = fmaxf(total[1] - total[0] * mean, 0);
    }
};

/* A thread a group. */
__global__ void join_moments(rule r, float eps, float hw, uint32_t count)
{
    uint32_t i = cnn_thread(), first = i * r.share.by; /* of (n, c) */
    if (i >= count)
        return;
    double mean = 0, squares = 0;
    for (uint32_t k = 0; k < r.share.by; k++)
        mean += r.first[first + k];
    mean /= r.share.by;
    for (uint32_t k = 0; k < r.share.by; k++) {
        double apart = r.first[first + k] - mean;
        squares += r.other[first + k] + hw * apart * apart;
    }
    r.mean[i] = (float)mean;
    r.inv[i] = (float)(1 / sqrt(squares / r.m + eps));
}

template <typename T, int V>
__global__ void apply_kernel(rule r, const float *beta, cnn_after<T> after, cnn_places to,
                             const T *x, T *y)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    float v[V], add[V] = {};
    cnn_lanes_load(x + i * V, v);
    if (after.add)
        cnn_lanes_load(after.add + i * V, add);
    CNN_UNROLL
    for (int k = 0; k < V; k++) {
        uint32_t c = at.c + k, g = group_of(r, at.n, c);
        v[k] = fmaf(v[k] - r.mean[g], r.inv[g] * gamma_of(r, c), beta ? beta[c] : 0) + add[k];
    }
    cnn_lanes_activate(after.f, after.a, v);
    cnn_lanes_store(v, y + i * V);
}

template <typename T, int V>
void apply(struct cnn_queue *q, const rule &r, const struct cnn_tensor *x,
           const struct cnn_tensor *beta, const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, cnn_is_nhwc(y), V);
    cnn_launch(q, "groupnorm_forward", apply_kernel<T, V>, cnn_blocks(places.count, THREADS),
               THREADS, 0, r, beta ? (const float *)beta->data : NULL, cnn_after_of<T>(e), places,
               (const T *)x->data, (T *)y->data);
}

template <typename T>
void take_moments(struct cnn_queue *q, const rule &r, double eps, const struct cnn_tensor *x)
{
    float hw = (float)(x->h * x->w);
    uint32_t count = (uint32_t)x->n * r.groups;
    cnn_plane_sums(q, "groupnorm_forward", x, moments<T>{r, (const T *)x->data, hw});
    cnn_launch(q, "groupnorm_forward", join_moments, cnn_blocks(count, THREADS), THREADS, 0, r,
               (float)eps, hw, count);
}

/* S and D. */
template <typename T> struct sums {
    enum { SUMS = 2 };
    rule r;
    const T *x, *dy;

    struct state {
        float mean;
    };

    __device__ state start(uint32_t n, uint32_t c, uint32_t) const
    {
        return {r.mean[group_of(r, n, c)]};
    }

    __device__ void add(const state &s, uint32_t at, float (&sum)[2]) const
    {
        float d = cnn_float(dy[at]);
        sum[0] += d;
        sum[1] = fmaf(d, cnn_float(x[at]) - s.mean, sum[1]);
    }

    __device__ void finish(const state &, uint32_t n, uint32_t c, const float (&total)[2]) const
    {
        r.first[n * r.c + c] = total[0];
        r.other[n * r.c + c] = total[1];
    }
};

/* A thread a group: what dx loses, inv^3 B / m for each of x - mean, and inv A / m. */
__global__ void join_sums(rule r, uint32_t count, float *slant, float *level)
{
    uint32_t i = cnn_thread(), first = i * r.share.by;
    if (i >= count)
        return;
    double a = 0, b = 0, inv = r.inv[i];
    uint32_t c = i % r.groups * r.share.by;
    for (uint32_t k = 0; k < r.share.by; k++) {
        a += (double)gamma_of(r, c + k) * r.first[first + k];
        b += (double)gamma_of(r, c + k) * r.other[first + k];
    }
    slant[i] = (float)(inv * inv * inv * b / r.m);
    level[i] = (float)(inv * a / r.m);
}

/* A thread a channel. */
__global__ void add_parameters(rule r, uint32_t n, float *dgamma, float *dbeta)
{
    uint32_t c = cnn_thread();
    if (c >= r.c)
        return;
    double slope = 0, level = 0;
    for (uint32_t i = 0; i < n; i++) {
        slope += (double)r.other[i * r.c + c] * r.inv[group_of(r, i, c)];
        level += r.first[i * r.c + c];
    }
    if (dgamma)
        dgamma[c] += (float)slope;
    if (dbeta)
        dbeta[c] += (float)level;
}

template <typename T, int V>
__global__ void gradient_kernel(rule r, const float *slant, const float *level, cnn_places to,
                                const T *x, const T *dy, T *dx)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    float v[V], d[V];
    cnn_lanes_load(x + i * V, v);
    cnn_lanes_load(dy + i * V, d);
    CNN_UNROLL
    for (int k = 0; k < V; k++) {
        uint32_t c = at.c + k, g = group_of(r, at.n, c);
        d[k] = d[k] * gamma_of(r, c) * r.inv[g] - fmaf(v[k] - r.mean[g], slant[g], level[g]);
    }
    cnn_lanes_store(d, dx + i * V);
}

template <typename T, int V>
void gradient(struct cnn_queue *q, const rule &r, const struct cnn_tensor *x,
              const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    float *slant = groups_of(r, x->n), *level = slant + x->n * r.groups;
    uint32_t count = (uint32_t)x->n * r.groups;
    cnn_places places = cnn_places_of(dx, cnn_is_nhwc(dx), V);
    cnn_launch(q, "groupnorm_backward", join_sums, cnn_blocks(count, THREADS), THREADS, 0, r, count,
               slant, level);
    cnn_launch(q, "groupnorm_backward", gradient_kernel<T, V>, cnn_blocks(places.count, THREADS),
               THREADS, 0, r, (const float *)slant, (const float *)level, places,
               (const T *)x->data, (const T *)dy->data, (T *)dx->data);
}

template <typename T>
void take_sums(struct cnn_queue *q, const rule &r, const struct cnn_tensor *x,
               const struct cnn_tensor *dy)
{
    cnn_plane_sums(q, "groupnorm_backward", x, sums<T>{r, (const T *)x->data, (const T *)dy->data});
}

} // namespace

size_t cnn_cuda_groupnorm_work(struct cnn_queue *, size_t groups, const struct cnn_tensor *x)
{
    return 2 * x->n * (x->c + groups) * sizeof(float);
}

void cnn_cuda_groupnorm_forward(struct cnn_queue *q, size_t groups, double eps,
                                const struct cnn_tensor *x, const struct cnn_tensor *gamma,
                                const struct cnn_tensor *beta, void *save_mean, void *save_invstd,
                                const struct cnn_epilogue *e, struct cnn_tensor *y, void *work)
{
    if (q->code)
        return;
    rule r = rule_of(groups, x, gamma, work);
    r.mean = save_mean ? (float *)save_mean : groups_of(r, x->n);
    r.inv = save_invstd ? (float *)save_invstd : groups_of(r, x->n) + x->n * groups;
    CNN_BY_TYPE(q, take_moments, q, r, eps, x);
    CNN_BY_PACKS(q, cnn_is_nhwc(x), x->c, apply, q, r, x, beta, e, y);
    cnn_after_rest(q, e, y);
}

void cnn_cuda_groupnorm_backward(struct cnn_queue *q, size_t groups, const struct cnn_tensor *x,
                                 const struct cnn_tensor *gamma, const void *save_mean,
                                 const void *save_invstd, const struct cnn_tensor *dy,
                                 struct cnn_tensor *dx, struct cnn_tensor *dgamma,
                                 struct cnn_tensor *dbeta, void *work)
{
    if (q->code)
        return;
    rule r = rule_of(groups, x, gamma, work);
    r.mean = (float *)save_mean;
    r.inv = (float *)save_invstd;
    CNN_BY_TYPE(q, take_sums, q, r, x, dy);
    if (dgamma || dbeta)
        cnn_launch(q, "groupnorm_backward", add_parameters, cnn_blocks(x->c, THREADS), THREADS, 0,
                   r, (uint32_t)x->n, dgamma ? (float *)dgamma->data : NULL,
                   dbeta ? (float *)dbeta->data : NULL);
    if (dx)
        CNN_BY_PACKS(q, cnn_is_nhwc(x), x->c, gradient, q, r, x, dy, dx);
}
