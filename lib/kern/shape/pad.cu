/* Planes with something around them, or with their borders left out; see pad.c. The gradient
 * gathers: each input looks at the outputs that may read it. */
#include "kern/border.h"
#include "kern/cuda/lanes.cuh"
#include "kern/cuda/places.cuh"

namespace
{

enum { THREADS = 256 };

struct axis {
    enum cnn_border_mode mode;
    int64_t before;
    uint32_t in, out;

    __device__ int64_t at(uint32_t i) const
    {
        return cnn_border_at(mode, before, in, i);
    }
    /* Outputs that may read input r: those in front of it as well where it is among the first, those
     * behind it where it is among the last. */
    __device__ uint32_t first(uint32_t r) const
    {
        int64_t i = before + r;
        if (mode == CNN_BORDER_REFLECT)
            i = min(i, before - (int64_t)r);
        if (mode == CNN_BORDER_REPLICATE && r == 0)
            i = 0;
        return (uint32_t)min(max(i, (int64_t)0), (int64_t)out);
    }
    __device__ uint32_t end(uint32_t r) const
    {
        int64_t i = before + r + 1;
        if (mode == CNN_BORDER_REFLECT)
            i = max(i, before + 2 * ((int64_t)in - 1) - r + 1);
        if (mode == CNN_BORDER_REPLICATE && r + 1 == in)
            i = out;
        return (uint32_t)min(max(i, (int64_t)0), (int64_t)out);
    }
    /* The one after i that may: mirrored ones lie far apart. */
    __device__ uint32_t next(uint32_t r, uint32_t i) const
    {
        int64_t own = before + r;
        if (mode != CNN_BORDER_REFLECT)
            return i + 1;
        return i < own ? (uint32_t)min(own, (int64_t)out) : end(r) - 1 > i ? end(r) - 1 : i + 1;
    }
};

axis rows_of(const struct cnn_border *g, size_t in, size_t out)
{
    return {g->mode, g->top, (uint32_t)in, (uint32_t)out};
}

axis columns_of(const struct cnn_border *g, size_t in, size_t out)
{
    return {g->mode, g->left, (uint32_t)in, (uint32_t)out};
}

template <typename T, int V>
__global__ void forward_kernel(axis rows, axis columns, float value, cnn_view<const T> x,
                               cnn_places to, T *y)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    int64_t h = rows.at(at.h), w = columns.at(at.w);
    float v[V];
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        v[k] = value;
    if (h >= 0 && w >= 0)
        cnn_lanes_load(&x.at(at.n, at.c, (uint32_t)h, (uint32_t)w), v);
    cnn_lanes_store(v, y + i * V);
}

template <typename T, int V>
__global__ void backward_kernel(axis rows, axis columns, cnn_view<const T> dy, cnn_places to, T *dx)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    float sum[V] = {}, v[V];
    for (uint32_t h = rows.first(at.h); h < rows.end(at.h); h = rows.next(at.h, h))
        for (uint32_t w = columns.first(at.w); w < columns.end(at.w); w = columns.next(at.w, w)) {
            if (rows.at(h) != at.h || columns.at(w) != at.w)
                continue;
            cnn_lanes_load(&dy.at(at.n, at.c, h, w), v);
            CNN_UNROLL
            for (int k = 0; k < V; k++)
                sum[k] += v[k];
        }
    cnn_lanes_store(sum, dx + i * V);
}

int together(const struct cnn_tensor *a, const struct cnn_tensor *b)
{
    return cnn_is_nhwc(a) && cnn_is_nhwc(b);
}

template <typename T, int V>
void forward(struct cnn_queue *q, const struct cnn_border *g, const struct cnn_tensor *x,
             struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, together(x, y), V);
    cnn_launch(q, "pad_forward", forward_kernel<T, V>, cnn_blocks(places.count, THREADS), THREADS,
               0, rows_of(g, x->h, y->h), columns_of(g, x->w, y->w), (float)g->value,
               cnn_view_of<const T>(x), places, (T *)y->data);
}

template <typename T, int V>
void backward(struct cnn_queue *q, const struct cnn_border *g, const struct cnn_tensor *dy,
              struct cnn_tensor *dx)
{
    cnn_places places = cnn_places_of(dx, together(dy, dx), V);
    cnn_launch(q, "pad_backward", backward_kernel<T, V>, cnn_blocks(places.count, THREADS), THREADS,
               0, rows_of(g, dx->h, dy->h), columns_of(g, dx->w, dy->w), cnn_view_of<const T>(dy),
               places, (T *)dx->data);
}

} // namespace

void cnn_cuda_pad_forward(struct cnn_queue *q, const struct cnn_border *g,
                          const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_PACKS(q, together(x, y), x->c, forward, q, g, x, y);
}

void cnn_cuda_pad_backward(struct cnn_queue *q, const struct cnn_border *g,
                           const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    CNN_BY_PACKS(q, together(dy, dx), dx->c, backward, q, g, dy, dx);
}
