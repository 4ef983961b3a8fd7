/* A network as text describes it: layers with inferred shapes, in an order in
 * which every layer comes after its inputs. No memory, no weights, no device.
 *
 * The language is in cnn-net(5): text -> tokens (lex.c) -> tree (parse.c) ->
 * graph (build.c, which expands def and repeat and infers shapes) -> text
 * again (print.c). */
#ifndef CNN_LANG_GRAPH_H
#define CNN_LANG_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/image/preprocess.h"
#include "layer/layer.h"
#include "lang/recipe.h"

/* What a line says of its layer's parameters beside the layer's own options; texts as in the
 * canonical text. */
struct cnn_line_options {
    const char *init;             /* "he_normal", "gaussian:0.01,constant:0.1" */
    struct cnn_reals rate, decay; /* factors: for all, or for the weight and for the bias */
    const char *share;            /* "": its parameters are its own */
};
extern const struct cnn_option cnn_line_table[];

/* A value in its place, and the layer that makes it. The first nodes are the inputs: their
 * layer.type is NULL and their layer.out the input's shape. A layer with several outputs is the node
 * of the first; right behind it each of the others has a node, which reads it and does nothing. */
struct cnn_node {
    struct cnn_layer layer;
    int port;    /* a further output: its number, from 1 on, of the layer at this node - port */
    int *in;     /* (layer.inputs) node numbers, each smaller than this node's */
    int counter; /* the node that says how many of the value's rows are real; -1: all are */
    int training_only;                   /* inside aux { }: left out at inference */
    int share;                           /* the node whose parameters it uses; 0: its own */
    const struct cnn_line_options *line; /* NULL: inputs and losses */
    double loss_weight; /* loss nodes: 1 for the main loss, aux's weight for the others */
    int target;         /* loss nodes: which of the graph's targets */
};

/* What losses compare answers with: samples have it under that name. */
struct cnn_graph_target {
    const char *name;     /* "": the sample's only one */
    struct cnn_chw shape; /* of the answers; where targets are classes they have no channels */
    size_t rows;
    int counter;    /* of the answers, as struct cnn_node has it */
    int32_t ignore; /* a label that is no class; -1: there is none */
};

struct cnn_graph {
    struct cnn_arena *arena; /* owns everything here */
    int inputs;              /* at least one */
    struct cnn_input *input; /* (inputs) of nodes 0, 1 and so on */
    struct cnn_recipe recipe;
    int nodes;
    struct cnn_node *node;
    int output;       /* the node whose value is the net's answer */
    int outputs;      /* where several are: all of them, the first is output */
    int *each_output; /* (outputs) */
    int logits; /* what the losses see: output, or the node before a final softmax (xent) or sigmoid
                   (bce) */
    int embeds; /* the first loss takes labels of which the answers are no scores */
    int losses; /* loss nodes come last; 0 when built without losses */
    int first_loss; /* nodes - losses */
    int targets;    /* that the losses name */
    const struct cnn_graph_target *target;
    size_t classes; /* what the variable `classes` stood for; 0: the text did not use it */
    const struct cnn_labels *labels; /* for cnn_graph_find */
    const char *print; /* canonical text: one layer a line, def and repeat expanded, shapes
                          concrete; builds the same graph, names included. Made by the builder. */
};

/* What building needs to know from outside the text. */
struct cnn_graph_config {
    const char *name;     /* for messages: "resnet18.net" ("net" when NULL) */
    size_t classes;       /* the value of the variable `classes`; 0: the text's own default */
    struct cnn_chw input; /* used where the text says no shape; all 0: that is an error then */
    int raw_input;        /* that input is numbers, not images: mean 0, std 1, scale 1 */
    int numbers;          /* the target is numbers, not a class */
    const char *loss; /* overrides the net's own loss line, e.g. "xent smooth=0.1"; NULL: the text's
                         own, else xent; behind anything but a softmax mse where the target is
                         numbers, and bce where a single output stands for two classes */
    struct cnn_pair
        size; /* height and width of the first input in the place of its line's, for nets
                             that take any; 0 or less: as the line says. What is to be cut out of an image
                             keeps its share of it; where the size is no square, nothing is cut. */
    /* layers by their full names, each of which gets as many outputs as there are `classes`, whatever its
     * line says; NULL: none */
    const struct cnn_strings *heads;
    int slides;    /* layers become what they are in cnn_graph_slide's net */
    int alone;     /* the text stands for itself, as a model's does: use is refused */
    int with_loss; /* append loss nodes, and keep aux heads */
    /* For messages: the options by which the user can say the input's shape and the number of
     * classes, "--input CxHxW"; NULL: there is none. */
    const char *input_option, *classes_option;
};

