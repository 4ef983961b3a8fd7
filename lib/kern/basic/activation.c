/* Activations, elementwise, each as its line in activations.def has it. */
#include "kern/activation.h"

#include "kern/activation_functions.h"
#include "kern/hot.h"
#include "kern/parallel.h"

/* exp never sees a positive argument, so nothing overflows. */
static real cnn_sigmoid(real x)
{
    real e = cnn_exp(x < 0 ? x : -x);
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

static real cnn_sigmoid_gradient(real y, real dy)
{
    return dy * y * (1 - y);
}

/* Runs of numbers; from: x or y. */
typedef void forward_run(const real *from, const double *o, real *to, size_t count);
typedef void backward_run(const real *from, const real *given, const double *o, real *to,
                          size_t count);

enum { READS_X = 1, READS_Y = 0, RECTIFIER = 1, SQUASHER = 0 };

#define CNN_ACTIVATION(NAME, kind, passing, reads, high, f, gradient)                              \
    CNN_HOT(forward_##NAME, (const real *from, const double *o, real *to, size_t count),           \
            (from, o, to, count))                                                                  \
    {                                                                                              \
        const real a = (real)o[0], b = (real)o[1];                                                 \
        (void)(a + b);                                                                             \
        for (size_t i = 0; i < count; i++) {                                                       \
            real x = from[i];                                                                      \
            to[i] = f;                                                                             \
        }                                                                                          \
    }                                                                                              \
    CNN_HOT(backward_##NAME,                                                                       \
            (const real *from, const real *given, const double *o, real *to, size_t count),        \
            (from, given, o, to, count))                                                           \
    {                                                                                              \
        const real a = (real)o[0], b = (real)o[1];                                                 \
        (void)(a + b);                                                                             \
        for (size_t i = 0; i < count; i++) {                                                       \
            real x = from[i], y = from[i], dy = given[i];                                          \
            (void)(READS_##reads ? y : x);                                                         \
            to[i] = gradient;                                                                      \
        }                                                                                          \
    }
#include "kern/activations.def"

static const struct {
    struct cnn_activation_type type;
    forward_run *forward;
    backward_run *backward;
} list[] = {
#define CNN_ACTIVATION(NAME, kind, passing, reads, high, f, gradient)                              \
    [CNN_##NAME] = {                                                                               \
        {kind, CNN_PASSING_##passing, READS_##reads, high}, forward_##NAME, backward_##NAME},
#include "kern/activations.def"
};

const struct cnn_activation_type *cnn_activation_type(enum cnn_activation f)
{
    return &list[f].type;
}

real cnn_activation_at(enum cnn_activation f, const double a[CNN_ACTIVATION_OPTIONS], real x)
{
    real y;
    list[f].forward(&x, a, &y, 1);
    return y;
}

real cnn_activation_gradient_at(enum cnn_activation f, const double a[CNN_ACTIVATION_OPTIONS],
                                real from, real dy)
{
    real dx;
    list[f].backward(&from, &dy, a, &dx, 1);
    return dx;
}

struct activation {
    enum cnn_activation f;
    const double *a;
    size_t count;
    const real *from, *dy;
    real *to;
};

static void forward_job(void *context, size_t job, int thread)
{
    const struct activation *t = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, t->count);
    (void)thread;
    list[t->f].forward(t->from + r.begin, t->a, t->to + r.begin, r.end - r.begin);
}

/* f(0) is not 0 everywhere: the channels that fill up the last block of a sample become zero again.
 */
static void zero_fill_job(void *context, size_t n, int thread)
{
    const struct cnn_tensor *y = context;
    size_t lanes = y->layout.lanes, blocks = cnn_ceil_div(y->c, lanes), hw = y->h * y->w;
    real *last = (real *)y->data + ((n + 1) * blocks - 1) * hw * lanes;
    (void)thread;
    for (size_t i = 0; i < hw; i++)
        for (size_t c = y->c % lanes; c < lanes; c++)
            last[i * lanes + c] = 0;
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct activation *t = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, t->count);
    (void)thread;
    list[t->f].backward(t->from + r.begin, t->dy + r.begin, t->a, t->to + r.begin, r.end - r.begin);
}

void cnn_cpu_activation_forward(struct cnn_queue *q, enum cnn_activation f,
                                const double a[CNN_ACTIVATION_OPTIONS], const struct cnn_tensor *x,
                                struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct activation t = {
        .f = f, .a = a, .count = cnn_tensor_elements(y), .from = x->data, .to = y->data};
    cnn_queue_run(q, cnn_ceil_div(t.count, CNN_CHUNK), forward_job, &t);
    if (cnn_activation_at(f, a, 0) != 0 && y->layout.order == CNN_ORDER_BLOCKS &&
        y->c % y->layout.lanes)
        cnn_queue_run(q, y->n, zero_fill_job, y);
}

void cnn_cpu_activation_backward(struct cnn_queue *q, enum cnn_activation f,
                                 const double a[CNN_ACTIVATION_OPTIONS],
                                 const struct cnn_tensor *from, const struct cnn_tensor *dy,
                                 struct cnn_tensor *dx)
{
    if (q->code)
        return;
    struct activation t = {.f = f,
                           .a = a,
                           .count = cnn_tensor_elements(dx),
                           .from = from->data,
                           .dy = dy->data,
                           .to = dx->data};
    cnn_queue_run(q, cnn_ceil_div(t.count, CNN_CHUNK), backward_job, &t);
}
