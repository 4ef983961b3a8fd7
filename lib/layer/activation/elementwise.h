/* What layers share that apply a function to each element: such a layer says in `activation` which
 * one, and the rest follows from that. */
#ifndef CNN_LAYER_ELEMENTWISE_H
#define CNN_LAYER_ELEMENTWISE_H

#include "layer/layer.h"

/* Members of the type of a layer whose gradient reads X or Y. */
#define CNN_ELEMENTWISE(reads)                                                                     \
    .min_inputs = 1, .max_inputs = 1, .setup = cnn_elementwise_setup,                              \
    .forward = cnn_elementwise_forward, .backward = cnn_elementwise_backward,                      \
    .flags =                                                                                       \
        CNN_LAYER_ELEMENTWISE | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_INPLACE | CNN_LAYER_NEEDS_##reads

CNN_CHECKED int cnn_elementwise_setup(struct cnn_layer *l);
void cnn_elementwise_forward(const struct cnn_layer *l, struct cnn_pass *p);
void cnn_elementwise_backward(const struct cnn_layer *l, struct cnn_pass *p);

#endif
