/* A model made ready to run, and the inputs that it runs over: what inference, feature extraction
 * and the embedded predictor share. */
#ifndef CNN_TASK_RUNNER_H
#define CNN_TASK_RUNNER_H

#include "base/error.h"
#include "data/loader/loader.h"
#include "model/model.h"
#include "task/callbacks.h"
#include "task/compute.h"

/* Start from {0}. */
struct cnn_runner {
    struct cnn_model *model;
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
};

/* Read the model and build its graph, for inputs of that size (0 or less: its own). CNN_ENOINPUT; CNN_EDATA, also where
 * the net does not take inputs of that size. */
CNN_CHECKED int cnn_runner_open(struct cnn_runner *r, const char *model, int with_loss,
                                struct cnn_pair size);
struct cnn_runner_config {
    const struct cnn_compute *compute;
    const struct cnn_callbacks *callbacks; /* for notes; NULL: none */
    size_t batch;                          /* the largest batch that will run */
    int once;                              /* and the only one */
    const int *keep; /* (keeps) nodes whose values are wanted beside the output */
    size_t keeps;
};
/* Plan the net's memory on a device and load the weights. CNN_EDEVICE, CNN_EDATA. */
CNN_CHECKED int cnn_runner_start(struct cnn_runner *r, const struct cnn_runner_config *config);
void cnn_runner_close(struct cnn_runner *r); /* leaves {0} */

/* The datasets that a program was given, one after another. Start from {0}. */
struct cnn_inputs {
    size_t count;
    struct cnn_dataset **ds; /* (count) */
    size_t samples;          /* of all; SIZE_MAX: not known before the end */
    size_t largest;          /* of the datasets; SIZE_MAX: not known */
};

/* Open them all. CNN_EUSAGE when "-" stands twice; else as cnn_dataset_open. */
CNN_CHECKED int cnn_inputs_open(struct cnn_inputs *in, char *const *path, size_t count,
                                const struct cnn_dataset_options *options);
/* Whether samples of any input have paths. */
int cnn_inputs_have_paths(const struct cnn_inputs *in);
/* The path of sample i of an input; NULL: it has none. */
const char *cnn_inputs_path(const struct cnn_inputs *in, size_t input, size_t i);
void cnn_inputs_close(struct cnn_inputs *in); /* leaves {0} */

/* Batches no larger than there are samples. */
size_t cnn_inputs_batch(const struct cnn_inputs *in, size_t wanted);

/* Do something with a batch of an input; a negative code ends the visit. */
typedef int cnn_visit_batch(void *context, size_t input, const struct cnn_batch *b);

/* Every sample of every input, once, in order. The loader's options get the callbacks' `bad`. */
CNN_CHECKED int cnn_inputs_visit(const struct cnn_inputs *in,
                                 const struct cnn_loader_options *options,
                                 const struct cnn_callbacks *callbacks, cnn_visit_batch *batch,
                                 void *context);

#endif
