/* Learning-rate schedules. */
#ifndef CNN_OPTIM_SCHEDULE_H
#define CNN_OPTIM_SCHEDULE_H

#include <stdint.h>

#include "base/option.h"

/* Every schedule: its word, what it is like, and the formula of its factor of the rate (schedule.c
 * says of what). LENGTH: it follows the length of the run, RISES: it needs no warm-up before it. */
#define CNN_SCHEDULES(FIRST, NEXT)                                                                 \
    FIRST(CNN_CONSTANT, "constant", 0, 1)                                                          \
    NEXT(CNN_STEP, "step", 0, pow(s->gamma, passed(s, epoch)))                                     \
    NEXT(CNN_EXPONENTIAL, "exponential", 0, pow(s->gamma, floor(epoch)))                           \
    NEXT(CNN_INVERSE, "inverse", 0, pow(1 + s->gamma * epoch, -s->power))                          \
    NEXT(CNN_LOGISTIC, "sigmoid", 0, 1 / (1 + exp(-s->gamma * (epoch - s->step_size))))            \
    NEXT(CNN_POLYNOMIAL, "polynomial", LENGTH, s->final + (1 - s->final) * pow(1 - t, s->power))   \
    NEXT(CNN_COSINE, "cosine", LENGTH, bend(1, s->final, t))                                       \
    NEXT(CNN_ONE_CYCLE, "one-cycle", LENGTH | RISES, one_cycle(s, step))
enum cnn_schedule_kind { CNN_CHOICE_NAMES(CNN_SCHEDULES) };

/* What is counted: epochs, with the part of one that is done, or steps. */
#define CNN_SCHEDULE_UNITS(FIRST, NEXT)                                                            \
    FIRST(CNN_BY_EPOCH, "epoch")                                                                   \
    NEXT(CNN_BY_STEP, "step")
enum cnn_schedule_unit { CNN_CHOICE_NAMES(CNN_SCHEDULE_UNITS) };

/* Options first, then what the run adds. */
struct cnn_schedule {
    enum cnn_schedule_kind kind;
    enum cnn_schedule_unit unit;
    /* units of linear warm-up from rate / 10 to rate; of what rises by itself, of its rising part
     * (0: 0.3 of all steps) */
    double warmup;
    struct cnn_reals milestones;
    double step_size; /* units between drops (0: milestones say where they are); to the middle */
    double gamma, power, final;
    double rate; /* the base (one-cycle: the peak) rate */
    uint64_t steps_per_epoch, total_steps;
};

/* The options as entries of tables: where they fill a struct owner, `path` leads to its struct
 * cnn_schedule. */
#define CNN_SCHEDULE_OPTIONS(owner, path)                                                          \
    CNN_OPTION_CHOICE("schedule", owner, path kind, "constant", CNN_SCHEDULES, .metavar = "WHAT",  \
                      .help = "how the rate changes: " CNN_CHOICE_WORDS(CNN_SCHEDULES)),           \
        CNN_OPTION_CHOICE("schedule-unit", owner, path unit, "epoch", CNN_SCHEDULE_UNITS,          \
                          .metavar = "WHAT",                                                       \
                          .help = "what warm-up, milestones, step size and gamma count"),          \
        CNN_OPTION_REAL("warmup", owner, path warmup, "0", .max = 1e9, .metavar = "X",             \
                        .help = "epochs of linear warm-up (one-cycle: of rising)"),                \
        CNN_OPTION_REALS("milestones", owner, path milestones, "", .max = 1e9,                     \
                         .metavar = "X,X...",                                                      \
                         .help = "step: epochs at which the rate is multiplied by gamma"),         \
        CNN_OPTION_REAL("step-size", owner, path step_size, "0", .max = 1e9, .metavar = "X",       \
                        .help = "step: epochs after which it is, again and again; sigmoid: those " \
                                "to its middle"),                                                  \
        CNN_OPTION_REAL("gamma", owner, path gamma, "0.1", .min = -1e9, .max = 1e9,                \
                        .metavar = "X",                                                            \
                        .help = "step, exponential: the factor; inverse, sigmoid: how steep"),     \
        CNN_OPTION_REAL("power", owner, path power, "1", .max = 1000, .metavar = "X",              \
                        .help = "polynomial, inverse: the exponent"),                              \
        CNN_OPTION_REAL("final-rate", owner, path final, "0", .max = 1, .metavar = "X",            \
                        .help = "polynomial, cosine, one-cycle: the last rate as a fraction")
/* Which schedules they are for, as entries of a table of needs. */
#define CNN_SCHEDULE_NEEDS                                                                         \
    CNN_NEED("milestones", "schedule=step"), CNN_NEED("step-size", "schedule=step|sigmoid"),       \
        CNN_NEED("gamma", "schedule=step|exponential|inverse|sigmoid"),                            \
        CNN_NEED("power", "schedule=polynomial|inverse"),                                          \
        CNN_NEED("schedule-unit", "schedule=step|exponential|inverse|sigmoid,warmup"),             \
        CNN_NEED("final-rate", "schedule=polynomial|cosine|one-cycle")

/* The options by themselves, of a struct cnn_schedule. */
extern const struct cnn_option cnn_schedule_table[];
/* What a range cannot say of them. CNN_EUSAGE. */
CNN_CHECKED int cnn_schedule_check(const struct cnn_schedule *s);

/* Whether the rates depend on how long the run is; and whether they rise without a warm-up. */
int cnn_schedule_follows_length(const struct cnn_schedule *s);
int cnn_schedule_rises(const struct cnn_schedule *s);

/* The rate of step `step` (0 for the first). */
double cnn_schedule_rate(const struct cnn_schedule *s, uint64_t step);

#endif
