/* Activations, elementwise, with f'(x) written in terms of y = f(x):
 *   relu       y = max(x, 0)                   f' = [y > 0]
 *   relu6      y = min(max(x, 0), 6)           f' = [0 < y < 6]
 *   leaky relu y = x > 0 ? x : slope x         f' = y > 0 ? 1 : slope
 *   sigmoid    y = 1 / (1 + exp(-x))           f' = y (1 - y)
 *   tanh       y = tanh x                      f' = 1 - y^2
 * A NaN that enters leaves. */
#include "kern/hot.h"
#include "kern/parallel.h"

struct activation {
    enum cnn_activation f;
    real slope;
    size_t count;
    const real *x, *y, *dy;
    real *out;
};

CNN_HOT static void relu(const real *x, real *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

CNN_HOT static void relu6(const real *x, real *y, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        real above = x[i] < 0 ? 0 : x[i];
        y[i] = above > 6 ? 6 : above;
    }
}

CNN_HOT static void leaky_relu(const real *x, real slope, real *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

/* exp never sees a positive argument, so nothing overflows. */
static real sigmoid(real x)
{
    real e = cnn_exp(x < 0 ? x : -x);
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct activation *a = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, a->count);
    (void)thread;
    switch (a->f) {
    case CNN_RELU:
        relu(a->x + r.begin, a->out + r.begin, r.end - r.begin);
        break;
    case CNN_RELU6:
        relu6(a->x + r.begin, a->out + r.begin, r.end - r.begin);
        break;
    case CNN_LEAKY_RELU:
        leaky_relu(a->x + r.begin, a->slope, a->out + r.begin, r.end - r.begin);
        break;
    case CNN_SIGMOID:
        for (size_t i = r.begin; i < r.end; i++)
            a->out[i] = sigmoid(a->x[i]);
        break;
    case CNN_TANH:
        for (size_t i = r.begin; i < r.end; i++)
            a->out[i] = cnn_tanh(a->x[i]);
        break;
    }
}

/* f(0) is not 0 everywhere: the channels that fill up the last block of a sample become zero again.
 */
static void zero_fill_job(void *context, size_t n, int thread)
{
    const struct cnn_tensor *y = context;
    size_t lanes = (size_t)y->layout, blocks = cnn_ceil_div(y->c, lanes), hw = y->h * y->w;
    real *last = (real *)y->data + ((n + 1) * blocks - 1) * hw * lanes;
    (void)thread;
    for (size_t i = 0; i < hw; i++)
        for (size_t c = y->c % lanes; c < lanes; c++)
            last[i * lanes + c] = 0;
}

CNN_HOT static void relu_backward(const real *y, const real *dy, real slope, real *dx, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = y[i] > 0 ? dy[i] : slope * dy[i];
}

CNN_HOT static void relu6_backward(const real *y, const real *dy, real *dx, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = (y[i] > 0) & (y[i] < 6) ? dy[i] : 0;
}

CNN_HOT static void sigmoid_backward(const real *y, const real *dy, real *dx, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = dy[i] * y[i] * (1 - y[i]);
}

CNN_HOT static void tanh_backward(const real *y, const real *dy, real *dx, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = dy[i] * (1 - y[i] * y[i]);
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct activation *a = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, a->count);
    const real *y = a->y + r.begin, *dy = a->dy + r.begin;
    real *dx = a->out + r.begin;
    size_t count = r.end - r.begin;
    (void)thread;
    if (a->f == CNN_SIGMOID)
        sigmoid_backward(y, dy, dx, count);
    else if (a->f == CNN_TANH)
        tanh_backward(y, dy, dx, count);
    else if (a->f == CNN_RELU6)
        relu6_backward(y, dy, dx, count);
    else
        relu_backward(y, dy, a->f == CNN_RELU ? 0 : a->slope, dx, count);
}

void cnn_cpu_activation_forward(struct cnn_queue *q, enum cnn_activation f, double slope,
                                const struct cnn_tensor *x, struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct activation a = {.f = f,
                           .slope = (real)slope,
                           .count = cnn_tensor_elements(y),
                           .x = x->data,
                           .out = y->data};
    cnn_queue_run(q, cnn_ceil_div(a.count, CNN_CHUNK), forward_job, &a);
    if (f == CNN_SIGMOID && y->layout > 0 && y->c % (size_t)y->layout)
        cnn_queue_run(q, y->n, zero_fill_job, y);
}

void cnn_cpu_activation_backward(struct cnn_queue *q, enum cnn_activation f, double slope,
                                 const struct cnn_tensor *y, const struct cnn_tensor *dy,
                                 struct cnn_tensor *dx)
{
    if (q->code)
        return;
    struct activation a = {.f = f,
                           .slope = (real)slope,
                           .count = cnn_tensor_elements(dx),
                           .y = y->data,
                           .dy = dy->data,
                           .out = dx->data};
    cnn_queue_run(q, cnn_ceil_div(a.count, CNN_CHUNK), backward_job, &a);
}
