/* The inside of the network language: what its source files share. lex.c cuts text into tokens,
 * parse.c makes a tree of statements, with the defs of other texts (use.c), resolve.c says what the
 * words (words.c) are, expression.c, evaluate.c, arguments.c and call.c read the arguments, labels.c
 * keeps names, build.c walks the tree and makes the graph (builder.h), print.c writes the canonical
 * text on the way. */
#ifndef CNN_LANG_SYNTAX_H
#define CNN_LANG_SYNTAX_H

#include "lang/graph.h"

/* Bounds on what a text may ask for. */
enum {
    CNN_NET_TEXT_MAX = 16 << 20, /* bytes */
    CNN_NET_LEVELS_MAX = 64,     /* blocks and calls within each other */
    CNN_NET_LAYERS_MAX = 100000, /* after expansion */
    CNN_NET_STEPS_MAX = 1000000, /* statements carried out */
    CNN_NET_DEFS_MAX = 1000,
    CNN_NET_LABEL_MAX = 500,      /* bytes of a full label */
    CNN_NET_SIDE_MAX = 1 << 20,   /* channels, height, width of an input */
    CNN_NET_SHAPE_MAX = INT32_MAX /* elements of one sample of a layer, and of a parameter */
};

/* Tokens */

enum cnn_token_kind {
    CNN_TOKEN_WORD,
    CNN_TOKEN_LABEL, /* the word before a colon */
    CNN_TOKEN_OPEN,
    CNN_TOKEN_CLOSE,
    CNN_TOKEN_SEMICOLON,
    CNN_TOKEN_NEWLINE,
    CNN_TOKEN_END,
};

struct cnn_token {
    enum cnn_token_kind kind;
    const char *text; /* words and labels; in the arena */
    int line;
};

struct cnn_lexer {
    const char *name; /* for messages */
    struct cnn_arena *arena;
    const char *at;
    int line;
};

CNN_CHECKED int cnn_lex(struct cnn_lexer *l, struct cnn_token *out);
/* The bytes of a name at the beginning of the text, 0 when there is none. */
size_t cnn_name_length(const char *s);

/* The tree */

struct cnn_argument {
    const char *key; /* NULL: a bare argument */
    const char *value;
};

enum cnn_statement_kind {
    CNN_STATEMENT_LAYER,
    CNN_STATEMENT_CALL,
    CNN_STATEMENT_JOIN, /* a layer with branches in blocks: sum, concat */
    CNN_STATEMENT_GROUP,
    CNN_STATEMENT_IDENTITY, /* no layer: identity, none */
    CNN_STATEMENT_WORD,     /* what a def's parameter stands for */
    CNN_STATEMENT_REPEAT,
    CNN_STATEMENT_AUX,
    CNN_STATEMENT_SHORTCUT,
    CNN_STATEMENT_INPUT,
    CNN_STATEMENT_RECIPE,
    CNN_STATEMENT_OUTPUT,
    CNN_STATEMENT_LOSS,
};

struct cnn_statement {
    enum cnn_statement_kind kind;
    int line;
    const char *label; /* NULL: none */
    const char *word;  /* as written */
    size_t args;
    struct cnn_argument *arg;
    size_t blocks;
    struct cnn_statement **block;      /* (blocks) first statements; NULL: an empty block */
    const struct cnn_layer_type *type; /* layers, joins, losses */
    struct cnn_def *def;               /* calls */
    int parameter; /* the word is a parameter of the def around, and may stand for another */
    struct cnn_statement *next;
};

struct cnn_parameter {
    const char *name, *fallback; /* fallback NULL: required */
};

struct cnn_def {
    const char *name;
    const char *file; /* that it stands in, for messages */
    int line;
    size_t params;
    struct cnn_parameter *param;
    struct cnn_statement *body;
    enum { CNN_DEF_NEW, CNN_DEF_OPEN, CNN_DEF_DONE } state; /* in the search for recursion */
    struct cnn_def *next;
};

/* A text whose defs are used. */
struct cnn_use {
    const char *file;
    struct cnn_use *next;
};

struct cnn_tree {
    struct cnn_def *defs;
    struct cnn_use *uses;
    struct cnn_statement *input; /* the first of them */
    int inputs;
    struct cnn_statement *recipe, *body, *output, *loss; /* all but the body NULL: none */
};

