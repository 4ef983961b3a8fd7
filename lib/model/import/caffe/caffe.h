/* What the files of the Caffe import share. A net is read from text or binary into layers of one
 * form, which know what they read and who reads them; then it is translated: to a text in the
 * language of nets, and tensors that are numbers of its layers. Where the binary form fails with
 * CNN_EDATA no path is in the message: who opens the file puts it in front. */
#ifndef CNN_MODEL_IMPORT_CAFFE_CAFFE_H
#define CNN_MODEL_IMPORT_CAFFE_CAFFE_H

#include "base/memory.h"
#include "base/names.h"
#include "base/text.h"
#include "caffe.pb-c.h"
#include "file/infile.h"
#include "file/tensors.h"
#include "file/wire.h"

enum { CAFFE_MAX_AXES = 8, CAFFE_MAX_LAYERS = 100000 };

/* Numbers of a layer, or the image of a mean, where they lie. */
struct caffe_blob {
    int rank;
    size_t dim[CAFFE_MAX_AXES], count;
    int doubles;               /* else float32 */
    const unsigned char *data; /* little-endian, at any address; NULL: there are none */
};

struct caffe_layer;

/* What a layer makes; in-place layers make another of the same name. */
struct caffe_value {
    const char *name;
    struct caffe_layer *maker; /* NULL: one of the net's own list of inputs, number `place` */
    size_t place;              /* among the maker's outputs */
    struct caffe_layer *user;  /* the last that reads it */
    size_t uses,
        uses_as_data;  /* the latter: not as what a loss compares with, or a count of hits */
    const char *label; /* of the line whose value it is; NULL: not translated */
};

struct caffe_layer {
    const Cnn__Caffe__LayerParameter *p;
    const char *name, *type;
    const struct caffe_kind *kind; /* NULL: none that we know */
    int line;                      /* 0: it has none */
    struct caffe_blob *blob;       /* (blobs) */
    size_t blobs, blob_room;
    size_t ins, outs;
    struct caffe_value **in, **out;
    int done;   /* translated with a layer before */
    int shares; /* another's parameters, by their names */
};

struct caffe_net {
    const char *path; /* of the text, or of the file */
    struct cnn_arena *arena;
    struct cnn_wire_memory memory;
    const Cnn__Caffe__NetParameter *p; /* its layers are these: */
    struct caffe_layer *layer;         /* (layers) */
    size_t layers, layer_room;
    struct caffe_value **value; /* (values) in the order in which they are made */
    size_t values, value_room;
};

/* The list of layers.def. */
struct caffe_writer;
enum caffe_role {
    CAFFE_LAYER_OF_NET,
    CAFFE_SOURCE, /* gives samples */
    CAFFE_LOSS,   /* its first input is compared with the second */
    CAFFE_ASIDE,  /* measures, or shows: left out */
};
struct caffe_kind {
    const char *type, *v1, *v0; /* V0: words, with spaces between */
    enum caffe_role role;
    /* Writes it; NULL where it is no layer of the net. */
    int (*write)(struct caffe_writer *w, struct caffe_layer *l);
    const char *becomes, *limits; /* for the manual */
};
const struct caffe_kind *cnn_caffe_kind_at(size_t i); /* NULL: past the end */
const struct caffe_kind *cnn_caffe_kind(const char *type);
const struct caffe_kind *cnn_caffe_kind_v1(const char *name);
const struct caffe_kind *cnn_caffe_kind_v0(const char *word);

/* blob.c: a BlobProto. */
CNN_CHECKED int cnn_caffe_blob(struct cnn_wire_memory *m, const unsigned char *bytes, size_t size,
                               struct caffe_blob *out);
void cnn_caffe_blob_floats(const struct caffe_blob *b, size_t first, size_t count, float *out);

/* read.c: into n, whose path and arena are there. What is read of bytes stays where it is. */
CNN_CHECKED int cnn_caffe_read_text(struct caffe_net *n, const char *text, size_t size);
CNN_CHECKED int cnn_caffe_read_binary(struct caffe_net *n, const unsigned char *bytes, size_t size);
/* The next of its layers, zero; NULL with an error set. */
struct caffe_layer *cnn_caffe_layer_new(struct caffe_net *n);

/* upgrade.c: older forms as the newest. */
CNN_CHECKED int cnn_caffe_upgrade(struct caffe_net *n, struct caffe_layer *l,
                                  const Cnn__Caffe__V1LayerParameter *old);
/* Layers of padding become that of the convolutions behind. */
CNN_CHECKED int cnn_caffe_upgrade_padding(struct caffe_net *n);

/* graph.c: which layers a phase has, and what each reads. phase -1: all. */
CNN_CHECKED int cnn_caffe_connect(struct caffe_net *n, int phase);
/* Numbers of layers from another file, by their names. CNN_EDATA with a path. */
CNN_CHECKED int cnn_caffe_take_blobs(struct caffe_net *n, const struct caffe_net *from);

