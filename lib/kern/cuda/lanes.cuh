/* Numbers that lie side by side, as one thread takes them: V of type T at a time, of 16 bytes at
 * most. */
#ifndef CNN_KERN_CUDA_LANES_CUH
#define CNN_KERN_CUDA_LANES_CUH

#include "kern/cuda/activation.cuh"

/* Before a loop that must become straight code, as what it indexes is in registers; and before one
 * whose reads should be on their way together, 8 at a time. */
#ifdef CNN_EMULATED
#define CNN_UNROLL
#define CNN_UNROLL_8
#else
#define CNN_UNROLL   _Pragma("unroll")
#define CNN_UNROLL_8 _Pragma("unroll 8")
#endif

template <int V, typename T> static __device__ inline cnn_pack<T, V> cnn_lanes_at(const T *from)
{
    return *(const cnn_pack<T, V> *)from;
}

template <typename T, int V>
static __device__ inline void cnn_lanes_float(const cnn_pack<T, V> &from, float (&to)[V])
{
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        to[k] = cnn_float(from.v[k]);
}

template <typename T, int V>
static __device__ inline void cnn_lanes_load(const T *from, float (&to)[V])
{
    cnn_lanes_float(cnn_lanes_at<V>(from), to);
}

template <typename T, int V>
static __device__ inline void cnn_lanes_store(const float (&from)[V], T *to)
{
    cnn_pack<T, V> lanes;
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        lanes.v[k] = cnn_to<T>(from[k]);
    *(cnn_pack<T, V> *)to = lanes;
}

template <int F, int V> static __device__ inline void cnn_lanes_function(float a, float (&v)[V])
{
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        v[k] = cnn_function<F>::APART ? v[k] : cnn_function<F>::of(v[k], a);
}

template <int F, int V>
static __device__ inline void cnn_lanes_back(float a, const float (&from)[V], float (&dy)[V])
{
    CNN_UNROLL
    for (int k = 0; k < V; k++)
        dy[k] = cnn_function<F>::APART ? dy[k] : cnn_function<F>::back(from[k], dy[k], a);
}

/* v = f(v) in passing. */
template <int V> static __device__ inline void cnn_lanes_activate(int f, float a, float (&v)[V])
{
    switch (f) {
#define CNN_ACTIVATION(NAME, ...)                                                                  \
    case CNN_##NAME:                                                                               \
        cnn_lanes_function<CNN_##NAME>(a, v);                                                      \
        break;
#include "kern/activations.def"
    case CNN_NO_ACTIVATION:
        break;
    }
}

/* dy = dy f'(v) in passing, from y = f(v). */
template <int V>
static __device__ inline void cnn_lanes_gradient(int f, float a, const float (&y)[V],
                                                 float (&dy)[V])
{
    switch (f) {
#define CNN_ACTIVATION(NAME, ...)                                                                  \
    case CNN_##NAME:                                                                               \
        cnn_lanes_back<CNN_##NAME>(a, y, dy);                                                      \
        break;
#include "kern/activations.def"
    case CNN_NO_ACTIVATION:
        break;
    }
}

/* y[at] .. = f(v + bias + add[at] ..) for V channels; bias: theirs, or NULL. */
template <int V, typename T>
static __device__ inline void cnn_lanes_finish(const float *v, const float *bias,
                                               const cnn_after<T> &e, T *y, uint32_t at)
{
    cnn_pack<T, V> add = {}, out;
    if (e.add)
        add = cnn_lanes_at<V>(e.add + at);
    CNN_UNROLL
    for (int k = 0; k < V; k++) {
        float sum = v[k] + (bias ? bias[k] : 0);
        if (e.add)
            sum += cnn_float(add.v[k]);
        out.v[k] = cnn_to<T>(cnn_activate(e.f, e.a, sum));
    }
    *(cnn_pack<T, V> *)(y + at) = out;
}

/* Call f<T, V>(...) with the type in which this queue holds activations; V are 16 bytes, or 4
 * numbers where a thread keeps much for each, or 1 where c channels do not fill these. `together`:
 * whether channels lie side by side. */
#define CNN_BY_PACKS(q, together, c, f, ...)                                                       \
    do {                                                                                           \
        if ((q)->precision == CNN_PRECISION_BF16)                                                  \
            CNN_BY_LANES(cnn_bf16, cnn_pack<cnn_bf16>::COUNT, together, c, f, __VA_ARGS__);        \
        else                                                                                       \
            CNN_BY_LANES(float, cnn_pack<float>::COUNT, together, c, f, __VA_ARGS__);              \
    } while (0)

#define CNN_BY_FOURS(q, together, c, f, ...)                                                       \
    do {                                                                                           \
        if ((q)->precision == CNN_PRECISION_BF16)                                                  \
            CNN_BY_LANES(cnn_bf16, 4, together, c, f, __VA_ARGS__);                                \
        else                                                                                       \
            CNN_BY_LANES(float, 4, together, c, f, __VA_ARGS__);                                   \
    } while (0)

#define CNN_BY_LANES(T, lanes, together, c, f, ...)                                                \
    do {                                                                                           \
        if ((together) && (c) % (lanes) == 0)                                                      \
            f<T, lanes>(__VA_ARGS__);                                                              \
        else                                                                                       \
            f<T, 1>(__VA_ARGS__);                                                                  \
    } while (0)

#endif
