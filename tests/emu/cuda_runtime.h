/* As much of CUDA as the kernels use, on the host: blocks run one after another, the threads of a
 * block are coroutines that meet at barriers and in warp operations. For tests of index arithmetic,
 * races and bounds on machines without a GPU; emu.cpp says how. */
#ifndef EMU_CUDA_RUNTIME_H
#define EMU_CUDA_RUNTIME_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(n) alignas(n)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c)
    {
    }
};
struct uint3 {
    unsigned x, y, z;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
enum { warpSize = 32 };

/* ---- threads that meet ------------------------------------------------------------------------
 */

/* The lanes of `mask` of this warp wait for one another; the last to come runs meet(arguments of
 * all lanes, mask). */
typedef void emu_meeting(void *const lane[32], unsigned mask);
void emu_meet(unsigned mask, emu_meeting *meet, void *argument);
void __syncthreads();
static inline void emu_nothing(void *const[32], unsigned)
{
}
static inline void __syncwarp(unsigned mask = 0xffffffffu)
{
    emu_meet(mask, emu_nothing, NULL);
}

struct emu_shuffle {
    uint64_t value, result;
    int from;
};
void emu_shuffle_all(void *const lane[32], unsigned mask);

template <typename T> T emu_shuffled(unsigned mask, T value, int from)
{
    static_assert(sizeof(T) <= 8, "shuffles carry 8 bytes");
    emu_shuffle s = {0, 0, from};
    memcpy(&s.value, &value, sizeof value);
    emu_meet(mask, emu_shuffle_all, &s);
    memcpy(&value, &s.result, sizeof value);
    return value;
}
template <typename T> T __shfl_sync(unsigned mask, T value, int from, int width = 32)
{
    int lane = (int)(threadIdx.x % 32);
    return emu_shuffled(mask, value, lane / width * width + from % width);
}
template <typename T> T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32)
{
    (void)width;
    return emu_shuffled(mask, value, (int)(threadIdx.x % 32) ^ with);
}
template <typename T> T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32)
{
    int lane = (int)(threadIdx.x % 32), from = lane + (int)by;
    return emu_shuffled(mask, value, from / width == lane / width ? from : lane);
}

/* The number in its block of the thread that runs, and of the block among all blocks that ran. */
unsigned emu_running(unsigned long *block);
/* Of the stream whose kernel runs (emu.h). */
unsigned emu_order();
/* End the program: the kernel does what it must not do. */
[[noreturn]] void emu_stop(const char *what);
/* Shared memory of the block that runs: every thread asks for the same pieces in the same order. */
void *emu_shared(size_t bytes);
void *emu_dynamic_shared();

/* ---- arithmetic -------------------------------------------------------------------------------
 */

static inline float __uint_as_float(unsigned u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
static inline unsigned __float_as_uint(float f)
{
    unsigned u;
    memcpy(&u, &f, sizeof u);
    return u;
}
static inline unsigned __umulhi(unsigned a, unsigned b)
{
    return (unsigned)((uint64_t)a * b >> 32);
}
static inline float rsqrtf(float x)
{
    return 1 / sqrtf(x);
}
template <typename T> T __ldg(const T *p)
{
    return *p;
}
template <typename T> T min(T a, T b)
{
    return b < a ? b : a;
}
template <typename T> T max(T a, T b)
{
    return a < b ? b : a;
}

/* ---- the runtime ------------------------------------------------------------------------------
 */

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorNoDevice = 100,
    cudaErrorInvalidDevice = 101,
};
enum cudaMemcpyKind {
    cudaMemcpyHostToHost,
    cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice,
    cudaMemcpyDefault
};
struct cudaFuncAttributes {
    int ptxVersion, binaryVersion;
    size_t sharedSizeBytes;
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
enum { cudaStreamNonBlocking = 1, cudaHostAllocDefault = 0, cudaEventDisableTiming = 2 };

struct emu_stream;
struct emu_event;
typedef emu_stream *cudaStream_t;
typedef emu_event *cudaEvent_t;
struct cudaDeviceProp {
    char name[256];
    int major, minor, multiProcessorCount;
    size_t totalGlobalMem, sharedMemPerBlockOptin;
};

const char *cudaGetErrorString(cudaError_t e);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int *count); /* 1, or what CNN_EMU_DEVICES says */
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device);
cudaError_t cudaMemGetInfo(size_t *free, size_t *total);
cudaError_t cudaMalloc(void **p, size_t bytes);
cudaError_t cudaFree(void *p);
extern "C" cudaError_t cudaMallocHost(void **p, size_t bytes);
extern "C" cudaError_t cudaFreeHost(void *p);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t s);
cudaError_t cudaStreamSynchronize(cudaStream_t s);
extern "C" cudaError_t cudaDeviceSynchronize();
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t e);
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s);
cudaError_t cudaEventSynchronize(cudaEvent_t e);
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned flags);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t s);
cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t s);
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *a, const void *kernel);
cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute a, int value);
cudaError_t cudaLaunchKernel(const void *kernel, dim3 grid, dim3 block, void **arguments,
                             size_t shared, cudaStream_t s);

struct emu_graph;
struct emu_exec;
struct emu_node;
typedef emu_graph *cudaGraph_t;
typedef emu_exec *cudaGraphExec_t;
typedef emu_node *cudaGraphNode_t;
struct cudaKernelNodeParams {
    void *func;
    dim3 gridDim, blockDim;
    unsigned sharedMemBytes;
    void **kernelParams, **extra;
};
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g);
cudaError_t cudaGraphCreate(cudaGraph_t *g, unsigned flags);
cudaError_t cudaGraphDestroy(cudaGraph_t g);
cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t *n, cudaGraph_t g, const cudaGraphNode_t *before,
                                   size_t befores, const cudaKernelNodeParams *p);
cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t *n, cudaGraph_t g,
                                       const cudaGraphNode_t *before, size_t befores,
                                       cudaGraph_t child);
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *e, cudaGraph_t g,
                                          unsigned long long flags);
cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t e, cudaGraphNode_t n,
                                             const cudaKernelNodeParams *p);
cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e);

/* How a kernel of that address is called with its arguments. */
typedef void emu_call(const void *kernel, void **arguments);
/* sizes: (count) bytes of each argument. */
void emu_register_call(const void *kernel, emu_call *call, const size_t *sizes, int count);

template <typename... P, size_t... I>
void emu_apply(void (*kernel)(P...), void **arguments, std::index_sequence<I...>)
{
    (void)arguments;
    kernel(*(typename std::remove_reference<P>::type *)arguments[I]...);
}
template <typename... P> void emu_call_of(const void *kernel, void **arguments)
{
    emu_apply((void (*)(P...))kernel, arguments, std::index_sequence_for<P...>());
}
template <typename... P> void emu_register(void (*kernel)(P...))
{
    static const size_t sizes[] = {sizeof(P)..., 0};
    emu_register_call((const void *)kernel, emu_call_of<P...>, sizes, (int)sizeof...(P));
}

#endif
