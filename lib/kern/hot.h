/* Inner loops for each instruction set, and reductions that keep their order. */
#ifndef CNN_KERN_HOT_H
#define CNN_KERN_HOT_H

#include <math.h>
#include <stddef.h>

#include "kern/isa_set.h"
#include "kern/real.h"

/* Loops that the compiler turns into vectors, compiled once for each instruction set; the one in
 * use (cnn_isa_set) runs:
 *
 *     CNN_HOT(add_to, (const real *x, real *y, size_t count), (x, y, count))
 *     {
 *         for (size_t i = 0; i < count; i++)
 *             y[i] += x[i];
 *     }
 *
 * defines static void add_to(const real *x, real *y, size_t count); CNN_HOT_OF(double, ...) defines
 * what returns a double. AVX2 is meant without its fused multiply-adds, so that it gives the numbers
 * of plain C. (Not target_clones: what chooses those runs before main does, all over the program,
 * and their "arch=haswell" is Intel's Haswell alone, no other processor with AVX2.) */
#define CNN_HOT(name, params, args)          CNN_HOT_FOR_EACH_SET(void, , name, params, args)
#define CNN_HOT_OF(type, name, params, args) CNN_HOT_FOR_EACH_SET(type, return, name, params, args)

#define CNN_HOT_LOOP(type, name, params)                                                           \
    static inline __attribute__((always_inline)) type name##_loop params
#ifdef CNN_ISA_X86
#define CNN_HOT_FOR_EACH_SET(type, give, name, params, args)                                       \
    CNN_HOT_LOOP(type, name, params);                                                              \
    __attribute__((target("avx512f"))) static type name##_avx512 params                            \
    {                                                                                              \
        give name##_loop args;                                                                     \
    }                                                                                              \
    __attribute__((target("avx2"))) static type name##_avx2 params                                 \
    {                                                                                              \
        give name##_loop args;                                                                     \
    }                                                                                              \
    static type name params                                                                        \
    {                                                                                              \
        enum cnn_isa_set set = cnn_isa_set();                                                      \
        if (set == CNN_SET_AVX512)                                                                 \
            give name##_avx512 args;                                                               \
        else if (set == CNN_SET_AVX2)                                                              \
            give name##_avx2 args;                                                                 \
        else                                                                                       \
            give name##_loop args;                                                                 \
    }                                                                                              \
    CNN_HOT_LOOP(type, name, params)
#else
#define CNN_HOT_FOR_EACH_SET(type, give, name, params, args) static type name params
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
