/* Binary cross-entropy of logits: loss = mean over a sample's elements of
 *   -t log s(x) - (1 - t) log(1 - s(x)) = max(x, 0) - x t + log(1 + exp(-|x|)),
 * dx = (s(x) - t) / elements, s the logistic function. Positions labelled -1 do not count. Of a
 * class target t is the one-hot vector; a single output has t = 1 for class 1. */
#include "kern/hot.h"
#include "kern/loss/targets.h"

static double term(double x, double t)
{
    return (x < 0 ? 0 : x) - x * t + log1p(exp(-fabs(x)));
}

static double logistic(double x)
{
    double e = exp(-fabs(x));
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

/* A single output says whether it is class 1. */
static double target(const struct cnn_loss *l, size_t n, size_t c, size_t p)
{
    return cnn_target_value(l, n, l->c == 1 && l->t->label ? 1 : c, p);
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        double total = 0;
        size_t count = cnn_target_positions(l, n) * l->c;
        for (size_t i = 0; i < l->c * l->hw; i++) {
            size_t c = i / l->hw, p = i % l->hw;
            if (!cnn_target_ignored(l, n, p))
                total += term((double)l->x[n * l->c * l->hw + i], target(l, n, c, p));
        }
        l->loss[n] = (real)(count ? total / (double)count : 0);
    }
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        double factor = cnn_target_factor(l, n, cnn_target_positions(l, n) * l->c);
        for (size_t i = 0; i < l->c * l->hw; i++) {
            size_t c = i / l->hw, p = i % l->hw, at = n * l->c * l->hw + i;
            double d = logistic((double)l->x[at]) - target(l, n, c, p);
            l->dx[at] = (real)(cnn_target_ignored(l, n, p) ? 0 : factor * d);
        }
    }
}

void cnn_cpu_bce_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                         const struct cnn_targets *t, real *loss)
{
    cnn_loss_run(q, forward_job, &(struct cnn_loss){.t = t, .loss = loss}, x);
}

void cnn_cpu_bce_backward(struct cnn_queue *q, double scale, const struct cnn_tensor *x,
                          const struct cnn_targets *t, struct cnn_tensor *dx)
{
    cnn_loss_run(q, backward_job, &(struct cnn_loss){.scale = scale, .t = t, .dx = dx->data}, x);
}
