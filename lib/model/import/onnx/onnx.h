/* What the files of the ONNX import share (onnx.ai/onnx/repo-docs/IR.html). Where one fails with
 * CNN_EDATA no path is in the message: who opens the file puts it in front. */
#ifndef CNN_MODEL_IMPORT_ONNX_ONNX_H
#define CNN_MODEL_IMPORT_ONNX_ONNX_H

#include "base/memory.h"
#include "base/names.h"
#include "base/text.h"
#include "file/infile.h"
#include "file/tensors.h"
#include "file/wire.h"
#include "onnx.pb-c.h"

enum { ONNX_MAX_RANK = 8, ONNX_MAX_PORTS = 64 };

/* Numbers that are known without the input: weights, and what is computed of them and of shapes. */
struct onnx_constant {
    int rank;
    size_t dim[ONNX_MAX_RANK], count;
    int whole;                 /* integers or truth values */
    enum cnn_dtype dtype;      /* of data */
    const unsigned char *data; /* little-endian, at any address; NULL: */
    const double *number;      /* (count); NULL, too: each is `fill` */
    double fill;
};

/* In which order the elements of a line's value stand: the value, all samples of it, as factors
 * (samples, rows, channels, height, width, or what these are products of), row by row, the first
 * the slowest; and which of them comes when. Factors of 1 are none. */
enum { ONNX_MAX_FACTORS = 16 };
struct onnx_view {
    int factors; /* 0: the elements are in the line's order */
    size_t size[ONNX_MAX_FACTORS];
    int order[ONNX_MAX_FACTORS];
};

enum onnx_state {
    ONNX_NOT_YET, /* nothing that was gone through gives it */
    ONNX_LOST,    /* of a node that cannot be imported */
    ONNX_CONSTANT,
    ONNX_COMPUTED,
};

/* A value of the graph: a constant, or the elements that a line of our net gives, which may have
 * another shape and order here. */
struct onnx_value {
    const char *name;
    enum onnx_state state;
    const struct onnx_constant *constant;
    const char *label;    /* of the line */
    size_t line;          /* counted from 1; 0: the first input */
    size_t rows;          /* of the line's value, each */
    struct cnn_chw shape; /* of that shape */
    int rank;             /* as ONNX has it, samples first */
    size_t dim[ONNX_MAX_RANK];
    struct onnx_view view;
    size_t uses;                     /* by nodes and as output of the graph */
    const struct onnx_node *user;    /* the last of the nodes */
    const struct onnx_node *made_by; /* NULL: input or initializer */
};

struct onnx_node {
    const Cnn__Onnx__Node *message;
    const char *name;         /* never empty: a node without one has its output's */
    const struct onnx_op *op; /* NULL: an operator that is not in the list */
    int ins, outs;
    struct onnx_value **in, **out; /* (ins), (outs); NULL: left out, but not out[0] */
};

/* A tensor of the net. */
struct onnx_param {
    const char *name;
    struct cnn_shape shape;
    const struct onnx_constant *from; /* as many elements, or one for all */
    int transposed;                   /* rows and columns are exchanged */
    double factor;
};

/* A file that is being made into a net. */
struct onnx_graph {
    const char *path;
    struct cnn_arena *arena;
    struct cnn_wire_memory memory;
    int64_t opset;
    size_t batch;             /* of the graph's input; 1 where it is left open */
    struct cnn_names *values; /* by name */
    struct onnx_node **node;
    size_t nodes, node_room;
    const Cnn__Onnx__ValueInfo **input, **output;
    size_t inputs, input_room, outputs, output_room;
    struct cnn_strings keys, texts; /* the metadata */
    struct cnn_bytes *beside;       /* files that weights are in */
    struct cnn_strings beside_names;
    size_t besides, beside_room;
    struct cnn_names *labels; /* that are taken */
    size_t lines;             /* of the net, without its inputs */
    struct cnn_buf text;
    struct onnx_param *param;
    size_t params, param_room;
    size_t bytes;    /* of the file, and of those beside it that were read */
    size_t computed; /* numbers of constants that were computed with */
};

struct onnx_op {
    const char *name;
    /* Into the net; NULL: constants alone. */
    int (*translate)(struct onnx_graph *g, const struct onnx_node *n);
    /* All inputs are constants, and so are the outputs; NULL: it is translated. */
    int (*fold)(struct onnx_graph *g, const struct onnx_node *n);
    const char *attributes; /* that may be there, with spaces between */
    const char *limits;     /* for the manual */
};
/* ops.c; NULL: no such operator. */
const struct onnx_op *cnn_onnx_op(const char *domain, const char *name);
const struct onnx_op *cnn_onnx_op_at(size_t i); /* NULL: past the end */

/* read.c: the file's bytes into g; weights stay where they are. */
CNN_CHECKED int cnn_onnx_read(struct onnx_graph *g, const struct cnn_bytes *bytes);

