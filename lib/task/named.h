/* A layer of a net, or a class of a model, that a user names. */
#ifndef CNN_TASK_NAMED_H
#define CNN_TASK_NAMED_H

#include "lang/graph.h"

/* Whether the node's value is there at inference. */
int cnn_named_is_there(const struct cnn_graph *g, int node);

/* The node of a label, or of the words "output" and "logits" where no label is that. option ("--layer") is
 * for messages. CNN_EUSAGE: it runs in training only. *out is -1 where nothing is called so. */
CNN_CHECKED int cnn_named_layer(const struct cnn_graph *g, const char *option, const char *what,
                                int *out);

/* CNN_EUSAGE: there is none of that name; the message has the nearest one, and those that there are. */
CNN_CHECKED int cnn_named_no_layer(const struct cnn_graph *g, const char *option, const char *model,
                                   const char *what);

/* The number of a class: by its name in the model's list (empty: it has none), else by its number, below count.
 * CNN_EUSAGE, with the nearest name. */
CNN_CHECKED int cnn_named_class(const struct cnn_strings *names, size_t count, const char *option,
                                const char *model, const char *what, int *out);

#endif