/* Parse a whole text; every word is resolved, recursion is found. alone: it may use no other.
 * CNN_EDATA "NAME:LINE: message". */
CNN_CHECKED int cnn_parse_net(struct cnn_arena *arena, const char *name, const char *text,
                              int alone, struct cnn_tree *out);

/* Copies of a text and of its name, which are the caller's to free(); and those of a file. */
CNN_CHECKED int cnn_text_give(const char *bytes, size_t n, const char *what, char **text,
                              char **name);
CNN_CHECKED int cnn_text_file(const char *path, char **text, char **name);

/* The text with the defs that `use NAME` in the text `from` means: a file beside that one where
 * there is a slash in NAME, else one of the zoo. *file: its name for messages. */
CNN_CHECKED int cnn_use_text(struct cnn_arena *arena, const char *from, const char *name,
                             const char **file, const char **text);

struct cnn_nearest;

/* The parser's last step: words become layers and calls, recursion and misplaced statements are
 * found, input and loss are taken out of the body. */
CNN_CHECKED int cnn_resolve_net(const char *name, struct cnn_tree *tree);
/* What a statement's word says: a call, a layer, a loss, or no layer at all. 0: nothing. */
int cnn_resolve_word(const struct cnn_tree *tree, struct cnn_statement *s);
const struct cnn_layer_type *cnn_word_layer(const char *word); /* NULL: it is none */
void cnn_words_offer(struct cnn_nearest *n);                   /* all but defs */
int cnn_word_takes_branches(const char *word);    /* a layer that may read several values */
int cnn_word_is_taken(const char *word);          /* by a layer or by the language */
const char *cnn_word_elsewhere(const char *word); /* what it is called here; NULL: who knows */
struct cnn_def *cnn_def_find(const struct cnn_tree *tree, const char *name);

/* The statements that are no layers, as tables for arguments and for the manual. */
#define CNN_CHANNEL_ORDERS(FIRST, NEXT) FIRST(CNN_ORDER_RGB, "rgb") NEXT(CNN_ORDER_BGR, "bgr")
enum cnn_channel_order { CNN_CHOICE_NAMES(CNN_CHANNEL_ORDERS) };
struct cnn_input_options {
    const char *shape;
    struct cnn_reals mean, std;
    double scale;
    enum cnn_channel_order order;
    long long resize, classes, rows;
    enum cnn_filter interpolation;
};
extern const struct cnn_option cnn_input_table[];
int cnn_input_says_shape(const struct cnn_statement *s); /* or leaves it to the data */
/* The ways around of He et al. where the shape changes. */
#define CNN_SHORTCUTS(FIRST, NEXT) FIRST(CNN_SHORTCUT_PADDED, "a") NEXT(CNN_SHORTCUT_PROJECTED, "b")
enum cnn_shortcut { CNN_CHOICE_NAMES(CNN_SHORTCUTS) };
struct cnn_shortcut_options {
    long long channels, stride;
    enum cnn_shortcut type;
};
extern const struct cnn_option cnn_shortcut_table[];
extern const struct cnn_option cnn_loss_table[]; /* beside the loss's own */

/* Numbers and arguments */

struct cnn_number {
    int is_whole;
    int64_t whole; /* when is_whole */
    double real;   /* always */
};

/* A name and what it stands for: a def's parameter, a repeat's index. */
struct cnn_binding {
    const char *name;
    const char *word; /* of a layer or def; NULL: a number */
    struct cnn_number number;
    const struct cnn_binding *before; /* bound earlier; NULL: none */
};

/* The names that an expression may use. */
struct cnn_variables {
    const struct cnn_binding *last; /* NULL: none */
    const struct cnn_tree *tree;    /* whose defs arguments may name; NULL: they are numbers */
    size_t classes;                 /* 0: not known */
    const char *classes_option;     /* as in struct cnn_graph_config */
    int *classes_used;
};
/* The binding of a name of n bytes; NULL: there is none. */
const struct cnn_binding *cnn_binding_find(const struct cnn_variables *v, const char *name,
                                           size_t n);

/* What a number is wanted for: an option of whole numbers, one of real numbers (where / divides
 * exactly), or a def's parameter, which keeps whole numbers whole. */
enum cnn_number_mode { CNN_NUMBER_WHOLE, CNN_NUMBER_REAL, CNN_NUMBER_ANY };

