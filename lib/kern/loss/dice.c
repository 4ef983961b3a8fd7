/* The overlap of probabilities p with targets t (Milletari, Navab, Ahmadi 2016, section 3), over the
 * positions of a sample that are not labelled -1, s added to both parts:
 *   loss = mean over channels of 1 - (2 sum p t + s) / (sum p^2 + sum t^2 + s)
 * A channel of nothing but zeros, where s is 0, has no loss. */
#include "kern/hot.h"
#include "kern/loss/targets.h"

/* A channel's ratio is top / bottom. */
struct overlap {
    double top, bottom;
};

/* A single channel stands for the second of two classes. */
static double target_at(const struct cnn_loss *l, size_t n, size_t c, size_t p)
{
    return cnn_target_value(l, n, l->c == 1 && l->t->label ? 1 : c, p);
}

static struct overlap overlap_of(const struct cnn_loss *l, size_t n, size_t c)
{
    const real *x = l->x + (n * l->c + c) * l->hw;
    struct overlap o = {l->smooth, l->smooth};
    for (size_t p = 0; p < l->hw; p++) {
        if (cnn_target_ignored(l, n, p))
            continue;
        double y = (double)x[p], t = target_at(l, n, c, p);
        o.top += 2 * y * t;
        o.bottom += y * y + t * t;
    }
    return o;
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        double total = 0;
        for (size_t c = 0; c < l->c; c++) {
            struct overlap o = overlap_of(l, n, c);
            total += o.bottom > 0 ? 1 - o.top / o.bottom : 0;
        }
        l->loss[n] = (real)(total / (double)l->c);
    }
}

static void backward_channel(const struct cnn_loss *l, size_t n, size_t c)
{
    const real *x = l->x + (n * l->c + c) * l->hw;
    real *dx = l->dx + (n * l->c + c) * l->hw;
    struct overlap o = overlap_of(l, n, c);
    double factor = cnn_target_factor(l, n, l->c);
    for (size_t p = 0; p < l->hw; p++) {
        double y = (double)x[p], d = 0;
        if (o.bottom > 0 && !cnn_target_ignored(l, n, p))
            d = 2 * (y * o.top / o.bottom - target_at(l, n, c, p)) / o.bottom;
        dx[p] = (real)(factor * d);
    }
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++)
        for (size_t c = 0; c < l->c; c++)
            backward_channel(l, n, c);
}

void cnn_cpu_dice_forward(struct cnn_queue *q, double smooth, const struct cnn_tensor *p,
                          const struct cnn_targets *t, real *loss)
{
    cnn_loss_run(q, forward_job, &(struct cnn_loss){.smooth = smooth, .t = t, .loss = loss}, p);
}

void cnn_cpu_dice_backward(struct cnn_queue *q, double smooth, double scale,
                           const struct cnn_tensor *p, const struct cnn_targets *t,
                           struct cnn_tensor *dp)
{
    struct cnn_loss l = {.smooth = smooth, .scale = scale, .t = t, .dx = dp->data};
    cnn_loss_run(q, backward_job, &l, p);
}
