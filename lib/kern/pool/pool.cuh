/* Pooling: a thread makes V channels of one position of what is written, from the positions of what
 * is read that belong to it. Which these are an axis says, A, for rows and columns by themselves:
 *
 *     cnn_span inputs(uint32_t i)     the inputs of output i's window, every step()-th
 *     cnn_span outputs(uint32_t i)    the outputs whose windows reach input i; they hold it where
 *     bool holds(uint32_t output, uint32_t i)    says so
 *     uint32_t divisor(uint32_t i)    what output i's sum is divided by */
#ifndef CNN_KERN_POOL_POOL_CUH
#define CNN_KERN_POOL_POOL_CUH

#include "kern/cuda/lanes.cuh"
#include "kern/cuda/places.cuh"

enum { CNN_POOL_THREADS = 256 };

struct cnn_span {
    uint32_t begin, end;
};

/* Whether channels lie side by side in both: a tensor of one position alone does not tell. */
static inline int cnn_pool_together(const struct cnn_tensor *a, const struct cnn_tensor *b)
{
    return cnn_is_nhwc(a) && cnn_is_nhwc(b);
}

/* y = the mean of each window. Rows are added up by themselves, so that sums stay short. */
template <typename T, int V, typename A>
__global__ void __launch_bounds__(CNN_POOL_THREADS, 4)
    cnn_pool_average(A rows, A columns, cnn_view<const T> x, cnn_places to, T *y)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    cnn_span r = rows.inputs(at.h), c = columns.inputs(at.w);
    float scale = 1 / (float)(rows.divisor(at.h) * columns.divisor(at.w)), sum[V] = {};
    for (uint32_t h = r.begin; h < r.end; h += rows.step()) {
        float row[V] = {}, v[V];
        for (uint32_t w = c.begin; w < c.end; w += columns.step()) {
            cnn_lanes_load(&x.at(at.n, at.c, h, w), v);
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                row[k] += v[k];
        }
        CNN_UNROLL
        for (int k = 0; k < V; k++)
            sum[k] += row[k];
    }
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        sum[k] *= scale;
    cnn_lanes_store(sum, y + i * V);
}

/* dx = the shares in the means of all windows that hold it. */
template <typename T, int V, typename A>
__global__ void __launch_bounds__(CNN_POOL_THREADS, 4)
    cnn_pool_spread(A rows, A columns, cnn_view<const T> dy, cnn_places to, T *dx)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    cnn_span r = rows.outputs(at.h), c = columns.outputs(at.w);
    float sum[V] = {}, v[V];
    for (uint32_t h = r.begin; h < r.end; h++)
        for (uint32_t w = c.begin; w < c.end; w++) {
            if (!rows.holds(h, at.h) || !columns.holds(w, at.w))
                continue;
            float scale = 1 / (float)(rows.divisor(h) * columns.divisor(w));
            cnn_lanes_load(&dy.at(at.n, at.c, h, w), v);
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                sum[k] = fmaf(v[k], scale, sum[k]);
        }
    cnn_lanes_store(sum, dx + i * V);
}

/* y from x, or dx from dy, by such a kernel. */
template <typename T, int V, typename A>
static void cnn_pool_run(struct cnn_queue *q, const char *name,
                         void (*kernel)(A, A, cnn_view<const T>, cnn_places, T *), const A &rows,
                         const A &columns, const struct cnn_tensor *from, struct cnn_tensor *to)
{
    cnn_places places = cnn_places_of(to, cnn_pool_together(from, to), V);
    cnn_launch(q, name, kernel, cnn_blocks(places.count, CNN_POOL_THREADS), CNN_POOL_THREADS, 0,
               rows, columns, cnn_view_of<const T>(from), places, (T *)to->data);
}

template <typename T, int V, typename A>
static void cnn_pool_average_run(struct cnn_queue *q, const char *name, const A &rows,
                                 const A &columns, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    cnn_pool_run<T, V, A>(q, name, cnn_pool_average<T, V, A>, rows, columns, x, y);
}

template <typename T, int V, typename A>
static void cnn_pool_spread_run(struct cnn_queue *q, const char *name, const A &rows,
                                const A &columns, const struct cnn_tensor *dy,
                                struct cnn_tensor *dx)
{
    cnn_pool_run<T, V, A>(q, name, cnn_pool_spread<T, V, A>, rows, columns, dy, dx);
}

#endif
