/* Optimizers and learning-rate schedules. */
#ifndef CNN_NET_OPTIMIZER_H
#define CNN_NET_OPTIMIZER_H

#include "net/net.h"

/* An optimizer is a line in optimizers.def: its kernel, how many state arrays it keeps, and its
 * defaults. */
struct cnn_optimizer_type {
    const char *name;
    int slabs, velocity; /* velocity: the last slab is only kept with a momentum */
    double default_rate, default_momentum, default_rho, default_eps, default_weight_decay;
};
const struct cnn_optimizer_type *cnn_optimizer_type_at(size_t i); /* NULL past the end */
const struct cnn_optimizer_type *cnn_optimizer_type_find(const char *name);

struct cnn_optimizer_options {
    const struct cnn_optimizer_type *type;
    double momentum, rho, beta1, beta2, eps;
    int nesterov;
    double l1, l2,
        weight_decay; /* weight_decay: decoupled for adamw, the same as l2 for the others */
    double clip_norm, clip_value; /* 0: none */
};

/* The defaults of a type; beta1 0.9 and beta2 0.999. */
struct cnn_optimizer_options cnn_optimizer_defaults(const struct cnn_optimizer_type *type);

/* How many state arrays the net must have for these options. */
int cnn_optimizer_slabs(const struct cnn_optimizer_options *o);

/* One step over every trained parameter that is not frozen: `rate` is the learning rate of this
 * step, `step` counts from
 * 1. The gradients of the slab are multiplied by `scale` (1, or what an accumulation of several
 * batches has yet to be divided by) first, then clipped by value, then by norm. *norm (may be NULL)
 * gets the gradient's norm before it is clipped by norm; computing it costs a pass, so it is done
 * only when clip_norm is set or norm is wanted. CNN_EINTERNAL when that norm is not finite; nothing
 * is changed then. */
int cnn_optimizer_step(const struct cnn_optimizer_options *o, struct cnn_net *net, double rate,
                       uint64_t step, double scale, double *norm);

/* Schedules: the rate as a pure function of the step. */
enum cnn_schedule_kind {
    CNN_CONSTANT,
    CNN_STEP,
    CNN_EXPONENTIAL,
    CNN_POLYNOMIAL,
    CNN_COSINE,
    CNN_ONE_CYCLE
};
#define CNN_SCHEDULE_CHOICES "constant|step|exponential|polynomial|cosine|one-cycle"

struct cnn_schedule {
    enum cnn_schedule_kind kind;
    double rate;   /* the base (one-cycle: the peak) rate */
    double warmup; /* epochs of linear warm-up from rate / 10 to rate; one-cycle: of its rising part
                      (0: 0.3 of all steps) */
    struct cnn_reals milestones; /* step: epochs at which the rate is multiplied by gamma */
    double gamma;                /* step: factor; exponential: factor for each whole epoch */
    double power;                /* polynomial */
    double
        final; /* polynomial, cosine, one-cycle: the rate at the end, as a fraction of the base */
    uint64_t steps_per_epoch, total_steps;
};

/* The rate of step `step` (0 for the first). */
double cnn_schedule_rate(const struct cnn_schedule *s, uint64_t step);

#endif