/* A tensor of the net. */
struct caffe_param {
    const char *name;
    const struct caffe_blob *blob;
    int rank;
    size_t dim[CAFFE_MAX_AXES];
    double factor;
    int transposed; /* it lies (in, out) in the file */
};

/* What is being written. */
struct caffe_writer {
    struct caffe_net *net;
    const struct caffe_net *other;     /* of the weights, for its preprocessing; NULL: none */
    struct cnn_names *labels, *shared; /* the latter: layers, by the name of their first param */
    struct cnn_buf text;
    int line;               /* of the text, from 1 */
    const char *last;       /* label of the line before */
    struct cnn_buf refused; /* layers that cannot be imported, and why */
    size_t refusals;
    struct caffe_param *param; /* (params) */
    size_t params, param_room;
    struct caffe_layer **loss; /* (losses) */
    size_t losses, loss_room;
    int needs_mean;   /* a mean whose file is missing is an error */
    int may_lack_net; /* what is wrong with the net is no failure, but: */
    const char *why;  /* NULL: nothing */
};

/* line.c */
/* As many layers are named that cannot be imported; of the others only how many there are. */
enum { CAFFE_MOST_NAMED = 12 };
/* To the line where a layer stands; layers without a line, 0, have one each. */
void cnn_caffe_go_to(struct caffe_writer *w, int line);
/* Begin a line that reads the layer's inputs, and gives its first output: "LABEL: WORDS". */
CNN_CHECKED int cnn_caffe_line(struct caffe_writer *w, struct caffe_layer *l, const char *format,
                               ...) CNN_PRINTF(3, 4);
/* The same with a label and inputs of its own; ins 0: what the line before gives. */
CNN_CHECKED int cnn_caffe_line_of(struct caffe_writer *w, const char *label, int line,
                                  struct caffe_value *const *in, size_t ins, const char *words);
/* No line: the layer's outputs are its first input. */
int cnn_caffe_same(struct caffe_layer *l);
/* The layer cannot be imported, for that reason; 0, since others may be so, too. */
CNN_CHECKED int cnn_caffe_refuse(struct caffe_writer *w, const struct caffe_layer *l,
                                 const char *format, ...) CNN_PRINTF(3, 4);
/* A name of its own for a line, and the name of a field; NULL: no memory. */
const char *cnn_caffe_label(struct caffe_writer *w, const char *name);
const char *cnn_caffe_field(struct cnn_arena *arena, const char *name);

/* write.c, the whole: text, tensors, and what was refused. */
CNN_CHECKED int cnn_caffe_write(struct caffe_writer *w);

/* params.c */
/* Which numbers a layer has, in their order. */
enum caffe_numbers { CAFFE_WEIGHT, CAFFE_WEIGHT_AND_BIAS, CAFFE_BIAS };
/* " init=... rate=... decay=..." of these, whose fillers may be NULL, or " share=..."; 1, or 0: it
 * was refused. */
CNN_CHECKED int cnn_caffe_training(struct caffe_writer *w, struct caffe_layer *l,
                                   enum caffe_numbers numbers,
                                   const Cnn__Caffe__FillerParameter *weight,
                                   const Cnn__Caffe__FillerParameter *bias, struct cnn_buf *out);
/* The tensor LABEL.suffix of the layer's numbers k, brought to a rank: none where there are none. */
CNN_CHECKED int cnn_caffe_param(struct caffe_writer *w, const struct caffe_layer *l,
                                const char *label, const char *suffix, size_t k, int rank,
                                double factor, int transposed);
/* A line, and its weights and bias, which are numbers 0 and 1. */
CNN_CHECKED int cnn_caffe_line_with_params(struct caffe_writer *w, struct caffe_layer *l,
                                           const char *words, int rank, int transposed,
                                           int has_bias);
/* Tensors of a layer that cannot be imported, as they are. */
CNN_CHECKED int cnn_caffe_spare_params(struct caffe_writer *w, const struct caffe_layer *l,
                                       const char *label);
/* A source of what was collected: the writer's arena, and the bytes of the path, in which it lies,
 * are its own from then on. */
CNN_CHECKED int cnn_caffe_tensors(struct caffe_writer *w, const char *path, struct cnn_bytes *bytes,
                                  struct cnn_tensor_source **out);

/* input.c: the input lines. */
CNN_CHECKED int cnn_caffe_inputs(struct caffe_writer *w);
/* A file that a text names: as it is named, if it is there, else in the folder of the text; NULL: no
 * memory. */
const char *cnn_caffe_find_file(struct cnn_arena *arena, const char *text, const char *name);

/* The functions that write layers. */
#define CNN_CAFFE_LAYER(type, v1, v0, role, write, becomes, limits)                                \
    int cnn_caffe_##write(struct caffe_writer *w, struct caffe_layer *l);
#include "model/import/caffe/layers.def"
#undef CNN_CAFFE_LAYER

#endif
