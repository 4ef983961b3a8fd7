/* The overlap of probabilities with targets; see dice.c. A block has a channel of a sample. */
#include "kern/loss/targets.cuh"

namespace
{

struct overlap {
    double top, bottom;
};

/* A single channel stands for the second of two classes. */
__device__ inline float target_at(const struct cnn_targets &t, cnn_positions s, uint32_t position,
                                  uint32_t c, uint32_t i)
{
    return cnn_target_value(t, position, s.c.by == 1 ? 1 : c, i);
}

/* For all threads of the block. x: the channel's first number, element `first` of the tensor. */
template <typename T>
__device__ inline overlap overlap_of(cnn_positions s, struct cnn_targets t, float smooth,
                                     uint32_t n, uint32_t c, const T *x)
{
    CNN_SHARED(double, shared, CNN_TEAM_WARPS);
    uint32_t first = (n * s.c.by + c) * s.hw.by;
    double top = 0, bottom = 0;
    for (uint32_t p = threadIdx.x; p < s.hw.by; p += CNN_TEAM) {
        if (cnn_target_ignored(t, n * s.hw.by + p))
            continue;
        float y = cnn_float(x[first + p]);
        float g = target_at(t, s, n * s.hw.by + p, c, first + p);
        top += (double)(2 * y * g);
        bottom += (double)(y * y + g * g);
    }
    top = cnn_reduce<cnn_add, CNN_TEAM>(top, shared) + (double)smooth;
    bottom = cnn_reduce<cnn_add, CNN_TEAM>(bottom, shared) + (double)smooth;
    return {top, bottom};
}

/* part (n, c) = the losses of the channels. */
template <typename T>
__global__ void forward_kernel(cnn_positions s, struct cnn_targets t, float smooth, const T *x,
                               double *part)
{
    uint32_t n = cnn_divide(blockIdx.x, s.c), c = blockIdx.x - n * s.c.by;
    overlap o = overlap_of(s, t, smooth, n, c, x);
    if (threadIdx.x == 0)
        part[blockIdx.x] = o.bottom > 0 ? 1 - o.top / o.bottom : 0;
}

/* loss (n) = the means over the channels; a thread has a sample. */
static __global__ void mean_kernel(uint32_t samples, uint32_t c, const double *part, real *loss)
{
    uint32_t n = cnn_thread();
    double total = 0;
    if (n >= samples)
        return;
    for (uint32_t i = 0; i < c; i++)
        total += part[n * c + i];
    loss[n] = (real)(total / (double)c);
}

template <typename T>
__global__ void backward_kernel(cnn_positions s, struct cnn_targets t, float smooth, double scale,
                                const T *x, T *dx)
{
    uint32_t n = cnn_divide(blockIdx.x, s.c), c = blockIdx.x - n * s.c.by;
    uint32_t first = (n * s.c.by + c) * s.hw.by;
    overlap o = overlap_of(s, t, smooth, n, c, x);
    double factor = scale * (double)t.weight[n] / (double)s.c.by;
    for (uint32_t p = threadIdx.x; p < s.hw.by; p += CNN_TEAM) {
        double d = 0;
        if (o.bottom > 0 && !cnn_target_ignored(t, n * s.hw.by + p))
            d = 2 *
                ((double)cnn_float(x[first + p]) * o.top / o.bottom -
                 (double)target_at(t, s, n * s.hw.by + p, c, first + p)) /
                o.bottom;
        dx[first + p] = cnn_to<T>((float)(factor * d));
    }
}

template <typename T>
void forward(struct cnn_queue *q, double smooth, const struct cnn_tensor *p,
             const struct cnn_targets *t, real *loss)
{
    unsigned channels = (unsigned)(p->n * p->c);
    if (!cnn_loss_ready(q, channels))
        return;
    cnn_launch(q, "dice", forward_kernel<T>, dim3(channels), CNN_TEAM, 0, cnn_positions_of(p), *t,
               (float)smooth, p->data, q->cuda->scratch);
    cnn_launch(q, "dice", mean_kernel, cnn_blocks(p->n, CNN_TEAM), CNN_TEAM, 0, p->n, p->c,
               q->cuda->scratch, loss);
}

template <typename T>
void backward(struct cnn_queue *q, double smooth, double scale, const struct cnn_tensor *p,
              const struct cnn_targets *t, struct cnn_tensor *dp)
{
    cnn_launch(q, "dice", backward_kernel<T>, dim3((unsigned)(p->n * p->c)), CNN_TEAM, 0,
               cnn_positions_of(p), *t, (float)smooth, scale, p->data, dp->data);
}

} // namespace

void cnn_cuda_dice_forward(struct cnn_queue *q, double smooth, const struct cnn_tensor *p,
                           const struct cnn_targets *t, real *loss)
{
    CNN_BY_TYPE(q, forward, q, smooth, p, t, loss);
}

void cnn_cuda_dice_backward(struct cnn_queue *q, double smooth, double scale,
                            const struct cnn_tensor *p, const struct cnn_targets *t,
                            struct cnn_tensor *dp)
{
    CNN_BY_TYPE(q, backward, q, smooth, scale, p, t, dp);
}
