/* Targets as the losses' kernels read them, and what all losses do: a sample's loss is the mean of
 * its terms, `each` of them at each position that counts. Kernels of their own add the terms up to
 * partial sums part (n, parts), in double precision; here they become the samples' losses. */
#ifndef CNN_KERN_LOSS_TARGETS_CUH
#define CNN_KERN_LOSS_TARGETS_CUH

#include "kern/cuda/positions.cuh"

/* Is a position left out? */
static __device__ inline bool cnn_target_ignored(struct cnn_targets t, uint32_t position)
{
    return t.label && t.label[position] < 0;
}

/* The target of channel c at a position, element i of the tensor. A class target counts as its
 * one-hot vector. */
static __device__ inline float cnn_target_value(struct cnn_targets t, uint32_t position, uint32_t c,
                                                uint32_t i)
{
    if (t.label)
        return t.label[position] == (int32_t)c;
    return t.vector[i];
}

/* What a position that counts counts for its class. */
static __device__ inline float cnn_target_class_weight(struct cnn_targets t, uint32_t position)
{
    return t.class_weight && t.label ? t.class_weight[t.label[position]] : 1;
}

/* Terms of sample n that count; all threads of the block come here. */
static __device__ inline double cnn_target_terms(struct cnn_targets t, uint32_t n, uint32_t hw,
                                                 uint32_t each)
{
    CNN_SHARED(uint32_t, shared, CNN_TEAM_WARPS);
    uint32_t count = 0;
    for (uint32_t p = threadIdx.x; p < hw; p += CNN_TEAM)
        count += !cnn_target_ignored(t, n * hw + p);
    return (double)cnn_reduce<cnn_add, CNN_TEAM>(count, shared) * each;
}

/* How a sample's terms are cut: into `parts` partial sums over `chunk` things each, the last ones
 * over what is left. */
struct cnn_parts {
    uint32_t parts, chunk;
};

/* Of a sample's `count` things, `chunk` a part; more where scratch memory is short. */
static inline cnn_parts cnn_parts_of(size_t n, size_t count, size_t chunk)
{
    size_t most = CNN_CUDA_SCRATCH / sizeof(double) / n, parts = cnn_ceil(count, chunk);
    parts = parts < most ? parts : most;
    return {(uint32_t)(parts ? parts : 1), (uint32_t)cnn_ceil(count, parts ? parts : 1)};
}

/* Each of n samples has a number in scratch memory at least. Returns whether there are any, and
 * they fit. */
static inline int cnn_loss_ready(struct cnn_queue *q, size_t n)
{
    if (n > CNN_CUDA_SCRATCH / sizeof(double))
        cnn_cuda_failed(q, "the loss of so many samples", cudaErrorMemoryAllocation);
    return !q->code && n;
}

/* loss (n) from part (n, parts); a block has a sample. */
static __global__ void cnn_loss_kernel(struct cnn_targets t, uint32_t hw, uint32_t each,
                                       uint32_t parts, const double *part, real *loss)
{
    CNN_SHARED(double, shared, CNN_TEAM_WARPS);
    uint32_t n = blockIdx.x;
    double total = 0, terms = cnn_target_terms(t, n, hw, each);
    for (uint32_t i = threadIdx.x; i < parts; i += CNN_TEAM)
        total += part[n * parts + i];
    total = cnn_reduce<cnn_add, CNN_TEAM>(total, shared);
    if (threadIdx.x == 0)
        loss[n] = (real)(terms > 0 ? total / terms : 0);
}

/* factor (n): d total / d term of each sample; a block has a sample. */
static __global__ void cnn_loss_factor_kernel(struct cnn_targets t, uint32_t hw, uint32_t each,
                                              double scale, float *factor)
{
    uint32_t n = blockIdx.x;
    double terms = cnn_target_terms(t, n, hw, each);
    if (threadIdx.x == 0)
        factor[n] = (float)(terms > 0 ? scale * (double)t.weight[n] / terms : 0);
}

/* x: the logits or outputs, for their shape; the partial sums lie in scratch memory. */
static inline void cnn_loss_finish(struct cnn_queue *q, const struct cnn_tensor *x,
                                   const struct cnn_targets *t, size_t each, cnn_parts cut,
                                   real *loss)
{
    cnn_launch(q, "loss", cnn_loss_kernel, dim3((unsigned)x->n), CNN_TEAM, 0, *t, x->h * x->w, each,
               cut.parts, q->cuda->scratch, loss);
}

/* Leaves the factors in scratch memory. */
static inline void cnn_loss_factors(struct cnn_queue *q, const struct cnn_tensor *x,
                                    const struct cnn_targets *t, size_t each, double scale)
{
    cnn_launch(q, "loss", cnn_loss_factor_kernel, dim3((unsigned)x->n), CNN_TEAM, 0, *t,
               x->h * x->w, each, scale, q->cuda->scratch);
}

#endif
