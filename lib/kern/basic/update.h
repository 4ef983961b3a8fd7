/* What kernels make of a line of optimizers.def: the numbers of a step, and its arrays of state. */
#ifndef CNN_KERN_BASIC_UPDATE_H
#define CNN_KERN_BASIC_UPDATE_H

#include "kern/kernels.h"
#include "kern/real.h"

/* The numbers that all rules have, of `u`. */
#define CNN_UPDATE_NUMBERS                                                                         \
    CNN_NUMBER(rate, u->rate)                                                                      \
    CNN_NUMBER(momentum, u->momentum)                                                              \
    CNN_NUMBER(nesterov, u->nesterov)                                                              \
    CNN_NUMBER(rho, u->rho)                                                                        \
    CNN_NUMBER(beta1, u->beta1)                                                                    \
    CNN_NUMBER(beta2, u->beta2)                                                                    \
    CNN_NUMBER(eps, u->eps)                                                                        \
    CNN_NUMBER(trust, u->trust)                                                                    \
    CNN_NUMBER(decay, u->decoupled)                                                                \
    CNN_NUMBER(t, (double)u->step)

/* DO(1) DO(2) ... DO(n), n up to CNN_STATE_ARRAYS. */
#define CNN_STATE_0(DO)
#define CNN_STATE_1(DO) DO(1)
#define CNN_STATE_2(DO) CNN_STATE_1(DO) DO(2)
#define CNN_STATE_3(DO) CNN_STATE_2(DO) DO(3)
#define CNN_STATE_4(DO) CNN_STATE_3(DO) DO(4)

/* struct cnn_NAME_numbers: those of a step, in the precision of the build. */
#define CNN_NUMBER(name, value) real name;
#define CNN_OPTIMIZER(name, arrays, options, defaults, numbers, ...)                               \
    struct cnn_##name##_numbers {                                                                  \
        CNN_UPDATE_NUMBERS numbers                                                                 \
    };
#include "kern/optimizers.def"
#undef CNN_NUMBER

#define CNN_NUMBER(name, value)                                                                    \
    const double name = value;                                                                     \
    n.name = (real)name;
#define CNN_OPTIMIZER(name, arrays, options, defaults, numbers, ...)                               \
    static inline struct cnn_##name##_numbers cnn_##name##_numbers(const struct cnn_update *u)     \
    {                                                                                              \
        struct cnn_##name##_numbers n;                                                             \
        CNN_UPDATE_NUMBERS numbers return n;                                                       \
    }
#include "kern/optimizers.def"
#undef CNN_NUMBER

/* The gradient used: clip g + l2 w + l1 sign(w). */
struct cnn_gradient {
    real clip, l1, l2;
};

static inline struct cnn_gradient cnn_gradient_of(const struct cnn_update *u)
{
    struct cnn_gradient r = {(real)u->clip_scale, (real)u->l1, (real)u->l2};
    return r;
}

CNN_BOTH real cnn_gradient_at(struct cnn_gradient r, real w, real g)
{
    real sign = (real)(w > 0) - (real)(w < 0);
    return r.clip * g + r.l2 * w + r.l1 * sign;
}

#endif
