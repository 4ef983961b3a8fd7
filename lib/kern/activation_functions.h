/* Functions that the lines of activations.def are made of, on both devices. The logistic function s
 * is each device's own (activation.c, activation.cuh). */
#ifndef CNN_KERN_ACTIVATION_FUNCTIONS_H
#define CNN_KERN_ACTIVATION_FUNCTIONS_H

#include "kern/real.h"

/* SELU's scale, and scale times alpha: those that keep mean 0 and variance 1. */
#define CNN_SELU_SCALE ((real)1.0507009873554805)
#define CNN_SELU_LOW   ((real)1.7580993408473766)

/* (x s(x))' */
CNN_BOTH real cnn_silu_slope(real x, real s)
{
    return s * (1 + x * (1 - s));
}

/* Where exp would count for nothing beside 1, or overflow, it is x. */
CNN_BOTH real cnn_softplus(real x)
{
    return x > 20 ? x : cnn_log1p(cnn_exp(x));
}

/* (x t(x))' with t = tanh(softplus(x)) */
CNN_BOTH real cnn_mish_slope(real x, real t, real s)
{
    return t + x * s * (1 - t * t);
}

CNN_BOTH real cnn_hard_sigmoid(real x)
{
    return x < -3 ? 0 : x > 3 ? 1 : (x + 3) / 6;
}

/* The normal distribution up to x. */
CNN_BOTH real cnn_normal(real x)
{
    return cnn_erfc(x * (real)-0.70710678118654752) / 2;
}

CNN_BOTH real cnn_gelu(real x)
{
    return x * cnn_normal(x);
}

CNN_BOTH real cnn_gelu_slope(real x)
{
    return cnn_normal(x) + x * (real)0.39894228040143268 * cnn_exp(-x * x / 2);
}

/* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
CNN_BOTH real cnn_gelu_bend(real x)
{
    return cnn_tanh((real)0.79788456080286536 * (x + (real)0.044715 * x * x * x));
}

CNN_BOTH real cnn_gelu_tanh(real x)
{
    return x / 2 * (1 + cnn_gelu_bend(x));
}

CNN_BOTH real cnn_gelu_tanh_slope(real x)
{
    real t = cnn_gelu_bend(x);
    real inner = (real)0.79788456080286536 * (1 + (real)0.134145 * x * x);
    return (1 + t + x * (1 - t * t) * inner) / 2;
}

#endif
