/* The models of a run: what it starts from, and what it makes. */
#ifndef CNN_TASK_TRAIN_MODEL_H
#define CNN_TASK_TRAIN_MODEL_H

#include <jansson.h>

#include "model/checkpoint.h"
#include "task/train/data.h"

/* What a run starts from. */
struct train_start {
    struct cnn_model *from; /* the checkpoint to go on from; NULL: none */
    const char *from_state;
    struct cnn_model *init; /* the weights to start from; NULL: none */
    char *net_name;         /* for messages */
    char *net_text;         /* as it was given */
};

/* start.c: checkpoint, weights, and the text of the net. CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT. */
CNN_CHECKED int cnn_train_start_open(struct train_start *s, const struct cnn_train_options *o);
void cnn_train_start_close(struct train_start *s);
/* The model that the net's text and classes come from when --net does not say; NULL: --net does. */
const struct cnn_model *cnn_train_text_source(const struct train_start *s,
                                              const struct cnn_train_options *o);
/* The net as the history has it: "zoo/lenet5.net", its text, or "": that of --init. */
const char *cnn_train_origin(const struct train_start *s, const struct cnn_train_options *o,
                             const struct cnn_graph *g);

/* Samples as the net takes them. */
struct train_samples {
    size_t count, room;
    size_t inputs, all; /* all: elements of a sample */
    size_t *each;       /* (inputs) of an input */
    float **x;          /* (inputs) (room, each) */
    int32_t **rows;     /* (inputs) (room) */
};

/* What a run makes. */
struct train_made {
    struct cnn_model model; /* its texts; classes are the data's */
    char *origin;           /* see cnn_train_origin; of a run that goes on, what the first had */
    json_t *identity;       /* what the result depends on: option name or what to text */
    float *best;            /* a snapshot, or NULL: the last is kept */
    struct train_samples selftest;
};

/* samples.c: the samples of the self-test, and what tells datasets apart. best: elements of a
 * snapshot; 0: none is kept. */
CNN_CHECKED int cnn_train_made_open(struct train_made *m, const struct cnn_graph *g,
                                    const struct cnn_strings *classes, const char *origin,
                                    size_t best);
void cnn_train_made_close(struct train_made *m);
CNN_CHECKED int cnn_train_take_selftest(struct train_made *m, const struct train_data *d,
                                        const struct train_settings *settings,
                                        const struct cnn_graph *g,
                                        const struct train_report *report);
void cnn_train_offer_selftest(struct train_made *m, const struct train_data *d,
                              const struct cnn_batch_view *b);
struct cnn_batch_view cnn_train_samples_view(const struct train_samples *s);
CNN_CHECKED int cnn_train_make_identity(struct train_made *m, const struct train_data *d,
                                        const struct train_settings *settings,
                                        const struct cnn_model *init);

#endif
