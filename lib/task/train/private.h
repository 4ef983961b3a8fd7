/* The inside of a training run, shared by its files. */
#ifndef CNN_TASK_TRAIN_PRIVATE_H
#define CNN_TASK_TRAIN_PRIVATE_H

#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "data/loader/data_hash.h"
#include "data/source/divided.h"
#include "data/loader/loader.h"
#include "model/checkpoint.h"
#include "net/optimize.h"
#include "optim/schedule.h"
#include "task/evaluate.h"
#include "task/train/train.h"

/* A weighted mean under way. */
struct mean {
    double sum, weight;
};

/* Where a run stands: everything that a checkpoint keeps beside tensors. */
struct train_state {
    uint64_t epoch;            /* epochs done */
    uint64_t position;         /* samples of this epoch that are done */
    uint64_t step;             /* optimizer steps done */
    struct mean loss;          /* of this epoch */
    struct mean hits;          /* of this epoch: top-1 of training, as samples were seen */
    struct mean recent;        /* since the log's last line */
    struct cnn_data_hash seen; /* of this epoch's samples so far */
    struct cnn_data_hash data; /* of the whole first epoch's */
    struct cnn_data_hash val;  /* of what was measured */
    int has_best;
    double best_value;
    uint64_t best_epoch, waited; /* epochs since the best */
    int stopped;                 /* by early stopping */
    json_t *curve;               /* one object for each epoch */
    json_t *changes;             /* what was changed where the run was resumed, as texts */
};

struct trainer {
    struct cnn_train_options own; /* what was given, then the recipe's where nothing was */
    const struct cnn_train_options *o;
    const struct cnn_augmenter *augmenter;
    struct cnn_augmenter *own_augmenter; /* the recipe's with what was given; NULL: none needed */
    const struct cnn_train_callbacks *cb;
    /* From the options */
    struct cnn_optimizer_options optimizer;
    struct cnn_schedule schedule;
    uint64_t every_steps, every_seconds;
    int skip_bad;
    /* What runs */
    struct cnn_backend *backend;
    struct cnn_divided parts, val_parts; /* what --val and the dataset are made of */
    struct cnn_dataset *train, *val;
    int no_data; /* train has no samples: a model is made of a net and weights alone */
    struct cnn_strings listed; /* of --classes; empty: not given */
    int streaming;             /* the training set is read once, in its own order */
    struct cnn_model *from;    /* the checkpoint to go on from; NULL: none */
    const char *from_state;
    struct cnn_model *init;  /* the weights to start from; NULL: none */
    struct cnn_model model;  /* texts of what is being made */
    char *net_name;          /* for messages */
    char *net_text;          /* as it was given */
    struct cnn_arena *arena; /* values of the recipe */
    struct cnn_buf recipe;   /* what it sets, as options that could be typed; empty: nothing */
    char *origin; /* the net as the history has it: "zoo/lenet5.net", its text, or "": that of
                     --init */
    struct cnn_graph *graph;
    struct cnn_net *net;
    struct cnn_loader *loader, *val_loader;
    struct cnn_image_store *images; /* of the training set, then of validation; NULL: on the host */
    struct cnn_evaluator *evaluator;
    size_t outputs; /* elements of a vector target */
    /* Buffers */
    float *weight;       /* (batch) sample weight times class weight */
    float *class_weight; /* (classes), or NULL */
    float *best;         /* a snapshot, or NULL: the last is kept */
    float *selftest;     /* (selftest_count, c, h, w) */
    size_t selftest_count;
    json_t *identity; /* what the result depends on: option name or what to text */
    struct train_state s;
    int waits;             /* the last batch's loss is not in s yet */
    uint64_t waiting_step; /* of that batch */
    int resumed;
    uint64_t resumed_epoch; /* epochs done by then */
    FILE *log;
    double begun, saved, epoch_begun; /* seconds of the clock */
    struct cnn_train_epoch report;    /* of the epoch that ends */
};

/* note.c */
void cnn_train_note(const struct trainer *t, const char *format, ...) CNN_PRINTF(2, 3);

