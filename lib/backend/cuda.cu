/* An NVIDIA GPU as a device. Activations lie channels last, in float32 or bfloat16; all work is in
 * one stream, beside one for copies (staging.cuh). */
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/staging.cuh"
extern "C" {
#include "base/memory.h"
}
#include "kern/cuda/blas_library.cuh"
#include "kern/cuda/record.cuh"
#include "kern/cuda/wgmma.cuh"

enum { BLAS_BYTES = 32 << 20 };

struct cuda {
    struct cnn_backend backend; /* first: a backend is one of these */
    struct cnn_cuda device;
    struct cnn_staging staging;
    cudaEvent_t mark[CNN_MARKS];
    void *blas_workspace;
};

static struct cuda *of(struct cnn_backend *b)
{
    return (struct cuda *)b;
}

static void cuda_close(struct cnn_backend *b)
{
    struct cuda *c = of(b);
    if (c->device.stream)
        cudaStreamSynchronize(c->device.stream);
    cnn_staging_close(&c->staging);
    for (int i = 0; i < CNN_MARKS; i++)
        if (c->mark[i])
            cudaEventDestroy(c->mark[i]);
    if (c->device.blas)
        c->device.library->destroy((cublasHandle_t)c->device.blas);
    cudaFree(c->blas_workspace);
    cudaFree(c->device.scratch);
    if (c->device.stream)
        cudaStreamDestroy(c->device.stream);
    free(c);
}

/* The message says what was asked for and what there is. */
static int fail_alloc(size_t bytes, cudaError_t e)
{
    size_t left = 0, total = 0;
    if (e != cudaErrorMemoryAllocation)
        return cnn_fail(CNN_EDEVICE, "CUDA: %s", cudaGetErrorString(e));
    cudaGetLastError(); /* it is not the device's end */
    cudaMemGetInfo(&left, &total);
    return cnn_fail(CNN_ESYSTEM, "the GPU is out of memory: %zu MiB wanted, %zu of %zu MiB free",
                    bytes >> 20, left >> 20, total >> 20);
}

static void *cuda_alloc(struct cnn_backend *b, size_t bytes)
{
    void *p = NULL;
    cudaError_t e = cudaMalloc(&p, bytes ? bytes : 1);
    if (e != cudaSuccess) {
        fail_alloc(bytes, e);
        return NULL;
    }
    e = cudaMemsetAsync(p, 0, bytes, of(b)->device.stream);
    if (e == cudaSuccess)
        e = cudaStreamSynchronize(of(b)->device.stream); /* copies have another */
    if (e != cudaSuccess) {
        cnn_fail(CNN_EDEVICE, "CUDA: %s", cudaGetErrorString(e));
        cudaFree(p);
        return NULL;
    }
    return p;
}

static void cuda_free(struct cnn_backend *b, void *p)
{
    cudaStreamSynchronize(of(b)->device.stream);
    cudaFree(p);
}

static size_t cuda_available(struct cnn_backend *b)
{
    size_t left = 0, total = 0;
    (void)b;
    return cudaMemGetInfo(&left, &total) == cudaSuccess ? left : 0;
}

/* Kernels count in 32 bits: a larger tensor saturates, as one that does not fit. */
static size_t cuda_tensor_bytes(const struct cnn_backend *b, const struct cnn_tensor *t)
{
    size_t bytes = cnn_tensor_size(t);
    (void)b;
    return bytes / cnn_type_bytes(t->layout.type) < (size_t)1 << 32 ? bytes : (size_t)-1;
}

static void copy(struct cnn_backend *b, void *to, const void *from, size_t bytes,
                 cudaMemcpyKind kind)
{
    struct cnn_queue *q = &b->queue;
    if (!q->code && bytes)
        cnn_cuda_failed(q, "copy", cudaMemcpyAsync(to, from, bytes, kind, q->cuda->stream));
}

static void wait(struct cnn_backend *b)
{
    cnn_cuda_waited(&b->queue, cudaStreamSynchronize(b->queue.cuda->stream));
}

static void cuda_upload_bytes(struct cnn_backend *b, void *dst, const void *src, size_t bytes)
{
    cnn_staging_upload(&b->queue, &of(b)->staging, dst, src, bytes);
}

