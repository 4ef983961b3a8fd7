/* What a net makes of samples at chosen layers, written down: what cnn-features does. The forms are
 * those of data/source/features.h, so that every program reads them as a dataset. */
#ifndef CNN_TASK_FEATURES_FEATURES_H
#define CNN_TASK_FEATURES_FEATURES_H

#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "task/callbacks.h"
#include "task/compute.h"

/* auto: by the output's extension; TSV without an output. */
#define CNN_FEATURES_FORMATS(FIRST, NEXT)                                                          \
    FIRST(CNN_FEATURES_AUTO, "auto")                                                               \
    NEXT(CNN_FEATURES_NPY, "npy")                                                                  \
    NEXT(CNN_FEATURES_TSV, "tsv")                                                                  \
    NEXT(CNN_FEATURES_SVMLIGHT, "svmlight")                                                        \
    NEXT(CNN_FEATURES_TAR, "tar")
enum cnn_features_format { CNN_CHOICE_NAMES(CNN_FEATURES_FORMATS) };

#define CNN_FEATURES_POOLINGS(FIRST, NEXT)                                                         \
    FIRST(CNN_FEATURES_AVG, "avg")                                                                 \
    NEXT(CNN_FEATURES_MAX, "max")                                                                  \
    NEXT(CNN_FEATURES_GEM, "gem")
enum cnn_features_pooling { CNN_CHOICE_NAMES(CNN_FEATURES_POOLINGS) };

/* What becomes of rows whose files are gone. */
#define CNN_FEATURES_VANISHED(FIRST, NEXT)                                                         \
    FIRST(CNN_FEATURES_KEEP, "keep")                                                               \
    NEXT(CNN_FEATURES_DROP, "drop")
enum cnn_features_vanished { CNN_CHOICE_NAMES(CNN_FEATURES_VANISHED) };

/* TEXT fields that are "" were not given. */
struct cnn_features_options {
    const char *model;
    char *const *input; /* (inputs) datasets */
    size_t inputs;
    const char *labels;       /* the label file of IDX inputs */
    struct cnn_strings layer; /* labels or patterns; "output", "logits" */
    int pool;                 /* one value for all positions of each channel */
    enum cnn_features_pooling pooling;
    double gem_power;
    int l2;          /* rows are brought to length 1 */
    int half;        /* npy holds float16 */
    int incremental; /* only files that the output has no row of are computed */
    enum cnn_features_vanished vanished;
    int concat;           /* all layers side by side, not an output for each */
    long long components; /* 0: no PCA is fitted */
    int whiten;
    enum cnn_features_format format;
    const char *bad_list; /* where the caller writes names of bad samples; NULL: nowhere */
    const char *output;
    struct cnn_compute compute;
    int dense;            /* of the net that slides over larger inputs */
    struct cnn_pair size; /* of the input; 0 or less: as of struct cnn_runner_net */
    int skip_bad;
    int strict; /* as of struct cnn_dataset_options */
    long long batch;
};

/* The format that the options come to. CNN_EUSAGE when the output's extension tells none. */
CNN_CHECKED int cnn_features_choose_format(const struct cnn_features_options *options,
                                           enum cnn_features_format *out);

/* Features go to `out` (`name` for messages), or to options->output, whole or not at all. With
 * several layers and without concat each has its own file, feats.LAYER.npy for feats.npy.
 * CNN_EUSAGE, CNN_EDATA, CNN_ENOINPUT, CNN_ECREATE, CNN_EIO, CNN_EDEVICE, CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_features(const struct cnn_features_options *options,
                             const struct cnn_callbacks *callbacks, FILE *out, const char *name);

/* Fit a PCA to the inputs' rows, of which the options name so many components, and write it as a model that applies it
 * to options->output; the model and the layers of the options are not read. CNN_EDATA where there are not so many, and as
 * above. */
CNN_CHECKED int cnn_features_fit_pca(const struct cnn_features_options *options,
                                     const struct cnn_callbacks *callbacks);

#endif
