/* Running a model over samples: what cnn-infer does. Predictions, an evaluation, or the model's
 * self-test. */
#ifndef CNN_TASK_INFER_INFER_H
#define CNN_TASK_INFER_INFER_H

#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "task/callbacks.h"
#include "task/compute.h"
#include "task/predictions.h"

/* auto: classes where the model has them, else numbers. */
#define CNN_INFER_TARGETS(FIRST, NEXT)                                                             \
    FIRST(CNN_INFER_AUTO, "auto")                                                                  \
    NEXT(CNN_INFER_CLASS, "class")                                                                 \
    NEXT(CNN_INFER_VECTOR, "vector")                                                               \
    NEXT(CNN_INFER_INPUT, "input")
enum cnn_infer_target { CNN_CHOICE_NAMES(CNN_INFER_TARGETS) };

/* npy: the numbers, (classes, h, w); png: the best class of each place, as a label image; overlay: its colour over the
 * image. */
#define CNN_INFER_MAPS(FIRST, NEXT)                                                                \
    FIRST(CNN_INFER_MAPS_NPY, "npy")                                                               \
    NEXT(CNN_INFER_MAPS_PNG, "png")                                                                \
    NEXT(CNN_INFER_MAPS_OVERLAY, "overlay")
enum cnn_infer_maps { CNN_CHOICE_NAMES(CNN_INFER_MAPS) };

#define CNN_INFER_DISTANCES(FIRST, NEXT)                                                           \
    FIRST(CNN_INFER_COSINE, "cosine")                                                              \
    NEXT(CNN_INFER_EUCLID, "euclid")
enum cnn_infer_distance { CNN_CHOICE_NAMES(CNN_INFER_DISTANCES) };

/* What a neighbour's vote is worth: all the same, or 1 / distance. */
#define CNN_INFER_VOTES(FIRST, NEXT)                                                               \
    FIRST(CNN_INFER_EQUAL, "equal")                                                                \
    NEXT(CNN_INFER_BY_DISTANCE, "distance")
enum cnn_infer_votes { CNN_CHOICE_NAMES(CNN_INFER_VOTES) };

/* A self-test passes when no output is off by more than this part of the largest one: far more than
 * another order of summation makes, far less than a wrong weight or layer. */
#define CNN_INFER_TOLERANCE 1e-4

/* TEXT fields that are "" were not given. */
struct cnn_infer_options {
    const char *model;  /* not read with knn */
    char *const *input; /* (inputs) datasets */
    size_t inputs;
    const char *labels; /* the label file of IDX inputs */
    /* Predictions */
    enum cnn_records_format format;
    int header, probabilities;
    int nul; /* TSV of records that end with NUL, and nothing escaped */
    long long top;
    /* Maps: what the net gives for each place */
    int dense;        /* the net slides over the images */
    const char *maps; /* a folder */
    enum cnn_infer_maps maps_format;
    const char *palette; /* colours and names of the classes of label images */
    long long tile; /* the side of the squares that larger images are cut into; 0: they are not */
    long long overlap; /* by which these do; -1: a quarter of their side */
    /* Neighbours in the place of a model; queries are the inputs, or without any the rows themselves */
    const char *knn; /* a dataset; "": a model answers */
    long long neighbours;
    enum cnn_infer_distance distance;
    enum cnn_infer_votes votes;
    int list;      /* neighbours are printed, not what they vote for */
    int retrieval; /* evaluation tells how the rows are ranked, too */
    /* Evaluation, which a gate, too, asks for */
    int eval, json;
    enum cnn_infer_target target;
    struct cnn_strings gate;
    const char *predictions, *confusion;
    /* Running */
    int selftest, skip_bad;
    int strict;           /* as of struct cnn_dataset_options */
    const char *bad_list; /* where the caller writes names of bad samples; NULL: nowhere */
    const char *output;
    struct cnn_compute compute;
    struct cnn_pair size; /* of the input; 0 or less: as of struct cnn_runner_net */
    long long batch;
};

/* Predictions, metrics or the self-test's result go to `out` (`name` for messages), or to
 * options->output, whole or not at all. CNN_ENEGATIVE: a gate was missed or the self-test failed.
 * CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT, CNN_ECREATE, CNN_EIO, CNN_EDEVICE, CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_infer(const struct cnn_infer_options *options,
                          const struct cnn_callbacks *callbacks, FILE *out, const char *name);

#endif
