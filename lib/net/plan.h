/* Where every buffer of a net lies: shapes and lifetimes to offsets in a few slabs.
 *
 * A buffer lives from the moment that writes it to the last that reads it (forward of node i is
 * moment i, backwards follow in reverse order); buffers whose lives do not meet may share memory.
 */
#ifndef CNN_NET_PLAN_H
#define CNN_NET_PLAN_H

#include <stddef.h>

#include "base/error.h"
#include "net/steps.h"

/* One buffer in the activation slab, bytes. */
struct cnn_plan_block {
    size_t size, offset;
    int first, last; /* moments, inclusive */
};

/* A run of a step: indices into `block`, -1 for none. */
struct cnn_plan_run {
    int value, work;
    int saved[CNN_LAYER_MAX_SAVED];
    int *converted; /* (inputs) the input in the step's own layout; -1: as it is */
};

/* What a node has there. */
struct cnn_plan_node {
    struct cnn_plan_run run, again; /* again: when its segment runs once more before its backward */
    int runs_again;
    int gradient, work_backward;
    int zero;                    /* the gradient is zeros: nothing reads this output of its layer */
    int kept_gradient;           /* a copy of the gradient, for those who ask; -1: nobody does */
    int counts;                  /* int32 (batch): how many rows are real, where the node says it */
    size_t packed, packed_bytes; /* offset and size among the packed weights */
    int *extra; /* (inputs) a gradient in another layout, and a gradient's second and later
                   contributions, land here before they are added; -1: written in place */
    unsigned char *first; /* (inputs) the first contribution to the input's gradient */
    int inplace;          /* forward: y lies in x's block */
};

struct cnn_plan {
    struct cnn_arena *arena;
    struct cnn_step *step; /* (graph nodes) */
    size_t batch;
    int backward; /* it is planned, too */
    int blocks;
    struct cnn_plan_block *block;
    struct cnn_plan_node *node; /* (graph nodes) */
    int segments;
    int *segment;            /* (segments) their first nodes */
    size_t packed_bytes;     /* packed weights of all steps, which stay */
    size_t activation_bytes; /* the activation slab's size */
    size_t unshared_bytes;   /* what the blocks would take without sharing */
};

struct cnn_plan_request {
    size_t batch;
    int training;  /* what only training has is run */
    int backward;  /* forward is followed by backward */
    int recompute; /* train in less memory: values are made again where that saves it */
    const unsigned char *wants_gradient; /* (nodes) */
    const int *keep;                     /* (keeps) nodes whose values must outlive forward */
    size_t keeps;
    int from;            /* backward begins at this node; 0: at the losses */
    const int *gradient; /* (gradients) nodes whose gradients must outlive backward */
    size_t gradients;
};

CNN_CHECKED int cnn_plan_new(const struct cnn_graph *g, struct cnn_backend *b,
                             const struct cnn_plan_request *request, struct cnn_plan **out);
void cnn_plan_free(struct cnn_plan *p);

#endif
