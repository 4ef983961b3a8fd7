/* Attributes of inner loops, and reductions that keep their order. */
#ifndef CNN_KERN_HOT_H
#define CNN_KERN_HOT_H

#include <math.h>
#include <stddef.h>

#include "kern/real.h"

/* Compiled once for each instruction set; the loader picks what the machine has. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CNN_HOT __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define CNN_HOT
#endif

/* Partial sums that run beside each other, so that a sum fills vectors and still has one order. */
enum { CNN_LANES = 16 };

static inline double cnn_lanes_total(const double lane[CNN_LANES])
{
    double s[CNN_LANES];
    for (int i = 0; i < CNN_LANES; i++)
        s[i] = lane[i];
    for (int half = CNN_LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] += s[i + half];
    return s[0];
}

#endif
