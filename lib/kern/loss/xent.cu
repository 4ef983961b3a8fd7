/* Softmax cross-entropy of logits, with label smoothing; see xent.c. */
#include "kern/loss/targets.cuh"

/* t' = keep t + rest */
struct smoothing {
    float keep, rest;
};

static struct smoothing smoothing_of(double smooth, size_t c)
{
    return {(float)(1 - smooth), (float)(smooth / (double)c)};
}

static __device__ inline float smoothed(struct smoothing k, struct cnn_targets t, uint32_t position,
                                        uint32_t c, uint32_t i)
{
    return k.keep * cnn_target_value(t, position, c, i) + k.rest;
}

/* This thread's share of -sum_c t'_c log softmax(x)_c. */
template <int TEAM, typename T>
static __device__ inline float loss_share(cnn_positions s, struct smoothing k, struct cnn_targets t,
                                          const T *x, uint32_t position, float *shared)
{
    uint32_t first = cnn_position_at(s, position);
    float loss = 0;
    if (cnn_target_ignored(t, position))
        return 0;
    cnn_softmax m = cnn_softmax_of<TEAM>(s, x + first, shared);
    float log_sum = logf(m.sum);
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM) {
        uint32_t i = first + c * s.hw.by;
        float target = smoothed(k, t, position, c, i);
        /* 0 log 0 = 0, also where a logit is -inf */
        if (target != 0)
            loss += target * (log_sum - (cnn_float(x[i]) - m.top));
    }
    return loss * cnn_target_class_weight(t, position);
}

/* part (n, parts) = the sums over their positions, which teams go through; a block has a part. */
template <int TEAM, typename T>
static __global__ void forward_kernel(cnn_positions s, cnn_parts cut, struct smoothing k,
                                      struct cnn_targets t, const T *x, double *part)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    CNN_SHARED(double, sums, CNN_TEAM_WARPS);
    enum { TEAMS = CNN_TEAM / TEAM };
    uint32_t n = blockIdx.x / cut.parts, begin = blockIdx.x % cut.parts * cut.chunk;
    uint32_t end = min(begin + cut.chunk, s.hw.by);
    double total = 0;
    for (uint32_t p = begin + threadIdx.x / TEAM; p < end; p += TEAMS)
        total += (double)loss_share<TEAM>(s, k, t, x, n * s.hw.by + p, shared);
    total = cnn_reduce<cnn_add, CNN_TEAM>(total, sums);
    if (threadIdx.x == 0)
        part[blockIdx.x] = total;
}

/* dx_c = factor w (softmax(x)_c sum_k t'_k - t'_c); factor: (n) */
template <int TEAM, typename T>
static __global__ void backward_kernel(cnn_positions s, struct smoothing k, struct cnn_targets t,
                                       const float *factor, const T *x, T *dx)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    uint32_t position = cnn_position<TEAM>(), first = cnn_position_at(s, position);
    if (position >= s.count)
        return;
    float scale = factor[cnn_divide(position, s.hw)], all = 0;
    if (cnn_target_ignored(t, position)) {
        for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM)
            dx[first + c * s.hw.by] = cnn_to<T>(0);
        return;
    }
    scale *= cnn_target_class_weight(t, position);
    cnn_softmax m = cnn_softmax_of<TEAM>(s, x + first, shared);
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM)
        all += smoothed(k, t, position, c, first + c * s.hw.by);
    all = cnn_reduce<cnn_add, TEAM>(all, shared) / m.sum;
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM) {
        uint32_t i = first + c * s.hw.by;
        float y = expf(cnn_float(x[i]) - m.top) * all;
        dx[i] = cnn_to<T>(scale * (y - smoothed(k, t, position, c, i)));
    }
}

enum { POSITIONS = 4 * CNN_TEAM }; /* of a part, where each is a thread's */

template <typename T>
static void forward(struct cnn_queue *q, double smooth, const struct cnn_tensor *x,
                    const struct cnn_targets *t, real *loss)
{
    cnn_positions s = cnn_positions_of(x);
    if (!cnn_loss_ready(q, x->n))
        return;
    int teams = cnn_in_teams(s);
    cnn_parts cut = cnn_parts_of(x->n, x->h * x->w, teams ? 1 : POSITIONS);
    cnn_launch(q, "loss", teams ? forward_kernel<CNN_TEAM, T> : forward_kernel<1, T>,
               dim3((unsigned)x->n * cut.parts), CNN_TEAM, 0, s, cut, smoothing_of(smooth, x->c),
               *t, x->data, q->cuda->scratch);
    cnn_loss_finish(q, x, t, 1, cut, loss);
}

template <typename T>
static void backward(struct cnn_queue *q, double smooth, double scale, const struct cnn_tensor *x,
                     const struct cnn_targets *t, struct cnn_tensor *dx)
{
    if (!cnn_loss_ready(q, x->n))
        return;
    cnn_loss_factors(q, x, t, 1, scale);
    cnn_launch_positions(q, "loss", backward_kernel<1, T>, backward_kernel<CNN_TEAM, T>,
                         cnn_positions_of(x), smoothing_of(smooth, x->c), *t, q->cuda->scratch,
                         x->data, dx->data);
}

void cnn_cuda_xent_forward(struct cnn_queue *q, double smooth, const struct cnn_tensor *x,
                           const struct cnn_targets *t, real *loss)
{
    CNN_BY_TYPE(q, forward, q, smooth, x, t, loss);
}

void cnn_cuda_xent_backward(struct cnn_queue *q, double smooth, double scale,
                            const struct cnn_tensor *x, const struct cnn_targets *t,
                            struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, backward, q, smooth, scale, x, t, dx);
}
