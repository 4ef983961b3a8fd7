/* What every .cu file leans on: the queue's device side, launching, the types in which activations
 * are held, tensors as kernels see them, and index arithmetic.
 *
 * A .cu file is compiled by nvcc for the GPU, and by the host's C++ compiler for the tests without
 * one (tests/emu), where threads are coroutines. So kernels say CNN_SHARED where CUDA says
 * __shared__, and are started by cnn_launch instead of <<< >>>. */
#ifndef CNN_KERN_CUDA_CUDA_CUH
#define CNN_KERN_CUDA_CUDA_CUH

#include <cuda_runtime.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kern/activation.h"
#include "kern/kernels.h"

#ifdef CNN_EMULATED
#define CNN_SHARED(type, name, count) type *name = (type *)emu_shared((count) * sizeof(type))
#define CNN_DYNAMIC_SHARED(name)      unsigned char *name = (unsigned char *)emu_dynamic_shared()
#else
#include <cuda_bf16.h>
#define CNN_SHARED(type, name, count) __shared__ type name[count]
#define CNN_DYNAMIC_SHARED(name)      extern __shared__ __align__(128) unsigned char name[]
#endif

/* ---- the queue's device side ------------------------------------------------------------------
 */

enum { CNN_CUDA_SCRATCH = 32 << 20 }; /* bytes for one kernel's partial results */

/* What a queue has on a GPU; backend/cuda.cu makes it. */
struct cnn_cuda {
    cudaStream_t stream;
    const struct cnn_blas_library *library; /* cuBLAS (blas_library.cuh) */
    void *blas;                             /* cublasHandle_t */
    void *scratch;    /* CNN_CUDA_SCRATCH bytes on the device, for use within one kernel's body */
    int tensor_cores; /* that multiply TF32 and bfloat16: sm_80 and newer */
    int warpgroups;   /* multiply bfloat16 (wgmma.cuh): sm_90, with code for sm_90a */
    int check;        /* wait after each launch, so that a failure names its kernel */
    char last[64];    /* the kernel that was started last */
    struct cnn_cuda_record *record; /* what is being recorded or replayed; NULL: nothing */
};

/* Note a failure of the CUDA runtime; the first sticks. */
void cnn_cuda_failed(struct cnn_queue *q, const char *what, cudaError_t error);
/* The same of waiting for the queue: what failed is the kernel that was started last, or one before
 * it. */
void cnn_cuda_waited(struct cnn_queue *q, cudaError_t error);
/* A kernel with what it is started with. */
enum { CNN_MOST_ARGUMENTS = 16 };
struct cnn_launch_of {
    const char *name;
    const void *kernel;
    dim3 grid;
    unsigned threads;
    size_t shared;
    int arguments;
    void *argument[CNN_MOST_ARGUMENTS];
    size_t size[CNN_MOST_ARGUMENTS];
};
/* Start it now, or let the record take it (record.cu). */
void cnn_cuda_start(struct cnn_queue *q, const struct cnn_launch_of *l);
/* Start it now (queue.cu). */
void cnn_cuda_start_now(struct cnn_queue *q, const struct cnn_launch_of *l);

template <typename... P>
void cnn_launch_exactly(struct cnn_queue *q, const char *name, void (*kernel)(P...), dim3 grid,
                        unsigned threads, size_t shared, P... p)
{
    static_assert(sizeof...(P) <= CNN_MOST_ARGUMENTS, "too many arguments of a kernel");
#ifdef CNN_EMULATED
    emu_register(kernel);
#endif
    struct cnn_launch_of l = {name,
                              (const void *)kernel,
                              grid,
                              threads,
                              shared,
                              (int)sizeof...(P),
                              {(void *)&p...},
                              {sizeof p...}};
    cnn_cuda_start(q, &l);
}

/* Start `kernel` on grid x threads with `shared` bytes of dynamic shared memory; an empty grid does
 * nothing. */
template <typename... P, typename... A>
void cnn_launch(struct cnn_queue *q, const char *name, void (*kernel)(P...), dim3 grid,
                unsigned threads, size_t shared, A... a)
{
    if (!q->code && grid.x && grid.y && grid.z)
        cnn_launch_exactly<P...>(q, name, kernel, grid, threads, shared, (P)a...);
}

/* Call f<T>(...) with the type in which this queue holds activations. Activations say it, too
 * (layout.type): cnn_backend_set_precision sets both. Kernels go by the queue, since all that they
 * get are of one type. */
#define CNN_BY_TYPE(q, f, ...)                                                                     \
    do {                                                                                           \
        if ((q)->precision == CNN_PRECISION_BF16)                                                  \
            f<cnn_bf16>(__VA_ARGS__);                                                              \
        else                                                                                       \
            f<float>(__VA_ARGS__);                                                                 \
    } while (0)

/* ---- numbers ----------------------------------------------------------------------------------
 */

/* The upper half of a float32. */
struct cnn_bf16 {
    uint16_t bits;
};

static __device__ inline float cnn_float(float v)
{
    return v;
}