/* tensor.c: a tensor of the file; raw: the bytes where they were not unpacked, else NULL. */
CNN_CHECKED int cnn_onnx_tensor(struct onnx_graph *g, const Cnn__Onnx__Tensor *t,
                                const struct cnn_wire_field *raw, const struct onnx_constant **out);
/* beside.c: bytes of another file. */
CNN_CHECKED int cnn_onnx_beside(struct onnx_graph *g, const Cnn__Onnx__Tensor *t, size_t bytes,
                                const unsigned char **out);

/* values.c */
struct onnx_value *cnn_onnx_value(struct onnx_graph *g, const char *name); /* NULL: no memory */
void cnn_onnx_set_dims(struct onnx_value *v, int rank, const size_t *dim);
/* The same value under another name, or with other dimensions. */
void cnn_onnx_alias(struct onnx_value *v, const struct onnx_value *of);

/* constant.c */
CNN_CHECKED int cnn_onnx_count(int rank, const size_t *dim, size_t *out);
struct onnx_constant *cnn_onnx_constant_new(struct onnx_graph *g, int rank, const size_t *dim);
/* One whose numbers are to be filled in: *x (count), and room behind them. */
struct onnx_constant *cnn_onnx_numbers_new(struct onnx_graph *g, int rank, const size_t *dim,
                                           int whole, double **x);
const struct onnx_constant *cnn_onnx_fill(struct onnx_graph *g, double value);
/* Its elements; NULL with an error set, also where there are too many to compute with. */
const double *cnn_onnx_numbers(struct onnx_graph *g, const struct onnx_constant *c);
/* Whether each is that number; not, of more than 65536. */
int cnn_onnx_is_all(struct onnx_graph *g, const struct onnx_constant *c, double value);
/* Up to `most` of them as integers; *n of them. */
CNN_CHECKED int cnn_onnx_integers(struct onnx_graph *g, const struct onnx_constant *c, int most,
                                  int64_t *out, int *n);
void cnn_onnx_give_constant(struct onnx_value *v, const struct onnx_constant *c);
CNN_CHECKED int cnn_onnx_floats(const struct onnx_param *p, float *out);

/* attributes.c: `fallback` where the node has none. Ints: NULL with *n 0. */
const Cnn__Onnx__Attribute *cnn_onnx_attribute(const struct onnx_node *n, const char *name);
int64_t cnn_onnx_int(const struct onnx_node *n, const char *name, int64_t fallback);
double cnn_onnx_real(const struct onnx_node *n, const char *name, double fallback);
int cnn_onnx_is(const struct onnx_node *n, const char *name, const char *text);
const int64_t *cnn_onnx_ints(const struct onnx_node *n, const char *name, int *count);
/* Whether all attributes are in the operator's list. */
CNN_CHECKED int cnn_onnx_check_attributes(const struct onnx_node *n);
/* Ints of an attribute, or of an input where operators have them there by now: *count -1:
 * neither. */
CNN_CHECKED int cnn_onnx_list(struct onnx_graph *g, const struct onnx_node *n, const char *name,
                              int input, int most, int64_t *out, int *count);

/* emit.c */
/* A label of the node, after its weight where that is called LABEL.weight. NULL: no memory. */
const char *cnn_onnx_label(struct onnx_graph *g, const struct onnx_node *n,
                           const struct onnx_value *weight);
/* A line of the net that reads those values, and gives `out`, whose name and dimensions stay, with
 * the rows of the first of them. */
CNN_CHECKED int cnn_onnx_line(struct onnx_graph *g, struct onnx_value *out, const char *label,
                              const struct onnx_value *const *from, int count, struct cnn_chw shape,
                              const char *format, ...) CNN_PRINTF(7, 8);
/* One that reads a single value, made plain, and gives the node's first output, in its shape. */
CNN_CHECKED int cnn_onnx_layer(struct onnx_graph *g, const struct onnx_node *n,
                               struct onnx_value *from, struct cnn_chw shape, const char *format,
                               ...) CNN_PRINTF(5, 6);
/* A tensor LABEL.suffix. */
CNN_CHECKED int cnn_onnx_param(struct onnx_graph *g, const char *label, const char *suffix,
                               const struct onnx_constant *from, int rank, const size_t *dim);
CNN_CHECKED int cnn_onnx_param_scaled(struct onnx_graph *g, const char *label, const char *suffix,
                                      const struct onnx_constant *from, int rank, const size_t *dim,
                                      double factor, int transposed);
/* y = scale x + shift, by channels or one number for all; scale NULL: 1, shift NULL: 0. A scale
 * that is one number alone is no tensor but a number of the line. Out is what x is. */
CNN_CHECKED int cnn_onnx_affine(struct onnx_graph *g, struct onnx_value *out, const char *label,
                                const struct onnx_value *x, const struct onnx_constant *scale,
                                const struct onnx_constant *shift);