/* together.c */
/* What can be seen without opening anything. CNN_EUSAGE. */
int cnn_train_check_together(const struct cnn_train_options *o);
/* Whether each option that is set has an effect beside the others. CNN_EUSAGE. */
int cnn_train_check_effects(const struct cnn_train_options *o);

/* parse.c: the numbers that the options stand for, when the recipe has had its say.
 * CNN_EUSAGE. */
int cnn_train_parse(struct trainer *t);

/* options_json.c */
/* Options that determine the model, as texts; without `all` those that differ from their defaults.
 */
int cnn_train_options_json(const struct cnn_train_options *o, int all, json_t *out);
/* Whether patterns and names that a history has can be in JSON. CNN_EUSAGE. */
int cnn_train_check_texts(const struct cnn_train_options *o);

/* divided.c: in *o, the parts where the dataset or --val is a folder of such. CNN_EDATA. */
int cnn_train_find_parts(struct trainer *t, struct cnn_train_options *o);

/* setup.c: data, net, start. cnn_train_open allocates everything that a run needs. */
int cnn_train_open(struct trainer *t);
int cnn_train_start_weights(struct trainer *t);
void cnn_train_close(struct trainer *t);

/* loader.c */
struct cnn_loader_options cnn_train_loader_options(const struct trainer *t);
/* A device's memory for images. */
int cnn_train_open_images(struct trainer *t);

/* classes.c: --classes. CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT. */
int cnn_train_list_classes(struct trainer *t);
/* Whether the options are those of a run without data. */
int cnn_train_check_no_data(const struct trainer *t);
/* Where the classes come from, for messages. */
const char *cnn_train_classes_from(const struct trainer *t);

/* graph.c */
/* The model that the net's text and classes come from when --net does not say; NULL: --net does. */
const struct cnn_model *cnn_train_text_source(const struct trainer *t);
int cnn_train_open_text(struct trainer *t);
int cnn_train_build_graph(struct trainer *t);

/* recipe.c: the net's recipe, or that of nets without one, into t->own where no option says
 * otherwise. */
int cnn_train_recipe(struct trainer *t);
/* What depends on the data: augmentation, and how long the warm-up is. */
int cnn_train_recipe_for_data(struct trainer *t);
/* Say what all of it came to. */
void cnn_train_recipe_note(const struct trainer *t);
/* A stream may be read once, as it comes, where nothing needs to be known or seen twice. */
int cnn_train_may_stream(const struct trainer *t);

/* checks.c. CNN_EDATA, CNN_EUSAGE with what does not fit. */
/* Samples of the dataset at `path` without a class, where classes are the target. */
int cnn_train_check_classes(const struct trainer *t, const struct cnn_dataset *ds,
                            const char *path);
int cnn_train_check_empty_classes(const struct trainer *t);
int cnn_train_check_net_outputs(const struct trainer *t);
int cnn_train_check_loss(const struct trainer *t);
void cnn_train_note_schedule(const struct trainer *t);
/* Batch normalisation of a single value. */
int cnn_train_check_bn(const struct trainer *t);

/* overlap.c: CNN_ESYSTEM. */
int cnn_train_note_overlap(const struct trainer *t);

/* shape.c: the input's shape where the net's text does not say it. Of a stream that is read
 * once nothing is known beforehand: it stays as it is. CNN_EUSAGE, CNN_EDATA. */
int cnn_train_input_shape(const struct trainer *t, const char *text,
                          struct cnn_graph_config *config);
/* Whether samples are numbers that are no images; of a stream that is read once: no. */
int cnn_train_is_raw(const struct trainer *t, int *raw);

/* weights.c */
int cnn_train_class_weights(struct trainer *t);
/* CNN_EDATA: every training sample weighs 0, so that the loss is none. */
int cnn_train_fail_weightless(const struct trainer *t);

/* samples.c: the samples of the self-test, and what tells datasets apart. */
int cnn_train_take_selftest(struct trainer *t);
void cnn_train_offer_selftest(struct trainer *t, const struct cnn_batch *b);
int cnn_train_make_identity(struct trainer *t);

