/* The contract of a layer. A layer is one file, lib/layer/NAME.c, and one line in
 * layers.def: its options, its shape rule, its forward and its backward. It calls
 * kernels and never touches device memory, a layout, a thread or a device. */
#ifndef CNN_LAYER_LAYER_H
#define CNN_LAYER_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "backend/backend.h"
#include "base/option.h"
#include "kern/kernels.h"
#include "tensor/tensor.h"

enum {
    CNN_LAYER_MAX_PARAMS = 6,
    CNN_LAYER_MAX_SAVED = 4,
    CNN_LAYER_MAX_INPUTS = 64,
    CNN_LAYER_MAX_OUTPUTS = 64,
};

/* How a parameter starts. n is fan_in; the textbooks' plain rule is U[-sqrt(2/n), sqrt(2/n)].
 *
 *     default         what cnn-train --weights says, else by what follows (lang/init_rule.c)
 *     he_normal       N(0, 2 / fan_in)                        He et al. 2015
 *     he_uniform      U(+-sqrt(6 / fan_in))
 *     glorot_normal   N(0, 2 / (fan_in + fan_out))            Glorot and Bengio 2010
 *     glorot_uniform  U(+-sqrt(6 / (fan_in + fan_out)))
 *     plain           U[-sqrt(2 / fan_in), sqrt(2 / fan_in)]
 *     lecun_normal    N(0, 1 / fan_in)                        LeCun et al. 1998
 *     lecun_uniform   U(+-sqrt(3 / fan_in)), of the same variance: Caffe's "xavier"
 *     head            N(0, 0.0001 / fan_in): the first answer is a guess among equals */
#define CNN_INITS(FIRST, NEXT)                                                                     \
    FIRST(CNN_INIT_DEFAULT, "default")                                                             \
    NEXT(CNN_INIT_HE_NORMAL, "he_normal")                                                          \
    NEXT(CNN_INIT_HE_UNIFORM, "he_uniform")                                                        \
    NEXT(CNN_INIT_GLOROT_NORMAL, "glorot_normal")                                                  \
    NEXT(CNN_INIT_GLOROT_UNIFORM, "glorot_uniform")                                                \
    NEXT(CNN_INIT_PLAIN, "plain")                                                                  \
    NEXT(CNN_INIT_LECUN_NORMAL, "lecun_normal")                                                    \
    NEXT(CNN_INIT_LECUN_UNIFORM, "lecun_uniform")                                                  \
    NEXT(CNN_INIT_HEAD, "head")                                                                    \
    NEXT(CNN_INIT_ZERO, "zero")
/* What only the line of a net says; the last three with a number, cnn_param.init_value.
 *
 *     bilinear        weights (in, out, height, width) of a deconv that enlarges each channel by
 *                     itself; zeros between channels (Long, Shelhamer, Darrell 2015)
 *     gaussian        N(0, value^2)
 *     uniform         U(+-value) */
#define CNN_INITS_OF_LINES(FIRST, NEXT)                                                            \
    CNN_INITS(FIRST, NEXT)                                                                         \
    NEXT(CNN_INIT_ONE, "one")                                                                      \
    NEXT(CNN_INIT_BILINEAR, "bilinear")                                                            \
    NEXT(CNN_INIT_GAUSSIAN, "gaussian")                                                            \
    NEXT(CNN_INIT_UNIFORM, "uniform")                                                              \
    NEXT(CNN_INIT_CONSTANT, "constant")
enum cnn_init { CNN_CHOICE_NAMES(CNN_INITS_OF_LINES) };

/* A parameter or a running statistic that a layer declares in its setup. */
struct cnn_param {
    const char *suffix; /* "weight": the tensor is called LAYER.weight; "": LAYER */
    struct cnn_shape shape;
    enum cnn_init init;
    size_t fan_in, fan_out;
    int trained; /* 0: a statistic, saved but not trained */
    /* As the net's line has it: for the last rules, and factors of learning rate and decay. */
    double init_value, rate, decay;
};