/* view.c */
/* Other dimensions of the same elements; a transposition, of all dimensions. CNN_EDATA where views
 * cannot say it. */
CNN_CHECKED int cnn_onnx_reshape(struct onnx_graph *g, struct onnx_value *v, int rank,
                                 const size_t *dim);
CNN_CHECKED int cnn_onnx_transpose(struct onnx_graph *g, struct onnx_value *v, const int *perm);
/* The view of a line's value in which its axes, rows, channels, height and width, stand in that
 * order: "rchw" is its own, "rhwc" has channels last. */
void cnn_onnx_view_of_axes(const struct onnx_graph *g, size_t rows, struct cnn_chw shape,
                           const char *order, struct onnx_view *out);
/* Of a computed value of such a shape, in its rows: samples, with rows that are no slices,
 * channels, slices where the rank is 5, and the plane as it had it. */
void cnn_onnx_like(struct onnx_graph *g, struct onnx_value *v, int rank, struct cnn_chw shape);
/* Whether the value is in that order of axes. */
int cnn_onnx_has_order(const struct onnx_graph *g, const struct onnx_value *v, const char *order);
/* Whether the last dimension is the line's channels, and the others are its rows and columns. */
int cnn_onnx_channels_last(const struct onnx_graph *g, const struct onnx_value *v);
/* Which dimension is the line's channels, whatever the order of the others; -1: none. */
int cnn_onnx_channel_axis(struct onnx_graph *g, const struct onnx_value *v);
/* Whether elements are in the line's order, whatever the shape. */
int cnn_onnx_in_order(const struct onnx_value *v);
/* The value's own view, with the factors that are those of its order. */
struct onnx_view cnn_onnx_view(const struct onnx_graph *g, const struct onnx_value *v);
/* The factor that comes i-th becomes two, the first of `outer`. CNN_EDATA: there are too many. */
CNN_CHECKED int cnn_onnx_split_factor(struct onnx_view *f, int i, size_t outer);

/* arrange.c: lines that bring a value's elements into the order that an operator wants. CNN_EDATA:
 * samples do not stay apart, or there is no such shape. */
/* As rows of that shape, whose axes in that order are the elements as ONNX has them. */
CNN_CHECKED int cnn_onnx_arrange(struct onnx_graph *g, struct onnx_value *v, size_t rows,
                                 struct cnn_chw shape, const char *order);
/* As another value of the same dimensions is. */
CNN_CHECKED int cnn_onnx_arrange_like(struct onnx_graph *g, struct onnx_value *v,
                                      const struct onnx_value *like);
/* What dimensions say: vectors, signals of one row, planes, in *shape, samples that are several of
 * those as rows. CNN_EDATA for others. */
CNN_CHECKED int cnn_onnx_plain(struct onnx_graph *g, struct onnx_value *v, struct cnn_chw *shape);
/* The same, and of five dimensions volumes, whose slices are rows. */
CNN_CHECKED int cnn_onnx_spatial(struct onnx_graph *g, struct onnx_value *v, struct cnn_chw *shape);
/* Whether it has axes for that: up to four, or five of which the first is the samples. */
int cnn_onnx_is_spatial(const struct onnx_graph *g, const struct onnx_value *v);
CNN_CHECKED int cnn_onnx_shape_of(const struct onnx_graph *g, const struct onnx_value *v,
                                  size_t *rows, struct cnn_chw *out);
/* With all dimensions before the axis as rows, that one as channels, and all behind it as height:
 * as the line is, where its channels are that axis. */
CNN_CHECKED int cnn_onnx_as_channels(struct onnx_graph *g, struct onnx_value *v, int axis);
/* Values of the same dimensions, but for that of the axis, in the same order, in which that axis is
 * the channels: *order. */
CNN_CHECKED int cnn_onnx_as_parts(struct onnx_graph *g, int count, struct onnx_value *const *v,
                                  int axis, const char **order);
/* A line's value of some of the channels of one that is so, or of more of them: its dimensions and
 * view. */
void cnn_onnx_part(struct onnx_graph *g, struct onnx_value *v, const struct onnx_value *of,
                   int axis, const char *order);
/* The last dimensions from the axis on as channels of rows. */
CNN_CHECKED int cnn_onnx_as_rows(struct onnx_graph *g, struct onnx_value *v, int axis);

/* translate.c: nodes into the text of a net and its tensors. CNN_EDATA with all that cannot be
 * imported. */
CNN_CHECKED int cnn_onnx_translate(struct onnx_graph *g);

/* The operators' functions. */
#define CNN_ONNX_OP(name, translate, fold, attributes, limits)                                     \
    int cnn_onnx_##translate(struct onnx_graph *g, const struct onnx_node *n);                     \
    int cnn_onnx_##fold(struct onnx_graph *g, const struct onnx_node *n);
#include "model/import/onnx/onnx_ops.def"
#undef CNN_ONNX_OP

#endif
