/* Local response normalisation; see lrn.c. A thread makes one element, from its neighbours. */
#include "kern/cuda/places.cuh"

namespace
{

enum { THREADS = 256 };

struct rule {
    int32_t size, half; /* neighbours lie from -half on */
    int within;
    float a, beta, k;
};

rule rule_of(const struct cnn_lrn *g)
{
    size_t m = g->within ? g->size * g->size : g->size;
    return {(int32_t)g->size,      (int32_t)(g->size / 2), g->within,
            (float)(g->alpha / m), (float)g->beta,         (float)g->k};
}

__device__ inline float inverse_power(float s, float beta)
{
    float root = rsqrtf(s);
    return beta == 0.75f ? root * sqrtf(root) : powf(s, -beta);
}

/* Along an axis of `size`, the neighbours of `at` or those whose neighbour it is (mirror). */
struct span {
    uint32_t begin, end;
};

__device__ inline span neighbours(const rule &r, int mirror, uint32_t at, uint32_t size)
{
    int32_t before = mirror ? r.size - 1 - r.half : r.half, first = (int32_t)at - before;
    return {(uint32_t)max(first, 0), min((uint32_t)(first + r.size), size)};
}

/* The sum of f(place in memory) over them. */
template <typename T, typename F>
__device__ inline float sum_neighbours(const rule &r, int mirror, const cnn_view<const T> &x,
                                       const cnn_place &at, F f)
{
    float sum = 0;
    if (!r.within) {
        span c = neighbours(r, mirror, at.c, x.c);
        uint32_t place = at.n * x.sn + at.h * x.sh + at.w * x.sw;
        for (uint32_t i = c.begin; i < c.end; i++)
            sum += f(place + i * x.sc);
        return sum;
    }
    span h = neighbours(r, mirror, at.h, x.h), w = neighbours(r, mirror, at.w, x.w);
    uint32_t place = at.n * x.sn + at.c * x.sc;
    for (uint32_t i = h.begin; i < h.end; i++)
        for (uint32_t j = w.begin; j < w.end; j++)
            sum += f(place + i * x.sh + j * x.sw);
    return sum;
}

template <typename T>
__global__ void forward_kernel(rule r, cnn_view<const T> x, cnn_places to, T *y, float *scale)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    float sum = sum_neighbours(r, 0, x, cnn_place_at<1>(to, i), [&](uint32_t k) {
        float v = cnn_float(x.data[k]);
        return v * v;
    });
    float s = fmaf(r.a, sum, r.k);
    y[i] = cnn_to<T>(cnn_float(x.data[i]) * inverse_power(s, r.beta));
    if (scale)
        scale[i] = s;
}

template <typename T>
__global__ void backward_kernel(rule r, cnn_view<const T> x, const T *dy, const float *scale,
                                cnn_places to, T *dx)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    float sum = sum_neighbours(r, 1, x, cnn_place_at<1>(to, i), [&](uint32_t k) {
        float s = scale[k];
        return cnn_float(dy[k]) * cnn_float(x.data[k]) * inverse_power(s, r.beta) / s;
    });
    float own = cnn_float(dy[i]) * inverse_power(scale[i], r.beta);
    dx[i] = cnn_to<T>(own - 2 * r.beta * r.a * cnn_float(x.data[i]) * sum);
}

template <typename T>
void forward(struct cnn_queue *q, const struct cnn_lrn *g, const struct cnn_tensor *x,
             struct cnn_tensor *y, void *scale)
{
    cnn_places places = cnn_places_of(y, cnn_is_nhwc(y), 1);
    cnn_launch(q, "lrn_forward", forward_kernel<T>, cnn_blocks(places.count, THREADS), THREADS, 0,
               rule_of(g), cnn_view_of<const T>(x), places, (T *)y->data, (float *)scale);
}

template <typename T>
void backward(struct cnn_queue *q, const struct cnn_lrn *g, const struct cnn_tensor *x,
              const struct cnn_tensor *dy, const void *scale, struct cnn_tensor *dx)
{
    cnn_places places = cnn_places_of(dx, cnn_is_nhwc(dx), 1);
    cnn_launch(q, "lrn_backward", backward_kernel<T>, cnn_blocks(places.count, THREADS), THREADS, 0,
               rule_of(g), cnn_view_of<const T>(x), (const T *)dy->data, (const float *)scale,
               places, (T *)dx->data);
}

} // namespace

size_t cnn_cuda_lrn_work(struct cnn_queue *, const struct cnn_lrn *, const struct cnn_tensor *)
{
    return 0;
}

void cnn_cuda_lrn_forward(struct cnn_queue *q, const struct cnn_lrn *g, const struct cnn_tensor *x,
                          struct cnn_tensor *y, void *scale, void *)
{
    CNN_BY_TYPE(q, forward, q, g, x, y, scale);
}

void cnn_cuda_lrn_backward(struct cnn_queue *q, const struct cnn_lrn *g, const struct cnn_tensor *x,
                           const struct cnn_tensor *dy, const void *scale, struct cnn_tensor *dx,
                           void *)
{
    CNN_BY_TYPE(q, backward, q, g, x, dy, scale, dx);
}