/* state.c */
json_t *cnn_train_state_json(const struct trainer *t);
int cnn_train_state_read(struct trainer *t, const char *text);

/* history.c: what the model says of how it was made. */
int cnn_train_make_history(struct trainer *t);
/* {"hash": ..., "samples": ...}; NULL without memory. */
json_t *cnn_train_data_json(const struct cnn_data_hash *h);

/* expect.c: what --expect says. CNN_EUSAGE; CNN_EDATA where contents are others;
 * CNN_ENEGATIVE where the model is. */
int cnn_train_check_expect(const struct cnn_train_options *o);
/* Before the first step, and at the end of the first epoch what was not known before. */
int cnn_train_expect_begin(struct trainer *t);
int cnn_train_expect_epoch(const struct trainer *t);
int cnn_train_expect_model(const struct trainer *t); /* which is written */

/* again.c: whether the run of a checkpoint's state may go on with these options and data.
 * What differs and may is noted and added to t->s.changes; CNN_EDATA names what may not. */
int cnn_train_same_run(struct trainer *t, const json_t *state);
int cnn_train_note_change(struct trainer *t, const char *format, ...) CNN_PRINTF(2, 3);

/* outputs.c: whether they can be written, and are no file that matters. */
int cnn_train_probe_outputs(struct trainer *t);
int cnn_train_check_samples(struct trainer *t);
/* Whether a log may begin at the path: CNN_ECREATE where something else than a log is there. */
int cnn_train_check_log(const char *path);

/* checkpoint.c */
int cnn_train_open_checkpoint(struct trainer *t); /* t->from stays NULL where there is none */
int cnn_train_resume(struct trainer *t);
int cnn_train_checkpoint(struct trainer *t);
int cnn_train_checkpoint_due(const struct trainer *t);
int cnn_train_check_finite(struct trainer *t);
int cnn_train_write_model(struct trainer *t);

/* step.c */
/* 1: a step was made; 0: the epoch has no more samples; negative: failed. */
int cnn_train_step(struct trainer *t);
/* Bring in the loss of the last batch, where it still waits: before s.loss or s.recent are used. */
int cnn_train_settle(struct trainer *t);
/* Forward, backward, loss. */
int cnn_train_one_batch(struct trainer *t, const struct cnn_batch_view *b, uint64_t draw,
                        struct mean *loss);

/* average.c, without effect where no averages are kept */
int cnn_train_average(struct trainer *t);      /* after a step */
int cnn_train_average_swap(struct trainer *t); /* averages and weights */
int cnn_train_keep_best(struct trainer *t);    /* what was validated, into t->best */

/* best.c: whether the epoch that ends is the best so far, which is kept, and whether it is
 * time to stop (s.stopped). CNN_ESYSTEM. */
int cnn_train_judge(struct trainer *t);

/* log.c */
int cnn_train_log_open(struct trainer *t);
/* What is being trained, and how it ended; rc: the run's. */
int cnn_train_log_start(struct trainer *t);
int cnn_train_log_end(struct trainer *t, int rc);
int cnn_train_log_step(struct trainer *t);
int cnn_train_log_epoch(struct trainer *t);
int cnn_train_log_flush(struct trainer *t);
int cnn_train_draw_curve(struct trainer *t);

/* validate.c */
int cnn_train_validate_open(struct trainer *t);
int cnn_train_validate(struct trainer *t);

/* plan_time.c: how convolutions are computed, and how long a step is expected to take. */
int cnn_train_plan_time(struct trainer *t, struct cnn_buf *out);
/* plan.c, overfit.c */
int cnn_train_plan(struct trainer *t, char **out);
int cnn_train_overfit(struct trainer *t);

/* Whether a sample that failed with `code` is left out, as the loader would. */
static inline int train_skips(const struct trainer *t, int code)
{
    return t->skip_bad && (code == CNN_EDATA || code == CNN_ENOINPUT);
}

static inline int train_stopped(const struct trainer *t)
{
    return t->cb->stop && *t->cb->stop;
}

#endif
