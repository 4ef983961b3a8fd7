/* exp and the normal distribution of operations that vectors have, so that compilers make vectors of loops over them; those
 * of math.h are calls, a number at a time, of 5 to 15 ns. On both devices, in the precision of `real`: of doubles they are
 * math.h's. A NaN stays one. */
#ifndef CNN_KERN_INLINE_MATH_H
#define CNN_KERN_INLINE_MATH_H

#include <stdint.h>
#include <string.h>

#include "kern/real.h"

/* exp(x) within 2 units in the last place; below -87 exp(-87) = 1.6e-38, above 88 exp(88) = 1.7e38. x = n log 2 + r with
 * |r| <= log(2) / 2 (Cody, Waite 1980, chapter 6): 2^n is made in the exponent, exp(r) a minimax polynomial, 1.9e-9 off. */
CNN_BOTH float cnn_exp_inline_float(float x)
{
    const float round =
        12582912.f; /* 1.5 * 2^23: the sum's last bits are the nearest whole number */
    x = x < -87.f ? -87.f : x > 88.f ? 88.f : x;
    float shifted = x * 1.44269504f + round, n = shifted - round;
    float r = x - n * 0.693359375f - n * -2.12194440e-4f; /* log 2 in two parts */
    float y = 1.38368351e-3f;
    y = y * r + 8.37482405e-3f;
    y = y * r + 4.16682262e-2f;
    y = y * r + 0.166664201f;
    y = y * r + 0.499999921f;
    y = y * r + 1.00000004f;
    y = y * r + 1.f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return y * power;
}

CNN_BOTH real cnn_exp_inline(real x)
{
    return sizeof(real) == sizeof(float) ? (real)cnn_exp_inline_float((float)x)
                                         : (real)exp((double)x);
}

/* 1 / (1 + exp(-x)) */
CNN_BOTH real cnn_logistic(real x)
{
    real e = cnn_exp_inline(x < 0 ? x : -x);
    return (x < 0 ? e : 1) / (1 + e);
}

/* The density of the normal distribution without its factor: exp(-x^2 / 2). */
CNN_BOTH real cnn_bell(real x)
{
    return cnn_exp_inline(-x * x / 2);
}

/* The normal distribution up to x; bell: cnn_bell(x). Its tail is bell(x) t q(t) with t = 1 / (1 + 0.35 |x|), of the form of
 * Abramowitz and Stegun 26.2.17, the polynomial of degree 8 fitted to 3e-8 of the value. */
CNN_BOTH float cnn_normal_float(float x, float bell)
{
    float t = 1 / (1 + 0.35f * (x < 0 ? -x : x));
    float q = -2.91460774e-2f;
    q = q * t + 0.143972408f;
    q = q * t + -0.25571571f;
    q = q * t + 0.159175805f;
    q = q * t + -2.31109536e-2f;
    q = q * t + 0.105508471f;
    q = q * t + 0.119832751f;
    q = q * t + 0.139861885f;
    q = q * t + 0.139621403f;
    float tail = bell * t * q;
    return x > 0 ? 1 - tail : tail;
}

CNN_BOTH real cnn_normal(real x, real bell)
{
    return sizeof(real) == sizeof(float) ? (real)cnn_normal_float((float)x, (float)bell)
                                         : (real)(erfc((double)x * -0.70710678118654752) / 2);
}

#endif
