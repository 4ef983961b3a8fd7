/* Mean squared error: loss = mean over a sample's elements of (x - t)^2, dx = 2 (x - t) / elements.
 * Positions labelled -1 do not count. */
#include "kern/loss/targets.h"

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
            double d = (double)l->x[n * l->c * l->hw + i] - cnn_target_value(l, n, c, p);
            total += cnn_target_ignored(l, n, p) ? 0 : d * d;
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
        double factor = 2 * cnn_target_factor(l, n, cnn_target_positions(l, n) * l->c);
        for (size_t i = 0; i < l->c * l->hw; i++) {
            size_t c = i / l->hw, p = i % l->hw, at = n * l->c * l->hw + i;
            double d = (double)l->x[at] - cnn_target_value(l, n, c, p);
            l->dx[at] = (real)(cnn_target_ignored(l, n, p) ? 0 : factor * d);
        }
    }
}

void cnn_cpu_mse_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                         const struct cnn_targets *t, real *loss)
{
    cnn_loss_run(q, forward_job, &(struct cnn_loss){.t = t, .loss = loss}, x);
}

void cnn_cpu_mse_backward(struct cnn_queue *q, double scale, const struct cnn_tensor *x,
                          const struct cnn_targets *t, struct cnn_tensor *dx)
{
    cnn_loss_run(q, backward_job, &(struct cnn_loss){.scale = scale, .t = t, .dx = dx->data}, x);
}
