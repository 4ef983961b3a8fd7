/* See rig.h. */
#include "kernels/rig.h"

#ifdef CNN_TEST_CUDA
#include <cuda_runtime_api.h>
#endif

enum { MOST_BUFFERS = 16, GUARD = 64 };

struct buffer {
    unsigned char *base, *start,
        *first; /* start: contents before a run; first: after the first run */
    size_t bytes;
    enum kind kind;
};

struct cnn_queue queues[RUNS]; /* [0] has no pool, [i] has i threads */
static struct cnn_backend *backends[RUNS];
static struct buffer buffers[MOST_BUFFERS];
static int buffer_count;
static struct cnn_random rng;
double grid;
double uniform(double lo, double hi)
{
    return cnn_random_range(&rng, lo, hi);
}

size_t pick(size_t lo, size_t hi)
{
    return lo + (size_t)cnn_random_below(&rng, hi - lo + 1);
}

/* Memory that this program and the device see (the device from afar). */
static void *memory_new(size_t bytes)
{
#ifdef CNN_TEST_CUDA
    void *p = NULL;
    assert_int_equal(cudaMallocHost(&p, bytes), cudaSuccess);
#else
    void *p = aligned_alloc(64, bytes);
    assert_non_null(p);
#endif
    return p;
}

static void memory_free(void *p)
{
#ifdef CNN_TEST_CUDA
    cudaFreeHost(p);
#else
    free(p);
#endif
}

void *buffer_new(size_t bytes, enum kind kind)
{
    size_t room = (bytes + 63) / 64 * 64;
    assert_true(buffer_count < MOST_BUFFERS);
    struct buffer *b = &buffers[buffer_count++];
    *b = (struct buffer){memory_new(room + 2 * GUARD), malloc(bytes + 1), malloc(bytes + 1), bytes,
                         kind};
    memset(b->base, 0xA5, room + 2 * GUARD);
    memset(b->base + GUARD, 0xFF, bytes);
    return b->base + GUARD;
}

void buffers_free(void)
{
    while (buffer_count) {
        struct buffer *b = &buffers[--buffer_count];
        memory_free(b->base);
        free(b->start);
        free(b->first);
    }
}

real *numbers(size_t count, enum kind kind)
{
    real *x = buffer_new(count * sizeof *x, kind);
    for (size_t i = 0; kind != OUTPUT && i < count; i++)
        x[i] = (real)(grid > 0 ? grid * round(uniform(-1, 1) / grid) : uniform(-1, 1));
    return x;
}

real *positive(size_t count)
{
    real *x = numbers(count, INPUT);
    for (size_t i = 0; i < count; i++)
        x[i] = (real)uniform(0.2, 2);
    return x;
}

struct cnn_tensor tensor(size_t n, size_t c, size_t h, size_t w, enum kind kind)
{
    return cnn_tensor_plain(n, c, h, w, numbers(n * c * h * w, kind));
}

struct cnn_layout block_layout(void)
{
    return backends[0]->layout;
}

struct cnn_layout layout_of(int i)
{
    struct cnn_layout blocks = block_layout();
    struct cnn_layout layouts[] = {
        cnn_layout_plain(blocks.type), blocks, {blocks.type, CNN_ORDER_GROUPS, blocks.lanes}};
    return layouts[i % LAYOUTS];
}

struct cnn_tensor tensor_in(struct cnn_layout layout, size_t n, size_t c, size_t h, size_t w,
                            enum kind kind)
{
    struct cnn_tensor t = {n, c, h, w, layout, NULL};
    size_t count = cnn_tensor_elements(&t), block = cnn_tensor_lanes(&t);
    size_t blocks = cnn_layout_channels(layout, c) / block;
    real *x = t.data = numbers(count, kind);
    for (size_t i = 0; kind != OUTPUT && layout.order == CNN_ORDER_BLOCKS && i < count; i++)
        if (i / block / (h * w) % blocks * block + i % block >= c)
            x[i] = 0;
    return t;
}

struct cnn_tensor gradient_in(struct cnn_layout layout, size_t n, size_t c, size_t h, size_t w)
{
    struct cnn_tensor t = tensor_in(layout, n, c, h, w, INPUT);
    size_t lanes = cnn_tensor_lanes(&t);
    real *x = t.data;
    for (size_t i = 0; layout.order == CNN_ORDER_GROUPS && i < cnn_tensor_elements(&t); i++)
        if (i / lanes / (c * h * w) * lanes + i % lanes >= n)
            x[i] = 0;
    return t;
}

double value_at(const struct cnn_tensor *t, size_t i)
{
    return (double)((const real *)t->data)[cnn_tensor_place(t, i)];
}

double *values_of(const struct cnn_tensor *t)
{
    size_t count = cnn_tensor_count(t);
    double *v = malloc((count + 1) * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < count; i++)
        v[i] = value_at(t, i);
    return v;
}

