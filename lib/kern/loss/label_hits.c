/* Which samples are answered rightly: the label's number is the largest. */
#include "kern/loss/targets.h"

/* Is the label of position p of sample n the answer? */
static int is_hit(const struct cnn_loss *l, size_t n, size_t p)
{
    const real *x = l->x + n * l->c * l->hw + p;
    size_t label = (size_t)l->t->label[n * l->hw + p];
    if (l->c == 1)
        return (x[0] > 0) == (label == 1);
    if (label >= l->c)
        return 0;
    real mine = x[label * l->hw];
    for (size_t c = 0; c < l->c; c++)
        if (c < label ? !(x[c * l->hw] < mine) : !(x[c * l->hw] <= mine))
            return 0;
    return 1;
}

static void hits_job(void *context, size_t job, int thread)
{
    const struct cnn_loss *l = context;
    struct cnn_range r = cnn_range_of(job, l->chunk, l->n);
    (void)thread;
    for (size_t n = r.begin; n < r.end; n++) {
        size_t hits = 0, count = 0;
        for (size_t p = 0; l->t->label && p < l->hw; p++) {
            if (cnn_target_ignored(l, n, p))
                continue;
            count++;
            hits += (size_t)is_hit(l, n, p);
        }
        l->loss[n] = (real)(count ? (double)hits / (double)count : 0);
    }
}

void cnn_cpu_label_hits(struct cnn_queue *q, const struct cnn_tensor *x,
                        const struct cnn_targets *t, real *hit)
{
    cnn_loss_run(q, hits_job, &(struct cnn_loss){.t = t, .loss = hit}, x);
}