static __device__ inline float cnn_float(cnn_bf16 v)
{
    return __uint_as_float((uint32_t)v.bits << 16);
}

/* To the nearest, ties to even. */
static __device__ inline cnn_bf16 cnn_to_bf16(float v)
{
    cnn_bf16 to;
#ifdef CNN_EMULATED
    uint32_t u = __float_as_uint(v);
    to.bits = v != v ? 0x7fff : (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
#else
    to.bits = __bfloat16_as_ushort(__float2bfloat16_rn(v));
#endif
    return to;
}

template <typename T> __device__ inline T cnn_to(float v);
template <> __device__ inline float cnn_to<float>(float v)
{
    return v;
}
template <> __device__ inline cnn_bf16 cnn_to<cnn_bf16>(float v)
{
    return cnn_to_bf16(v);
}

static inline size_t cnn_cuda_number_bytes(const struct cnn_queue *q)
{
    return q->precision == CNN_PRECISION_BF16 ? sizeof(cnn_bf16) : sizeof(float);
}

/* Numbers side by side that are read at once: as many as 16 bytes hold, or V of them. */
template <typename T, int V = 16 / (int)sizeof(T)>
struct alignas(V * sizeof(T) < 16 ? V * sizeof(T) : 16) cnn_pack {
    enum { COUNT = V };
    T v[V];
};

/* An epilogue as kernels take it: y = f(v + add[place of y]). */
enum { CNN_NO_ACTIVATION = -1 };
template <typename T> struct cnn_after {
    const T *add; /* NULL: nothing is added */
    int f;        /* CNN_NO_ACTIVATION: none, or one that is apart */
    float a;
};

template <typename T> static cnn_after<T> cnn_after_of(const struct cnn_epilogue *e)
{
    cnn_after<T> a = {NULL, CNN_NO_ACTIVATION, 0};
    if (e && e->add)
        a.add = (const T *)e->add->data;
    if (e && e->activate && cnn_activation_type(e->f)->passing != CNN_PASSING_APART) {
        a.f = e->f;
        a.a = (float)e->a[0];
    }
    return a;
}

/* y = f(y) behind kernels that did all but an activation that is apart. */
static inline void cnn_after_rest(struct cnn_queue *q, const struct cnn_epilogue *e,
                                  struct cnn_tensor *y)
{
    if (e && e->activate && cnn_activation_type(e->f)->passing == CNN_PASSING_APART)
        cnn_cuda_activation_forward(q, e->f, e->a, y, y);
}

/* ---- places -----------------------------------------------------------------------------------
 */

/* Division by a number that is not known when a kernel is compiled, without dividing (Granlund and
 * Montgomery 1994); for all 32-bit numbers. */
struct cnn_divisor {
    uint32_t by, factor, shift;
};

static inline cnn_divisor cnn_divisor_of(size_t by)
{
    cnn_divisor d = {(uint32_t)by, 0, 0};
    while (((uint64_t)1 << d.shift) < by)
        d.shift++;
    d.factor = (uint32_t)((((uint64_t)1 << 32) * (((uint64_t)1 << d.shift) - by)) / by + 1);
    return d;
}

static __device__ inline uint32_t cnn_divide(uint32_t x, cnn_divisor d)
{
    return (uint32_t)(((uint64_t)__umulhi(x, d.factor) + x) >> d.shift);
}

/* A tensor as kernels take it: element (n, c, h, w) lies at n * sn + c * sc + h * sh + w * sw. Its
 * elements are fewer than 2^32 (the backend sees to it). */
template <typename T> struct cnn_view {
    T *data;
    uint32_t n, c, h, w;
    uint32_t sn, sc, sh, sw;
    __device__ T &at(uint32_t in, uint32_t ic, uint32_t ih, uint32_t iw) const
    {
        return data[in * sn + ic * sc + ih * sh + iw * sw];
    }
};

/* Whether channels lie side by side; where there is one channel or one position they do in both
 * orders. */
static inline int cnn_is_nhwc(const struct cnn_tensor *t)
{
    return t->layout.order == CNN_ORDER_CHANNELS_LAST || t->c == 1 || t->h * t->w == 1;
}

template <typename T> static cnn_view<T> cnn_view_of(const struct cnn_tensor *t)
{
    uint32_t n = (uint32_t)t->n, c = (uint32_t)t->c, h = (uint32_t)t->h, w = (uint32_t)t->w;
    if (t->layout.order == CNN_ORDER_CHANNELS_LAST)
        return {(T *)t->data, n, c, h, w, c * h * w, 1, w * c, c};
    return {(T *)t->data, n, c, h, w, c * h * w, h * w, w, 1};
}

/* Blocks of `threads` for one thread a thing. */
static inline dim3 cnn_blocks(size_t count, unsigned threads)
{
    return dim3((unsigned)((count + threads - 1) / threads));
}

static __device__ inline uint32_t cnn_thread()
{
    return blockIdx.x * blockDim.x + threadIdx.x;
}

static inline size_t cnn_ceil(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

#endif