/* An output beside the first that a layer declares in its setup. */
struct cnn_output {
    const char *name; /* lines of a net read it as LABEL.NAME; NULL: its number */
    struct cnn_chw shape;
    size_t rows;
    int counts_rows; /* see cnn_layer_counts_rows */
};

struct cnn_layer;
struct cnn_pass;

/* What a layer needs beside its inputs and outputs, in bytes. */
struct cnn_reserve {
    size_t saved[CNN_LAYER_MAX_SAVED]; /* kept from forward to backward */
    size_t work;                       /* scratch within one call */
    size_t packed;                     /* inference: what `pack` makes of the weights, once */
};

enum cnn_layer_flag {
    CNN_LAYER_INPLACE =
        1, /* forward may have y at x's memory, and backward dx at dy's (first input) */
    CNN_LAYER_NEEDS_X = 2, /* backward reads x */
    CNN_LAYER_NEEDS_Y = 4, /* backward reads y */
    CNN_LAYER_LOSS = 8,    /* y holds one number a sample; reads pass->targets */
    /* Layouts: without either flag a layer gets plain tensors and gives a plain one. */
    CNN_LAYER_ANY_LAYOUT = 16,      /* x and y in any layout, all in the same */
    CNN_LAYER_MIXES_LAYOUTS = 32,   /* each in its own */
    CNN_LAYER_MIXES_SAMPLES = 1024, /* takes a batch together: nets with it lie not in groups */
    /* What a layer can do in passing for those behind it, and they for it. */
    CNN_LAYER_EPILOGUE = 64,           /* forward applies pass->epilogue */
    CNN_LAYER_EPILOGUE_BACKWARD = 128, /* backward goes through it, too, and writes pass->dadd */
    CNN_LAYER_ADDS = 256,              /* y = x0 + x1 + ...: an epilogue can do that */
    CNN_LAYER_FOLDABLE = 512,    /* y is linear in param 0 ("weight"), channel by channel, so a
                                    scale and a shift of the channels can go into the weights */
    CNN_LAYER_SEES_ALL = 2048,   /* takes the values of the whole plane together */
    CNN_LAYER_MIXES_ROWS = 4096, /* takes the rows of a sample together: inputs may have different
                                    numbers of them, and setup says how many the output has, or
                                    that they are those of the first input (cnn_layer_keeps_rows);
                                    pass->x_rows says how many are real */
    CNN_LAYER_RESTS = 16384,     /* outside of training y is x */
    CNN_LAYER_READS_NUMBERS = 32768, /* x tells rows of the first parameter apart */
    CNN_LAYER_ELEMENTWISE = 65536,  /* an element sees the one at its place of its channel alone, so
                                        that a vector may as well lie as a plane */
    CNN_LAYER_ANY_ADDRESS = 131072, /* forward on a CPU reads parameter 0 wherever it lies, which
                                        need be no place for floats */
    CNN_LAYER_DRAWS = 262144,       /* in training y depends on random numbers */
    CNN_LAYER_REFERS = 8192, /* inputs behind the first are named by from= or left out: it takes
                                    no blocks */
};

/* What a loss's target is where a net does not say it. */
enum cnn_loss_target {
    CNN_LOSS_TAKES_NUMBERS, /* as many as there are outputs */
    CNN_LOSS_TAKES_CLASSES, /* there is an output for each of them */
    CNN_LOSS_TAKES_LABELS,  /* classes of which the outputs are no scores */
};

/* The elements of the input's plane that an element of the output sees: rows, then columns. */
struct cnn_layer_window {
    size_t kernel[2], stride[2], dilation[2];
    size_t before[2], after[2]; /* padding */
};

