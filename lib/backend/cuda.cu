/* An NVIDIA GPU as a device. Activations lie channels last, in float32 or bfloat16; all work is in
 * one stream. Host memory goes through two pinned buffers in turn, so that a copy overlaps what is
 * being computed. */
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
extern "C" {
#include "base/memory.h"
}
#include "kern/blas_library.cuh"
#include "kern/cuda_record.cuh"
#include "kern/transfer.cuh"

enum { BUFFERS = 2, BLAS_BYTES = 32 << 20 };

/* On the way between host and device. */
struct staging {
    void *pinned, *device;
    size_t bytes;
    cudaEvent_t done; /* with what read or wrote it last */
};

struct cuda {
    struct cnn_backend backend; /* first: a backend is one of these */
    struct cnn_cuda device;
    struct staging staging[BUFFERS];
    int next;
    void *blas_workspace;
};

static struct cuda *of(struct cnn_backend *b)
{
    return (struct cuda *)b;
}

static void staging_free(struct staging *s)
{
    cudaFreeHost(s->pinned);
    cudaFree(s->device);
    s->pinned = s->device = NULL;
    s->bytes = 0;
}

static void cuda_close(struct cnn_backend *b)
{
    struct cuda *c = of(b);
    if (c->device.stream)
        cudaStreamSynchronize(c->device.stream);
    for (int i = 0; i < BUFFERS; i++) {
        staging_free(&c->staging[i]);
        if (c->staging[i].done)
            cudaEventDestroy(c->staging[i].done);
    }
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
    size_t n;
    if (cnn_mul_overflows(t->n, t->c, &n) || cnn_mul_overflows(n, t->h, &n) ||
        cnn_mul_overflows(n, t->w, &n) || n >= (size_t)1 << 32)
        return (size_t)-1;
    return n * cnn_cuda_number_bytes(&b->queue);
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
    struct cnn_queue *q = &b->queue;
    char what[96];
    snprintf(what, sizeof what, "the last kernel was '%s'", q->cuda->last);
    cnn_cuda_failed(q, what, cudaStreamSynchronize(q->cuda->stream));
}

static void cuda_upload_bytes(struct cnn_backend *b, void *dst, const void *src, size_t bytes)
{
    copy(b, dst, src, bytes, cudaMemcpyHostToDevice);
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

/* The next buffer, when it is free again, for that many bytes; NULL where the queue failed. */
static struct staging *staging_next(struct cnn_backend *b, size_t bytes)
{
    struct cuda *c = of(b);
    struct staging *s = &c->staging[c->next];
    c->next = (c->next + 1) % BUFFERS;
    cnn_cuda_failed(&b->queue, "upload", cudaEventSynchronize(s->done));
    if (b->queue.code)
        return NULL;
    if (s->bytes >= bytes)
        return s;
    staging_free(s);
    cudaError_t e = cudaMallocHost(&s->pinned, bytes);
    if (e == cudaSuccess)
        e = cudaMalloc(&s->device, bytes);
    cnn_cuda_failed(&b->queue, "memory for uploads", e);
    s->bytes = e == cudaSuccess ? bytes : 0;
    return b->queue.code ? NULL : s;
}

static void staging_done(struct cnn_backend *b, struct staging *s)
{
    cnn_cuda_failed(&b->queue, "upload", cudaEventRecord(s->done, b->queue.cuda->stream));
}

static void cuda_upload_values(struct cnn_backend *b, struct cnn_tensor *dst, const float *src)
{
    size_t bytes = cnn_tensor_count(dst) * sizeof *src;
    struct staging *s = bytes ? staging_next(b, bytes) : NULL;
    if (!s)
        return;
    memcpy(s->pinned, src, bytes);
    copy(b, s->device, s->pinned, bytes, cudaMemcpyHostToDevice);
    cnn_cuda_import(&b->queue, (const float *)s->device, dst);
    staging_done(b, s);
}

static void cuda_download_values(struct cnn_backend *b, float *dst, const struct cnn_tensor *src)
{
    size_t bytes = cnn_tensor_count(src) * sizeof *dst;
    struct staging *s = bytes ? staging_next(b, bytes) : NULL;
    if (!s)
        return;
    cnn_cuda_export(&b->queue, src, (float *)s->device);
    copy(b, s->pinned, s->device, bytes, cudaMemcpyDeviceToHost);
    staging_done(b, s);
    wait(b);
    if (!b->queue.code)
        memcpy(dst, s->pinned, bytes);
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
    cuda_close,          cuda_alloc,           cuda_free,   cuda_available, cuda_tensor_bytes,
    cuda_upload_values,  cuda_download_values, cuda_upload, cuda_download,  cuda_upload_bytes,
    cuda_download_bytes, cuda_begin,           cuda_end,    cuda_forget,    cuda_check,
    cuda_sync,
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

/* For asking what code this build has for a device. */
static __global__ void probe()
{
}

/* Whether its tensor cores multiply TF32 and bfloat16, and the code for it knows that. */
static cudaError_t find_tensor_cores(int major, int *found)
{
    struct cudaFuncAttributes a;
    cudaError_t e = cudaFuncGetAttributes(&a, (const void *)probe);
    *found = e == cudaSuccess && major >= 8 && a.ptxVersion >= 80;
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
        e = find_tensor_cores(properties.major, &c->device.tensor_cores);
    if (e == cudaSuccess)
        e = cudaStreamCreateWithFlags(&c->device.stream, cudaStreamNonBlocking);
    for (int i = 0; e == cudaSuccess && i < BUFFERS; i++)
        e = cudaEventCreateWithFlags(&c->staging[i].done, cudaEventDisableTiming);
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
    c->backend.layout = CNN_LAYOUT_NHWC;
    c->backend.queue.cuda = &c->device;
    c->device.check = getenv("CNN_CUDA_CHECK") != NULL;
    rc = set_up(c, device);
    if (rc) {
        cuda_close(&c->backend);
        return rc;
    }
    *out = &c->backend;
    return 0;
}
