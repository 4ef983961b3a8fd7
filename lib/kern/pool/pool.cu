/* Maximum and mean over windows of each (h, w) plane.
 *
 * Window (i, j) covers rows i * stride - pad + k * dilation, k < kh, that lie inside of the input;
 * columns likewise.
 * Gradients are gathered: each input looks at the windows that hold it. */
#include "kern/pool/pool.cuh"

namespace
{

struct axis {
    uint32_t in, out, kernel, pad;
    uint32_t reach;  /* of a window */
    uint32_t padded; /* inputs with padding on both sides */
    uint32_t fixed;  /* the divisor; 0: it is counted */
    int count_pad;
    cnn_divisor stride, dilation;

    __device__ cnn_span inputs(uint32_t i) const
    {
        uint32_t start = i * stride.by, end = start + reach;
        if (start < pad)
            start += cnn_divide(pad - start + dilation.by - 1, dilation) * dilation.by;
        return {min(start - pad, in), end > pad ? min(end - pad, in) : 0};
    }
    __device__ uint32_t step() const
    {
        return dilation.by;
    }
    __device__ cnn_span outputs(uint32_t i) const
    {
        uint32_t at = i + pad;
        return {at < reach ? 0 : cnn_divide(at - reach, stride) + 1,
                min(cnn_divide(at, stride) + 1, out)};
    }
    __device__ bool holds(uint32_t output, uint32_t i) const
    {
        uint32_t apart = i + pad - output * stride.by;
        return dilation.by == 1 || cnn_divide(apart, dilation) * dilation.by == apart;
    }
    __device__ uint32_t divisor(uint32_t i) const
    {
        cnn_span s = inputs(i);
        uint32_t size = count_pad ? padded - i * stride.by : s.end > s.begin ? s.end - s.begin : 0;
        return fixed ? fixed : min(kernel, cnn_divide(size + dilation.by - 1, dilation));
    }
};

axis rows_of(const struct cnn_window *g)
{
    return {(uint32_t)g->in_h,
            (uint32_t)g->out_h,
            (uint32_t)g->kh,
            (uint32_t)g->pad_top,
            (uint32_t)((g->kh - 1) * g->dilation_h + 1),
            (uint32_t)(g->in_h + g->pad_top + g->pad_bottom),
            (uint32_t)g->divisor,
            g->count_pad,
            cnn_divisor_of(g->stride_h),
            cnn_divisor_of(g->dilation_h)};
}

axis columns_of(const struct cnn_window *g)
{
    return {(uint32_t)g->in_w,
            (uint32_t)g->out_w,
            (uint32_t)g->kw,
            (uint32_t)g->pad_left,
            (uint32_t)((g->kw - 1) * g->dilation_w + 1),
            (uint32_t)(g->in_w + g->pad_left + g->pad_right),
            g->divisor ? 1u : 0u,
            g->count_pad,
            cnn_divisor_of(g->stride_w),
            cnn_divisor_of(g->dilation_w)};
}

/* The first of the largest; a NaN counts as the largest. */
template <typename T, int V>
__global__ void __launch_bounds__(CNN_POOL_THREADS, 4)
    largest(axis rows, axis columns, cnn_view<const T> x, cnn_places to, T *y, int32_t *argmax)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    cnn_span r = rows.inputs(at.h), c = columns.inputs(at.w);
    float best[V], v[V];
    cnn_pack<int32_t, V> chosen;
    cnn_lanes_load(&x.at(at.n, at.c, r.begin, c.begin), best);
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        chosen.v[k] = (int32_t)(r.begin * columns.in + c.begin);
    for (uint32_t h = r.begin; h < r.end; h += rows.step())
        for (uint32_t w = c.begin; w < c.end; w += columns.step()) {
            cnn_lanes_load(&x.at(at.n, at.c, h, w), v);
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                if (v[k] > best[k] || v[k] != v[k]) {
                    best[k] = v[k];
                    chosen.v[k] = (int32_t)(h * columns.in + w);
                }
        }
    cnn_lanes_store(best, y + i * V);
    if (argmax)
        *(cnn_pack<int32_t, V> *)(argmax + i * V) = chosen;
}

