/* The model file: one .safetensors with the net's text, the class list, the
 * preprocessing (part of the net's input line), the history and a self-test. */
#ifndef CNN_MODEL_MODEL_H
#define CNN_MODEL_MODEL_H

#include "base/error.h"
#include "net/net.h"
#include "model/selftest.h"

struct cnn_bytes;
struct cnn_tensor_source;
struct cnn_safetensors_writer;

struct cnn_model {
    char *net_text; /* canonical; NULL: weights without a net, and nothing of the next two */
    char *why;      /* of a net that is in the file and cannot be imported; NULL: there is none */
    struct cnn_strings classes;        /* empty when the targets are not classes */
    char *history;                     /* JSON array of objects, oldest first; see cnn-formats(5) */
    struct cnn_tensor_source *tensors; /* NULL for a model not read from a file */
    char *path;
    struct cnn_selftest selftest; /* of one read from a file */
};

/* Open a file of weights, which may be a model with a net, or NET:WEIGHTS (net_text.h).
 * CNN_ENOINPUT, CNN_EDATA. */
CNN_CHECKED int cnn_model_open(const char *path, struct cnn_model **out);
/* The same of bytes, as of a pipe, which is read once: they are given up, on failure, too. */
CNN_CHECKED int cnn_model_of(const char *path, struct cnn_bytes *bytes, struct cnn_model **out);
/* As cnn_model_open, and weights without a net are CNN_EDATA. */
CNN_CHECKED int cnn_model_open_net(const char *path, struct cnn_model **out);
void cnn_model_free(struct cnn_model *m);

/* Build the model's graph (free it with cnn_graph_free) as `how` says: losses, the first input's size or
 * shape. What it says of the text itself, its name and classes, is the model's. */
CNN_CHECKED int cnn_model_graph(const struct cnn_model *m, const struct cnn_graph_config *how,
                                struct cnn_graph **out);
/* Whether the net's text leaves the size of its input to the data, so that `how` must say it.
 * CNN_ESYSTEM without memory. */
CNN_CHECKED int cnn_model_is_open(const struct cnn_model *m);
/* A side for nets that are looked at, or hold weights, whatever size inputs have. */
enum { CNN_MODEL_ANY_SIDE = 256 };

/* The model's net becomes the one that slides over larger inputs (slide.c). CNN_EDATA where a layer
 * cannot. */
CNN_CHECKED int cnn_model_slide(struct cnn_model *m);
int cnn_model_can_slide(const struct cnn_model *m);

/* Whether every weight (tensor of rank 2 or more) is zero. */
int cnn_model_is_blank(const struct cnn_tensor_source *from);

/* How tensors become parameters; see --allow-new and --rename in cnn-train(1). */
struct cnn_load_options {
    const struct cnn_strings *allow_new; /* patterns; NULL: none */
    const struct cnn_strings *rename;    /* FROM=TO; NULL: none */
    const struct cnn_strings *fresh;     /* layers that take nothing from the file; NULL: none */
};

/* Copy every parameter of the net by name (load.c). Every parameter must be there
 * with its shape, and every tensor must be used, unless allow_new names it; counters
 * such as num_batches_tracked are passed over. What stands in front of the names of all is taken
 * off where the rest then fits. CNN_EDATA naming the first tensor that does not fit, or when none
 * does; CNN_EUSAGE for a rename. options NULL: no exceptions. `note` (may be NULL) gets what was
 * loaded, where that is not simply all. */
CNN_CHECKED int cnn_model_load_params(const struct cnn_tensor_source *from, struct cnn_net *net,
                                      const struct cnn_load_options *options, struct cnn_buf *note);

/* Write a model: the net's parameters as its only tensors, m's texts, and a self-test made by
 * running the net on `selftest` (preprocessed samples; n 0: none). Temporary file, fsync,
 * rename. The bytes depend on nothing but what they describe. */
CNN_CHECKED int cnn_model_save(const char *path, const struct cnn_model *m, struct cnn_net *net,
                               const struct cnn_batch_view *selftest);

/* Declare m's texts as metadata of a file that is being written (models and checkpoints); and whether
 * the key is that of one of them. */
CNN_CHECKED int cnn_model_put_meta(struct cnn_safetensors_writer *w, const struct cnn_model *m);
int cnn_model_is_meta(const char *key);
/* Declare the net's parameters and statistics as tensors, and write them. */
CNN_CHECKED int cnn_model_put_params(struct cnn_safetensors_writer *w, struct cnn_net *net);
CNN_CHECKED int cnn_model_write_params(struct cnn_safetensors_writer *w, struct cnn_net *net);

/* What tells a class list from others, names and order, and what tells the metadata of a model from
 * those of others but for its history: 16 hexadecimal digits. */
enum { CNN_MODEL_HASH = 17 };
void cnn_model_classes_hash(const struct cnn_strings *classes, char out[CNN_MODEL_HASH]);
void cnn_model_meta_hash(const struct cnn_tensor_source *tensors, char out[CNN_MODEL_HASH]);
/* What tells what the model computes from what others do: its net's text and its tensors. Fails as cnn_tensors_hash. */
CNN_CHECKED int cnn_model_hash(const struct cnn_model *m, char out[CNN_MODEL_HASH]);

/* Run the self-test stored in the file: *error gets max |out - stored| / max |stored|. CNN_EDATA
 * when there is none. */
CNN_CHECKED int cnn_model_selftest(const struct cnn_model *m, struct cnn_net *net, double *error);

#endif
