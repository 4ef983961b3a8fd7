/* What losses share whose terms are elements (kern/losses.def): such a layer says which one it is.
 */
#ifndef CNN_LAYER_LOSSES_H
#define CNN_LAYER_LOSSES_H

#include "layer/layer.h"

/* The output of any loss, one number a sample; a setup. */
CNN_CHECKED int cnn_loss_setup(struct cnn_layer *l);

/* Members of the type of any loss. */
#define CNN_ANY_LOSS                                                                               \
    .min_inputs = 1, .max_inputs = 1, .flags = CNN_LAYER_LOSS | CNN_LAYER_NEEDS_X,                 \
    .setup = cnn_loss_setup

#endif
