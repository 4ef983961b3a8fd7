/* The builder's state: build.c walks the tree, line.c reads a layer's line and params.c what it says of
 * parameters, place.c makes nodes and names, ports.c the nodes of further outputs, reference.c finds
 * what names refer to, shortcut.c and repeat.c read one statement each, slide.c what layers become where
 * the net slides, head.c that a head has as many outputs as there are classes, inputs.c, outputs.c and losses.c the ends of a net. */
#ifndef CNN_LANG_BUILDER_H
#define CNN_LANG_BUILDER_H

#include "lang/syntax.h"

/* Where a name is looked up and counted: the nearest label around. */
struct cnn_scope {
    const char *prefix; /* "layer1.0"; "" outside */
    int *count;         /* (layer types, and one for shortcuts) so far; NULL: none yet */
};

/* Where a statement stands. */
struct cnn_place {
    struct cnn_scope *scope;
    struct cnn_variables vars;
    int level;         /* blocks, calls and rounds around */
    const char *file;  /* of the def around; NULL: the net's own */
    const char *share; /* full label of the call whose parameters this one uses; NULL: its own */
    size_t share_own;  /* bytes of this call's own label before what both have alike */
    int call_line;     /* of the call in the net's own text that led here; 0: none */
    const char *call_word;
};

/* What an aux says of its loss. */
struct cnn_aux_options {
    double weight;
    const char *target; /* "": that of the first loss */
};

/* An aux head's end, for its loss. */
struct cnn_aux {
    int node, line;
    struct cnn_aux_options options;
};

/* The nodes that a line reads. */
struct cnn_line {
    const int *in; /* (inputs) */
    int inputs;
    int given; /* by from= */
};

/* A label that was referred to and is not there: where, and by which layer. */
struct cnn_sought {
    const char *label, *prefix; /* label NULL: there is none */
    const char *verb;           /* what that layer does with it: "reads" */
    const char *reader;         /* NULL: not known yet */
    int line, nodes;            /* that there were */
    struct cnn_place at;
};

struct cnn_builder {
    const char *name;
    struct cnn_arena *arena;
    const struct cnn_graph_config *config;
    struct cnn_graph *graph;
    struct cnn_labels *labels;
    size_t types; /* layer types there are */
    struct cnn_node *node;
    size_t node_capacity;
    int nodes;
    struct cnn_aux *aux;
    size_t aux_count, aux_capacity;
    int inside_aux, aux_first; /* the first node of the aux that is built */
    int flow;                  /* the node that the next line of the canonical text reads */
    struct cnn_sought sought;  /* with a label, only names are built from there on */
    int steps;
    int slid; /* a layer became one of another type: automatic names would count otherwise */
    int classes_used;
    struct cnn_printer printer;
};

/* Put "NAME:LINE: " before the message that is set, and the call that led there behind it. Memory
 * that ran out stays what it is. */
int cnn_builder_fail(struct cnn_builder *b, const struct cnn_place *at, int line);

/* The full name of a label in the place's scope, which must be new; the type's next automatic
 * name where there is no label. NULL with an error set. type NULL: a group or shortcut. */
const char *cnn_builder_name(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                             const struct cnn_layer_type *type, int line);
CNN_CHECKED int cnn_builder_claim(struct cnn_builder *b, const struct cnn_place *at,
                                  const char *name, int node, int line);
/* "shortcut1": the next automatic label for one, not claimed. */
const char *cnn_builder_shortcut_label(struct cnn_builder *b, const struct cnn_place *at);

/* Options for a layer, from arguments. NULL with an error set, place included. */
void *cnn_builder_options(struct cnn_builder *b, const struct cnn_place *at, const char *word,
                          const struct cnn_option *table, size_t size,
                          const struct cnn_argument *arg, size_t args, int line);

/* The same from those of the statement's arguments that the table has and the layer has not, which
 * are taken out of the statement. */
void *cnn_builder_take_options(struct cnn_builder *b, const struct cnn_place *at,
                               const struct cnn_option *table, size_t size,
                               struct cnn_statement *s);

/* Append a node; its shape and parameters come from the layer's setup. Its further outputs are the
 * nodes behind it. */
CNN_CHECKED int cnn_builder_add(struct cnn_builder *b, const struct cnn_place *at, const char *name,
                                const struct cnn_layer_type *type, void *options,
                                const struct cnn_line *reads, int line, int *out);

/* Who counts the real rows of a layer's output `port`: the output's node where the layer does. */
int cnn_builder_counter(const struct cnn_builder *b, int node, int port);
/* The nodes of a layer's further outputs, behind it. */
CNN_CHECKED int cnn_builder_add_ports(struct cnn_builder *b, int node);

/* A place one level further in, and a scope of its own for it under a label: its full name is
 * scope->prefix, to be claimed when the last node inside is known. */
CNN_CHECKED int cnn_builder_enter(struct cnn_builder *b, const struct cnn_place *at, int line,
                                  struct cnn_place *in);
