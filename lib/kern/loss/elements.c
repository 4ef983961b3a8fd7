/* Losses whose terms are elements, each as its line in losses.def has it: loss = mean over a
 * sample's elements of term(x, t), dx = slope(x, t) / elements. Positions labelled -1 do not count.
 */
#include "kern/hot.h"
#include "kern/loss/targets.h"

/* -t log s(x) - (1 - t) log(1 - s(x)), s the logistic function. */
static double cnn_bce_term(double x, double t)
{
    return (x < 0 ? 0 : x) - x * t + log1p(exp(-fabs(x)));
}

static double cnn_bce_slope(double x, double t)
{
    double e = exp(-fabs(x));
    return (x < 0 ? e / (1 + e) : 1 / (1 + e)) - t;
}

typedef double element_function(double x, double t, double a);

/* The class that output c stands for. */
static inline size_t class_of(const struct cnn_loss *l, int single, size_t c)
{
    return l->c == 1 && l->t->label ? (size_t)single : c;
}

/* Of one sample; `term` is a constant where this is called. */
static inline void forward_sample(const struct cnn_loss *l, size_t n, int single,
                                  element_function *term)
{
    double total = 0;
    size_t count = cnn_target_positions(l, n) * l->c;
    for (size_t i = 0; i < l->c * l->hw; i++) {
        size_t c = class_of(l, single, i / l->hw), p = i % l->hw;
        double x = (double)l->x[n * l->c * l->hw + i];
        if (!cnn_target_ignored(l, n, p))
            total += term(x, cnn_target_value(l, n, c, p), l->option);
    }
    l->loss[n] = (real)(count ? total / (double)count : 0);
}

static inline void backward_sample(const struct cnn_loss *l, size_t n, int single,
                                   element_function *slope)
{
    double factor = cnn_target_factor(l, n, cnn_target_positions(l, n) * l->c);
    for (size_t i = 0; i < l->c * l->hw; i++) {
        size_t c = class_of(l, single, i / l->hw), p = i % l->hw, at = n * l->c * l->hw + i;
        double d = slope((double)l->x[at], cnn_target_value(l, n, c, p), l->option);
        l->dx[at] = (real)(cnn_target_ignored(l, n, p) ? 0 : factor * d);
    }
}

enum { FIRST, SECOND };

#define CNN_LOSS(NAME, single, term, slope)                                                        \
    static double term_##NAME(double x, double t, double a)                                        \
    {                                                                                              \
        (void)a;                                                                                   \
        return term;                                                                               \
    }                                                                                              \
    static double slope_##NAME(double x, double t, double a)                                       \
    {                                                                                              \
        (void)a;                                                                                   \
        return slope;                                                                              \
    }                                                                                              \
    static void forward_##NAME(void *context, size_t job, int thread)                              \
    {                                                                                              \
        const struct cnn_loss *l = context;                                                        \
        struct cnn_range r = cnn_range_of(job, l->chunk, l->n);                                    \
        (void)thread;                                                                              \
        for (size_t n = r.begin; n < r.end; n++)                                                   \
            forward_sample(l, n, single, term_##NAME);                                             \
    }                                                                                              \
    static void backward_##NAME(void *context, size_t job, int thread)                             \
    {                                                                                              \
        const struct cnn_loss *l = context;                                                        \
        struct cnn_range r = cnn_range_of(job, l->chunk, l->n);                                    \
        (void)thread;                                                                              \
        for (size_t n = r.begin; n < r.end; n++)                                                   \
            backward_sample(l, n, single, slope_##NAME);                                           \
    }
#include "kern/losses.def"

static const struct {
    cnn_job *forward, *backward;
} list[] = {
#define CNN_LOSS(NAME, ...) [CNN_LOSS_##NAME] = {forward_##NAME, backward_##NAME},
#include "kern/losses.def"
};

void cnn_cpu_loss_forward(struct cnn_queue *q, enum cnn_loss_of_elements f, double a,
                          const struct cnn_tensor *x, const struct cnn_targets *t, real *loss)
{
    cnn_loss_run(q, list[f].forward, &(struct cnn_loss){.option = a, .t = t, .loss = loss}, x);
}

void cnn_cpu_loss_backward(struct cnn_queue *q, enum cnn_loss_of_elements f, double a, double scale,
                           const struct cnn_tensor *x, const struct cnn_targets *t,
                           struct cnn_tensor *dx)
{
    cnn_loss_run(q, list[f].backward,
                 &(struct cnn_loss){.option = a, .scale = scale, .t = t, .dx = dx->data}, x);
}
