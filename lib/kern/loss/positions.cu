/* Losses that take the channels of a position together; see positions.c. A team has a position. */
#include "kern/loss/targets.cuh"

namespace
{

struct numbers {
    int which;
    float a, b;
};

/* What a team knows of its position. */
template <typename T> struct place {
    cnn_positions s;
    struct cnn_targets t;
    const T *x;                           /* its first number */
    uint32_t position, first, begin, end; /* begin, end: classes with a part of the target */
    float log_sum, top;

    __device__ float at(uint32_t c) const
    {
        return cnn_float(x[c * s.hw.by]);
    }
    __device__ float target(uint32_t c) const
    {
        return cnn_target_value(t, position, c, first + c * s.hw.by);
    }
    __device__ float log_y(uint32_t c) const
    {
        return at(c) - top - log_sum;
    }
};

template <int TEAM, typename T>
__device__ inline place<T> place_of(cnn_positions s, struct cnn_targets t, numbers k, const T *x,
                                    uint32_t position, float *shared)
{
    uint32_t first = cnn_position_at(s, position);
    place<T> at = {s, t, x + first, position, first, 0, s.c.by, 0, 0};
    if (t.label) {
        at.begin = min((uint32_t)t.label[position], s.c.by);
        at.end = min(at.begin + 1, s.c.by);
    }
    if (k.which != CNN_LOSS_MARGIN) {
        cnn_softmax m = cnn_softmax_of<TEAM>(s, x + first, shared);
        at.log_sum = logf(m.sum);
        at.top = m.top;
    }
    return at;
}

template <typename T>
__device__ inline float miss_of(const place<T> &at, float margin, uint32_t k, uint32_t c)
{
    float miss = margin - at.at(k) + at.at(c);
    return c == k || miss < 0 ? 0 : miss;
}

/* d term / d log y, for one part of the target. */
__device__ inline float focal_slope(float log_y, float a)
{
    float rest = -expm1f(log_y);
    float bend = a > 0 && rest > 0 ? a * powf(rest, a - 1) * expf(log_y) * log_y : 0;
    return bend - powf(rest, a);
}

/* This thread's share of the position's term. */
template <int TEAM, typename T> __device__ inline float share_of(const place<T> &at, numbers k)
{
    float total = 0;
    if (k.which == CNN_LOSS_MARGIN) {
        for (uint32_t y = at.begin; y < at.end; y++)
            for (uint32_t c = cnn_member<TEAM>(); c < at.s.c.by; c += TEAM) {
                float miss = miss_of(at, k.a, y, c);
                total += at.target(y) * (k.b > 1 ? miss * miss : miss);
            }
        return total / (float)at.s.c.by;
    }
    for (uint32_t c = at.begin + cnn_member<TEAM>(); c < at.end; c += TEAM) {
        float t = at.target(c), log_y = at.log_y(c);
        if (t > 0 && k.which == CNN_LOSS_KLDIV)
            total += t * (logf(t) - log_y);
        else if (t != 0 && k.which == CNN_LOSS_FOCAL_SOFTMAX)
            total -= t * powf(-expm1f(log_y), k.a) * log_y;
    }
    return total;
}

/* The gradient of channel c, from what is the same for all of the position. */
template <typename T>
__device__ inline float slope_at(const place<T> &at, numbers k, float all, uint32_t c)
{
    float t = at.target(c), own = 0;
    if (k.which == CNN_LOSS_KLDIV)
        return expf(at.log_y(c)) * all - t;
    if (k.which == CNN_LOSS_FOCAL_SOFTMAX) {
        own = t != 0 ? t * focal_slope(at.log_y(c), k.a) : 0;
        return own - expf(at.log_y(c)) * all;
    }
    for (uint32_t y = at.begin; y < at.end; y++) {
        float miss = miss_of(at, k.a, y, c);
        own += at.target(y) * (k.b > 1 ? 2 * miss : miss > 0);
    }
    for (uint32_t i = 0; t != 0 && i < at.s.c.by; i++) {
        float miss = miss_of(at, k.a, c, i);
        own -= t * (k.b > 1 ? 2 * miss : miss > 0);
    }
    return own / (float)at.s.c.by;
}

/* This thread's share of it: the sums of the targets, or of their slopes. */
template <int TEAM, typename T> __device__ inline float common_share(const place<T> &at, numbers k)
{
    float all = 0;
    if (k.which != CNN_LOSS_MARGIN)
        for (uint32_t c = at.begin + cnn_member<TEAM>(); c < at.end; c += TEAM) {
            float t = at.target(c);
            if (t != 0)
                all += k.which == CNN_LOSS_KLDIV ? t : t * focal_slope(at.log_y(c), k.a);
        }
    return all;
}

/* part (n, parts) = the sums over their positions, which teams go through; a block has a part. */
template <int TEAM, typename T>
__global__ void forward_kernel(cnn_positions s, cnn_parts cut, numbers k, struct cnn_targets t,
                               const T *x, double *part)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    CNN_SHARED(double, sums, CNN_TEAM_WARPS);
    enum { TEAMS = CNN_TEAM / TEAM };
    uint32_t n = blockIdx.x / cut.parts, begin = blockIdx.x % cut.parts * cut.chunk;
    uint32_t end = min(begin + cut.chunk, s.hw.by);
    double total = 0;
    for (uint32_t p = begin + threadIdx.x / TEAM; p < end; p += TEAMS) {
        if (cnn_target_ignored(t, n * s.hw.by + p))
            continue;
        place<T> at = place_of<TEAM>(s, t, k, x, n * s.hw.by + p, shared);
        total += (double)share_of<TEAM>(at, k);
    }
    total = cnn_reduce<cnn_add, CNN_TEAM>(total, sums);
    if (threadIdx.x == 0)
        part[blockIdx.x] = total;
}

