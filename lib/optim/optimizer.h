/* Optimizers: what there are, and their options; net/optimize.h takes a step with one. */
#ifndef CNN_OPTIM_OPTIMIZER_H
#define CNN_OPTIM_OPTIMIZER_H

#include "kern/kernels.h"

struct cnn_optimizer_defaults {
    double rate, momentum, rho, eps, trust, weight_decay;
};

/* An optimizer is a line in kern/optimizers.def. */
struct cnn_optimizer_type {
    const char *name;
    enum cnn_rule rule;
    int arrays;        /* of state */
    int of_parameters; /* takes parameters one by one */
    unsigned options;  /* as the list has them */
    struct cnn_optimizer_defaults defaults;
};
const struct cnn_optimizer_type *cnn_optimizer_type_at(size_t i); /* NULL past the end */
const struct cnn_optimizer_type *cnn_optimizer_type_find(const char *name);

/* Whether weight decay is apart from the gradient, not the same as l2. */
int cnn_optimizer_decouples(const struct cnn_optimizer_type *type);

/* The options that not every optimizer has, as cnn-train calls them, NULL past the end; and whether
 * this one has the i-th, and with which default (NaN: a flag, off). */
const char *cnn_optimizer_option(size_t i);
int cnn_optimizer_has(const struct cnn_optimizer_type *type, size_t i);
double cnn_optimizer_default(const struct cnn_optimizer_type *type, size_t i);

struct cnn_optimizer_options {
    const struct cnn_optimizer_type *type;
    double momentum, rho, beta1, beta2, eps, trust;
    int nesterov;
    double l1, l2, weight_decay;
    double clip_norm, clip_value; /* 0: none */
};

/* The defaults of a type; beta1 0.9 and beta2 0.999. */
struct cnn_optimizer_options cnn_optimizer_defaults(const struct cnn_optimizer_type *type);

/* How many state arrays the net must have for these options. */
int cnn_optimizer_slabs(const struct cnn_optimizer_options *o);

/* What the kernel is told that takes a step: `rate` is the learning rate of this step, `step` counts
 * from 1. */
struct cnn_update cnn_optimizer_update(const struct cnn_optimizer_options *o, double rate,
                                       uint64_t step);

#endif
