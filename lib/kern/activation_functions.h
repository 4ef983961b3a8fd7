/* Functions that the lines of activations.def are made of, on both devices. The sigmoid layer's own is each device's
 * (activation.c, activation.cuh). */
#ifndef CNN_KERN_ACTIVATION_FUNCTIONS_H
#define CNN_KERN_ACTIVATION_FUNCTIONS_H

#include "kern/inline_math.h"

/* SELU's scale, and scale times alpha: those that keep mean 0 and variance 1. */
#define CNN_SELU_SCALE ((real)1.0507009873554805)
#define CNN_SELU_LOW   ((real)1.7580993408473766)

CNN_BOTH real cnn_silu(real x)
{
    return x * cnn_logistic(x);
}

CNN_BOTH real cnn_silu_slope(real x)
{
    real s = cnn_logistic(x);
    return s * (1 + x * (1 - s));
}

/* Where exp would count for nothing beside 1, or overflow, it is x. */
CNN_BOTH real cnn_softplus(real x)
{
    return x > 20 ? x : cnn_log1p(cnn_exp(x));
}

/* tanh(log(1 + e)) with e = exp(x); above 20 it is 1. */
CNN_BOTH real cnn_tanh_softplus(real x)
{
    real e = cnn_exp_inline(x > 20 ? 20 : x), p = e * (e + 2);
    return p / (p + 2);
}

CNN_BOTH real cnn_mish(real x)
{
    return x * cnn_tanh_softplus(x);
}

CNN_BOTH real cnn_mish_slope(real x)
{
    real t = cnn_tanh_softplus(x);
    return t + x * cnn_logistic(x) * (1 - t * t);
}

CNN_BOTH real cnn_hard_sigmoid(real x)
{
    return x < -3 ? 0 : x > 3 ? 1 : (x + 3) / 6;
}

CNN_BOTH real cnn_gelu(real x)
{
    return x * cnn_normal(x, cnn_bell(x));
}

CNN_BOTH real cnn_gelu_slope(real x)
{
    real bell = cnn_bell(x);
    return cnn_normal(x, bell) + x * (real)0.39894228040143268 * bell;
}

/* (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3): 1 / (1 + exp(-2 u)) */
CNN_BOTH real cnn_gelu_share(real x)
{
    return cnn_logistic((real)1.59576912160573071 * (x + (real)0.044715 * x * x * x));
}

CNN_BOTH real cnn_gelu_tanh(real x)
{
    return x * cnn_gelu_share(x);
}

CNN_BOTH real cnn_gelu_tanh_slope(real x)
{
    real s = cnn_gelu_share(x);
    real inner = (real)1.59576912160573071 * (1 + (real)0.134145 * x * x);
    return s + x * s * (1 - s) * inner;
}

#endif
