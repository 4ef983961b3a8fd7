/* What the files of the Keras import share. A model is a tree: layers, some of which are models
 * themselves, and for each time that a layer is called what it reads. It is read from JSON, its
 * layers' numbers are found in an HDF5 file, and it is written as a text in the language of nets and
 * tensors. Keras has channels last, (height, width, channels), and vectors that were planes in that
 * order; ours are first. */
#ifndef CNN_MODEL_IMPORT_KERAS_KERAS_H
#define CNN_MODEL_IMPORT_KERAS_KERAS_H

#include <jansson.h>

#include "base/memory.h"
#include "base/names.h"
#include "base/text.h"
#include "file/hdf5/hdf5.h"
#include "file/infile.h"
#include "file/tensors.h"
#include "tensor/tensor.h"

enum {
    KERAS_MOST_DEPTH = 16, /* of models in models */
    KERAS_MOST_READ = 256, /* by a layer */
    KERAS_MOST_NAMED = 12, /* layers that cannot be imported; of the others how many there are */
    KERAS_MOST_SIDE = 1 << 20,
    KERAS_MOST_LAYERS = 1 << 14,  /* of a model */
    KERAS_MOST_NUMBERS = 1 << 30, /* of a value */
};

struct keras_writer;
struct keras_model;
struct keras_layer;

/* What a call makes. */
struct keras_value {
    int rank;             /* of a sample in Keras: 3 planes, 2 rows of channels, 1 a vector */
    struct cnn_chw shape; /* as we have it; a side of 0 is not known */
    struct cnn_chw flat;  /* a vector of these planes, in our order; c 0: in Keras' */
    const char *label;    /* of the line whose value it is */
    int unsure;           /* it comes of a layer that was refused: nothing is known of it */
};

/* A layer that is called. */
struct keras_node {
    struct keras_layer *layer;
    struct keras_ref {
        const char *layer;
        size_t node, tensor;
    } * ref; /* (ins) */
    struct keras_node **in, **user;
    size_t ins, users;
    size_t
        constants; /* numbers and arrays among what it is called with, of which the first is this */
    const json_t *constant;
    int constant_first; /* it stands before the value */
    int named;          /* it is called with values by name, too */
    int state, is_answer;
    int lines, refused; /* lines that were written of it; whether it cannot be imported */
    struct keras_value out;
};

struct keras_layer {
    const char *name, *class;
    const json_t *config;
    const struct keras_kind *kind; /* while it is written; NULL: none that we know */
    struct keras_model *model, *nested;
    struct keras_node *node; /* (nodes) */
    size_t nodes;
    struct keras_var {
        const char *name; /* its last part: "kernel", or a number */
        const struct cnn_hdf5_object *of;
    } * var; /* (vars) */
    size_t vars;
    const char *label; /* of the line that has its parameters */
};

struct keras_model {
    const char *name;
    struct keras_layer *layer; /* (layers) */
    size_t layers;
    struct keras_layer *as; /* the layer that it is; NULL: the whole */
    struct keras_ref *input, *output;
    size_t inputs, outputs;
    struct cnn_names *names; /* of layers */
};

struct keras_kind {
    const char *classes; /* with spaces between */
    int (*write)(struct keras_writer *w, struct keras_node *n);
    int keeps;                    /* what stands where: elements by themselves, or by channels */
    const char *becomes, *limits; /* for the manual */
};

/* A tensor of the net: element (i, j, k, l) of its `loop` is number i step[0] + ... of the file's. */
struct keras_param {
    const char *name;
    const struct cnn_hdf5_object *from; /* NULL: */
    const float *values;                /* (count), or NULL: */
    float value;                        /* all are this */
    int rank;
    size_t dim[4], loop[4], step[4];
};

struct keras_writer {
    const char *path;
    struct cnn_arena *arena;
    const struct cnn_hdf5 *file;
    struct keras_model *whole;
    int version; /* of Keras: 1, 2, 3 */
    int channels_first;
    struct keras_node **node; /* (nodes) in the order in which they are written */
    size_t nodes;
    struct keras_node **answer; /* (answers) of the whole model, in its order */
    size_t answers;
    struct cnn_names *labels; /* each with the last number behind it */
    struct cnn_buf text, refused;
    size_t refusals;
    const char *last; /* label of the line before */
    struct keras_param *param;
    size_t params, param_room;
    int spare; /* they are those of a net that is not known, vectors of planes in Keras' order */
};

/* config.c: a model from its JSON, which lives as long as it. CNN_EDATA without a path. */
CNN_CHECKED int cnn_keras_read(struct keras_writer *w, const json_t *root);
struct keras_layer *cnn_keras_layer_of(const struct keras_model *m, const char *name);

/* graph.c: what every call reads, across models; w->node. */
CNN_CHECKED int cnn_keras_connect(struct keras_writer *w);

/* vars.c: the numbers of layers. */
CNN_CHECKED int cnn_keras_find_vars(struct keras_writer *w);
/* Numbers of a layer, by one of the names that they have had, or their place, of such a shape, where
 * a side of 0 may be any. NULL: the layer was refused. */
const struct cnn_hdf5_object *cnn_keras_var(struct keras_writer *w, struct keras_node *n,
                                            const char *names, size_t place, int rank,
                                            const size_t *dim);
