/* Fully connected layers: matrix products of the whole batch. */
#include "kern/cuda/activation.cuh"
#include "kern/cuda/cast.cuh"
#include "kern/cuda/gemm.cuh"

/* y (n, out) = f(y + bias + add). */
template <typename T>
__global__ void dense_end(T *y, uint32_t count, cnn_divisor by_out, const float *bias,
                          cnn_after<T> e)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    float v = cnn_float(y[i]);
    if (bias)
        v += bias[i - cnn_divide(i, by_out) * by_out.by];
    if (e.add)
        v += cnn_float(e.add[i]);
    y[i] = cnn_to<T>(cnn_activate(e.f, e.a, v));
}

template <typename T>
static void end(struct cnn_queue *q, const struct cnn_tensor *b, const struct cnn_epilogue *e,
                struct cnn_tensor *y)
{
    size_t count = y->n * y->c;
    cnn_launch(q, "dense: bias and activation", dense_end<T>, cnn_blocks(count, 256), 256, 0,
               (T *)y->data, (uint32_t)count, cnn_divisor_of(y->c),
               b ? (const float *)b->data : NULL, cnn_after_of<T>(e));
}

/* Weights as the product takes them. */
static struct cnn_matrix weights(struct cnn_queue *q, const struct cnn_tensor *w, void *work)
{
    return {cnn_cuda_cast(q, (const float *)w->data, cnn_tensor_count(w), work), w->c * w->h * w->w,
            false};
}

static size_t inputs(const struct cnn_tensor *x)
{
    return x->c * x->h * x->w;
}

size_t cnn_cuda_dense_work(struct cnn_queue *q, size_t n, size_t in, size_t out)
{
    (void)n;
    return cnn_cuda_cast_bytes(q, in * out);
}

void cnn_cuda_dense_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                            const struct cnn_tensor *w, const struct cnn_tensor *b,
                            const struct cnn_epilogue *e, struct cnn_tensor *y, void *work)
{
    if (q->code)
        return;
    struct cnn_matrix wm = weights(q, w, work), xm = {x->data, inputs(x), false};
    wm.transposed = true;
    cnn_cuda_gemm(q, y->n, y->c, inputs(x), xm, wm, false, y->data, y->c);
    if (b || e)
        CNN_BY_TYPE(q, end, q, b, e, y);
    cnn_after_rest(q, e, y);
}

void cnn_cuda_dense_backward_data(struct cnn_queue *q, const struct cnn_tensor *dy,
                                  const struct cnn_tensor *w, struct cnn_tensor *dx, void *work)
{
    if (q->code)
        return;
    struct cnn_matrix wm = weights(q, w, work), dym = {dy->data, dy->c, false};
    cnn_cuda_gemm(q, dy->n, inputs(dx), dy->c, dym, wm, false, dx->data, inputs(dx));
}

void cnn_cuda_dense_backward_weight(struct cnn_queue *q, const struct cnn_tensor *x,
                                    const struct cnn_tensor *dy, struct cnn_tensor *dw, void *work)
{
    (void)work;
    struct cnn_matrix dym = {dy->data, dy->c, true}, xm = {x->data, inputs(x), false};
    cnn_cuda_gemm(q, dy->c, inputs(x), dy->n, dym, xm, true, dw->data, inputs(x));
}
