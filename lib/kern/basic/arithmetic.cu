/* Elementwise arithmetic: sums of tensors, fills, clamping, and the sum of squares. */
#include "kern/cuda/elements.cuh"
#include "kern/cuda/reduce.cuh"

enum { TERMS = 64 };

/* What is added up, in this order. */
template <typename T> struct terms {
    int count;
    const T *x[TERMS];
};

template <typename T> static __global__ void sum_kernel(terms<T> terms, T *y, size_t count)
{
    size_t at = cnn_first<T>();
    float sum[cnn_pack<T>::COUNT], v[cnn_pack<T>::COUNT];
    if (at >= count)
        return;
    cnn_load(terms.x[0] + at, count - at, sum);
    for (int k = 1; k < terms.count; k++) {
        cnn_load(terms.x[k] + at, count - at, v);
        for (int i = 0; i < cnn_pack<T>::COUNT; i++)
            sum[i] += v[i];
    }
    cnn_store(y + at, count - at, sum);
}

/* As many terms at a time as fit; y is the first of the next. */
template <typename T>
static void sum(struct cnn_queue *q, int count, const struct cnn_tensor *const *x,
                struct cnn_tensor *y)
{
    size_t elements = cnn_tensor_count(y);
    for (int done = 0; done < count;) {
        terms<T> now = {};
        if (done)
            now.x[now.count++] = (const T *)y->data;
        while (now.count < TERMS && done < count)
            now.x[now.count++] = (const T *)x[done++]->data;
        cnn_launch(q, "sum_forward", sum_kernel<T>, cnn_element_blocks<T>(elements),
                   CNN_ELEMENT_THREADS, 0, now, y->data, elements);
    }
}

void cnn_cuda_sum_forward(struct cnn_queue *q, int count, const struct cnn_tensor *const *x,
                          struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, sum, q, count, x, y);
}

static __global__ void fill_kernel(float value, size_t count, real *x)
{
    size_t at = cnn_first<real>();
    float v[cnn_pack<real>::COUNT];
    if (at >= count)
        return;
    for (int i = 0; i < cnn_pack<real>::COUNT; i++)
        v[i] = value;
    cnn_store(x + at, count - at, v);
}

/* NaN stays NaN: both comparisons are false for it. */
static __global__ void clamp_kernel(float limit, size_t count, real *x)
{
    size_t at = cnn_first<real>();
    float v[cnn_pack<real>::COUNT];
    if (at >= count)
        return;
    cnn_load(x + at, count - at, v);
    for (int i = 0; i < cnn_pack<real>::COUNT; i++)
        v[i] = v[i] > limit ? limit : v[i] < -limit ? -limit : v[i];
    cnn_store(x + at, count - at, v);
}

void cnn_cuda_fill(struct cnn_queue *q, double value, size_t count, real *x)
{
    cnn_launch(q, "fill", fill_kernel, cnn_element_blocks<real>(count), CNN_ELEMENT_THREADS, 0,
               value, count, x);
}

void cnn_cuda_clamp(struct cnn_queue *q, double limit, size_t count, real *x)
{
    cnn_launch(q, "clamp", clamp_kernel, cnn_element_blocks<real>(count), CNN_ELEMENT_THREADS, 0,
               limit, count, x);
}

enum { SQUARE_PARTS = 1024 };

/* part[b] = the sum over block b's numbers; the blocks take turns. */
static __global__ void squares_kernel(size_t count, const real *x, double *part)
{
    CNN_SHARED(double, shared, CNN_TEAM_WARPS);
    enum { COUNT = cnn_pack<real>::COUNT };
    size_t stride = (size_t)gridDim.x * CNN_TEAM * COUNT;
    double total = 0;
    for (size_t at = cnn_first<real>(); at < count; at += stride) {
        float v[COUNT];
        cnn_load(x + at, count - at, v);
        for (int i = 0; i < COUNT; i++)
            total += (double)v[i] * (double)v[i];
    }
    total = cnn_reduce<cnn_add, CNN_TEAM>(total, shared);
    if (threadIdx.x == 0)
        part[blockIdx.x] = total;
}

void cnn_cuda_sum_squares(struct cnn_queue *q, size_t count, const real *x, double *out)
{
    double part[SQUARE_PARTS];
    size_t blocks = cnn_ceil(count, CNN_TEAM * cnn_pack<real>::COUNT);
    *out = 0;
    if (q->code)
        return;
    if (blocks > SQUARE_PARTS)
        blocks = SQUARE_PARTS;
    cnn_launch(q, "sum_squares", squares_kernel, dim3((unsigned)blocks), CNN_TEAM, 0, count, x,
               q->cuda->scratch);
    cnn_cuda_failed(q, "sum_squares",
                    cudaMemcpyAsync(part, q->cuda->scratch, blocks * sizeof *part,
                                    cudaMemcpyDeviceToHost, q->cuda->stream));
    cnn_cuda_failed(q, "sum_squares", cudaStreamSynchronize(q->cuda->stream));
    for (size_t i = 0; i < blocks && !q->code; i++)
        *out += part[i];
}
