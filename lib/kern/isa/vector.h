/* Vectors of CNN_VECTOR_BYTES, written with the compiler's vector extensions; for files that are
 * compiled once for each instruction set (the Makefile gives CNN_ISA_NAME and CNN_VECTOR_BYTES).
 * Arithmetic is written with operators; a * b + c becomes one instruction where there is one. */
#ifndef CNN_KERN_ISA_VECTOR_H
#define CNN_KERN_ISA_VECTOR_H

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kern/isa/types.h"

/* CNN_V(block): block_avx512, and so on. */
#define CNN_V_PASTE(a, b) a##_##b
#define CNN_V_NAME(a, b)  CNN_V_PASTE(a, b)
#define CNN_V(name)       CNN_V_NAME(cnn_##name, CNN_ISA_NAME)

#define CNN_ISA_FUNCTION(result, name, arguments) result CNN_V(name) arguments;
#include "kern/isa/functions.def"
#undef CNN_ISA_FUNCTION

typedef real vec __attribute__((vector_size(CNN_VECTOR_BYTES)));
typedef real vec_memory
    __attribute__((vector_size(CNN_VECTOR_BYTES), aligned(sizeof(real)), may_alias));
/* What comparing two vectors gives. */
typedef __typeof__((vec){0} > (vec){0}) vec_mask;

enum { V = CNN_VECTOR_BYTES / sizeof(real) };

/* Registers: how many pixels a block of one and of two vectors can have. */
#if CNN_VECTOR_BYTES == 64 || defined(__aarch64__)
enum { PIXELS_1 = 28, PIXELS_2 = 14 };
#else
enum { PIXELS_1 = 12, PIXELS_2 = 6 };
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

INLINE vec v_load(const real *p)
{
    return *(const vec_memory *)p;
}

INLINE void v_store(real *p, vec x)
{
    *(vec_memory *)p = x;
}

/* Asks for the cache line at p ahead of time; p may be any address. */
INLINE void v_prefetch(const void *p)
{
    __builtin_prefetch(p);
}

INLINE vec v_zero(void)
{
    return (vec){0};
}

INLINE vec v_set(real x)
{
    return x - (vec){0};
}

/* Lane by lane a where m is true (all bits set), else b. */
INLINE vec v_select(vec_mask m, vec a, vec b)
{
    return (vec)((m & (vec_mask)a) | (~m & (vec_mask)b));
}

/* Lane by lane the larger and the smaller; a NaN in x comes through. */
INLINE vec v_at_least(vec x, vec low)
{
#if CNN_VECTOR_BYTES == 64
    return sizeof(real) == sizeof(float) ? (vec)_mm512_max_ps((__m512)low, (__m512)x)
                                         : (vec)_mm512_max_pd((__m512d)low, (__m512d)x);
#elif CNN_VECTOR_BYTES == 32
    return sizeof(real) == sizeof(float) ? (vec)_mm256_max_ps((__m256)low, (__m256)x)
                                         : (vec)_mm256_max_pd((__m256d)low, (__m256d)x);
#else
    for (int i = 0; i < V; i++)
        x[i] = x[i] < low[i] ? low[i] : x[i];
    return x;
#endif
}

INLINE vec v_at_most(vec x, vec high)
{
#if CNN_VECTOR_BYTES == 64
    return sizeof(real) == sizeof(float) ? (vec)_mm512_min_ps((__m512)high, (__m512)x)
                                         : (vec)_mm512_min_pd((__m512d)high, (__m512d)x);
#elif CNN_VECTOR_BYTES == 32
    return sizeof(real) == sizeof(float) ? (vec)_mm256_min_ps((__m256)high, (__m256)x)
                                         : (vec)_mm256_min_pd((__m256d)high, (__m256d)x);
#else
    for (int i = 0; i < V; i++)
        x[i] = x[i] > high[i] ? high[i] : x[i];
    return x;
#endif
}

#endif
