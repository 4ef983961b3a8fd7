/* Triplets within a batch; see triplet.c. */
#include "kern/loss/targets.cuh"

namespace
{

/* What lies in the working memory, each (n, n): squared distances, slopes, and to each anchor and
 * positive the negative, n where there is none. */
struct triplets {
    uint32_t n, each, hw;
    float margin;
    const int32_t *label;
    float *square, *slope;
    uint32_t *negative;

    __device__ int32_t label_of(uint32_t i) const
    {
        return label ? label[i * hw] : -1;
    }
    __device__ bool is_positive(uint32_t a, uint32_t p) const
    {
        return p != a && label_of(a) >= 0 && label_of(p) == label_of(a);
    }
};

triplets triplets_of(double margin, const struct cnn_tensor *x, const struct cnn_targets *t,
                     void *work)
{
    uint32_t n = (uint32_t)x->n;
    float *square = (float *)work, *slope = square + (size_t)n * n;
    return {n,
            (uint32_t)(x->c * x->h * x->w),
            (uint32_t)(x->h * x->w),
            (float)margin,
            t->label,
            square,
            slope,
            (uint32_t *)(slope + (size_t)n * n)};
}

/* A block has a pair. */
template <typename T> __global__ void squares_kernel(triplets k, const T *x)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    uint32_t a = blockIdx.x / k.n, o = blockIdx.x % k.n;
    float sum = 0;
    for (uint32_t c = threadIdx.x; c < k.each; c += CNN_TEAM) {
        float d = cnn_float(x[a * k.each + c]) - cnn_float(x[o * k.each + c]);
        sum += d * d;
    }
    sum = cnn_reduce<cnn_add, CNN_TEAM>(sum, shared);
    if (threadIdx.x == 0)
        k.square[blockIdx.x] = sum;
}

__device__ inline uint32_t negative_of(const triplets &k, uint32_t a, uint32_t p)
{
    const float *square = k.square + a * k.n;
    uint32_t near = k.n, far = k.n;
    for (uint32_t i = 0; i < k.n; i++) {
        if (k.label_of(i) < 0 || k.label_of(i) == k.label_of(a))
            continue;
        if (square[i] > square[p] && (near == k.n || square[i] < square[near]))
            near = i;
        if (far == k.n || square[i] > square[far])
            far = i;
    }
    return near < k.n ? near : far;
}

/* What is missing at the margin; below 0: nothing. */
__device__ inline float miss_of(const triplets &k, uint32_t a, uint32_t p)
{
    uint32_t n = k.negative[a * k.n + p];
    return n < k.n ? k.square[a * k.n + p] - k.square[a * k.n + n] + k.margin : -1;
}

/* A block has an anchor. loss: NULL where slopes are wanted. */
static __global__ void anchors_kernel(triplets k, double scale, const real *weight, real *loss)
{
    CNN_SHARED(double, shared, CNN_TEAM_WARPS);
    CNN_SHARED(uint32_t, counts, CNN_TEAM_WARPS);
    uint32_t a = blockIdx.x, pairs = 0;
    double total = 0;
    for (uint32_t p = threadIdx.x; p < k.n; p += CNN_TEAM) {
        uint32_t n = k.is_positive(a, p) ? negative_of(k, a, p) : k.n;
        k.negative[a * k.n + p] = n;
        pairs += n < k.n;
        total += (double)fmaxf(miss_of(k, a, p), 0);
    }
    total = cnn_reduce<cnn_add, CNN_TEAM>(total, shared);
    pairs = cnn_reduce<cnn_add, CNN_TEAM>(pairs, counts);
    if (loss && threadIdx.x == 0)
        loss[a] = (real)(pairs ? total / pairs : 0);
    float factor = pairs ? (float)(scale * (double)weight[a] / pairs) : 0;
    for (uint32_t i = threadIdx.x; !loss && i < k.n; i += CNN_TEAM) {
        float slope = miss_of(k, a, i) > 0 ? 1 : 0;
        for (uint32_t p = 0; p < k.n; p++)
            slope -= k.negative[a * k.n + p] == i && miss_of(k, a, p) > 0;
        k.slope[a * k.n + i] = factor * slope;
    }
}

/* A thread has an element. */
template <typename T>
__global__ void gradients_kernel(triplets k, cnn_divisor each, const T *x, T *dx)
{
    uint32_t at = cnn_thread(), i = cnn_divide(at, each), c = at - i * k.each;
    float sum = 0;
    if (i >= k.n)
        return;
    for (uint32_t o = 0; o < k.n; o++)
        sum += (k.slope[i * k.n + o] + k.slope[o * k.n + i]) *
               (cnn_float(x[at]) - cnn_float(x[o * k.each + c]));
    dx[at] = cnn_to<T>(2 * sum);
}

template <typename T>
void forward(struct cnn_queue *q, triplets k, const struct cnn_tensor *x,
             const struct cnn_targets *t, real *loss)
{
    cnn_launch(q, "triplet", squares_kernel<T>, dim3(k.n * k.n), CNN_TEAM, 0, k, x->data);
    cnn_launch(q, "triplet", anchors_kernel, dim3(k.n), CNN_TEAM, 0, k, 1.0, t->weight, loss);
}

template <typename T>
void backward(struct cnn_queue *q, triplets k, double scale, const struct cnn_tensor *x,
              const struct cnn_targets *t, struct cnn_tensor *dx)
{
    cnn_launch(q, "triplet", squares_kernel<T>, dim3(k.n * k.n), CNN_TEAM, 0, k, x->data);
    cnn_launch(q, "triplet", anchors_kernel, dim3(k.n), CNN_TEAM, 0, k, scale, t->weight,
               (real *)NULL);
    cnn_launch(q, "triplet", gradients_kernel<T>, cnn_blocks(cnn_tensor_count(x), CNN_TEAM),
               CNN_TEAM, 0, k, cnn_divisor_of(k.each), x->data, dx->data);
}

} // namespace

size_t cnn_cuda_triplet_work(struct cnn_queue *q, size_t n)
{
    (void)q;
    return 3 * (n ? n * n : 1) * sizeof(float);
}

void cnn_cuda_triplet_forward(struct cnn_queue *q, double margin, const struct cnn_tensor *x,
                              const struct cnn_targets *t, real *loss, void *work)
{
    CNN_BY_TYPE(q, forward, q, triplets_of(margin, x, t, work), x, t, loss);
}

void cnn_cuda_triplet_backward(struct cnn_queue *q, double margin, double scale,
                               const struct cnn_tensor *x, const struct cnn_targets *t,
                               struct cnn_tensor *dx, void *work)
{
    CNN_BY_TYPE(q, backward, q, triplets_of(margin, x, t, work), scale, x, t, dx);
}
