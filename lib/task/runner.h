/* A model made ready to run, and the inputs that it runs over: what inference, feature extraction
 * and the embedded predictor share. */
#ifndef CNN_TASK_RUNNER_H
#define CNN_TASK_RUNNER_H

#include <stdint.h>

#include "base/error.h"
#include "data/loader/loader.h"
#include "model/model.h"
#include "task/callbacks.h"
#include "task/compute.h"

/* What stands in the place of a size of inputs, as of the option --size: the model's, or with
 * `dense` that of each image; the model's; that of each image. */
enum cnn_runner_size { CNN_SIZE_AUTO = -1, CNN_SIZE_MODEL = -2, CNN_SIZE_NATIVE = -3 };

/* Which net of a model. */
struct cnn_runner_net {
    struct cnn_pair size; /* of its inputs; below 0: enum cnn_runner_size; 0: CNN_SIZE_AUTO */
    int dense;            /* the one that slides over larger inputs */
    int hash;             /* the model's hash is wanted */
};

/* The map that a net gives that slides: its element (i, j) is the answer to the part of the input of
 * height x width from row i step[0] and column j step[1] on. */
struct cnn_runner_map {
    size_t size[2], step[2]; /* rows and columns of the input */
    char *
        pads; /* the first layer that sees beyond the input, so that it is not so within the layer's
                   reach of a part's border; NULL: none does */
};

/* A net for samples of one size. */
struct cnn_runner_sized {
    struct cnn_graph *graph;
    struct cnn_net *net;
    uint64_t number; /* of the nets that the runner made, from 1 on */
    uint64_t used;   /* when it was, by the runner's turns */
};
enum { CNN_RUNNER_SIZES = 4 }; /* that are kept beside the model's own */

struct cnn_runner_config {
    const struct cnn_compute *compute;
    const struct cnn_callbacks *callbacks; /* for notes; NULL: none */
    size_t batch;                          /* the largest batch that will run */
    int once;                              /* and the only one */
    const int *keep; /* (keeps) nodes whose values are wanted beside the output */
    size_t keeps;
    int from;            /* as of struct cnn_net_config: backward passes from that value */
    const int *gradient; /* (gradients) nodes whose gradients are wanted of them */
    size_t gradients;
    enum cnn_rectifier rectifier;
};

/* Start from {0}. */
struct cnn_runner {
    struct cnn_model *model;
    char hash[CNN_MODEL_HASH]; /* where it is wanted */
    int native;                /* samples are as large as they are, */
    size_t multiple; /* but for what the net needs: filled up to multiples of that; 0: 1 */
    int fits;        /* each batch needs cnn_runner_fit: samples are native, or the net slides */
    struct cnn_input input;  /* what samples become, where they are not native */
    struct cnn_graph *graph; /* of the size that was asked for, or where it fits the last batch's */
    struct cnn_backend *backend;
    struct cnn_net *net;       /* likewise */
    uint64_t number;           /* of that net, which no other has had; 0: of the model's own */
    struct cnn_runner_map map; /* where it slides */
    struct cnn_runner_config config;
    struct cnn_runner_sized own, sized[CNN_RUNNER_SIZES];
    uint64_t turn, made;
};

/* Read the model and build its graph, with losses, for inputs of that size. CNN_ENOINPUT; CNN_EDATA, also
 * where the net does not take inputs of that size, or does not slide. */
CNN_CHECKED int cnn_runner_open(struct cnn_runner *r, const char *model,
                                const struct cnn_runner_net *which);
/* Plan the net's memory on a device and load the weights; the config's parts are borrowed. CNN_EDEVICE,
 * CNN_EDATA. */
CNN_CHECKED int cnn_runner_start(struct cnn_runner *r, const struct cnn_runner_config *config);
/* The net and the graph for samples of that shape. Nets of the last few sizes are kept while there is
 * memory; all have the same weights. CNN_EDATA where the net does not take them, CNN_ESYSTEM where it has
 * no room: the model's own then. */
CNN_CHECKED int cnn_runner_fit(struct cnn_runner *r, struct cnn_chw shape);
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

/* A batch that cannot be used, for the error that is set, which is put behind the name of its first sample
 * where it is CNN_EDATA or CNN_ESYSTEM; with `skip` CNN_EDATA is told of each instead, and 0 returned. */
int cnn_inputs_unfit(const struct cnn_inputs *in, size_t input, const struct cnn_batch *b, int skip,
                     const struct cnn_callbacks *callbacks);

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
