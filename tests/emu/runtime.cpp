/* The emulated runtime as hosts see it: devices, memory, streams, copies.
 *
 * What is queued in a stream runs when somebody waits for it and no sooner, so that memory which is
 * used again too early shows. A second stream, where the program makes one, runs just as late in
 * every other pair of streams, and at once in the others, so that what overtakes it shows, too. */
#include "emu.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

const char *cudaGetErrorString(cudaError_t e)
{
    switch (e) {
    case cudaSuccess:
        return "no error";
    case cudaErrorMemoryAllocation:
        return "out of memory";
    case cudaErrorInvalidConfiguration:
        return "invalid configuration argument";
    case cudaErrorNoDevice:
        return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
        return "invalid device ordinal";
    default:
        return "invalid argument";
    }
}

cudaError_t cudaGetLastError()
{
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    const char *given = getenv("CNN_EMU_DEVICES");
    *count = given ? atoi(given) : 1;
    return *count ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t cudaSetDevice(int device)
{
    int count;
    cudaGetDeviceCount(&count);
    return device < count ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int)
{
    *p = cudaDeviceProp();
    snprintf(p->name, sizeof p->name, "emulated GPU");
    p->major = 9;
    p->multiProcessorCount = 4;
    p->sharedMemPerBlockOptin = EMU_DYNAMIC;
    return cudaMemGetInfo(&p->totalGlobalMem, &p->totalGlobalMem);
}

namespace
{
size_t limit()
{
    const char *given = getenv("CNN_EMU_MEMORY");
    return given ? strtoull(given, NULL, 10) : (size_t)8 << 30;
}
size_t used;
std::map<void *, size_t> sizes;
} // namespace

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *total = limit();
    *free_bytes = *total - used;
    return cudaSuccess;
}

/* Fresh memory holds 0xFF bytes, as a device's holds anything. */
cudaError_t cudaMalloc(void **p, size_t bytes)
{
    *p = NULL;
    if (bytes > limit() - used || !(*p = aligned_alloc(256, (bytes + 255) / 256 * 256)))
        return cudaErrorMemoryAllocation;
    memset(*p, 0xFF, bytes);
    used += sizes[*p] = bytes;
    return cudaSuccess;
}

cudaError_t cudaFree(void *p)
{
    if (!p)
        return cudaSuccess;
    if (!sizes.count(p))
        return cudaErrorInvalidValue;
    cudaDeviceSynchronize();
    used -= sizes[p];
    sizes.erase(p);
    free(p);
    return cudaSuccess;
}

static std::map<const char *, size_t> pinned; /* where and how many bytes */

static bool is_pinned(const void *p)
{
    auto after = pinned.upper_bound((const char *)p);
    if (after == pinned.begin())
        return false;
    --after;
    return (const char *)p < after->first + after->second;
}

cudaError_t cudaMallocHost(void **p, size_t bytes)
{
    *p = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!*p)
        return cudaErrorMemoryAllocation;
    pinned[(const char *)*p] = bytes;
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *p)
{
    if (!p)
        return cudaSuccess;
    cudaDeviceSynchronize();
    pinned.erase((const char *)p);
    free(p);
    return cudaSuccess;
}

/* ---- streams ----------------------------------------------------------------------------------
 */

static unsigned made;
static std::set<emu_stream *> streams;

void emu_run(emu_stream *s, size_t behind)
{
    while (s->done < behind) {
        std::function<void(emu_stream *)> action = s->queue.front();
        s->queue.pop_front();
        action(s);
        s->done++;
    }
}

void emu_enqueue(emu_stream *s, const std::function<void(emu_stream *)> &action)
{
    if (s->captured) {
        s->captured->push_back(action);
        return;
    }
    s->queue.push_back(action);
    s->queued++;
    if (s->eager)
        emu_run(s, s->queued);
}

/* Pairs of streams, as a device has them, have their order in common. */
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned)
{
    *s = new emu_stream();
    (*s)->order = made / 2 % 4;
    (*s)->eager = made % 2 && made / 2 % 2;
    streams.insert(*s);
    made++;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t s)
{
    cudaStreamSynchronize(s);
    streams.erase(s);
    delete s;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t s)
{
    emu_run(s, s->queued);
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize()
{
    for (emu_stream *s : streams)
        cudaStreamSynchronize(s);
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned)
{
    *e = new emu_event();
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t e)
{
    delete e;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s)
{
    *e = {s, s->queued};
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t e)
{
    if (e->stream)
        emu_run(e->stream, e->behind);
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned)
{
    emu_event place = *e;
    if (place.stream)
        emu_enqueue(s, [place](emu_stream *) { emu_run(place.stream, place.behind); });
    return cudaSuccess;
}

/* From memory that is not pinned, at once; to such memory, before it returns. */
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t s)
{
    if (kind == cudaMemcpyHostToDevice && !is_pinned(from)) {
        std::vector<unsigned char> copy((const unsigned char *)from,
                                        (const unsigned char *)from + bytes);
        emu_enqueue(s, [=](emu_stream *) { memcpy(to, copy.data(), bytes); });
        return cudaSuccess;
    }
    emu_enqueue(s, [=](emu_stream *) { memcpy(to, from, bytes); });
    if (kind == cudaMemcpyDeviceToHost && !is_pinned(to))
        cudaStreamSynchronize(s);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t s)
{
    emu_enqueue(s, [=](emu_stream *) { memset(p, value, bytes); });
    return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *a, const void *)
{
    *a = {90, 90, 128};
    return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void *, cudaFuncAttribute, int value)
{
    return value <= EMU_DYNAMIC ? cudaSuccess : cudaErrorInvalidValue;
}
