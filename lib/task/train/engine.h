/* What runs: the net on its device. */
#ifndef CNN_TASK_TRAIN_ENGINE_H
#define CNN_TASK_TRAIN_ENGINE_H

#include "task/evaluate.h"
#include "task/train/model.h"

/* A weighted mean under way. */
struct mean {
    double sum, weight;
};

struct train_engine {
    struct cnn_graph *graph;
    struct cnn_strings heads; /* new layers of --head, the one of the answer first */
    struct cnn_input kept;    /* what kept outputs are to a loader */
    struct cnn_feed feed;     /* what samples are to have */
    struct cnn_backend *backend;
    struct cnn_net *net;
    struct cnn_evaluator *evaluator; /* NULL: nothing is validated */
    float *weight;                   /* (batch) sample weight times class weight */
    size_t thawed;                   /* how many of --unfreeze the net has */
    char whole[160];       /* why samples need all their rows in training; "": they do not */
    int waits;             /* the last batch's loss is not in the state yet */
    uint64_t waiting_step; /* of that batch */
};

/* engine.c */
/* The graph that comes of the net's text with the data's classes and shape. */
CNN_CHECKED int cnn_train_build_graph(struct train_engine *e, const struct train_settings *settings,
                                      const struct train_data *data,
                                      const struct train_start *start,
                                      const struct train_report *report);
/* All the rest, which needs the graph; name: of the net, for messages. */
CNN_CHECKED int cnn_train_engine_open(struct train_engine *e, const struct train_settings *settings,
                                      const struct train_data *data, const char *name,
                                      const struct train_report *report);
/* The weights that are started from; init NULL: new ones. */
CNN_CHECKED int cnn_train_start_weights(struct train_engine *e,
                                        const struct train_settings *settings,
                                        const struct cnn_model *init,
                                        const struct train_report *report);
/* CNN_EINTERNAL: parameters are not finite after `step` steps. */
CNN_CHECKED int cnn_train_check_finite(const struct train_engine *e,
                                       const struct cnn_schedule *schedule, uint64_t step);
/* What the net is made with, but for --unfreeze. CNN_EUSAGE. */
CNN_CHECKED int cnn_train_net_config(const struct train_engine *e,
                                     const struct train_settings *settings,
                                     const struct train_data *data, struct cnn_net_config *out);
/* thaw.c: whether all that --unfreeze names is there, and frozen. CNN_EUSAGE. */
CNN_CHECKED int cnn_train_check_unfreeze(const struct train_engine *e,
                                         const struct train_settings *settings,
                                         const struct train_data *data);
void cnn_train_engine_close(struct train_engine *e);

/* best.c, without effect where no averages are kept (ema 0) */
CNN_CHECKED int cnn_train_average(struct cnn_net *net, double ema, uint64_t step); /* after it */
/* Averages and weights. */
CNN_CHECKED int cnn_train_average_swap(struct cnn_net *net, double ema);
/* What was validated, into `best`; NULL: without effect. */
CNN_CHECKED int cnn_train_keep_best(struct cnn_net *net, double ema, float *best);

/* loader.c */
struct cnn_loader_options cnn_train_loader_options(const struct train_settings *settings,
                                                   const struct train_data *data,
                                                   const struct train_engine *engine);
/* A device's memory for images. */
CNN_CHECKED int cnn_train_open_images(struct train_data *data,
                                      const struct train_settings *settings,
                                      const struct train_engine *engine);

/* plan_time.c: how convolutions are computed, and how long a step is expected to take. */
CNN_CHECKED int cnn_train_plan_time(const struct train_engine *e,
                                    const struct train_settings *settings, struct cnn_buf *out);

#endif
