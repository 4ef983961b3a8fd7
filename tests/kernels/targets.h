/* Targets of losses, drawn and read. */
#ifndef TESTS_KERNELS_TARGETS_H
#define TESTS_KERNELS_TARGETS_H

#include "kernels/rig.h"

/* Numbers in 0 .. 1, or labels below `classes`, every seventh of them ignored; and weights. */
static inline struct cnn_targets drawn_targets(const struct cnn_tensor *x, int numbered,
                                               size_t classes)
{
    size_t positions = x->n * x->h * x->w;
    struct cnn_targets t = {.weight = positive(x->n)};
    if (numbered) {
        real *share = positive(positions * x->c);
        for (size_t i = 0; i < positions * x->c; i++)
            share[i] /= 2;
        t.vector = share;
        return t;
    }
    int32_t *label = buffer_new(positions * sizeof *label, INPUT);
    for (size_t k = 0; k < positions; k++)
        label[k] = k % 7 == 6 ? -1 : (int32_t)pick(0, classes - 1);
    t.label = label;
    return t;
}

/* Of channel c, which stands for class k, at position p of sample n. */
static inline double target_value(const struct cnn_targets *t, const struct cnn_tensor *x, size_t n,
                                  size_t c, size_t p, size_t k)
{
    size_t hw = x->h * x->w;
    if (!t->label)
        return (double)t->vector[(n * x->c + c) * hw + p];
    return t->label[n * hw + p] == (int32_t)k;
}

static inline int target_ignored(const struct cnn_targets *t, const struct cnn_tensor *x, size_t n,
                                 size_t p)
{
    return t->label && t->label[n * x->h * x->w + p] < 0;
}

#endif
