/* Products: of tensors element by element, of planes by a number each, and their sums; see mul.c. */
#include "kern/cuda/elements.cuh"
#include "kern/cuda/lanes.cuh"
#include "kern/cuda/places.cuh"
#include "kern/cuda/plane_sums.cuh"

namespace
{

enum { THREADS = 256 };

template <typename T> __global__ void elements_kernel(const T *a, const T *b, T *y, size_t count)
{
    size_t at = cnn_first<T>();
    float v[cnn_pack<T>::COUNT], w[cnn_pack<T>::COUNT];
    if (at >= count)
        return;
    cnn_load(a + at, count - at, v);
    cnn_load(b + at, count - at, w);
    for (int i = 0; i < cnn_pack<T>::COUNT; i++)
        v[i] *= w[i];
    cnn_store(y + at, count - at, v);
}

template <typename T>
void elements(struct cnn_queue *q, const struct cnn_tensor *a, const struct cnn_tensor *b,
              struct cnn_tensor *y)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "mul", elements_kernel<T>, cnn_element_blocks<T>(count), CNN_ELEMENT_THREADS, 0,
               (const T *)a->data, (const T *)b->data, (T *)y->data, count);
}

/* b (n, c) */
template <typename T, int V>
__global__ void scale_kernel(uint32_t channels, cnn_places to, const T *a, const T *b, T *y)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place at = cnn_place_at<V>(to, i);
    float v[V], w[V];
    cnn_lanes_load(a + i * V, v);
    cnn_lanes_load(b + at.n * channels + at.c, w);
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        v[k] *= w[k];
    cnn_lanes_store(v, y + i * V);
}

template <typename T, int V>
void scale(struct cnn_queue *q, const struct cnn_tensor *a, const struct cnn_tensor *b,
           struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, cnn_is_nhwc(y), V);
    cnn_launch(q, "mul", scale_kernel<T, V>, cnn_blocks(places.count, THREADS), THREADS, 0,
               (uint32_t)y->c, places, (const T *)a->data, (const T *)b->data, (T *)y->data);
}

template <typename T> struct products {
    enum { SUMS = 1 };
    const T *a, *b; /* (n, c, h, w) */
    T *y;           /* (n, c) */
    uint32_t c;

    struct state {
    };

    __device__ state start(uint32_t, uint32_t, uint32_t) const
    {
        return {};
    }

    __device__ void add(const state &, uint32_t at, float (&sum)[1]) const
    {
        sum[0] = fmaf(cnn_float(a[at]), cnn_float(b[at]), sum[0]);
    }

    __device__ void finish(const state &, uint32_t n, uint32_t channel,
                           const float (&total)[1]) const
    {
        y[n * c + channel] = cnn_to<T>(total[0]);
    }
};

template <typename T>
void planes(struct cnn_queue *q, const struct cnn_tensor *a, const struct cnn_tensor *b,
            struct cnn_tensor *y)
{
    products<T> f = {(const T *)a->data, (const T *)b->data, (T *)y->data, (uint32_t)a->c};
    cnn_plane_sums(q, "mul_planes", a, f);
}

} // namespace

void cnn_cuda_mul(struct cnn_queue *q, const struct cnn_tensor *a, const struct cnn_tensor *b,
                  struct cnn_tensor *y)
{
    if (a->h == b->h && a->w == b->w)
        CNN_BY_TYPE(q, elements, q, a, b, y);
    else
        CNN_BY_PACKS(q, cnn_is_nhwc(y), y->c, scale, q, a, b, y);
}

void cnn_cuda_mul_planes(struct cnn_queue *q, const struct cnn_tensor *a,
                         const struct cnn_tensor *b, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, planes, q, a, b, y);
}
