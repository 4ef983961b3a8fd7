/* The CPU as a device: memory is memory, values lie in the layout that a net chooses for them
 * (tensor.h), kernels run on a pool of threads. */
#define _DEFAULT_SOURCE /* madvise */
#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/backend.h"
#include "base/memory.h"
#include "base/threads.h"
#include "kern/conv/choices.h"
#include "kern/isa/isa.h"
#include "kern/isa_set.h"

enum {
    SLAB = 4 << 20,       /* bytes from which on memory is mapped */
    CACHE_BYTES = 8 << 20 /* what a core's share of the caches holds, about */
};

struct slab {
    void *p;
    size_t bytes;
};

struct cpu {
    struct cnn_backend backend; /* first: a backend is one of these */
    struct slab *slab;          /* what is mapped */
    size_t slabs, capacity;
};

/* Kernels cut work themselves; a BLAS that did so too would make results depend on the cores. Its
 * number of threads is the process's, so that all backends together take it and give it back. */
static struct {
    pthread_mutex_t lock;
    int users, threads; /* backends that are awake; what was set before the first of them */
} blas = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void take_blas(struct cnn_backend *b)
{
    (void)b;
    pthread_mutex_lock(&blas.lock);
    if (!blas.users++) {
        blas.threads = openblas_get_num_threads();
        openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&blas.lock);
}

static void give_blas_back(struct cnn_backend *b)
{
    (void)b;
    pthread_mutex_lock(&blas.lock);
    if (!--blas.users)
        openblas_set_num_threads(blas.threads);
    pthread_mutex_unlock(&blas.lock);
}

static void cpu_close(struct cnn_backend *b)
{
    give_blas_back(b);
    free(((struct cpu *)b)->slab);
    cnn_conv_choices_free(b->queue.choices);
    cnn_pool_free(b->queue.pool);
    free(b);
}

/* Large slabs come from the system as they are: zero, untouched until somebody writes, and in huge
 * pages where it offers them, which saves the processor most of its address lookups. */
static void *map_slab(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        cnn_fail_memory(bytes);
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    madvise(p, bytes, MADV_HUGEPAGE); /* a wish: refusal changes nothing */
#endif
    return p;
}

static void *cpu_alloc(struct cnn_backend *b, size_t bytes)
{
    struct cpu *cpu = (struct cpu *)b;
    size_t padded;
    if (cnn_add_overflows(bytes, SLAB, &padded)) {
        cnn_fail_memory(bytes);
        return NULL;
    }
    if (bytes < SLAB)
        return cnn_aligned_calloc(bytes);
    if (cnn_grow(&cpu->slab, &cpu->capacity, cpu->slabs + 1, sizeof *cpu->slab))
        return NULL;
    void *p = map_slab(bytes);
    if (p)
        cpu->slab[cpu->slabs++] = (struct slab){p, bytes};
    return p;
}

static size_t cpu_available(struct cnn_backend *b)
{
    (void)b;
    return cnn_memory_available();
}

static void cpu_free(struct cnn_backend *b, void *p)
{
    struct cpu *cpu = (struct cpu *)b;
    for (size_t i = 0; i < cpu->slabs; i++)
        if (cpu->slab[i].p == p) {
            munmap(p, cpu->slab[i].bytes);
            cpu->slab[i] = cpu->slab[--cpu->slabs];
            return;
        }
    free(p);
}

/* Sizes that do not fit saturate, so that a plan's own overflow check reports them. */
static size_t cpu_tensor_bytes(const struct cnn_backend *b, const struct cnn_tensor *t)
{
    (void)b;
    return cnn_tensor_size(t);
}

static int numbers_are_floats(void)
{
    return sizeof(real) == sizeof(float);
}

static void cpu_upload(struct cnn_backend *b, struct cnn_tensor *dst, const float *src)
{
    struct cnn_tensor plain = cnn_tensor_plain(dst->n, dst->c, dst->h, dst->w, (void *)src);
    if (numbers_are_floats()) {
        cnn_cpu_copy(&b->queue, &plain, dst);
        return;
    }
    real *to = dst->data;
    memset(to, 0, cnn_tensor_elements(dst) * sizeof *to);
    for (size_t i = 0; i < cnn_tensor_count(dst); i++)
        to[cnn_tensor_place(dst, i)] = (real)src[i];
}

static void cpu_download(struct cnn_backend *b, float *dst, const struct cnn_tensor *src)
{
    struct cnn_tensor plain = cnn_tensor_plain(src->n, src->c, src->h, src->w, dst);
    if (numbers_are_floats()) {
        cnn_cpu_copy(&b->queue, src, &plain);
        return;
    }
    const real *from = src->data;
    for (size_t i = 0; i < cnn_tensor_count(src); i++)
        dst[i] = (float)from[cnn_tensor_place(src, i)];
}

static void cpu_copy_bytes(struct cnn_backend *b, void *dst, const void *src, size_t bytes)
{
    (void)b;
    if (bytes)
        memcpy(dst, src, bytes);
}

static void *cpu_host_alloc(struct cnn_backend *b, size_t bytes)
{
    (void)b;
    return cnn_calloc(bytes, 1);
}

static void cpu_host_free(struct cnn_backend *b, void *p)
{
    (void)b;
    free(p);
}

/* Everything queued is done. */
static void cpu_mark(struct cnn_backend *b, int i)
{
    (void)b;
    (void)i;
}

static int cpu_check(struct cnn_backend *b)
{
    return b->queue.code ? cnn_fail(b->queue.code, "%s", b->queue.message) : 0;
}

static const struct cnn_backend_ops ops = {
    .close = cpu_close,
    .alloc = cpu_alloc,
    .free = cpu_free,
    .available = cpu_available,
    .tensor_bytes = cpu_tensor_bytes,
    .upload_values = cpu_upload,
    .download_values = cpu_download,
    .upload = cpu_upload,
    .download = cpu_download,
    .upload_bytes = cpu_copy_bytes,
    .upload_ahead = cpu_copy_bytes,
    .download_bytes = cpu_copy_bytes,
    .host_alloc = cpu_host_alloc,
    .host_free = cpu_host_free,
    .download_later = cpu_download,
    .mark = cpu_mark,
    .wait = cpu_mark,
    .check = cpu_check,
    .sync = cpu_check,
    .rest = give_blas_back,
    .wake = take_blas,
};

#define CNN_KERNEL(result, name, arguments) .name = cnn_cpu_##name,
static const struct cnn_kernels kernels = {
#include "kern/kernels.def"
};
#undef CNN_KERNEL

int cnn_cpu_open(int threads, struct cnn_backend **out)
{
    *out = NULL;
    int rc = cnn_isa_check();
    struct cpu *cpu = rc ? NULL : cnn_calloc(1, sizeof *cpu);
    if (!cpu)
        return rc ? rc : CNN_ESYSTEM;
    struct cnn_backend *b = &cpu->backend;
    *b = (struct cnn_backend){.ops = &ops, .kernels = &kernels, .name = "cpu"};
    b->layout = (struct cnn_layout){CNN_TYPE_REAL, CNN_ORDER_BLOCKS, cnn_isa()->lanes};
    b->cache_bytes = CACHE_BYTES;
    b->queue.pool = cnn_pool_new(threads);
    if (!b->queue.pool) {
        free(b);
        return CNN_ESYSTEM;
    }
    take_blas(b);
    *out = b;
    return 0;
}