static void cuda_upload_ahead(struct cnn_backend *b, void *dst, const void *src, size_t bytes)
{
    cnn_staging_upload_ahead(&b->queue, &of(b)->staging, dst, src, bytes);
}

static void cuda_download_bytes(struct cnn_backend *b, void *dst, const void *src, size_t bytes)
{
    copy(b, dst, src, bytes, cudaMemcpyDeviceToHost);
    wait(b);
}

static void cuda_upload(struct cnn_backend *b, struct cnn_tensor *dst, const float *src)
{
    cuda_upload_bytes(b, dst->data, src, cnn_tensor_count(dst) * sizeof *src);
}

static void cuda_download(struct cnn_backend *b, float *dst, const struct cnn_tensor *src)
{
    cuda_download_bytes(b, dst, src->data, cnn_tensor_count(src) * sizeof *dst);
}

static void cuda_upload_values(struct cnn_backend *b, struct cnn_tensor *dst, const float *src)
{
    cnn_staging_upload_values(&b->queue, &of(b)->staging, dst, src);
}

static void cuda_download_values(struct cnn_backend *b, float *dst, const struct cnn_tensor *src)
{
    cnn_staging_download_values(&b->queue, &of(b)->staging, dst, src);
}

static void *cuda_host_alloc(struct cnn_backend *b, size_t bytes)
{
    void *p = NULL;
    (void)b;
    if (cudaMallocHost(&p, bytes) == cudaSuccess)
        return p;
    cudaGetLastError(); /* it is not the device's end */
    cnn_fail_memory(bytes);
    return NULL;
}

static void cuda_host_free(struct cnn_backend *b, void *p)
{
    cudaStreamSynchronize(of(b)->device.stream);
    cudaFreeHost(p);
}

static void cuda_download_later(struct cnn_backend *b, float *dst, const struct cnn_tensor *src)
{
    copy(b, dst, src->data, cnn_tensor_count(src) * sizeof *dst, cudaMemcpyDeviceToHost);
}

static void cuda_mark(struct cnn_backend *b, int i)
{
    if (!b->queue.code)
        cnn_cuda_failed(&b->queue, "mark", cudaEventRecord(of(b)->mark[i], b->queue.cuda->stream));
}

static void cuda_wait(struct cnn_backend *b, int i)
{
    if (!b->queue.code)
        cnn_cuda_waited(&b->queue, cudaEventSynchronize(of(b)->mark[i]));
}

static void cuda_begin(struct cnn_backend *b, void **record)
{
    cnn_cuda_record_begin(&b->queue, (struct cnn_cuda_record **)record);
}

static void cuda_end(struct cnn_backend *b)
{
    cnn_cuda_record_end(&b->queue);
}

static void cuda_forget(struct cnn_backend *b, void *record)
{
    cudaStreamSynchronize(of(b)->device.stream);
    cnn_cuda_record_free((struct cnn_cuda_record *)record);
}

static int cuda_check(struct cnn_backend *b)
{
    return b->queue.code ? cnn_fail(b->queue.code, "%s", b->queue.message) : 0;
}

static int cuda_sync(struct cnn_backend *b)
{
    wait(b);
    return cuda_check(b);
}

#define CNN_KERNEL(result, name, arguments) cnn_cuda_##name,
static const struct cnn_kernels kernels = {
#include "kern/kernels.def"
};
#undef CNN_KERNEL

/* In the order of struct cnn_backend_ops. */
static const struct cnn_backend_ops ops = {
    cuda_close,
    cuda_alloc,
    cuda_free,
    cuda_available,
    cuda_tensor_bytes,
    cuda_upload_values,
    cuda_download_values,
    cuda_upload,
    cuda_download,
    cuda_upload_bytes,
    cuda_upload_ahead,
    cuda_download_bytes,
    cuda_host_alloc,
    cuda_host_free,
    cuda_download_later,
    cuda_mark,
    cuda_wait,
    cuda_begin,
    cuda_end,
    cuda_forget,
    cuda_check,
    cuda_sync,
    NULL, /* rest */
    NULL, /* wake */
};

static int fail_open(const char *what, const char *why)
{
    return cnn_fail(CNN_EDEVICE, "CUDA: %s: %s", what, why);
}

