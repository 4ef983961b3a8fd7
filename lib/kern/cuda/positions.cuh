/* Kernels that work along the channels of a plain tensor, at each position (n, h, w): a thread has
 * a position where many lie side by side, else a team has one together. */
#ifndef CNN_KERN_CUDA_POSITIONS_CUH
#define CNN_KERN_CUDA_POSITIONS_CUH

#include "kern/cuda/reduce.cuh"

/* At each position there are c numbers, hw apart. */
struct cnn_positions {
    uint32_t count;
    cnn_divisor c, hw;
};

static inline cnn_positions cnn_positions_of(const struct cnn_tensor *x)
{
    size_t hw = x->h * x->w;
    return {(uint32_t)(x->n * hw), cnn_divisor_of(x->c), cnn_divisor_of(hw)};
}

/* Where a position's first number lies. */
static __device__ inline uint32_t cnn_position_at(cnn_positions s, uint32_t position)
{
    return position + cnn_divide(position, s.hw) * (s.c.by - 1) * s.hw.by;
}

/* The position of this thread's team, and which of the team's threads it is. */
template <int TEAM> static __device__ inline uint32_t cnn_position()
{
    return TEAM == 1 ? cnn_thread() : blockIdx.x;
}

template <int TEAM> static __device__ inline uint32_t cnn_member()
{
    return TEAM == 1 ? 0 : threadIdx.x;
}

/* Fewer positions side by side than a warp's threads, and they would read what is not. */
static inline int cnn_in_teams(cnn_positions s)
{
    return s.hw.by < 32;
}

/* Start the kernel that suits: `alone` has a position a thread, `together` one a team. */
template <typename... P, typename... A>
static void cnn_launch_positions(struct cnn_queue *q, const char *name, void (*alone)(P...),
                                 void (*together)(P...), cnn_positions s, A... a)
{
    if (cnn_in_teams(s))
        cnn_launch(q, name, together, dim3(s.count), CNN_TEAM, 0, s, a...);
    else
        cnn_launch(q, name, alone, cnn_blocks(s.count, CNN_TEAM), CNN_TEAM, 0, s, a...);
}

/* The softmax at a position is exp(x_c - top) / sum. */
struct cnn_softmax {
    float top, sum;
};

/* x: the position's first number. */
template <int TEAM, typename T>
static __device__ inline cnn_softmax cnn_softmax_of(cnn_positions s, const T *x, float *shared)
{
    cnn_softmax m = {-INFINITY, 0};
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM)
        m.top = cnn_larger::of(m.top, cnn_float(x[c * s.hw.by]));
    m.top = cnn_reduce<cnn_larger, TEAM>(m.top, shared);
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM)
        m.sum += expf(cnn_float(x[c * s.hw.by]) - m.top);
    m.sum = cnn_reduce<cnn_add, TEAM>(m.sum, shared);
    return m;
}

#endif
