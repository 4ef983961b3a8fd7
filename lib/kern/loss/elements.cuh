/* Losses whose terms are elements. L says which: L::loss(x, t) is the term of an output x and its
 * target t, L::slope(x, t) its derivative by x,
 * L::channel(c, channels) the class that output c of so many stands for. */
#ifndef CNN_KERN_LOSS_ELEMENTS_CUH
#define CNN_KERN_LOSS_ELEMENTS_CUH

#include "kern/loss/targets.cuh"

/* part (n, parts) = the sums of the terms; a block has a part. */
template <typename L, typename T>
static __global__ void cnn_element_losses(cnn_positions s, cnn_parts cut, struct cnn_targets t,
                                          const T *x, double *part)
{
    CNN_SHARED(double, shared, CNN_TEAM_WARPS);
    uint32_t n = blockIdx.x / cut.parts, size = s.c.by * s.hw.by;
    uint32_t begin = blockIdx.x % cut.parts * cut.chunk, end = min(begin + cut.chunk, size);
    double total = 0;
    for (uint32_t e = begin + threadIdx.x; e < end; e += CNN_TEAM) {
        uint32_t c = cnn_divide(e, s.hw), position = n * s.hw.by + e - c * s.hw.by;
        uint32_t i = n * size + e;
        if (!cnn_target_ignored(t, position))
            total += (double)L::loss(cnn_float(x[i]),
                                     cnn_target_value(t, position, L::channel(c, s.c.by), i));
    }
    total = cnn_reduce<cnn_add, CNN_TEAM>(total, shared);
    if (threadIdx.x == 0)
        part[blockIdx.x] = total;
}

/* A thread has an element. factor: (n) */
template <typename L, typename T>
static __global__ void cnn_element_gradients(cnn_positions s, struct cnn_targets t,
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
                     cnn_target_value(t, position, L::channel(row - n * s.c.by, s.c.by), i));
    dx[i] = cnn_to<T>(d);
}

enum { CNN_LOSS_ELEMENTS = 16 * CNN_TEAM }; /* of a part */

template <typename T, typename L>
static void cnn_element_forward(struct cnn_queue *q, L, const struct cnn_tensor *x,
                                const struct cnn_targets *t, real *loss)
{
    if (!cnn_loss_ready(q, x->n))
        return;
    cnn_parts cut = cnn_parts_of(x->n, x->c * x->h * x->w, CNN_LOSS_ELEMENTS);
    cnn_launch(q, "loss", cnn_element_losses<L, T>, dim3((unsigned)x->n * cut.parts), CNN_TEAM, 0,
               cnn_positions_of(x), cut, *t, x->data, q->cuda->scratch);
    cnn_loss_finish(q, x, t, x->c, cut, loss);
}

template <typename T, typename L>
static void cnn_element_backward(struct cnn_queue *q, L, double scale, const struct cnn_tensor *x,
                                 const struct cnn_targets *t, struct cnn_tensor *dx)
{
    if (!cnn_loss_ready(q, x->n))
        return;
    cnn_loss_factors(q, x, t, x->c, scale);
    cnn_launch(q, "loss", cnn_element_gradients<L, T>, cnn_blocks(cnn_tensor_count(x), CNN_TEAM),
               CNN_TEAM, 0, cnn_positions_of(x), *t, q->cuda->scratch, x->data, dx->data);
}

#endif
