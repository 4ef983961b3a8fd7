/* Powers of sizes, elementwise: y = |x|^p, and y = d x |x|^p, of which its gradient is made. */
#include <math.h>

#include "kern/hot.h"
#include "kern/parallel.h"

struct power {
    double p;
    size_t count;
    const real *x, *d;
    real *y;
};

CNN_HOT(squares, (const real *x, size_t count, real *y), (x, count, y))
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] * x[i];
}

CNN_HOT(roots, (const real *x, size_t count, real *y), (x, count, y))
{
    for (size_t i = 0; i < count; i++)
        y[i] = cnn_sqrt(x[i] < 0 ? -x[i] : x[i]);
}

CNN_HOT(products, (const real *x, const real *d, size_t count, real *y), (x, d, count, y))
{
    for (size_t i = 0; i < count; i++)
        y[i] = d[i] * x[i];
}

/* d x |x|^-2 */
CNN_HOT(quotients, (const real *x, const real *d, size_t count, real *y), (x, d, count, y))
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] != 0 ? d[i] / x[i] : 0;
}

static void power_job(void *context, size_t job, int thread)
{
    const struct power *k = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, k->count);
    (void)thread;
    if (k->p == 2)
        squares(k->x + r.begin, r.end - r.begin, k->y + r.begin);
    else if (k->p == 0.5)
        roots(k->x + r.begin, r.end - r.begin, k->y + r.begin);
    else
        for (size_t i = r.begin; i < r.end; i++)
            k->y[i] = (real)pow(fabs((double)k->x[i]), k->p);
}

static void times_job(void *context, size_t job, int thread)
{
    const struct power *k = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, k->count);
    (void)thread;
    if (k->p == 0)
        products(k->x + r.begin, k->d + r.begin, r.end - r.begin, k->y + r.begin);
    else if (k->p == -2)
        quotients(k->x + r.begin, k->d + r.begin, r.end - r.begin, k->y + r.begin);
    else
        for (size_t i = r.begin; i < r.end; i++) {
            double x = (double)k->x[i];
            k->y[i] = x != 0 ? (real)((double)k->d[i] * x * pow(fabs(x), k->p)) : 0;
        }
}

void cnn_cpu_power(struct cnn_queue *q, double p, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    struct power k = {.p = p, .count = cnn_tensor_elements(y), .x = x->data, .y = y->data};
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(k.count, CNN_CHUNK), power_job, &k);
}

void cnn_cpu_power_times(struct cnn_queue *q, double p, const struct cnn_tensor *x,
                         const struct cnn_tensor *d, struct cnn_tensor *y)
{
    struct power k = {p, cnn_tensor_elements(y), x->data, d->data, y->data};
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(k.count, CNN_CHUNK), times_job, &k);
}
