/* Pinned memory between the host and a GPU; see staging.cuh. */
#include "backend/staging.cuh"

#include <string.h>

#include "kern/cuda/transfer.cuh"

static const size_t SMALL_BYTES = 64 << 10; /* what the small buffers are for */
static const size_t PIECE = 16 << 20;       /* more goes piece by piece: pinned memory is dear */

static cudaError_t buffers_open(struct cnn_staging_buffer *b, int count)
{
    cudaError_t e = cudaSuccess;
    for (int i = 0; e == cudaSuccess && i < count; i++) {
        e = cudaEventCreateWithFlags(&b[i].copied, cudaEventDisableTiming);
        if (e == cudaSuccess)
            e = cudaEventCreateWithFlags(&b[i].done, cudaEventDisableTiming);
    }
    return e;
}

cudaError_t cnn_staging_open(struct cnn_staging *s)
{
    cudaError_t e = cudaStreamCreateWithFlags(&s->copies, cudaStreamNonBlocking);
    if (e == cudaSuccess)
        e = buffers_open(s->small, CNN_STAGING_SMALL);
    return e == cudaSuccess ? buffers_open(s->large, CNN_STAGING_LARGE) : e;
}

static void buffers_close(struct cnn_staging_buffer *b, int count)
{
    for (int i = 0; i < count; i++) {
        cudaFreeHost(b[i].pinned);
        cudaFree(b[i].device);
        if (b[i].copied)
            cudaEventDestroy(b[i].copied);
        if (b[i].done)
            cudaEventDestroy(b[i].done);
    }
}

void cnn_staging_close(struct cnn_staging *s)
{
    if (s->copies)
        cudaStreamSynchronize(s->copies);
    buffers_close(s->small, CNN_STAGING_SMALL);
    buffers_close(s->large, CNN_STAGING_LARGE);
    if (s->copies)
        cudaStreamDestroy(s->copies);
}

static void note(struct cnn_queue *q, cudaError_t e)
{
    cnn_cuda_failed(q, "copy", e);
}

/* The buffer whose turn it is, free, with room for that many bytes on the host, and on the device
 * where it is to pass through there; NULL where the queue failed. */
static struct cnn_staging_buffer *take(struct cnn_queue *q, struct cnn_staging *s, size_t bytes,
                                       int through_device)
{
    int small = bytes <= SMALL_BYTES && !through_device;
    struct cnn_staging_buffer *b = small ? &s->small[s->next_small++ % CNN_STAGING_SMALL]
                                         : &s->large[s->next_large++ % CNN_STAGING_LARGE];
    size_t want = small ? SMALL_BYTES : bytes;
    if (!q->code)
        cnn_cuda_waited(q, cudaEventSynchronize(b->done));
    if (!q->code && b->bytes < want) {
        cudaFreeHost(b->pinned);
        b->pinned = NULL;
        b->bytes = 0;
        cnn_cuda_failed(q, "pinned memory for copies", cudaMallocHost(&b->pinned, want));
        b->bytes = q->code ? 0 : want;
    }
    if (!q->code && through_device && b->device_bytes < bytes) {
        cudaFree(b->device);
        b->device = NULL;
        b->device_bytes = 0;
        cnn_cuda_failed(q, "memory for copies", cudaMalloc(&b->device, bytes));
        b->device_bytes = q->code ? 0 : bytes;
    }
    return q->code ? NULL : b;
}

/* The queue goes on when the copies have come so far. */
static void join(struct cnn_queue *q, struct cnn_staging *s, struct cnn_staging_buffer *b)
{
    note(q, cudaEventRecord(b->copied, s->copies));
    if (!q->code)
        note(q, cudaStreamWaitEvent(q->cuda->stream, b->copied, 0));
}

static void release(struct cnn_queue *q, struct cnn_staging_buffer *b, cudaStream_t stream)
{
    if (!q->code)
        note(q, cudaEventRecord(b->done, stream));
}

/* Piece by piece, in either stream. */
static void upload(struct cnn_queue *q, struct cnn_staging *s, void *dst, const void *src,
                   size_t bytes, int ahead)
{
    cudaStream_t stream = ahead ? s->copies : q->cuda->stream;
    for (size_t at = 0; at < bytes; at += PIECE) {
        size_t n = bytes - at < PIECE ? bytes - at : PIECE;
        struct cnn_staging_buffer *b = take(q, s, n, 0);
        if (!b)
            return;
        memcpy(b->pinned, (const char *)src + at, n);
        note(q, cudaMemcpyAsync((char *)dst + at, b->pinned, n, cudaMemcpyHostToDevice, stream));
        release(q, b, stream);
        if (ahead && at + n == bytes)
            join(q, s, b);
    }
}

void cnn_staging_upload(struct cnn_queue *q, struct cnn_staging *s, void *dst, const void *src,
                        size_t bytes)
{
    upload(q, s, dst, src, bytes, 0);
}

void cnn_staging_upload_ahead(struct cnn_queue *q, struct cnn_staging *s, void *dst,
                              const void *src, size_t bytes)
{
    upload(q, s, dst, src, bytes, 1);
}

void cnn_staging_upload_values(struct cnn_queue *q, struct cnn_staging *s, struct cnn_tensor *dst,
                               const float *src)
{
    size_t bytes = cnn_tensor_count(dst) * sizeof *src;
    struct cnn_staging_buffer *b = bytes ? take(q, s, bytes, 1) : NULL;
    if (!b)
        return;
    memcpy(b->pinned, src, bytes);
    note(q, cudaMemcpyAsync(b->device, b->pinned, bytes, cudaMemcpyHostToDevice, s->copies));
    join(q, s, b);
    cnn_cuda_import(q, (const float *)b->device, dst);
    release(q, b, q->cuda->stream);
}

void cnn_staging_download_values(struct cnn_queue *q, struct cnn_staging *s, float *dst,
                                 const struct cnn_tensor *src)
{
    size_t bytes = cnn_tensor_count(src) * sizeof *dst;
    struct cnn_staging_buffer *b = bytes ? take(q, s, bytes, 1) : NULL;
    if (!b)
        return;
    cnn_cuda_export(q, src, (float *)b->device);
    note(q, cudaMemcpyAsync(b->pinned, b->device, bytes, cudaMemcpyDeviceToHost, q->cuda->stream));
    release(q, b, q->cuda->stream);
    if (!q->code)
        cnn_cuda_waited(q, cudaEventSynchronize(b->done));
    if (!q->code)
        memcpy(dst, b->pinned, bytes);
}