struct cnn_layer_type {
    const char *name;    /* "conv" */
    const char *summary; /* one line for the manual */
    /* A loss of logits: the layer that makes probabilities of them. A net that ends in it learns by
     * what comes before, which is exact where it saturates; a net that does not is answered through
     * it. NULL: none. link_of: of a loss where the options say which. */
    const char *link;
    const char *(*link_of)(const void *options);
    /* A loss: a single output above 0, or what `link` makes of it above 1/2, stands for the second
     * of two classes. */
    int binary;
    enum cnn_loss_target target;
    int weighs_classes; /* a loss: it heeds the class weights of its targets */
    const struct cnn_option *options;
    size_t options_size;
    int min_inputs, max_inputs;
    unsigned flags;
    /* From l->in[], l->options: set l->out and declare parameters. CNN_EDATA with a message that
     * says which shape does not work and why. */
    int (*setup)(struct cnn_layer *l);
    /* Optional (NULL: nothing). shapes: batch, saves, x
     * and y as they will come, without data. */
    void (*reserve)(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out);
    void (*forward)(const struct cnn_layer *l, struct cnn_pass *p);
    /* Writes p->dx[i] where it is not NULL and adds to p->dw[i] where it is not NULL. */
    void (*backward)(const struct cnn_layer *l, struct cnn_pass *p);
    /* Optional. pack: fill p->packed from p->w[0] for forwards to come. activation: the layer as an
     * epilogue (f and a). fold: scale and shift of the channels into w and b (NULL: none) of
     * the layer before, in inference; p->w are this layer's parameters. cost: expected cycles of a
     * pass and the name of the algorithm (may be NULL), from shapes as in reserve. */
    void (*pack)(const struct cnn_layer *l, struct cnn_pass *p);
    void (*activation)(const struct cnn_layer *l, struct cnn_epilogue *e);
    void (*fold)(const struct cnn_layer *l, struct cnn_pass *p, const struct cnn_tensor *w,
                 const struct cnn_tensor *b, struct cnn_tensor *w_out, struct cnn_tensor *b_out);
    double (*cost)(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                   enum cnn_conv_pass pass, const char **algorithm);
    /* Optional: multiply-adds for one row of the output. */
    uint64_t (*multiply_adds)(const struct cnn_layer *l);
    /* Optional: its windows. NULL: an element sees the one at its place. */
    void (*window)(const struct cnn_layer *l, struct cnn_layer_window *out);
    /* Optional: the layer, with the same parameters, that gives for each part of a larger plane, the
     * part as large as l->in[0], what this one gives for a plane of that size. 1: it is the one that
     * `line` now says in the words of a net ("conv 10 4x4"; "identity": the plane as it is); 0: it
     * is this one; CNN_EDATA: there is none. NULL: it is this one, unless it takes the values of a
     * whole plane together. */
    int (*slide)(const struct cnn_layer *l, struct cnn_buf *line);
};

/* A layer of a particular net. */
struct cnn_layer {
    const struct cnn_layer_type *type;
    const char *name; /* full label: "layer1.0.conv1" */
    void *options;    /* of type->options_size bytes */
    int inputs;
    /* A value has `rows` rows of that shape: 1 for images, one for each moment of a sequence, each
     * region of an image. Tensors hold rows one after another, sample by sample: their n is samples
     * times rows, so that a layer that takes each row by itself sees a larger batch. Before setup,
     * rows is that of the inputs. */
    struct cnn_chw *in; /* (inputs) */
    size_t *in_rows;    /* (inputs) */
    struct cnn_chw out; /* of the first output, and often the only one */
    size_t rows;
    const char *out_name;    /* of several outputs: as struct cnn_output; NULL: "0" */
    int counts_rows;         /* of the first output: see cnn_layer_counts_rows */
    int keeps_rows;          /* see cnn_layer_keeps_rows */
    int outputs;             /* with the first */
    struct cnn_output *more; /* (outputs - 1); NULL: there is one */
    struct cnn_arena *arena; /* for what setup declares */
    int params;
    struct cnn_param *param; /* (params) */
};