/* factor: (n) */
template <int TEAM, typename T>
__global__ void backward_kernel(cnn_positions s, numbers k, struct cnn_targets t,
                                const float *factor, const T *x, T *dx)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    uint32_t position = cnn_position<TEAM>(), first = cnn_position_at(s, position);
    if (position >= s.count)
        return;
    if (cnn_target_ignored(t, position)) {
        for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM)
            dx[first + c * s.hw.by] = cnn_to<T>(0);
        return;
    }
    place<T> at = place_of<TEAM>(s, t, k, x, position, shared);
    float scale = factor[cnn_divide(position, s.hw)];
    float all = cnn_reduce<cnn_add, TEAM>(common_share<TEAM>(at, k), shared);
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM)
        dx[first + c * s.hw.by] = cnn_to<T>(scale * slope_at(at, k, all, c));
}

enum { POSITIONS = 4 * CNN_TEAM }; /* of a part, where each is a thread's */

template <typename T>
void forward(struct cnn_queue *q, numbers k, const struct cnn_tensor *x,
             const struct cnn_targets *t, real *loss)
{
    cnn_positions s = cnn_positions_of(x);
    if (!cnn_loss_ready(q, x->n))
        return;
    int teams = cnn_in_teams(s);
    cnn_parts cut = cnn_parts_of(x->n, x->h * x->w, teams ? 1 : POSITIONS);
    cnn_launch(q, "loss", teams ? forward_kernel<CNN_TEAM, T> : forward_kernel<1, T>,
               dim3((unsigned)x->n * cut.parts), CNN_TEAM, 0, s, cut, k, *t, x->data,
               q->cuda->scratch);
    cnn_loss_finish(q, x, t, 1, cut, loss);
}

template <typename T>
void backward(struct cnn_queue *q, numbers k, double scale, const struct cnn_tensor *x,
              const struct cnn_targets *t, struct cnn_tensor *dx)
{
    if (!cnn_loss_ready(q, x->n))
        return;
    cnn_loss_factors(q, x, t, 1, scale);
    cnn_launch_positions(q, "loss", backward_kernel<1, T>, backward_kernel<CNN_TEAM, T>,
                         cnn_positions_of(x), k, *t, q->cuda->scratch, x->data, dx->data);
}

} // namespace

void cnn_cuda_loss_of_positions_forward(struct cnn_queue *q, enum cnn_loss_of_positions f, double a,
                                        double b, const struct cnn_tensor *x,
                                        const struct cnn_targets *t, real *loss)
{
    numbers k = {f, (float)a, (float)b};
    CNN_BY_TYPE(q, forward, q, k, x, t, loss);
}

void cnn_cuda_loss_of_positions_backward(struct cnn_queue *q, enum cnn_loss_of_positions f,
                                         double a, double b, double scale,
                                         const struct cnn_tensor *x, const struct cnn_targets *t,
                                         struct cnn_tensor *dx)
{
    numbers k = {f, (float)a, (float)b};
    CNN_BY_TYPE(q, backward, q, k, scale, x, t, dx);
}
