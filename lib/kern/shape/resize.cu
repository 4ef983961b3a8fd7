/* Planes of another size; see resize.c. The gradient gathers: each input looks at the outputs that
 * may read it. */
#include "kern/cuda/lanes.cuh"
#include "kern/cuda/places.cuh"
#include "kern/resize.h"

namespace
{

enum { THREADS = 256 };

struct axis {
    enum cnn_resize_mode mode;
    int corners;
    float step;
    uint32_t in, out;

    __device__ cnn_resize_tap at(uint32_t i) const
    {
        return cnn_resize_at(mode, corners, step, in, i);
    }
    /* How much of input r goes into output i. */
    __device__ float share(uint32_t r, uint32_t i) const
    {
        cnn_resize_tap t = at(i);
        return t.lower == r ? 1 - t.upper_share : t.lower + 1 == r ? t.upper_share : 0;
    }
    /* The outputs that may read input r, and some around. */
    __device__ uint32_t first(uint32_t r) const
    {
        float i = step > 0 ? ((float)r - 2) / step - 2 : 0;
        return i > 0 ? min((uint32_t)i, out) : 0;
    }
    __device__ uint32_t end(uint32_t r) const
    {
        float i = step > 0 ? ((float)r + 2) / step + 3 : (float)out;
        return i < (float)out && r + 1 < in ? (uint32_t)i : out;
    }
};

axis rows_of(const struct cnn_resize *g, size_t in, size_t out)
{
    return {g->mode, g->corners, (float)g->step_h, (uint32_t)in, (uint32_t)out};
}

axis columns_of(const struct cnn_resize *g, size_t in, size_t out)
{
    return {g->mode, g->corners, (float)g->step_w, (uint32_t)in, (uint32_t)out};
}

template <typename T, int V>
__device__ inline void add_lanes(float factor, const T *from, float (&sum)[V])
{
    float v[V];
    cnn_lanes_load(from, v);
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        sum[k] = fmaf(factor, v[k], sum[k]);
}

template <typename T, int V>
__global__ void forward_kernel(axis rows, axis columns, cnn_view<const T> x, cnn_places to, T *y)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    cnn_resize_tap r = rows.at(at.h), c = columns.at(at.w);
    float a = r.upper_share, b = c.upper_share, sum[V] = {};
    add_lanes((1 - a) * (1 - b), &x.at(at.n, at.c, r.lower, c.lower), sum);
    if (b > 0)
        add_lanes((1 - a) * b, &x.at(at.n, at.c, r.lower, c.lower + 1), sum);
    if (a > 0)
        add_lanes(a * (1 - b), &x.at(at.n, at.c, r.lower + 1, c.lower), sum);
    if (a > 0 && b > 0)
        add_lanes(a * b, &x.at(at.n, at.c, r.lower + 1, c.lower + 1), sum);
    cnn_lanes_store(sum, y + i * V);
}

template <typename T, int V>
__global__ void backward_kernel(axis rows, axis columns, cnn_view<const T> dy, cnn_places to, T *dx)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    float sum[V] = {};
    for (uint32_t h = rows.first(at.h); h < rows.end(at.h); h++) {
        float a = rows.share(at.h, h);
        for (uint32_t w = columns.first(at.w); a > 0 && w < columns.end(at.w); w++) {
            float b = columns.share(at.w, w);
            if (b > 0)
                add_lanes(a * b, &dy.at(at.n, at.c, h, w), sum);
        }
    }
    cnn_lanes_store(sum, dx + i * V);
}

int together(const struct cnn_tensor *a, const struct cnn_tensor *b)
{
    return cnn_is_nhwc(a) && cnn_is_nhwc(b);
}

template <typename T, int V>
void forward(struct cnn_queue *q, const struct cnn_resize *g, const struct cnn_tensor *x,
             struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, together(x, y), V);
    cnn_launch(q, "resize_forward", forward_kernel<T, V>, cnn_blocks(places.count, THREADS),
               THREADS, 0, rows_of(g, x->h, y->h), columns_of(g, x->w, y->w),
               cnn_view_of<const T>(x), places, (T *)y->data);
}

template <typename T, int V>
void backward(struct cnn_queue *q, const struct cnn_resize *g, const struct cnn_tensor *dy,
              struct cnn_tensor *dx)
{
    cnn_places places = cnn_places_of(dx, together(dy, dx), V);
    cnn_launch(q, "resize_backward", backward_kernel<T, V>, cnn_blocks(places.count, THREADS),
               THREADS, 0, rows_of(g, dx->h, dy->h), columns_of(g, dx->w, dy->w),
               cnn_view_of<const T>(dy), places, (T *)dx->data);
}

} // namespace

void cnn_cuda_resize_forward(struct cnn_queue *q, const struct cnn_resize *g,
                             const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_PACKS(q, together(x, y), x->c, forward, q, g, x, y);
}

void cnn_cuda_resize_backward(struct cnn_queue *q, const struct cnn_resize *g,
                              const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    CNN_BY_PACKS(q, together(dy, dx), dx->c, backward, q, g, dy, dx);
}