/* Errors of what follows are CNN_EDATA without a place: the caller puts it in front. */
/* The expression at *at, which moves behind it; text: all that it stands in, for messages. */
CNN_CHECKED int cnn_expression_read(const char *text, const char **at, enum cnn_number_mode mode,
                                    const struct cnn_variables *v, struct cnn_number *out);
int cnn_expression_unexpected(const char *text, const char *at); /* CNN_EDATA */
CNN_CHECKED int cnn_evaluate_number(const char *text, enum cnn_number_mode mode,
                                    const struct cnn_variables *v, struct cnn_number *out);
/* A label or a reference to one, with what stands in parentheses evaluated: "stage(i+1)". */
CNN_CHECKED int cnn_evaluate_label(const char *text, const struct cnn_variables *v,
                                   struct cnn_arena *arena, const char **out);
/* An option's argument with its arithmetic done, as text for cnn_option_set. */
CNN_CHECKED int cnn_evaluate_option(const struct cnn_option *o, const char *text,
                                    const struct cnn_variables *v, struct cnn_arena *arena,
                                    const char **out);
/* All of a statement's arguments into the fields of a table, defaults first. */
CNN_CHECKED int cnn_evaluate_arguments(const char *word, const struct cnn_option *table,
                                       const struct cnn_argument *arg, size_t args,
                                       const struct cnn_variables *v, struct cnn_arena *arena,
                                       void *fields);

/* A recipe's statement (NULL: none) into *out. */
CNN_CHECKED int cnn_recipe_read(struct cnn_arena *arena, const struct cnn_statement *s,
                                struct cnn_recipe *out);

/* "(n, s=1)" into d->param. CNN_EDATA "NAME:LINE: message". */
CNN_CHECKED int cnn_parse_parameters(struct cnn_arena *arena, const char *name, const char *list,
                                     struct cnn_def *d);
ptrdiff_t cnn_def_parameter(const struct cnn_def *d, const char *name); /* -1: there is none */
/* A call's arguments into *out, which is a copy of *outside. */
CNN_CHECKED int cnn_bind_arguments(const struct cnn_variables *outside,
                                   const struct cnn_statement *s, struct cnn_arena *arena,
                                   struct cnn_variables *out);

/* Labels: full names to nodes */

struct cnn_label {
    const char *name;
    int node;
    int aux; /* inside of an aux: left out at inference */
    int line;
    struct cnn_label *next;
};
struct cnn_labels;
struct cnn_labels *cnn_labels_new(struct cnn_arena *arena);
struct cnn_label *cnn_labels_find(const struct cnn_labels *l, const char *name);
/* The name must be new. */
CNN_CHECKED int cnn_labels_add(struct cnn_labels *l, const char *name, int node, int aux, int line);

/* The candidate nearest to a misspelt word, NULL when none is near. Start from {word}, offer all.
 */
struct cnn_nearest {
    const char *word, *best;
    size_t distance;
};
void cnn_nearest_offer(struct cnn_nearest *n, const char *candidate);
/* " (did you mean X?)" or "". */
const char *cnn_nearest_hint(const struct cnn_nearest *n, char out[80]);
/* All labels, by the names that they have within the scope of that prefix, too. */
void cnn_labels_offer(const struct cnn_labels *l, const char *prefix, struct cnn_nearest *n);

/* Canonical text */

struct cnn_printer {
    struct cnn_buf text;
    int indent;
};
/* Arguments as a statement has them, without what is the default. */
void cnn_print_arguments(struct cnn_buf *out, const struct cnn_option *table, const void *fields);
void cnn_print_recipe(struct cnn_printer *p, const struct cnn_recipe *r);
/* tail: what follows the arguments; "": nothing. */
void cnn_print_layer(struct cnn_printer *p, const char *label, const char *word,
                     const struct cnn_option *table, const void *fields, const char *tail);
/* "LABEL: WORD ARGUMENTS {" and what stands inside is indented; word NULL: a plain group. */
void cnn_print_open(struct cnn_printer *p, const char *label, const char *word,
                    const struct cnn_option *table, const void *fields, const char *tail);
void cnn_print_branch(struct cnn_printer *p); /* "} {" */
void cnn_print_close(struct cnn_printer *p);

#endif