static int choose_device(int device)
{
    int count = 0;
    cudaError_t e = cudaGetDeviceCount(&count);
    if (e != cudaSuccess || !count)
        return cnn_fail(CNN_EDEVICE, "no CUDA device: %s",
                        cudaGetErrorString(e != cudaSuccess ? e : cudaErrorNoDevice));
    if (device >= count)
        return cnn_fail(CNN_EDEVICE, "no device cuda:%d: there %s %d, from cuda:0 on", device,
                        count == 1 ? "is" : "are", count);
    e = cudaSetDevice(device);
    return e == cudaSuccess ? 0 : fail_open("the device", cudaGetErrorString(e));
}

/* For asking which code was loaded for a device: shared memory tells that for sm_90a. */
static __global__ void probe()
{
#if CNN_HAS_WGMMA
    CNN_SHARED(volatile int, mark, 32);
    mark[threadIdx.x % 32] = 0;
#endif
}

/* Which matrix instructions the device has, and the code that was loaded for it as well. */
static cudaError_t find_tensor_cores(int major, struct cnn_cuda *device)
{
    struct cudaFuncAttributes a;
    cudaError_t e = cudaFuncGetAttributes(&a, (const void *)probe);
    device->tensor_cores = e == cudaSuccess && major >= 8 && a.ptxVersion >= 80;
    device->warpgroups = e == cudaSuccess && major == 9 && a.sharedSizeBytes > 0;
    return e;
}

static int start_blas(struct cuda *c)
{
    const char *why = NULL;
    const struct cnn_blas_library *library = c->device.library = cnn_blas_library(&why);
    if (!library)
        return fail_open("cuBLAS", why ? why : "not found");
    cublasHandle_t blas = NULL;
    cublasStatus_t status = library->create(&blas);
    c->device.blas = blas;
    if (status == CUBLAS_STATUS_SUCCESS)
        status = library->set_stream(blas, c->device.stream);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = library->set_workspace(blas, c->blas_workspace, BLAS_BYTES);
    return status == CUBLAS_STATUS_SUCCESS ? 0 : fail_open("cuBLAS", library->status(status));
}

/* Stream, cuBLAS and scratch memory. */
static int set_up(struct cuda *c, int device)
{
    struct cudaDeviceProp properties;
    cudaError_t e = cudaGetDeviceProperties(&properties, device);
    if (e == cudaSuccess)
        e = find_tensor_cores(properties.major, &c->device);
    if (e == cudaSuccess)
        e = cudaStreamCreateWithFlags(&c->device.stream, cudaStreamNonBlocking);
    for (int i = 0; e == cudaSuccess && i < CNN_MARKS; i++)
        e = cudaEventCreateWithFlags(&c->mark[i], cudaEventDisableTiming);
    if (e == cudaSuccess)
        e = cnn_staging_open(&c->staging);
    if (e == cudaSuccess)
        e = cudaMalloc(&c->device.scratch, CNN_CUDA_SCRATCH);
    if (e == cudaSuccess)
        e = cudaMalloc(&c->blas_workspace, BLAS_BYTES);
    if (e != cudaSuccess)
        return e == cudaErrorMemoryAllocation ? fail_alloc(CNN_CUDA_SCRATCH + BLAS_BYTES, e)
                                              : fail_open("the device", cudaGetErrorString(e));
    return start_blas(c);
}

int cnn_cuda_open(int device, struct cnn_backend **out)
{
    *out = NULL;
    int rc = choose_device(device);
    if (rc)
        return rc;
    struct cuda *c = (struct cuda *)cnn_calloc(1, sizeof *c);
    if (!c)
        return CNN_ESYSTEM;
    c->backend.ops = &ops;
    c->backend.kernels = &kernels;
    c->backend.name = "cuda";
    c->backend.is_gpu = 1;
    c->backend.layout.order = CNN_ORDER_CHANNELS_LAST;
    c->backend.queue.cuda = &c->device;
    const char *check = getenv("CNN_CUDA_CHECK");
    c->device.check = check && *check;
    rc = set_up(c, device);
    if (rc) {
        cuda_close(&c->backend);
        return rc;
    }
    *out = &c->backend;
    return 0;
}
