/* The gradient of the class's score by the input (Simonyan, Vedaldi, Zisserman 2013, Deep Inside Convolutional
 * Networks): how much the score moves with each pixel. */
#include "task/see/private.h"

const struct see_technique cnn_see_gradient = {
    .title = "Gradient", .look = SEE_AMOUNT, .needs = SEE_BACKWARD, .run = cnn_see_gradient_map};
