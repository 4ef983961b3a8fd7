/* The parameter-free shortcut of residual nets; see subsample.c. A thread has one element of what
 * is written. */
#include "kern/cuda/cuda.cuh"

enum { THREADS = 256 };

/* The order in which a tensor's elements lie in memory. */
struct order {
    int nhwc;
    cnn_divisor c, h, w;
};

struct place {
    uint32_t n, c, h, w;
};

static struct order order_of(const struct cnn_tensor *t)
{
    return {t->layout.order == CNN_ORDER_CHANNELS_LAST, cnn_divisor_of(t->c), cnn_divisor_of(t->h),
            cnn_divisor_of(t->w)};
}

/* i modulo d; i becomes the quotient. */
static __device__ inline uint32_t take(uint32_t *i, cnn_divisor d)
{
    uint32_t quotient = cnn_divide(*i, d), rest = *i - quotient * d.by;
    *i = quotient;
    return rest;
}

/* Of the i-th element in memory. */
static __device__ inline struct place place_of(struct order o, uint32_t i)
{
    struct place p;
    if (o.nhwc)
        p.c = take(&i, o.c);
    p.w = take(&i, o.w);
    p.h = take(&i, o.h);
    if (!o.nhwc)
        p.c = take(&i, o.c);
    p.n = i;
    return p;
}

template <typename T>
static __global__ void forward_kernel(uint32_t stride, uint32_t before, cnn_view<T> x,
                                      cnn_view<T> y, struct order o, uint32_t count)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    struct place p = place_of(o, i);
    bool inside = p.c >= before && p.c - before < x.c;
    y.data[i] = inside ? x.at(p.n, p.c - before, stride * p.h, stride * p.w) : cnn_to<T>(0);
}

template <typename T>
static __global__ void backward_kernel(uint32_t stride, uint32_t before, cnn_view<T> dy,
                                       cnn_view<T> dx, struct order o, uint32_t count)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    struct place p = place_of(o, i);
    bool taken = p.h % stride == 0 && p.w % stride == 0;
    dx.data[i] = taken ? dy.at(p.n, p.c + before, p.h / stride, p.w / stride) : cnn_to<T>(0);
}

template <typename T>
static void forward(struct cnn_queue *q, size_t stride, const struct cnn_tensor *x,
                    struct cnn_tensor *y)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "subsample_forward", forward_kernel<T>, cnn_blocks(count, THREADS), THREADS, 0,
               stride, (y->c - x->c) / 2, cnn_view_of<T>(x), cnn_view_of<T>(y), order_of(y), count);
}

template <typename T>
static void backward(struct cnn_queue *q, size_t stride, const struct cnn_tensor *dy,
                     struct cnn_tensor *dx)
{
    size_t count = cnn_tensor_count(dx);
    cnn_launch(q, "subsample_backward", backward_kernel<T>, cnn_blocks(count, THREADS), THREADS, 0,
               stride, (dy->c - dx->c) / 2, cnn_view_of<T>(dy), cnn_view_of<T>(dx), order_of(dx),
               count);
}

void cnn_cuda_subsample_forward(struct cnn_queue *q, size_t stride, const struct cnn_tensor *x,
                                struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, forward, q, stride, x, y);
}

void cnn_cuda_subsample_backward(struct cnn_queue *q, size_t stride, const struct cnn_tensor *dy,
                                 struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, backward, q, stride, dy, dx);
}
