/* The weights of attention; see attention.c. A block has a row of scores. */
#include "kern/cuda/reduce.cuh"

namespace
{

struct geometry {
    uint32_t keys;
    cnn_divisor queries, heads;
    float scale;
    int causal;
    const int32_t *queries_real, *keys_real;

    /* How many of the first keys the query of a row sees; 0 for one that is not real. */
    __device__ uint32_t seen_by(uint32_t row) const
    {
        uint32_t all = cnn_divide(row, queries), query = row - all * queries.by;
        uint32_t n = cnn_divide(all, heads), seen = keys;
        if (queries_real && (int32_t)query >= queries_real[n])
            return 0;
        if (keys_real)
            seen = keys_real[n] > 0 ? min(seen, (uint32_t)keys_real[n]) : 0;
        return causal ? min(seen, query + 1) : seen;
    }
};

geometry geometry_of(const struct cnn_attention *g)
{
    return {(uint32_t)g->keys,
            cnn_divisor_of(g->queries),
            cnn_divisor_of(g->heads),
            (float)g->scale,
            g->causal,
            g->queries_real,
            g->keys_real};
}

template <typename T> __global__ void forward_kernel(geometry g, T *s)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    uint32_t seen = g.seen_by(blockIdx.x);
    float top = -INFINITY, sum = 0;
    s += (size_t)blockIdx.x * g.keys;
    for (uint32_t i = threadIdx.x; i < seen; i += CNN_TEAM)
        top = cnn_larger::of(top, cnn_float(s[i]));
    top = cnn_reduce<cnn_larger, CNN_TEAM>(top, shared);
    for (uint32_t i = threadIdx.x; i < seen; i += CNN_TEAM)
        sum += expf(g.scale * (cnn_float(s[i]) - top));
    sum = cnn_reduce<cnn_add, CNN_TEAM>(sum, shared);
    for (uint32_t i = threadIdx.x; i < g.keys; i += CNN_TEAM)
        s[i] = cnn_to<T>(i < seen ? expf(g.scale * (cnn_float(s[i]) - top)) / sum : 0);
}

template <typename T> __global__ void backward_kernel(geometry g, const T *y, T *d)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    uint32_t seen = g.seen_by(blockIdx.x);
    float sum = 0;
    y += (size_t)blockIdx.x * g.keys;
    d += (size_t)blockIdx.x * g.keys;
    for (uint32_t i = threadIdx.x; i < seen; i += CNN_TEAM)
        sum += cnn_float(y[i]) * cnn_float(d[i]);
    sum = cnn_reduce<cnn_add, CNN_TEAM>(sum, shared);
    for (uint32_t i = threadIdx.x; i < g.keys; i += CNN_TEAM)
        d[i] = cnn_to<T>(i < seen ? g.scale * cnn_float(y[i]) * (cnn_float(d[i]) - sum) : 0);
}

template <typename T>
void forward(struct cnn_queue *q, const struct cnn_attention *g, struct cnn_tensor *s)
{
    cnn_launch(q, "attention", forward_kernel<T>, dim3((unsigned)(g->n * g->heads * g->queries)),
               CNN_TEAM, 0, geometry_of(g), s->data);
}

template <typename T>
void backward(struct cnn_queue *q, const struct cnn_attention *g, const struct cnn_tensor *y,
              struct cnn_tensor *d)
{
    cnn_launch(q, "attention", backward_kernel<T>, dim3((unsigned)(g->n * g->heads * g->queries)),
               CNN_TEAM, 0, geometry_of(g), y->data, d->data);
}

} // namespace

void cnn_cuda_attention_forward(struct cnn_queue *q, const struct cnn_attention *g,
                                struct cnn_tensor *s)
{
    CNN_BY_TYPE(q, forward, q, g, s);
}

void cnn_cuda_attention_backward(struct cnn_queue *q, const struct cnn_attention *g,
                                 const struct cnn_tensor *y, struct cnn_tensor *d)
{
    CNN_BY_TYPE(q, backward, q, g, y, d);
}