/* spare.c: tensors of a file whose net is not there, or cannot be imported. */
CNN_CHECKED int cnn_keras_spare_params(struct keras_writer *w);

/* params.c: the tensor LABEL.suffix; suffix NULL: LABEL. */
CNN_CHECKED int cnn_keras_param(struct keras_writer *w, const char *label, const char *suffix,
                                const struct keras_param *p);
/* Of a convolution's (height, width, in, out), and of one of each channel (height, width, in, times);
 * of a dense layer's (in, out), whose inputs were planes unless flat.c is 0; of a vector. */
struct keras_param cnn_keras_kernel(const struct cnn_hdf5_object *o, int depthwise);
struct keras_param cnn_keras_matrix(const struct cnn_hdf5_object *o, struct cnn_chw flat);
struct keras_param cnn_keras_vector(const struct cnn_hdf5_object *o, struct cnn_chw flat);
/* count times the same. */
struct keras_param cnn_keras_constant(size_t count, float value);
/* A source of them; the writer's arena and what `keep` frees are its own from then on. */
struct keras_kept {
    struct cnn_arena *arena;
    struct cnn_bytes bytes;
    unsigned char *inflated;
    struct cnn_hdf5 *file;
    struct keras_param *param;
};
void cnn_keras_free(struct keras_kept *kept);
CNN_CHECKED int cnn_keras_tensors(struct keras_writer *w, struct keras_kept *kept,
                                  struct cnn_tensor_source **out);

/* options.c: what a layer's configuration says, or the fallback where it says nothing. What is not
 * as it should be refuses the layer. */
const json_t *cnn_keras_option(const struct keras_node *n, const char *key);
size_t cnn_keras_size(struct keras_writer *w, struct keras_node *n, const char *key,
                      long long fallback);
double cnn_keras_real(struct keras_writer *w, struct keras_node *n, const char *key,
                      double fallback);
int cnn_keras_flag(const struct keras_node *n, const char *key, int fallback);
const char *cnn_keras_word(const struct keras_node *n, const char *key, const char *fallback);
/* Height and width. */
struct keras_sides {
    size_t h, w;
};
struct keras_sides cnn_keras_sides(struct keras_writer *w, struct keras_node *n, const char *key,
                                   size_t fallback);
/* Whether the axis, counted with the samples, is that of the channels of the value. */
int cnn_keras_is_channels(const struct keras_writer *w, const struct keras_value *v,
                          const json_t *axis);

/* line.c */
/* That the layer cannot be imported, for that reason; 0, since others may be so, too. */
int cnn_keras_refuse(struct keras_writer *w, struct keras_node *n, const char *format, ...)
    CNN_PRINTF(3, 4);
/* A name of its own for a line. NULL: no memory. */
const char *cnn_keras_label(struct keras_writer *w, const char *name);
/* The layer's name with those of the models that it is in. */
const char *cnn_keras_name(struct keras_writer *w, const struct keras_layer *l);
/* A line of the call, its value from then on: it reads what the call does, or the call's line before.
 * part: what the label has behind the layer's name; NULL: nothing, and tensors are called so. */
CNN_CHECKED int cnn_keras_line(struct keras_writer *w, struct keras_node *n, const char *part,
                               const char *format, ...) CNN_PRINTF(4, 5);
/* The same, reading those. */
CNN_CHECKED int cnn_keras_line_of(struct keras_writer *w, struct keras_node *n, const char *part,
                                  const char *const *from, size_t count, const char *words);
/* As it reads: no line. */
int cnn_keras_same(struct keras_node *n);
/* The value that a call reads, its first. */
const struct keras_value *cnn_keras_in(const struct keras_node *n);
/* Whether the call's value has one of these ranks, each a bit; else it is refused. */
int cnn_keras_has_rank(struct keras_writer *w, struct keras_node *n, unsigned ranks);
/* " share=LABEL" where the layer was called before, else "". */
const char *cnn_keras_share(struct keras_writer *w, const struct keras_node *n);

/* activation.c: the word of an option, behind the line before. */
CNN_CHECKED int cnn_keras_activate(struct keras_writer *w, struct keras_node *n, const char *key);

/* scaling.c: of the calls behind an input that only scale pixels what they come to, for its line. */
struct keras_scaling {
    size_t channels;
    double factor[4], offset[4];
};
CNN_CHECKED int cnn_keras_scaling(struct keras_writer *w, struct keras_node *input,
                                  struct keras_scaling *out);

/* shapes.c: behind a flatten in Keras' order; whether a value's order makes a difference. */
int cnn_keras_is_plane(const struct keras_writer *w, const struct keras_value *v);

/* write.c, the whole. */
CNN_CHECKED int cnn_keras_write(struct keras_writer *w);

/* kinds.c: of a class; NULL: none that we know. */
const struct keras_kind *cnn_keras_kind(const char *class);

/* The functions that write layers. */
#define CNN_KERAS_LAYER(classes, write, keeps, becomes, limits)                                    \
    int cnn_keras_##write(struct keras_writer *w, struct keras_node *n);
#include "model/import/keras/layers.def"
#undef CNN_KERAS_LAYER

#endif
