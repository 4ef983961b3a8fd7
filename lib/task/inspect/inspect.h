/* What is in a model, a net or a file of tensors: a report gathered once, printed as text, as JSON
 * or as a graph, compared with another, pictured. */
#ifndef CNN_TASK_INSPECT_INSPECT_H
#define CNN_TASK_INSPECT_INSPECT_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "file/tensors.h"
#include "model/model.h"
#include "task/compute.h"

enum cnn_inspect_form {
    CNN_INSPECT_NET,     /* a text, from a file, the zoo or the command line */
    CNN_INSPECT_MODEL,   /* one of our files: net and tensors */
    CNN_INSPECT_TENSORS, /* a file of weights without a net */
};

/* Of one tensor's elements; minimum, maximum, mean and deviation are those of the finite ones (NaN
 * when there are none). */
struct cnn_tensor_statistics {
    double min, max, mean, std;
    size_t zeros, nans, infinities;
};

struct cnn_inspect {
    enum cnn_inspect_form form;
    char *name;                    /* what the user called it */
    struct cnn_graph *graph;       /* NULL: tensors only */
    struct cnn_model *opened;      /* the file, which has what follows; NULL: a net only */
    const struct cnn_model *model; /* NULL: weights without a net, or a net only */
    const struct cnn_tensor_source *tensors; /* NULL: a net only */
    int open; /* the size of the model's input is left to the data; without one there is no graph */
    int slides;   /* the net is the one that slides, of the same tensors */
    size_t depth; /* a row of the layer table is a block: what shares so many parts of its label; 0:
                     a layer */
    struct cnn_tensor_statistics *statistics; /* (tensors); NULL until measured */
};

struct cnn_inspect_options {
    struct cnn_chw input; /* for nets whose text has no input line; all 0: not said */
    size_t classes;       /* for nets whose text does not say; 0: not said */
    int with_loss;        /* the net as it is trained */
    int slides;           /* the net as it slides over larger inputs */
};

/* Open a model, a file of tensors, or what --net takes. CNN_ENOINPUT, CNN_EDATA. */
CNN_CHECKED int cnn_inspect_open(const char *what, const struct cnn_inspect_options *options,
                                 struct cnn_inspect **out);
void cnn_inspect_close(struct cnn_inspect *in);

/* Fill in->statistics (nothing to do for a net). */
CNN_CHECKED int cnn_inspect_measure(struct cnn_inspect *in);
/* CNN_ENEGATIVE, naming the tensors, when some hold NaN or infinity; measured before. */
CNN_CHECKED int cnn_inspect_check(const struct cnn_inspect *in);

enum cnn_inspect_part {
    CNN_INSPECT_LAYERS = 1, /* the layer table and its totals */
    CNN_INSPECT_LIST = 2,   /* the tensors, with statistics where measured */
    CNN_INSPECT_META = 4,   /* every key of the metadata */
    CNN_INSPECT_CLASSES = 8,
    CNN_INSPECT_SUMMARY = 32, /* what is there, in a few lines */
    CNN_INSPECT_WINDOWS = 64, /* with LAYERS: kernel, stride, padding and receptive field, too */
};

/* CNN_EDATA with a message when one of the parts is not there at all. */
CNN_CHECKED int cnn_inspect_require(const struct cnn_inspect *in, unsigned parts);
/* As text, the parts asked for, one after another. */
void cnn_inspect_text(const struct cnn_inspect *in, unsigned parts, struct cnn_buf *out);
/* All parts as one JSON object; statistics where measured. */
CNN_CHECKED int cnn_inspect_json(const struct cnn_inspect *in, struct cnn_buf *out);
/* The layers as a graph in graphviz's language. CNN_EDATA when there is no net. */
CNN_CHECKED int cnn_inspect_dot(const struct cnn_inspect *in, struct cnn_buf *out);

/* What differs between two, line by line into *out: layers, classes, tensors with their largest
 * difference. CNN_ENEGATIVE without a message when something does. */
CNN_CHECKED int cnn_inspect_diff(const struct cnn_inspect *a, const struct cnn_inspect *b,
                                 struct cnn_buf *out);

/* The weights of a convolution (or of a dense layer that reads an image) as a picture (PNG, SVG or
 * PDF by the ending of its name), one tile a filter: RGB where there are three planes, grey
 * otherwise. Layer: a label. */
CNN_CHECKED int cnn_inspect_filters(const struct cnn_inspect *in, const char *layer,
                                    const char *path);

/* The tensors as float32, under their names, and the metadata into a file of the safetensors form,
 * or a model as ONNX, as the name ends in .onnx (whole or not at all). CNN_EUSAGE where that is the input's, CNN_EDATA, CNN_ECREATE, CNN_EIO. */
CNN_CHECKED int cnn_inspect_convert(const struct cnn_inspect *in, const char *path);

struct cnn_time_options {
    size_t batch; /* samples that run together */
    struct cnn_compute compute;
    int training;   /* forward, backward and update; the net was opened with_loss */
    double seconds; /* how long to go on, about: half with each step timed and half without; three
                       runs of both at least */
};

/* Run the net on drawn samples, several times, and tell where the time went, step by step, beside
 * what the machine reaches at that moment; as text or JSON. A net without a model starts with drawn
 * weights. *note: what the user should know; may stay empty. CNN_EDATA when there is no net. */
CNN_CHECKED int cnn_inspect_time(const struct cnn_inspect *in,
                                 const struct cnn_time_options *options, int json,
                                 struct cnn_buf *note, struct cnn_buf *out);

/* The built-in nets: a line each, their name and the first sentence of their text. */
void cnn_inspect_zoo_text(struct cnn_buf *out);
CNN_CHECKED int cnn_inspect_zoo_json(struct cnn_buf *out);

#endif
