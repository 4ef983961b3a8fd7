/* What the files of the ONNX export share. */
#ifndef CNN_MODEL_EXPORT_ONNX_PRIVATE_H
#define CNN_MODEL_EXPORT_ONNX_PRIVATE_H

#include "base/memory.h"
#include "file/tensors.h"
#include "lang/graph.h"
#include "onnx.pb-c.h"

/* What a value is in ONNX. Several rows of a sample are as many samples there, but for volumes, whose slices are an axis. */
enum onnx_form {
    ONNX_PLANES, /* (samples * rows, channels, height, width) */
    ONNX_FLAT,   /* (samples * rows, numbers) */
    ONNX_VOLUME, /* (samples, channels, rows, height, width) */
    ONNX_FORMS,
};

/* The names of a node's value in these forms; NULL: nothing gives it so yet. */
struct onnx_made {
    const char *name[ONNX_FORMS];
    enum onnx_form first; /* in which it is made */
};

struct onnx_writer {
    struct cnn_arena *arena;
    const struct cnn_graph *graph;
    const struct cnn_tensor_source *tensors;
    Cnn__Onnx__Graph message;
    size_t node_room, tensor_room, between;
    struct onnx_made *made; /* (the graph's nodes) */
};

/* onnx_nodes.c */
const struct cnn_layer *cnn_onnx_layer_of(const struct onnx_writer *w, int node);
/* What the layer reads k-th. */
int cnn_onnx_input_of(const struct onnx_writer *w, int node, int k);
/* The last step: whether there is a node. */
CNN_CHECKED int cnn_onnx_made(const Cnn__Onnx__Node *n);
/* An operator's node; NULL with an error set. */
Cnn__Onnx__Node *cnn_onnx_put(struct onnx_writer *w, const char *op, const char *out, int count,
                              const char *const *in);
/* Attributes of a node, which may be NULL: then nothing is done. */
CNN_CHECKED int cnn_onnx_put_int(struct onnx_writer *w, Cnn__Onnx__Node *n, const char *name,
                                 int64_t value);
CNN_CHECKED int cnn_onnx_put_ints(struct onnx_writer *w, Cnn__Onnx__Node *n, const char *name,
                                  size_t count, const size_t *value);
CNN_CHECKED int cnn_onnx_put_real(struct onnx_writer *w, Cnn__Onnx__Node *n, const char *name,
                                  double value);
CNN_CHECKED int cnn_onnx_put_text(struct onnx_writer *w, Cnn__Onnx__Node *n, const char *name,
                                  const char *value);
/* Tensors; their names, NULL with an error set. The k-th parameter of a layer, in a shape of that rank, which is the same
 * for all layers that share it; lists of numbers; one number in all places of a shape, or by itself. */
const char *cnn_onnx_put_param(struct onnx_writer *w, int node, int k, int rank, const size_t *dim);
const char *cnn_onnx_put_list(struct onnx_writer *w, const char *of, size_t count,
                              const int64_t *value);
const char *cnn_onnx_put_real_list(struct onnx_writer *w, const char *of, size_t count,
                                   const double *value);
const char *cnn_onnx_put_reals(struct onnx_writer *w, const char *of, const struct cnn_shape *shape,
                               double value);
/* Room for numbers of that shape, *name. */
float *cnn_onnx_put_room(struct onnx_writer *w, const char *of, const struct cnn_shape *shape,
                         const char **name);
const char *cnn_onnx_put_scalar(struct onnx_writer *w, const char *of, double value);
/* A name that no value has. */
const char *cnn_onnx_between(struct onnx_writer *w, const char *of);
/* The field of a layer's option; NULL: it has none of that name. */
const void *cnn_onnx_option(const struct cnn_layer *l, const char *name);
int cnn_onnx_flag(const struct cnn_layer *l, const char *name);
double cnn_onnx_number(const struct cnn_layer *l, const char *name);

/* onnx_values.c: the value of a graph's node in one form; NULL with an error set. */
const char *cnn_onnx_planes(struct onnx_writer *w, int node);
const char *cnn_onnx_flat(struct onnx_writer *w, int node);
const char *cnn_onnx_volume(struct onnx_writer *w, int node);
/* As it is made. */
const char *cnn_onnx_either(struct onnx_writer *w, int node);
enum onnx_form cnn_onnx_form(const struct onnx_writer *w, int node);
/* The name of a node's value, and that it is made in that form. */
const char *cnn_onnx_give(struct onnx_writer *w, int node, enum onnx_form form);
/* With the rows of a sample as an axis behind the samples: (samples, rows, channels, height, width), or of vectors (samples,
 * rows, numbers). */
const char *cnn_onnx_rows(struct onnx_writer *w, int node, int vectors);
/* `to` from `from`: in another shape; with axes in another order. 0 in a shape: as it was, -1: what is left. */
CNN_CHECKED int cnn_onnx_put_reshape(struct onnx_writer *w, const char *from, const char *to,
                                     size_t axes, const int64_t *shape);
CNN_CHECKED int cnn_onnx_put_transposed(struct onnx_writer *w, const char *from, const char *to,
                                        size_t axes, const size_t *order);
/* The node's value, planes or vectors, from a value that has the numbers in their order. */
CNN_CHECKED int cnn_onnx_put_back(struct onnx_writer *w, const char *from, int node);

/* What makes operators of a layer. CNN_EDATA where there are none. */
typedef int cnn_onnx_layer_function(struct onnx_writer *w, int node);
#define CNN_ONNX_LAYER(name, function) cnn_onnx_layer_function cnn_onnx_put_##function;
#define CNN_ONNX_FUNCTION(name, operator, option, attribute)
#include "model/export/onnx_layers.def"
#undef CNN_ONNX_LAYER
#undef CNN_ONNX_FUNCTION

/* onnx_layers.c: by its list; CNN_EDATA where the layer is not in it. */
CNN_CHECKED int cnn_onnx_put_layer(struct onnx_writer *w, int node);

#endif
