/* What a device reaches, beside which the times of a net's steps are read: the CPU's own
 * measurement (kern/limits.h), and on a GPU large matrix products and copies by its kernels. */
#include "base/clock.h"
#include "task/inspect/private.h"

enum { SMALLEST = 256, LARGEST = 8192, REPEATED = 8 };

/* Memory of a measurement on a device; either may be NULL. */
struct operands {
    struct cnn_backend *b;
    struct cnn_tensor x, w, y;
    void *work;
};

static void operands_free(struct operands *o)
{
    void *memory[] = {o->x.data, o->w.data, o->y.data, o->work};
    for (int i = 0; i < 4; i++)
        if (memory[i])
            o->b->ops->free(o->b, memory[i]);
}

/* y = x w of n x n matrices. */
static int operands_new(struct cnn_backend *b, size_t n, struct operands *o)
{
    struct cnn_tensor x = cnn_tensor_plain(n, n, 1, 1, NULL), w = x;
    x.layout.type = b->layout.type;
    *o = (struct operands){b, x, w, x, NULL};
    size_t values = b->ops->tensor_bytes(b, &x);
    size_t work = b->kernels->dense_work(&b->queue, n, n, n);
    o->x.data = b->ops->alloc(b, values);
    o->y.data = b->ops->alloc(b, values);
    o->w.data = b->ops->alloc(b, n * n * sizeof(real));
    o->work = b->ops->alloc(b, work ? work : 1);
    return o->x.data && o->y.data && o->w.data && o->work ? 0 : cnn_error_code();
}

static void multiply(struct operands *o)
{
    o->b->kernels->dense_forward(&o->b->queue, &o->x, &o->w, NULL, NULL, &o->y, o->work);
}

static void copy(struct operands *o)
{
    o->b->kernels->copy(&o->b->queue, &o->x, &o->y);
}

/* Seconds of one `run`, the mean of some after a first. */
static int seconds_of(struct operands *o, void (*run)(struct operands *o), double *seconds)
{
    run(o);
    int rc = o->b->ops->sync(o->b);
    double begin = cnn_seconds();
    for (int i = 0; i < REPEATED; i++)
        run(o);
    if (!rc)
        rc = o->b->ops->sync(o->b);
    *seconds = (cnn_seconds() - begin) / REPEATED;
    return rc;
}

/* Matrices grow until they keep the device busy for a while. */
static int gpu_limits(struct cnn_backend *b, double seconds, struct cnn_limits *out)
{
    int rc = 0;
    double took = 0;
    for (size_t n = SMALLEST; !rc && n <= LARGEST && took * REPEATED < seconds; n *= 2) {
        struct operands o;
        double copied = 1;
        rc = operands_new(b, n, &o);
        if (!rc)
            rc = seconds_of(&o, multiply, &took);
        if (!rc)
            rc = seconds_of(&o, copy, &copied);
        double side = (double)n, bytes = (double)b->ops->tensor_bytes(b, &o.x);
        *out = (struct cnn_limits){side * side * side / took, 2 * bytes / copied};
        operands_free(&o);
    }
    return rc;
}

int cnn_inspect_limits(struct cnn_backend *b, double seconds, struct cnn_limits *out)
{
    return b->is_gpu ? gpu_limits(b, seconds, out) : cnn_limits_measure(&b->queue, seconds, out);
}
