/* Which samples are answered rightly; see label_hits.c. */
#include "kern/loss/targets.cuh"

/* x: the position's first number. */
template <typename T>
static __device__ inline bool is_hit(cnn_positions s, const T *x, uint32_t label)
{
    if (s.c.by == 1)
        return (cnn_float(x[0]) > 0) == (label == 1);
    if (label >= s.c.by)
        return false;
    float mine = cnn_float(x[label * s.hw.by]);
    for (uint32_t c = 0; c < s.c.by; c++) {
        float other = cnn_float(x[c * s.hw.by]);
        if (c < label ? !(other < mine) : !(other <= mine))
            return false;
    }
    return true;
}

/* A block has a sample, a thread every CNN_TEAM-th position. */
template <typename T>
static __global__ void hits_kernel(cnn_positions s, struct cnn_targets t, const T *x, real *hit)
{
    CNN_SHARED(uint32_t, shared_hits, CNN_TEAM_WARPS);
    CNN_SHARED(uint32_t, shared_count, CNN_TEAM_WARPS);
    uint32_t first = blockIdx.x * s.hw.by, hits = 0, count = 0;
    for (uint32_t p = threadIdx.x; t.label && p < s.hw.by; p += CNN_TEAM) {
        if (cnn_target_ignored(t, first + p))
            continue;
        count++;
        hits += is_hit(s, x + cnn_position_at(s, first + p), (uint32_t)t.label[first + p]);
    }
    hits = cnn_reduce<cnn_add, CNN_TEAM>(hits, shared_hits);
    count = cnn_reduce<cnn_add, CNN_TEAM>(count, shared_count);
    if (threadIdx.x == 0)
        hit[blockIdx.x] = (real)(count ? (double)hits / (double)count : 0);
}

template <typename T>
static void label_hits(struct cnn_queue *q, const struct cnn_tensor *x, const struct cnn_targets *t,
                       real *hit)
{
    if (!q->code && x->n)
        cnn_launch(q, "label hits", hits_kernel<T>, dim3((unsigned)x->n), CNN_TEAM, 0,
                   cnn_positions_of(x), *t, x->data, hit);
}

void cnn_cuda_label_hits(struct cnn_queue *q, const struct cnn_tensor *x,
                         const struct cnn_targets *t, real *hit)
{
    CNN_BY_TYPE(q, label_hits, q, x, t, hit);
}
