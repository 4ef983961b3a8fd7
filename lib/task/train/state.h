/* Where a run stands: everything that a checkpoint keeps beside tensors. */
#ifndef CNN_TASK_TRAIN_STATE_H
#define CNN_TASK_TRAIN_STATE_H

#include <jansson.h>

#include "data/loader/data_hash.h"
#include "task/train/engine.h"
#include "task/train/settings/report.h"

struct train_state {
    uint64_t epoch;              /* epochs done */
    uint64_t position;           /* samples of this epoch that are done */
    uint64_t step;               /* optimizer steps done */
    struct mean loss;            /* of this epoch */
    struct mean hits;            /* of this epoch: top-1 of training, as samples were seen */
    struct mean recent;          /* since the log's last line */
    size_t targets;              /* of the net's losses */
    double *target_loss;         /* (targets) what each has of loss.sum */
    struct cnn_train_part *part; /* (targets) of the epoch that ends */
    struct cnn_data_hash seen;   /* of this epoch's samples so far */
    struct cnn_data_hash data;   /* of the whole first epoch's */
    struct cnn_data_hash val;    /* of what was measured */
    int has_best;
    double best_value;
    uint64_t best_epoch, waited; /* epochs since the best */
    int stopped;                 /* by early stopping */
    json_t *curve;               /* one object for each epoch */
    json_t *changes;             /* what was changed where the run was resumed, as texts */
    /* Of this process alone */
    int resumed;
    uint64_t resumed_epoch; /* epochs done by then */
};

/* state.c */
CNN_CHECKED int cnn_train_state_open(struct train_state *s, size_t targets);
void cnn_train_state_close(struct train_state *s);

/* best.c: whether the epoch that ends is the best so far (e->best), and whether it is time to stop
 * (s->stopped). */
void cnn_train_judge(struct train_state *s, struct cnn_train_epoch *e,
                     const struct cnn_train_options *o);

/* curve.c */
CNN_CHECKED int cnn_train_draw_curve(const struct train_state *s,
                                     const struct cnn_train_options *o);

/* resume.c: tell of what is otherwise than before, and keep it in s->changes. */
CNN_CHECKED int cnn_train_note_change(struct train_state *s, const struct train_report *report,
                                      const char *format, ...) CNN_PRINTF(3, 4);

/* history.c: {"hash": ..., "samples": ...}; NULL without memory. */
json_t *cnn_train_data_json(const struct cnn_data_hash *h);

/* step.c: bring in the loss of the last batch, where it still waits: before s->loss or s->recent
 * are used. */
CNN_CHECKED int cnn_train_settle(struct train_engine *e, struct train_state *s,
                                 const struct cnn_schedule *schedule);
/* Forward, backward, loss, as the state's step. */
CNN_CHECKED int cnn_train_one_batch(struct train_engine *e, const struct train_state *s,
                                    const struct train_settings *settings,
                                    const struct cnn_batch_view *b, struct mean *loss);

/* log.c: without effect where there is no log; path: --log. */
CNN_CHECKED int cnn_train_log_open(struct train_report *r, const char *path,
                                   const struct train_state *s);
/* How the run ended; rc: what it ended with. */
CNN_CHECKED int cnn_train_log_end(struct train_report *r, const struct train_state *s,
                                  const struct cnn_train_options *o, int rc);
/* samples: how many the epoch that ends has seen. */
CNN_CHECKED int cnn_train_log_epoch(struct train_report *r, uint64_t samples, const char *path);
CNN_CHECKED int cnn_train_log_flush(struct train_report *r, const char *path);

#endif
