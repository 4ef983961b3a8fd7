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

/* miss: 1 - p_t, what is missing at the probability of the target. */
static double cnn_focal_term(double x, double t, double gamma, double alpha)
{
    double p = 1 / (1 + exp(-x)), rest = 1 / (1 + exp(x)), miss = p * (1 - t) + rest * t;
    double weight = alpha > 0 ? alpha * t + (1 - alpha) * (1 - t) : 1;
    return weight * cnn_bce_term(x, t) * pow(miss, gamma);
}

static double cnn_focal_slope(double x, double t, double gamma, double alpha)
{
    double p = 1 / (1 + exp(-x)), rest = 1 / (1 + exp(x)), miss = p * (1 - t) + rest * t;
    double weight = alpha > 0 ? alpha * t + (1 - alpha) * (1 - t) : 1;
    double bend = gamma > 0 && miss > 0 ? gamma * pow(miss, gamma - 1) : 0;
    return weight * (cnn_bce_slope(x, t) * pow(miss, gamma) +
                     bend * (1 - 2 * t) * p * rest * cnn_bce_term(x, t));
}

typedef double element_function(double x, double t, double a, double b);

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
            total += term(x, cnn_target_value(l, n, c, p), l->option, l->second);
    }
    l->loss[n] = (real)(count ? total / (double)count : 0);
}

static inline void backward_sample(const struct cnn_loss *l, size_t n, int single,
                                   element_function *slope)
{
    double factor = cnn_target_factor(l, n, cnn_target_positions(l, n) * l->c);
    for (size_t i = 0; i < l->c * l->hw; i++) {
        size_t c = class_of(l, single, i / l->hw), p = i % l->hw, at = n * l->c * l->hw + i;
        double d = slope((double)l->x[at], cnn_target_value(l, n, c, p), l->option, l->second);
        l->dx[at] = (real)(cnn_target_ignored(l, n, p) ? 0 : factor * d);
    }
}

enum { FIRST, SECOND };

#define CNN_LOSS(NAME, single, term, slope)                                                        \
    static double term_##NAME(double x, double t, double a, double b)                              \
    {                                                                                              \
        (void)a;                                                                                   \
        (void)b;                                                                                   \
        return term;                                                                               \
    }                                                                                              \
    static double slope_##NAME(double x, double t, double a, double b)                             \
    {                                                                                              \
        (void)a;                                                                                   \
        (void)b;                                                                                   \
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

void cnn_cpu_loss_forward(struct cnn_queue *q, enum cnn_loss_of_elements f, double a, double b,
                          const struct cnn_tensor *x, const struct cnn_targets *t, real *loss)
{
    struct cnn_loss l = {.option = a, .second = b, .t = t, .loss = loss};
    cnn_loss_run(q, list[f].forward, &l, x);
}

void cnn_cpu_loss_backward(struct cnn_queue *q, enum cnn_loss_of_elements f, double a, double b,
                           double scale, const struct cnn_tensor *x, const struct cnn_targets *t,
                           struct cnn_tensor *dx)
{
    struct cnn_loss l = {.option = a, .second = b, .scale = scale, .t = t, .dx = dx->data};
    cnn_loss_run(q, list[f].backward, &l, x);
}
