/* Learning-rate schedules. */
#ifndef CNN_OPTIM_SCHEDULE_H
#define CNN_OPTIM_SCHEDULE_H

#include <stdint.h>

#include "base/option.h"

/* Schedules: the rate as a pure function of the step. */
#define CNN_SCHEDULES(FIRST, NEXT)                                                                 \
    FIRST(CNN_CONSTANT, "constant")                                                                \
    NEXT(CNN_STEP, "step")                                                                         \
    NEXT(CNN_EXPONENTIAL, "exponential")                                                           \
    NEXT(CNN_POLYNOMIAL, "polynomial")                                                             \
    NEXT(CNN_COSINE, "cosine")                                                                     \
    NEXT(CNN_ONE_CYCLE, "one-cycle")
enum cnn_schedule_kind { CNN_CHOICE_NAMES(CNN_SCHEDULES) };

struct cnn_schedule {
    enum cnn_schedule_kind kind;
    double rate;   /* the base (one-cycle: the peak) rate */
    double warmup; /* epochs of linear warm-up from rate / 10 to rate; one-cycle: of its rising part
                      (0: 0.3 of all steps) */
    struct cnn_reals milestones; /* step: epochs at which the rate is multiplied by gamma */
    double gamma;                /* step: factor; exponential: factor for each whole epoch */
    double power;                /* polynomial */
    /* polynomial, cosine, one-cycle: the rate at the end, as a fraction of the base */
    double final;
    uint64_t steps_per_epoch, total_steps;
};

/* The rate of step `step` (0 for the first). */
double cnn_schedule_rate(const struct cnn_schedule *s, uint64_t step);

#endif
