/* What the list activations.def says of each activation. */
#ifndef CNN_KERN_ACTIVATION_H
#define CNN_KERN_ACTIVATION_H

#include "kern/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What kernels do of it on the way to memory; APART: nothing, cnn_cpu_activation_forward does it
 * behind them. */
enum cnn_activation_passing {
    CNN_PASSING_LIMITS,
    CNN_PASSING_LEAKY,
    CNN_PASSING_SIGMOID,
    CNN_PASSING_TANH,
    CNN_PASSING_APART,
};

struct cnn_activation_type {
    int rectifier; /* takes about half of the square away */
    enum cnn_activation_passing passing;
    int reads_x; /* its gradient is made of x; else of y */
    double high; /* LIMITS: at least 0 and at most this */
};
const struct cnn_activation_type *cnn_activation_type(enum cnn_activation f);

#define CNN_ACTIVATION(...) +1
enum {
    CNN_ACTIVATIONS = 0 /* there are so many */
#include "kern/activations.def"
};

/* One number; a: the layer's options. from: x or y, as reads_x says. */
real cnn_activation_at(enum cnn_activation f, const double a[CNN_ACTIVATION_OPTIONS], real x);
real cnn_activation_gradient_at(enum cnn_activation f, const double a[CNN_ACTIVATION_OPTIONS],
                                real from, real dy);

#ifdef __cplusplus
}
#endif
#endif
