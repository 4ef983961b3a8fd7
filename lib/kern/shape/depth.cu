/* Volumes; see depth.c. A thread has an element of what comes out. */
#include "kern/cuda/places.cuh"
#include "kern/depth.h"

namespace
{

enum { THREADS = 256 };

struct depth {
    struct cnn_depth g;
    cnn_divisor kernel, rows; /* rows: of a sample of what comes out */
    cnn_divisor each;         /* elements of a row */
    const int32_t *count;
};

depth depth_of(const struct cnn_depth *g, size_t rows, const struct cnn_tensor *t,
               const int32_t *count)
{
    return {*g, cnn_divisor_of(g->kernel), cnn_divisor_of(rows), cnn_divisor_of(t->c * t->h * t->w),
            count};
}

template <typename T>
__global__ void gather_kernel(depth d, cnn_view<const T> x, cnn_places to, T *y)
{
    uint32_t i = cnn_thread(), o, k;
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<1>(to, i);
    uint32_t sample = cnn_divide_rest(at.n, d.rows, &o), c = cnn_divide_rest(at.c, d.kernel, &k);
    int row = cnn_depth_seen(&d.g, (int)o, (int)k);
    bool there = row >= 0 && row < cnn_depth_real(&d.g, d.count, sample);
    y[i] = there ? x.at(sample * (uint32_t)d.g.in + (uint32_t)row, c, at.h, at.w) : cnn_to<T>(0);
}

template <typename T>
__global__ void scatter_kernel(depth d, cnn_view<const T> dy, cnn_places to, T *dx)
{
    uint32_t i = cnn_thread(), row;
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<1>(to, i);
    uint32_t sample = cnn_divide_rest(at.n, d.rows, &row);
    float sum = 0;
    bool there = (int)row < cnn_depth_real(&d.g, d.count, sample);
    for (uint32_t k = 0; there && k < d.kernel.by; k++) {
        int o = cnn_depth_seer(&d.g, (int)row, (int)k);
        if (o >= 0)
            sum += cnn_float(dy.at(sample * (uint32_t)d.g.out + (uint32_t)o, at.c * d.kernel.by + k,
                                   at.h, at.w));
    }
    dx[i] = cnn_to<T>(sum);
}

template <typename T>
__global__ void pool_kernel(enum cnn_rows_pool how, depth d, const T *x, T *y, int32_t *argmax,
                            uint32_t count)
{
    uint32_t i = cnn_thread(), element, o;
    if (i >= count)
        return;
    uint32_t sample = cnn_divide_rest(cnn_divide_rest(i, d.each, &element), d.rows, &o);
    int real_rows = cnn_depth_real(&d.g, d.count, sample), chosen = CNN_NO_ROW;
    const T *first = x + (size_t)sample * d.g.in * d.each.by + element;
    float sum = 0, best = 0;
    bool taken = false;
    for (uint32_t k = 0; k < d.kernel.by; k++) {
        int row = cnn_depth_seen(&d.g, (int)o, (int)k);
        if (row < 0)
            continue;
        float v = row < real_rows ? cnn_float(first[(size_t)row * d.each.by]) : 0;
        sum += v;
        if (!taken || v > best || v != v) {
            best = v;
            chosen = row < real_rows ? row : CNN_NO_ROW;
        }
        taken = true;
    }
    if (argmax)
        argmax[i] = chosen;
    y[i] = cnn_to<T>(how == CNN_ROWS_MAX ? best : sum / (float)cnn_depth_divisor(&d.g, (int)o));
}

template <typename T>
__global__ void spread_kernel(enum cnn_rows_pool how, depth d, const T *dy, const int32_t *chosen,
                              T *dx, uint32_t count)
{
    uint32_t i = cnn_thread(), element, row;
    if (i >= count)
        return;
    uint32_t sample = cnn_divide_rest(cnn_divide_rest(i, d.each, &element), d.rows, &row);
    size_t first = (size_t)sample * d.g.out * d.each.by + element;
    float sum = 0;
    bool there = (int)row < cnn_depth_real(&d.g, d.count, sample);
    for (uint32_t k = 0; there && k < d.kernel.by; k++) {
        int o = cnn_depth_seer(&d.g, (int)row, (int)k);
        size_t at = first + (size_t)(o < 0 ? 0 : o) * d.each.by;
        if (o >= 0 && how == CNN_ROWS_MEAN)
            sum += cnn_float(dy[at]) / (float)cnn_depth_divisor(&d.g, o);
        else if (o >= 0 && chosen[at] == (int)row)
            sum += cnn_float(dy[at]);
    }
    dx[i] = cnn_to<T>(sum);
}

template <typename T>
void gather(struct cnn_queue *q, depth d, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, y->layout.order == CNN_ORDER_CHANNELS_LAST, 1);
    cnn_launch(q, "depth_gather", gather_kernel<T>, cnn_blocks(places.count, THREADS), THREADS, 0,
               d, cnn_view_of<const T>(x), places, (T *)y->data);
}

template <typename T>
void scatter(struct cnn_queue *q, depth d, const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    cnn_places places = cnn_places_of(dx, dx->layout.order == CNN_ORDER_CHANNELS_LAST, 1);
    cnn_launch(q, "depth_scatter", scatter_kernel<T>, cnn_blocks(places.count, THREADS), THREADS, 0,
               d, cnn_view_of<const T>(dy), places, (T *)dx->data);
}

template <typename T>
void pool(struct cnn_queue *q, enum cnn_rows_pool how, depth d, const struct cnn_tensor *x,
          struct cnn_tensor *y, void *argmax)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "depth_pool_forward", pool_kernel<T>, cnn_blocks(count, THREADS), THREADS, 0, how,
               d, x->data, y->data, argmax, count);
}

template <typename T>
void spread(struct cnn_queue *q, enum cnn_rows_pool how, depth d, const struct cnn_tensor *dy,
            const void *argmax, struct cnn_tensor *dx)
{
    size_t count = cnn_tensor_count(dx);
    cnn_launch(q, "depth_pool_backward", spread_kernel<T>, cnn_blocks(count, THREADS), THREADS, 0,
               how, d, dy->data, argmax, dx->data, count);
}

} // namespace

void cnn_cuda_depth_gather(struct cnn_queue *q, const struct cnn_depth *g, const int32_t *count,
                           const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, gather, q, depth_of(g, g->out, y, count), x, y);
}

void cnn_cuda_depth_scatter(struct cnn_queue *q, const struct cnn_depth *g, const int32_t *count,
                            const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, scatter, q, depth_of(g, g->in, dx, count), dy, dx);
}

void cnn_cuda_depth_pool_forward(struct cnn_queue *q, enum cnn_rows_pool how,
                                 const struct cnn_depth *g, const int32_t *count,
                                 const struct cnn_tensor *x, struct cnn_tensor *y, void *argmax)
{
    CNN_BY_TYPE(q, pool, q, how, depth_of(g, g->out, y, count), x, y, argmax);
}

void cnn_cuda_depth_pool_backward(struct cnn_queue *q, enum cnn_rows_pool how,
                                  const struct cnn_depth *g, const int32_t *count,
                                  const struct cnn_tensor *dy, const void *argmax,
                                  struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, spread, q, how, depth_of(g, g->in, dx, count), dy, argmax, dx);
}
