/* Deconvolution (Zeiler and Fergus 2013, Visualizing and Understanding Convolutional Networks): from the class back to
 * the input through the transposed layers, where rectified units rectify what comes back, whatever they did on the way
 * forward, and maxima go where they came from. */
#include "task/see/private.h"

const struct see_technique cnn_see_deconv = {.title = "Deconvolution",
                                             .look = SEE_IMAGE,
                                             .needs = SEE_BACKWARD,
                                             .rectifier = CNN_RECTIFIER_DECONV,
                                             .check = cnn_see_check_rectifiers,
                                             .run = cnn_see_gradient_map};
