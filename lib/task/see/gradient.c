/* The gradient of the class's score by the input (Simonyan, Vedaldi, Zisserman 2013, Deep Inside Convolutional
 * Networks): how much the score moves with each pixel. */
#include "task/see/private.h"

static int run(struct see *s, const float *x, float *map)
{
    return cnn_see_gradients(s, x, 1, map);
}

const struct see_technique cnn_see_gradient = {
    .title = "Gradient", .look = SEE_AMOUNT, .needs = SEE_BACKWARD, .run = run};