static void check_guards(const struct buffer *b)
{
    size_t end = GUARD + (b->bytes + 63) / 64 * 64 + GUARD;
    for (size_t k = 0; k < end; k++)
        if ((k < GUARD || k >= GUARD + b->bytes) && b->base[k] != 0xA5)
            fail_msg("wrote %td bytes off a buffer of %zu", (ptrdiff_t)k - GUARD, b->bytes);
}

static void check_buffer(const struct buffer *b, int run)
{
    const unsigned char *now = b->base + GUARD;
    check_guards(b);
    if (b->kind == INPUT)
        assert_memory_equal(now, b->start, b->bytes);
    if (b->kind != OUTPUT && b->kind != SUM)
        return;
    if (run == 0)
        memcpy(b->first, now, b->bytes);
    else if (memcmp(b->first, now, b->bytes))
        fail_msg("the result of %d threads differs", run);
}

void wait_for(struct cnn_queue *q)
{
#ifdef CNN_TEST_CUDA
    assert_int_equal(cudaDeviceSynchronize(), cudaSuccess);
#endif
    if (q->code)
        fail_msg("%s", q->message);
}

void run_all(void (*run)(struct cnn_queue *q, void *context), void *context)
{
    for (int i = 0; i < buffer_count; i++)
        memcpy(buffers[i].start, buffers[i].base + GUARD, buffers[i].bytes);
    for (int r = 0; r < RUNS; r++) {
        for (int i = 0; i < buffer_count; i++) {
            struct buffer *b = &buffers[i];
            if (b->kind == SCRATCH || b->kind == OUTPUT)
                memset(b->base + GUARD, 0xFF, b->bytes);
            else
                memcpy(b->base + GUARD, b->start, b->bytes);
        }
        run(&queues[r], context);
        wait_for(&queues[r]);
        for (int i = 0; i < buffer_count; i++)
            check_buffer(&buffers[i], r);
    }
}

static struct buffer *buffer_of(const void *data)
{
    for (int i = 0; i < buffer_count; i++)
        if (buffers[i].base + GUARD == (const unsigned char *)data)
            return &buffers[i];
    fail_msg("no such buffer");
    return NULL;
}

const real *before(const void *data)
{
    return (const real *)(const void *)buffer_of(data)->start;
}

void must_stay(const void *data)
{
    buffer_of(data)->kind = INPUT;
}

void expect_close(const char *what, const real *got, const double *want, size_t count,
                  double tolerance)
{
    double worst = 0, size = 1e-30;
    for (size_t i = 0; i < count; i++) {
        double d = fabs((double)got[i] - want[i]);
        if (!(d <= worst))
            worst = d;
        size = fabs(want[i]) > size ? fabs(want[i]) : size;
    }
    if (!(worst / size <= tolerance))
        fail_msg("%s is off by %.3g of %.3g", what, worst, size);
}

void expect_tensor(const char *what, const struct cnn_tensor *got, const double *want,
                   double tolerance)
{
    size_t count = cnn_tensor_count(got), full = cnn_tensor_elements(got), zero = 0;
    int groups = got->layout.order == CNN_ORDER_GROUPS;
    real *canonical = malloc((count + 1) * sizeof *canonical);
    assert_non_null(canonical);
    for (size_t i = 0; i < count; i++)
        canonical[i] = (real)value_at(got, i);
    expect_close(what, canonical, want, count, tolerance);
    for (size_t i = 0; i < full; i++)
        zero += ((const real *)got->data)[i] == 0;
    for (size_t i = 0; got->layout.order == CNN_ORDER_GROUPS && i < full; i++)
        if (!isfinite(((const real *)got->data)[i]))
            fail_msg("%s: a number that fills up a group is not finite", what);
    size_t zeros_wanted = groups ? 0 : full - count;
    if (zero < zeros_wanted)
        fail_msg("%s: %zu of the %zu numbers that fill up blocks are not zero", what,
                 zeros_wanted - zero, zeros_wanted);
    free(canonical);
}

double *zeros(size_t count)
{
    double *z = calloc(count + 1, sizeof *z);
    assert_non_null(z);
    return z;
}

int start_test(void **state)
{
    (void)state;
    buffers_free();
    cnn_random_start(&rng, 2, 1);
    return 0;
}

int open_queues(void **state)
{
    (void)state;
    for (int i = 0; i < RUNS; i++) {
#ifdef CNN_TEST_CUDA
        if (cnn_backend_open("cuda", 0, &backends[i]))
            return 1;
        queues[i] = backends[i]->queue;
#else
        if (cnn_backend_open("cpu", i ? i : 1, &backends[i]))
            return 1;
        if (i)
            queues[i].pool = backends[i]->queue.pool;
#endif
    }
    return 0;
}

int close_queues(void **state)
{
    (void)state;
    for (int i = 0; i < RUNS; i++)
        cnn_backend_close(backends[i]);
    return 0;
}