/* One call of forward or backward. */
struct cnn_pass {
    const struct cnn_kernels *k;
    struct cnn_queue *q;
    size_t batch;          /* the most samples that this net will see in a call, times x's rows */
    int training;          /* dropout drops, batchnorm uses the batch */
    int saves;             /* a backward may follow: what it reads of `saved` is to be filled */
    int again;             /* a repetition of a forward of this step: statistics do not move */
    int frozen;            /* the layer's parameters are frozen: batchnorm keeps its statistics */
    uint64_t seed, stream; /* random numbers of this layer in this step */
    const struct cnn_tensor *const *x;  /* (inputs) */
    struct cnn_tensor *const *y;        /* (outputs) */
    const struct cnn_tensor *const *dy; /* (outputs) */
    struct cnn_tensor *const *dx;       /* (inputs); dx[i] NULL: not wanted */
    /* How many rows of each sample are real, the first ones; the others hold any finite numbers,
     * and have gradients of 0. */
    const int32_t *const *x_rows; /* (inputs) (samples); x_rows[i] NULL: all are */
    int32_t *const *y_rows;       /* (outputs) (samples); NULL but where the layer counts them */
    struct cnn_tensor *const *w;  /* (params) */
    struct cnn_tensor *const *dw; /* (params); dw[i] NULL: not wanted */
    const struct cnn_epilogue *epilogue; /* NULL: none */
    struct cnn_tensor *dadd;       /* gradient of what it adds; NULL: not wanted. May be dy[0] */
    const struct cnn_tensor *bias; /* what was folded in; NULL: the layer's own */
    void *packed;                  /* as reserved; NULL: not packed */
    void *const *saved;            /* as reserved */
    void *work;
    const struct cnn_targets *targets; /* losses */
    double loss_scale;                 /* losses: backward's factor */
};

/* For use in setup: declare a parameter, the k-th of which is p->w[k]; and a running statistic (not
 * trained), likewise. */
void cnn_layer_param(struct cnn_layer *l, const char *suffix, struct cnn_shape shape,
                     enum cnn_init init, size_t fan_in, size_t fan_out);
void cnn_layer_statistic(struct cnn_layer *l, const char *suffix, struct cnn_shape shape,
                         enum cnn_init init);
/* For use in setup: the value of CNN_INIT_CONSTANT, or the deviation of CNN_INIT_GAUSSIAN, of the
 * parameter that was declared last. */
void cnn_layer_starts_at(struct cnn_layer *l, double value);

/* For use in setup: declare an output beside l->out, the k-th of which is p->y[k], from 1 on. */
void cnn_layer_output(struct cnn_layer *l, const char *name, struct cnn_chw shape, size_t rows);

/* For use in setup: forward says in p->y_rows[output] how many rows of each sample are real. Else
 * they are those of the inputs, or with CNN_LAYER_MIXES_ROWS all. */
void cnn_layer_counts_rows(struct cnn_layer *l, int output);

/* For use in setup, with CNN_LAYER_MIXES_ROWS: the first output's rows are those of the first input,
 * one by one, so that as many of them are real. */
void cnn_layer_keeps_rows(struct cnn_layer *l);

/* What lines of a net call the layer's k-th output behind the layer's label and a dot: its name, or
 * its number, in `digits`. */
const char *cnn_layer_output_name(const struct cnn_layer *l, int k, char digits[24]);

/* The type's setup, and whether what it declared can be: CNN_EDATA when an output, all its rows
 * together, or a parameter is implausibly large (2^31 elements or more) or empty, CNN_EINTERNAL when
 * there are more parameters or outputs than a layer can have. */
CNN_CHECKED int cnn_layer_setup(struct cnn_layer *l);

/* What the graph has for each further output of the layer whose value it takes over: no layer of
 * its own, and nothing to run. */
extern const struct cnn_layer_type cnn_layer_further_output;

/* For use in backward: t = 0, the gradient of an input that only says a shape. */
void cnn_layer_zero(struct cnn_pass *p, struct cnn_tensor *t);

/* Of a sample, with all its rows: multiply-adds, elements of the output, and its shape in words,
 * "64x8x8" or "4*64x8x8" with four rows. */
uint64_t cnn_layer_multiply_adds(const struct cnn_layer *l);
size_t cnn_layer_elements(const struct cnn_layer *l);
void cnn_layer_format(const struct cnn_layer *l, char out[96]);

/* A loss's link with such options; NULL: none. */
const char *cnn_layer_link(const struct cnn_layer_type *loss, const void *options);

/* The list from layers.def. */
const struct cnn_layer_type *cnn_layer_type_find(const char *name); /* NULL: no such layer */
const struct cnn_layer_type *cnn_layer_type_at(size_t i);           /* NULL: past the end */

#endif