/* dx = the sum of dy over the windows that chose it. */
template <typename T, int V>
__global__ void __launch_bounds__(CNN_POOL_THREADS, 4)
    gather(axis rows, axis columns, cnn_view<const T> dy, const int32_t *argmax, cnn_places to,
           T *dx)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    cnn_span r = rows.outputs(at.h), c = columns.outputs(at.w);
    int32_t self = (int32_t)(at.h * columns.in + at.w);
    float sum[V] = {}, v[V];
    for (uint32_t h = r.begin; h < r.end; h++)
        for (uint32_t w = c.begin; w < c.end; w++) {
            const T *from = &dy.at(at.n, at.c, h, w);
            const int32_t *chosen_at = argmax + (from - dy.data);
            cnn_pack<int32_t, V> chosen = *(const cnn_pack<int32_t, V> *)chosen_at;
            cnn_lanes_load(from, v);
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                sum[k] += chosen.v[k] == self ? v[k] : 0;
        }
    cnn_lanes_store(sum, dx + i * V);
}

template <typename T, int V>
void max_forward(struct cnn_queue *q, const struct cnn_window *g, const struct cnn_tensor *x,
                 struct cnn_tensor *y, void *argmax)
{
    cnn_places places = cnn_places_of(y, cnn_pool_together(x, y), V);
    cnn_launch(q, "maxpool_forward", largest<T, V>, cnn_blocks(places.count, CNN_POOL_THREADS),
               CNN_POOL_THREADS, 0, rows_of(g), columns_of(g), cnn_view_of<const T>(x), places,
               (T *)y->data, (int32_t *)argmax);
}

template <typename T, int V>
void max_backward(struct cnn_queue *q, const struct cnn_window *g, const struct cnn_tensor *dy,
                  const void *argmax, struct cnn_tensor *dx)
{
    cnn_places places = cnn_places_of(dx, cnn_pool_together(dx, dy), V);
    cnn_launch(q, "maxpool_backward", gather<T, V>, cnn_blocks(places.count, CNN_POOL_THREADS),
               CNN_POOL_THREADS, 0, rows_of(g), columns_of(g), cnn_view_of<const T>(dy),
               (const int32_t *)argmax, places, (T *)dx->data);
}

/* x: planes of in elements; y: of out. */
template <typename T>
__global__ void take(const T *x, const int32_t *argmax, T *y, uint32_t in, uint32_t out,
                     uint32_t count)
{
    uint32_t i = cnn_thread();
    if (i < count)
        y[i] = x[i / out * in + (uint32_t)argmax[i]];
}

template <typename T>
void max_gather(struct cnn_queue *q, const struct cnn_tensor *x, const void *argmax,
                struct cnn_tensor *y)
{
    uint32_t count = (uint32_t)cnn_tensor_count(y);
    cnn_launch(q, "maxpool_gather", take<T>, cnn_blocks(count, CNN_POOL_THREADS), CNN_POOL_THREADS,
               0, (const T *)x->data, (const int32_t *)argmax, (T *)y->data,
               (uint32_t)(x->h * x->w), (uint32_t)(y->h * y->w), count);
}

} // namespace

void cnn_cuda_maxpool_gather(struct cnn_queue *q, const struct cnn_tensor *x, const void *argmax,
                             struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, max_gather, q, x, argmax, y);
}

void cnn_cuda_maxpool_forward(struct cnn_queue *q, const struct cnn_window *g,
                              const struct cnn_tensor *x, struct cnn_tensor *y, void *argmax)
{
    CNN_BY_PACKS(q, cnn_pool_together(x, y), x->c, max_forward, q, g, x, y, argmax);
}

void cnn_cuda_maxpool_backward(struct cnn_queue *q, const struct cnn_window *g,
                               const struct cnn_tensor *dy, const void *argmax,
                               struct cnn_tensor *dx)
{
    CNN_BY_PACKS(q, cnn_pool_together(dx, dy), dx->c, max_backward, q, g, dy, argmax, dx);
}

void cnn_cuda_avgpool_forward(struct cnn_queue *q, const struct cnn_window *g,
                              const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_PACKS(q, cnn_pool_together(x, y), x->c, cnn_pool_average_run, q, "avgpool_forward",
                 rows_of(g), columns_of(g), x, y);
}

void cnn_cuda_avgpool_backward(struct cnn_queue *q, const struct cnn_window *g,
                               const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    CNN_BY_PACKS(q, cnn_pool_together(dx, dy), dx->c, cnn_pool_spread_run, q, "avgpool_backward",
                 rows_of(g), columns_of(g), dy, dx);
}
