/* What layers share that apply a function to each element: such a layer says in `activation` which
 * one, and the rest follows from that. */
#ifndef CNN_LAYER_ELEMENTWISE_H
#define CNN_LAYER_ELEMENTWISE_H

#include "layer/layer.h"

enum { CNN_ELEMENTWISE_FLAGS = CNN_LAYER_ANY_LAYOUT | CNN_LAYER_INPLACE | CNN_LAYER_NEEDS_Y };

int cnn_elementwise_setup(struct cnn_layer *l);
void cnn_elementwise_forward(const struct cnn_layer *l, struct cnn_pass *p);
void cnn_elementwise_backward(const struct cnn_layer *l, struct cnn_pass *p);

#endif
