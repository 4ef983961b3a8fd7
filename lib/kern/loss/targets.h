/* Targets as the losses read them: a class target counts as its one-hot vector. */
#ifndef CNN_KERN_LOSS_TARGETS_H
#define CNN_KERN_LOSS_TARGETS_H

#include "kern/parallel.h"

struct cnn_loss {
    int which; /* of losses that have a file together */
    size_t n, c, hw, chunk;
    double smooth, option, second, scale;
    const real *x; /* (n, c, hw) */
    const struct cnn_targets *t;
    real *loss; /* (n), forward */
    real *dx;   /* (n, c, hw), backward */
};

/* Is position p of sample n left out? */
static inline int cnn_target_ignored(const struct cnn_loss *l, size_t n, size_t p)
{
    return l->t->label && l->t->label[n * l->hw + p] < 0;
}

static inline double cnn_target_value(const struct cnn_loss *l, size_t n, size_t c, size_t p)
{
    if (l->t->label)
        return l->t->label[n * l->hw + p] == (int32_t)c;
    return (double)l->t->vector[(n * l->c + c) * l->hw + p];
}

/* What position p of sample n, which counts, counts for its class. */
static inline double cnn_target_class_weight(const struct cnn_loss *l, size_t n, size_t p)
{
    const real *w = l->t->class_weight;
    return w && l->t->label ? (double)w[l->t->label[n * l->hw + p]] : 1;
}

/* Positions of sample n that count. */
static inline size_t cnn_target_positions(const struct cnn_loss *l, size_t n)
{
    size_t count = 0;
    for (size_t p = 0; p < l->hw; p++)
        count += !cnn_target_ignored(l, n, p);
    return count;
}

/* d total / d loss of sample n, for a loss that is the mean over `count` terms. */
static inline double cnn_target_factor(const struct cnn_loss *l, size_t n, size_t count)
{
    return count ? l->scale * (double)l->t->weight[n] / (double)count : 0;
}

/* Run `job` over samples, l->chunk of them each. */
static inline void cnn_loss_run(struct cnn_queue *q, cnn_job *job, struct cnn_loss *l,
                                const struct cnn_tensor *x)
{
    if (q->code)
        return;
    l->n = x->n;
    l->c = x->c;
    l->hw = x->h * x->w;
    l->x = x->data;
    l->chunk = cnn_chunk_of(16 * l->c * l->hw);
    cnn_queue_run(q, cnn_ceil_div(l->n, l->chunk), job, l);
}

#endif
