/* Softmax cross-entropy of logits x against targets t at each position, with label smoothing
 * (Szegedy et al. 2016, section 7):
 *   t' = (1 - s) t + s / C,   loss = mean over positions of -w sum_c t'_c log softmax(x)_c,
 *   dx_c = w (softmax(x)_c sum_k t'_k - t'_c) / positions,
 * w the weight of the position's class, 1 where classes have none. Positions labelled -1 do not count. */
#include "kern/hot.h"
#include "kern/loss/targets.h"

static double smoothed(const struct cnn_loss *l, size_t n, size_t c, size_t p)
{
    double t = cnn_target_value(l, n, c, p);
    return (1 - l->smooth) * t + l->smooth / (double)l->c;
}

/* max + log sum exp(x - max) over channels. */
static double log_sum_exp(const struct cnn_loss *l, size_t n, size_t p)
{
    const real *x = l->x + n * l->c * l->hw + p;
    double top = (double)x[0];
    for (size_t c = 1; c < l->c; c++)
        top = (double)x[c * l->hw] > top ? (double)x[c * l->hw] : top;
    double sum = exp((double)x[0] - top);
    for (size_t c = 1; c < l->c; c++)
        sum += exp((double)x[c * l->hw] - top);
    return top + log(sum); /* cppcheck-suppress invalidFunctionArg ; sum is at least 1 */
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        double total = 0;
        size_t count = cnn_target_positions(l, n);
        for (size_t p = 0; p < l->hw; p++) {
            if (cnn_target_ignored(l, n, p))
                continue;
            double lse = log_sum_exp(l, n, p), w = cnn_target_class_weight(l, n, p);
            for (size_t c = 0; c < l->c; c++) {
                double t = w * smoothed(l, n, c, p);
                /* 0 log 0 = 0, also where a logit is -inf */
                if (t != 0)
                    total += t * (lse - (double)l->x[(n * l->c + c) * l->hw + p]);
            }
        }
        l->loss[n] = (real)(count ? total / (double)count : 0);
    }
}

static void backward_position(const struct cnn_loss *l, size_t n, size_t p, double factor)
{
    const real *x = l->x + n * l->c * l->hw + p;
    real *dx = l->dx + n * l->c * l->hw + p;
    double lse = log_sum_exp(l, n, p), sum = 0;
    factor *= cnn_target_class_weight(l, n, p);
    for (size_t c = 0; c < l->c; c++)
        sum += smoothed(l, n, c, p);
    for (size_t c = 0; c < l->c; c++) {
        double y = exp((double)x[c * l->hw] - lse);
        dx[c * l->hw] = (real)(factor * (y * sum - smoothed(l, n, c, p)));
    }
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        double factor = cnn_target_factor(l, n, cnn_target_positions(l, n));
        for (size_t p = 0; p < l->hw; p++) {
            if (!cnn_target_ignored(l, n, p)) {
                backward_position(l, n, p, factor);
                continue;
            }
            for (size_t c = 0; c < l->c; c++)
                l->dx[(n * l->c + c) * l->hw + p] = 0;
        }
    }
}

void cnn_cpu_xent_forward(struct cnn_queue *q, double smooth, const struct cnn_tensor *x,
                          const struct cnn_targets *t, real *loss)
{
    cnn_loss_run(q, forward_job, &(struct cnn_loss){.smooth = smooth, .t = t, .loss = loss}, x);
}

void cnn_cpu_xent_backward(struct cnn_queue *q, double smooth, double scale,
                           const struct cnn_tensor *x, const struct cnn_targets *t,
                           struct cnn_tensor *dx)
{
    cnn_loss_run(q, backward_job,
                 &(struct cnn_loss){.smooth = smooth, .scale = scale, .t = t, .dx = dx->data}, x);
}
