/* Losses whose terms are elements; see elements.c. L says which: L::term(x, t, a, b) is the term of an
 * output x and its target t, L::slope(x, t, a, b) its derivative by x, L::SINGLE the class that a
 * single output stands for. */
#include "kern/loss/targets.cuh"

/* exp never sees a positive argument, so nothing overflows. */
static __device__ inline float cnn_bce_term(float x, float t)
{
    return (x < 0 ? 0 : x) - x * t + log1pf(expf(-fabsf(x)));
}

/* s(x) - t is (1 - t) - s(-x) where x is positive, which keeps what is left of a target that is
 * nearly met. */
static __device__ inline float cnn_bce_slope(float x, float t)
{
    float e = expf(-fabsf(x)), s = e / (1 + e);
    return x < 0 ? s - t : 1 - t - s;
}

/* miss: 1 - p_t, what is missing at the probability of the target. */
static __device__ inline float cnn_focal_term(float x, float t, float gamma, float alpha)
{
    float p = 1 / (1 + expf(-x)), rest = 1 / (1 + expf(x)), miss = p * (1 - t) + rest * t;
    float weight = alpha > 0 ? alpha * t + (1 - alpha) * (1 - t) : 1;
    return weight * cnn_bce_term(x, t) * powf(miss, gamma);
}

static __device__ inline float cnn_focal_slope(float x, float t, float gamma, float alpha)
{
    float p = 1 / (1 + expf(-x)), rest = 1 / (1 + expf(x)), miss = p * (1 - t) + rest * t;
    float weight = alpha > 0 ? alpha * t + (1 - alpha) * (1 - t) : 1;
    float bend = gamma > 0 && miss > 0 ? gamma * powf(miss, gamma - 1) : 0;
    return weight * (cnn_bce_slope(x, t) * powf(miss, gamma) +
                     bend * (1 - 2 * t) * p * rest * cnn_bce_term(x, t));
}

enum { FIRST, SECOND };

#define CNN_LOSS(NAME, single, expression, derivative)                                             \
    struct loss_##NAME {                                                                           \
        enum { SINGLE = single };                                                                  \
        static __device__ inline float term(float x, float t, float a, float b)                    \
        {                                                                                          \
            (void)a;                                                                               \
            (void)b;                                                                               \
            return expression;                                                                     \
        }                                                                                          \
        static __device__ inline float slope(float x, float t, float a, float b)                   \
        {                                                                                          \
            (void)a;                                                                               \
            (void)b;                                                                               \
            return derivative;                                                                     \
        }                                                                                          \
    };
#include "kern/losses.def"

/* The class that output c of so many stands for. */
template <typename L> static __device__ inline uint32_t class_of(uint32_t c, uint32_t channels)
{
    return channels == 1 ? (uint32_t)L::SINGLE : c;
}

/* part (n, parts) = the sums of the terms; a block has a part. */
template <typename L, typename T>
static __global__ void losses_kernel(cnn_positions s, cnn_parts cut, struct cnn_targets t, float a,
                                     float b, const T *x, double *part)
{
    CNN_SHARED(double, shared, CNN_TEAM_WARPS);
    uint32_t n = blockIdx.x / cut.parts, size = s.c.by * s.hw.by;
    uint32_t begin = blockIdx.x % cut.parts * cut.chunk, end = min(begin + cut.chunk, size);
    double total = 0;
    for (uint32_t e = begin + threadIdx.x; e < end; e += CNN_TEAM) {
        uint32_t c = cnn_divide(e, s.hw), position = n * s.hw.by + e - c * s.hw.by;
        uint32_t i = n * size + e;
        if (!cnn_target_ignored(t, position))
            total += (double)L::term(
                cnn_float(x[i]), cnn_target_value(t, position, class_of<L>(c, s.c.by), i), a, b);
    }
    total = cnn_reduce<cnn_add, CNN_TEAM>(total, shared);
    if (threadIdx.x == 0)
        part[blockIdx.x] = total;
}

/* A thread has an element. factor: (n) */
template <typename L, typename T>
static __global__ void gradients_kernel(cnn_positions s, struct cnn_targets t, float a, float b,
                                        const float *factor, const T *x, T *dx)
{
    uint32_t i = cnn_thread(), row = cnn_divide(i, s.hw), n = cnn_divide(row, s.c);
    uint32_t position = n * s.hw.by + i - row * s.hw.by;
    if (position >= s.count)
        return;
    float d = 0;
    if (!cnn_target_ignored(t, position))
        d = factor[n] *
            L::slope(cnn_float(x[i]),
                     cnn_target_value(t, position, class_of<L>(row - n * s.c.by, s.c.by), i), a, b);
    dx[i] = cnn_to<T>(d);
}

enum { PART = 16 * CNN_TEAM }; /* elements */

template <typename L, typename T>
static void forward_of(struct cnn_queue *q, double a, double b, const struct cnn_tensor *x,
                       const struct cnn_targets *t, real *loss)
{
    cnn_parts cut = cnn_parts_of(x->n, x->c * x->h * x->w, PART);
    cnn_launch(q, "loss", losses_kernel<L, T>, dim3((unsigned)x->n * cut.parts), CNN_TEAM, 0,
               cnn_positions_of(x), cut, *t, (float)a, (float)b, x->data, q->cuda->scratch);
    cnn_loss_finish(q, x, t, x->c, cut, loss);
}

template <typename L, typename T>
static void backward_of(struct cnn_queue *q, double a, double b, double scale,
                        const struct cnn_tensor *x, const struct cnn_targets *t,
                        struct cnn_tensor *dx)
{
    cnn_loss_factors(q, x, t, x->c, scale);
    cnn_launch(q, "loss", gradients_kernel<L, T>, cnn_blocks(cnn_tensor_count(x), CNN_TEAM),
               CNN_TEAM, 0, cnn_positions_of(x), *t, (float)a, (float)b, q->cuda->scratch, x->data,
               dx->data);
}

template <typename T>
static void forward(struct cnn_queue *q, enum cnn_loss_of_elements f, double a, double b,
                    const struct cnn_tensor *x, const struct cnn_targets *t, real *loss)
{
    if (!cnn_loss_ready(q, x->n))
        return;
    switch (f) {
#define CNN_LOSS(NAME, ...)                                                                        \
    case CNN_LOSS_##NAME:                                                                          \
        forward_of<loss_##NAME, T>(q, a, b, x, t, loss);                                           \
        break;
#include "kern/losses.def"
    }
}

template <typename T>
static void backward(struct cnn_queue *q, enum cnn_loss_of_elements f, double a, double b,
                     double scale, const struct cnn_tensor *x, const struct cnn_targets *t,
                     struct cnn_tensor *dx)
{
    if (!cnn_loss_ready(q, x->n))
        return;
    switch (f) {
#define CNN_LOSS(NAME, ...)                                                                        \
    case CNN_LOSS_##NAME:                                                                          \
        backward_of<loss_##NAME, T>(q, a, b, scale, x, t, dx);                                     \
        break;
#include "kern/losses.def"
    }
}

void cnn_cuda_loss_forward(struct cnn_queue *q, enum cnn_loss_of_elements f, double a, double b,
                           const struct cnn_tensor *x, const struct cnn_targets *t, real *loss)
{
    CNN_BY_TYPE(q, forward, q, f, a, b, x, t, loss);
}

void cnn_cuda_loss_backward(struct cnn_queue *q, enum cnn_loss_of_elements f, double a, double b,
                            double scale, const struct cnn_tensor *x, const struct cnn_targets *t,
                            struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, backward, q, f, a, b, scale, x, t, dx);
}
