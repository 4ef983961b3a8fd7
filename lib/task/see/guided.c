/* Guided backpropagation (Springenberg, Dosovitskiy, Brox, Riedmiller 2014, Striving for Simplicity): the gradient by
 * the input, but that rectified units give back what is above 0 alone: what excites that which excites the class. */
#include "task/see/private.h"

const struct see_technique cnn_see_guided = {.title = "Guided backpropagation",
                                             .look = SEE_IMAGE,
                                             .needs = SEE_BACKWARD,
                                             .rectifier = CNN_RECTIFIER_GUIDED,
                                             .check = cnn_see_check_rectifiers,
                                             .run = cnn_see_gradient_map};
