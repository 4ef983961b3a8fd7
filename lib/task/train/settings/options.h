/* What is asked of a training, and what the caller hears of it. */
#ifndef CNN_TASK_TRAIN_SETTINGS_OPTIONS_H
#define CNN_TASK_TRAIN_SETTINGS_OPTIONS_H

#include <stdint.h>

#include "base/option.h"
#include "layer/layer.h"
#include "optim/schedule.h"
#include "task/compute.h"

/* What the net is to give: classes, numbers, or its input. */
#define CNN_TRAIN_TARGETS(FIRST, NEXT)                                                             \
    FIRST(CNN_TRAIN_CLASS, "class")                                                                \
    NEXT(CNN_TRAIN_VECTOR, "vector")                                                               \
    NEXT(CNN_TRAIN_INPUT, "input")
enum cnn_train_target { CNN_CHOICE_NAMES(CNN_TRAIN_TARGETS) };

/* How the net's text says that it is trained, where no option says otherwise. */
#define CNN_TRAIN_RECIPES(FIRST, NEXT) FIRST(CNN_RECIPE_NET, "net") NEXT(CNN_RECIPE_NONE, "none")
enum cnn_train_recipe { CNN_CHOICE_NAMES(CNN_TRAIN_RECIPES) };

/* What an epoch is judged by; auto: val_top1 where there are classes. */
#define CNN_TRAIN_MONITORS(FIRST, NEXT)                                                            \
    FIRST(CNN_MONITOR_AUTO, "auto")                                                                \
    NEXT(CNN_MONITOR_LOSS, "val_loss")                                                             \
    NEXT(CNN_MONITOR_TOP1, "val_top1")                                                             \
    NEXT(CNN_MONITOR_IOU, "val_miou")
enum cnn_train_monitor { CNN_CHOICE_NAMES(CNN_TRAIN_MONITORS) };

/* The epoch whose net is written. */
#define CNN_TRAIN_KEEPS(FIRST, NEXT) FIRST(CNN_KEEP_BEST, "best") NEXT(CNN_KEEP_LAST, "last")
enum cnn_train_keep { CNN_CHOICE_NAMES(CNN_TRAIN_KEEPS) };

/* What cnn_train_option_table fills, and the operand. TEXT fields that are "" were not given. */
struct cnn_train_options {
    const char *data; /* the training set, NULL: none (--classes); not in the table */
    /* Names of options that count as given although they have their default values; not in the
     * table. */
    struct cnn_strings given;
    /* as typed, in a shell's words, for the log; NULL: none; not in the table */
    const char *command;
    /* Data */
    const char *val, *classes, *class_weights, *on_bad;
    enum cnn_train_target target;
    int strict;
    long long shuffle;
    /* Net */
    const char *net, *input, *init, *loss;
    int head, append;
    struct cnn_strings allow_new, rename, freeze, unfreeze;
    const char *freeze_to;
    enum cnn_init weights;
    /* Optimization; the TEXT ones have defaults that depend on the optimizer */
    struct cnn_strings rate_of;
    const char *optimizer, *rate, *momentum, *rho, *eps, *trust, *weight_decay;
    const char *solver;
    enum cnn_train_recipe recipe;
    int nesterov;
    long long epochs, steps, batch, accumulate;
    double beta1, beta2, l1, l2, clip_norm, clip_value, ema;
    /* Schedule */
    struct cnn_schedule schedule;
    /* The best epoch */
    long long patience;
    enum cnn_train_monitor monitor;
    enum cnn_train_keep keep;
    /* Running */
    const char *output, *checkpoint, *checkpoint_every, *log, *curve;
    const char *cache; /* "memory", "none" or a file: where outputs of frozen layers are kept */
    struct cnn_compute compute;
    int resume, recompute, plan, quiet;
    long long log_every, overfit, seed;
    struct cnn_strings expect;
};

/* Every option of training with its default and range; for programs, help texts and manuals. */
extern const struct cnn_option cnn_train_option_table[];

/* Whether an option of the table belongs to what determines the model, as the history has it. */
int cnn_train_option_counts(const char *name);

/* How far a run is. */
struct cnn_train_progress {
    uint64_t epoch, epochs, step; /* epoch counts from 1 */
    uint64_t done, samples;       /* in this epoch; samples 0: not known */
    int validating;
    double loss; /* weighted mean over the epoch so far; NaN: not known yet */
    double top1; /* of this epoch's samples so far, as they were seen; NaN: no classes */
    double rate;
};

/* What the losses with one of several targets have of the loss, their weights included. */
struct cnn_train_part {
    const char *target; /* the field's name */
    double loss, val_loss;
};

/* The end of an epoch. */
struct cnn_train_epoch {
    uint64_t epoch, epochs, step;
    double loss, rate, seconds;
    double train_top1; /* over the epoch, augmented as it was seen; NaN: no classes */
    int validated, best;
    int classes; /* how many the net tells apart: val_top1 means something, of more than five
                    val_top5, too */
    double val_loss, val_top1, val_top5;
    double val_miou; /* mean intersection over union; NaN: the target is no label images */
    size_t parts;    /* 0: there is a single target */
    const struct cnn_train_part *part; /* (parts), which add up to the losses */
};

/* How the caller hears of a run and stops it; every member may be NULL. */
struct cnn_train_callbacks {
    void *context;
    const volatile int *stop; /* nonzero: write the checkpoint and return CNN_EINTERRUPTED */
    void (*step)(void *context, const struct cnn_train_progress *p);
    void (*epoch)(void *context, const struct cnn_train_epoch *e);
    void (*note)(void *context, const char *text);
    void (*bad)(void *context, const char *source,
                const char *message); /* a sample that is skipped */
};

#endif
