/* What losses share whose terms are elements (kern/losses.def): such a layer says which one it is.
 */
#ifndef CNN_LAYER_LOSSES_H
#define CNN_LAYER_LOSSES_H

#include "layer/layer.h"

/* The output of any loss, one number a sample; a setup. */
CNN_CHECKED int cnn_loss_setup(struct cnn_layer *l);

/* What makes probabilities of the outputs, for losses that can take either.
 *
 *     softmax  of classes that exclude one another
 *     sigmoid  of each output by itself */
#define CNN_LOSS_FORMS(FIRST, NEXT)                                                                \
    FIRST(CNN_LOSS_SOFTMAX, "softmax") NEXT(CNN_LOSS_SIGMOID, "sigmoid")
enum cnn_loss_form { CNN_CHOICE_NAMES(CNN_LOSS_FORMS) };

/* Its option, the member `form` of the options. */
#define CNN_LOSS_FORM_OPTION(owner)                                                                \
    CNN_OPTION_CHOICE("form", owner, form, "softmax", CNN_LOSS_FORMS, .metavar = "FORM",           \
                      .help = "what makes probabilities of the outputs: classes that exclude one " \
                              "another, or each output by itself")

/* The layer that does. */
const char *cnn_loss_form_link(enum cnn_loss_form form);

/* Members of the type of any loss. */
#define CNN_ANY_LOSS                                                                               \
    .min_inputs = 1, .max_inputs = 1, .flags = CNN_LAYER_LOSS | CNN_LAYER_NEEDS_X,                 \
    .setup = cnn_loss_setup

#endif