/* Build from text. CNN_EDATA with "NAME:LINE: message" for every mistake. */
CNN_CHECKED int cnn_graph_build(const char *text, const struct cnn_graph_config *config,
                                struct cnn_graph **out);
/* The net that gives for each part of a larger input, the part as large as the text's input, what the
 * text's net gives for it, by the same names of layers and with as many parameters (slide.c, slid.c).
 * CNN_EDATA, also where a layer cannot, which is named. */
CNN_CHECKED int cnn_graph_slide(const char *text, const struct cnn_graph_config *config,
                                struct cnn_graph **out);
void cnn_graph_free(struct cnn_graph *g);

/* How the weights of `node` start where nobody says it, by what comes of their sums: he_normal
 * before rectified units and normalisations, head where they are the logits, else lecun_normal. */
enum cnn_init cnn_init_rule(const struct cnn_graph *g, int node);

/* Whether a text has an input line that says a shape; 0, too, where it cannot be read: building
 * tells why. CNN_ESYSTEM without memory. */
CNN_CHECKED int cnn_net_has_input(const char *name, const char *text);

/* The field that the first loss of a text names, "" where it names none: the caller's to free(). NULL with
 * an error set. */
char *cnn_net_first_target(const char *name, const char *text);

/* A shape in the words of an input line, "3x32x32" or "512", as --input has it. CNN_EUSAGE. */
CNN_CHECKED int cnn_net_shape(const char *text, struct cnn_chw *out);

/* The text behind --net WHAT: a readable file of that name, else a zoo net of that name, else WHAT
 * itself where it looks like net text (contains a space, newline, ';' or '='). *text is the
 * caller's to free(); *name (for messages, caller's too) is the file's name, "zoo/NAME.net" or
 * "net". CNN_ENOINPUT where it is none of these, listing close zoo names. */
CNN_CHECKED int cnn_net_text(const char *what, char **text, char **name);
/* The same of bytes that were read from a path. */
struct cnn_bytes;
CNN_CHECKED int cnn_net_text_of(const char *path, const struct cnn_bytes *b, char **text,
                                char **name);

/* The built-in networks (lib/zoo). */
struct cnn_zoo_entry {
    const char *name, *text;
};
const struct cnn_zoo_entry *cnn_zoo_at(size_t i); /* NULL: past the end */
const struct cnn_zoo_entry *
cnn_zoo_family(const char *name);                           /* definitions that nets have in common
                                                  (lib/zoo/families), or a net; NULL: no such */
const struct cnn_zoo_entry *cnn_zoo_find(const char *name); /* by "NAME" or "zoo/NAME.net"; NULL:
                                                              no such net */

/* The node of that label, or the last node inside a group of that label ("layer1"); -1: there is
 * none. */
int cnn_graph_find(const struct cnn_graph *g, const char *label);

/* Of a graph with losses: the names of the last layers with parameters before what the losses with the
 * first one's target see, its own first, for config.heads (head.c). CNN_EDATA where one could not have
 * another number of outputs. */
CNN_CHECKED int cnn_graph_heads(const struct cnn_graph *g, struct cnn_strings *out);

/* What an element of a layer's output sees of the net's input, rows then columns (receptive.c). */
struct cnn_receptive_field {
    size_t size[2]; /* pixels, those of the padding included */
    size_t step[2]; /* pixels from one element's to its neighbour's */
    int whole;      /* everything */
};
/* (nodes) free(); NULL with an error set. */
struct cnn_receptive_field *cnn_graph_fields(const struct cnn_graph *g);
/* The first node, of those that run at inference, some of whose windows see what is not of the plane;
 * -1: there is none. */
int cnn_graph_padded(const struct cnn_graph *g);

/* The layer as its line in the canonical text, without label: "conv 64 7 stride=2". Not for node 0.
 */
void cnn_node_print(const struct cnn_node *node, struct cnn_buf *out);

/* Elements of the node's own parameters, or of its statistics: 0 where they are another's. */
uint64_t cnn_node_parameters(const struct cnn_node *node, int trained);

/* Totals over the nodes that inference runs. */
uint64_t cnn_graph_parameters(const struct cnn_graph *g);
uint64_t cnn_graph_multiply_adds(const struct cnn_graph *g);

#endif
