/* A training run as a whole, for the files that bring its parts together. */
#ifndef CNN_TASK_TRAIN_TRAINER_H
#define CNN_TASK_TRAIN_TRAINER_H

#include "task/train/data.h"
#include "task/train/engine.h"
#include "task/train/model.h"
#include "task/train/settings/report.h"
#include "task/train/settings/settings.h"
#include "task/train/state.h"

struct trainer {
    struct train_settings settings;
    struct train_data data;
    struct train_start start;
    struct train_engine engine;
    struct train_made made;
    struct train_state state;
    struct train_report report;
};

/* loader.c: the loaders of training, at the state's place, and of validation, if there is any. */
CNN_CHECKED int cnn_train_open_loader(struct trainer *t);
CNN_CHECKED int cnn_train_open_val_loader(struct trainer *t);

/* kept.c: the outputs of frozen layers, where nothing before them changes: computed, or said why they are
 * not; and the memory that they will take, 0: they are not kept. */
CNN_CHECKED int cnn_train_keep_outputs(struct trainer *t);
uint64_t cnn_train_kept_bytes(const struct trainer *t);

/* thaw.c: what runs beside the net: kept outputs, images of a device, the loader of validation. */
CNN_CHECKED int cnn_train_prepare(struct trainer *t);
/* The net of the state's epoch, where --unfreeze says another: 1, and all that follows from the net is closed. */
CNN_CHECKED int cnn_train_thaw(struct trainer *t);

/* step.c: 1: a step was made; 0: the epoch has no more samples; negative: failed. */
CNN_CHECKED int cnn_train_step(struct trainer *t);
/* What each sample of a batch weighs, (n), with the weight of its class. */
void cnn_train_weigh(const struct cnn_feed *feed, const struct train_data *d,
                     const struct cnn_batch *b, float *weight);
/* validate.c */
CNN_CHECKED int cnn_train_validate(struct trainer *t);
/* epochs.c: all that are left. */
CNN_CHECKED int cnn_train_run_epochs(struct trainer *t);
int cnn_train_is_finished(const struct train_state *s, const struct cnn_train_options *o);
/* plan.c, overfit.c: what runs in place of the epochs */
CNN_CHECKED int cnn_train_plan(const struct trainer *t, char **out);
CNN_CHECKED int cnn_train_overfit(struct trainer *t);

/* log.c: what is being trained; a line each so many steps. */
CNN_CHECKED int cnn_train_log_start(struct trainer *t);
CNN_CHECKED int cnn_train_log_step(struct trainer *t);

/* expect.c */
/* Before the first step, and at the end of the first epoch what was not known before. */
CNN_CHECKED int cnn_train_expect_begin(const struct trainer *t);
CNN_CHECKED int cnn_train_expect_epoch(const struct trainer *t);

/* state.c */
json_t *cnn_train_state_json(const struct trainer *t);
CNN_CHECKED int cnn_train_state_read(struct trainer *t, const char *text);
/* resume.c: whether the run of a checkpoint's state may go on with these options and data.
 * What differs and may is noted and added to the state's changes; CNN_EDATA names what may not. */
CNN_CHECKED int cnn_train_same_run(struct trainer *t, const json_t *then);

/* checkpoint.c */
CNN_CHECKED int cnn_train_resume(struct trainer *t);
CNN_CHECKED int cnn_train_checkpoint(struct trainer *t);
/* saved: when the last was written. */
int cnn_train_checkpoint_due(const struct train_settings *settings, uint64_t step, double saved);
CNN_CHECKED int cnn_train_write_model(struct trainer *t);
/* history.c: what the model says of how it was made. */
CNN_CHECKED int cnn_train_make_history(struct trainer *t);

#endif
