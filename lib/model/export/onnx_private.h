/* What the files of the ONNX export share. */
#ifndef CNN_MODEL_EXPORT_ONNX_PRIVATE_H
#define CNN_MODEL_EXPORT_ONNX_PRIVATE_H

#include "base/memory.h"
#include "file/tensors.h"
#include "lang/graph.h"
#include "onnx.pb-c.h"

/* The names of a node's value: with rows and columns, and as vectors; NULL: nothing gives it so yet. */
struct onnx_made {
    const char *planes, *flat;
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
/* As it is. */
const char *cnn_onnx_either(struct onnx_writer *w, int node);
/* The name of a node's value, and that it has it in the form of another node's. */
const char *cnn_onnx_give(struct onnx_writer *w, int node, int flat);
int cnn_onnx_is_flat(const struct onnx_writer *w, int node);

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