CNN_CHECKED int cnn_builder_open(struct cnn_builder *b, struct cnn_place *in, const char *label,
                                 int line, struct cnn_scope *scope);

/* Takes an argument that any such statement may have out of the others; *text NULL: it is not
 * there. A def may have a parameter of that name, which goes first. */
CNN_CHECKED int cnn_builder_take(struct cnn_builder *b, const struct cnn_place *at,
                                 struct cnn_statement *s, const char *key, const char **text);
/* Takes from= out of a statement's arguments; *reads is what it reads, which where nothing is said
 * stays what it was. */
CNN_CHECKED int cnn_builder_from(struct cnn_builder *b, const struct cnn_place *at,
                                 struct cnn_statement *s, struct cnn_line *reads);
/* The node of a label; where there is none, *node stays as it is and the label is sought. verb:
 * what the line does with it, for messages. */
CNN_CHECKED int cnn_builder_refer(struct cnn_builder *b, const struct cnn_place *at,
                                  const char *label, int line, const char *verb, int *node);
/* The full name of the label that `label` means there; NULL: none. */
const char *cnn_builder_full_label(struct cnn_builder *b, const struct cnn_place *at,
                                   const char *label);
/* The shortest text that names the node there. */
const char *cnn_builder_name_from(struct cnn_builder *b, const struct cnn_place *at, int node);
/* What became of the label that was sought; CNN_EDATA. */
int cnn_builder_sought(struct cnn_builder *b);
/* " from=a,b" for the canonical text, where these are not what the line reads anyway. */
const char *cnn_builder_reads(struct cnn_builder *b, const struct cnn_place *at, const int *in,
                              int inputs);
/* Let the canonical text go on from the node, by a line without a layer if need be or under a
 * label.
 */
void cnn_builder_settle(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                        int node);

/* Takes what a line says of parameters out of a layer's arguments; and has the node's layer follow
 * it. */
CNN_CHECKED int cnn_builder_line_options(struct cnn_builder *b, const struct cnn_place *at,
                                         struct cnn_statement *s, struct cnn_line_options **out);
/* Takes share= out of a call's arguments, for the layers inside. */
CNN_CHECKED int cnn_builder_share_call(struct cnn_builder *b, const struct cnn_place *at,
                                       struct cnn_statement *s, struct cnn_place *in);
CNN_CHECKED int cnn_builder_apply_line(struct cnn_builder *b, const struct cnn_place *at, int line,
                                       int node, struct cnn_line_options *o);

/* The label of a layer; where it has several outputs, LABEL.NAME of each, too. */
CNN_CHECKED int cnn_builder_claim_layer(struct cnn_builder *b, const struct cnn_place *at, int node,
                                        int line);
/* Statements: *node is the value that goes in and the one that comes out. */
CNN_CHECKED int cnn_builder_layer(struct cnn_builder *b, const struct cnn_place *at,
                                  const struct cnn_statement *s, const struct cnn_line *reads,
                                  int *node);
CNN_CHECKED int cnn_builder_shortcut(struct cnn_builder *b, const struct cnn_place *at,
                                     const struct cnn_statement *s, int *node);

/* A layer on its way to the graph and to the canonical text. */
struct cnn_made {
    const char *label;                 /* NULL: none is printed */
    const struct cnn_layer_type *type; /* NULL: the value is passed on as it is */
    void *options;
};
/* slide.c: where the net is to slide, the layer that takes the place of the one at the node, which has the
 * same name. CNN_EDATA where there is none. */
CNN_CHECKED int cnn_builder_slide(struct cnn_builder *b, const struct cnn_place *at,
                                  const struct cnn_line *reads, int line, struct cnn_made *made,
                                  int *node);

/* head.c: where the layer of that name is one of config->heads, its options say the number of classes. */
void cnn_builder_head(const struct cnn_builder *b, const char *name, struct cnn_made *made);

/* repeat: how often, from which number on, and the name of that number. */
struct cnn_rounds {
    long long count, first;
    const char *index;          /* NULL: none */
    struct cnn_binding binding; /* of the round that is built */
};
CNN_CHECKED int cnn_builder_rounds(struct cnn_builder *b, const struct cnn_place *at,
                                   const struct cnn_statement *s, struct cnn_rounds *out);
/* The index of round i among the names of *vars. */
void cnn_rounds_bind(struct cnn_rounds *r, long long i, struct cnn_variables *vars);

/* The first nodes from so many input statements, or from the configuration where there are none. */
CNN_CHECKED int cnn_builder_inputs(struct cnn_builder *b, const struct cnn_statement *first,
                                   int count);
void cnn_builder_print_inputs(struct cnn_builder *b);
/* When all layers stand and graph->output is the last: what the output statement (NULL: none) says.
 */
CNN_CHECKED int cnn_builder_outputs(struct cnn_builder *b, const struct cnn_place *at,
                                    const struct cnn_statement *s);
/* Output, logits and losses, when all layers stand. s: the loss statement, or NULL. */
CNN_CHECKED int cnn_builder_losses(struct cnn_builder *b, struct cnn_statement *s);

#endif
