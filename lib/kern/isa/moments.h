/* Mean and variance of numbers that come in pieces: the moments of two sets give those of both
 * without cancellation (Chan, Golub, LeVeque 1979, "Updating formulae", section 2). */
#ifndef CNN_KERN_ISA_MOMENTS_H
#define CNN_KERN_ISA_MOMENTS_H

#include "kern/isa/types.h"

/* m becomes the moments of its own numbers and those of `more`, in the first `lanes` lanes. */
static inline void cnn_moments_add(struct cnn_moments *m, const struct cnn_moments *more,
                                   size_t lanes)
{
    double total = m->count + more->count, share = more->count / total, both = m->count * share;
    for (size_t k = 0; k < lanes; k++) {
        double apart = more->mean[k] - m->mean[k];
        m->mean[k] += apart * share;
        m->squares[k] += more->squares[k] + apart * apart * both;
    }
    m->count = total;
}

#endif
