/* Vectors of CNN_VECTOR_BYTES, written with the compiler's vector extensions; for files that are
 * compiled once for each instruction set (the Makefile gives CNN_ISA_NAME and CNN_VECTOR_BYTES).
 * Arithmetic is written with operators; a * b + c becomes one instruction where there is one. */
#ifndef CNN_KERN_ISA_VECTOR_H
#define CNN_KERN_ISA_VECTOR_H

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <string.h>

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
typedef real vec_bytes __attribute__((vector_size(CNN_VECTOR_BYTES), aligned(1), may_alias));
/* What comparing two vectors gives. */
typedef __typeof__((vec){0} > (vec){0}) vec_mask;

enum { V = CNN_VECTOR_BYTES / sizeof(real) };

/* Registers: how many pixels a block of one and of two vectors can have. */
#if CNN_VECTOR_BYTES == 64 || defined(__aarch64__)
enum { REGISTERS = 32, PIXELS_1 = 28, PIXELS_2 = 14 };
#else
enum { REGISTERS = 16, PIXELS_1 = 12, PIXELS_2 = 6 };
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

INLINE vec v_load(const real *p)
{
    return *(const vec_memory *)p;
}

/* The same at any address. */
INLINE vec v_load_bytes(const unsigned char *p)
{
    return *(const vec_bytes *)(const void *)p;
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

/* The same, `ahead` elements from p on, which may lie outside of what p points into. */
INLINE void v_prefetch_ahead(const real *p, ptrdiff_t ahead)
{
    __builtin_prefetch((const void *)((uintptr_t)p + (uintptr_t)ahead * sizeof *p), 0, 2);
}

INLINE vec v_zero(void)
{
    return (vec){0};
}

#if CNN_VECTOR_BYTES == 32
/* All bits set in the first `count` lanes. */
INLINE __m256i v_lanes_part(size_t count)
{
    if (sizeof(real) == sizeof(float))
        return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count),
                                  _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)count), _mm256_setr_epi64x(0, 1, 2, 3));
}
#endif

/* The first `count` lanes of memory, at any address, zeros beside them; and back, touching nothing
 * else. */
INLINE vec v_load_bytes_part(const unsigned char *p, size_t count)
{
#if CNN_VECTOR_BYTES == 64
    __mmask16 mask = (__mmask16)((1u << count) - 1);
    return sizeof(real) == sizeof(float)
               ? (vec)_mm512_maskz_loadu_ps(mask, (const void *)p)
               : (vec)_mm512_maskz_loadu_pd((__mmask8)mask, (const void *)p);
#elif CNN_VECTOR_BYTES == 32
    return sizeof(real) == sizeof(float)
               ? (vec)_mm256_maskload_ps((const void *)p, v_lanes_part(count))
               : (vec)_mm256_maskload_pd((const void *)p, v_lanes_part(count));
#else
    vec x = v_zero();
    for (size_t i = 0; i < count; i++) {
        real element;
        memcpy(&element, p + i * sizeof element, sizeof element);
        x[i] = element;
    }
    return x;
#endif
}

INLINE vec v_load_part(const real *p, size_t count)
{
    return v_load_bytes_part((const unsigned char *)p, count);
}

INLINE void v_store_part(real *p, size_t count, vec x)
{
#if CNN_VECTOR_BYTES == 64
    __mmask16 mask = (__mmask16)((1u << count) - 1);
    if (sizeof(real) == sizeof(float))
        _mm512_mask_storeu_ps((void *)p, mask, (__m512)x);
    else
        _mm512_mask_storeu_pd((void *)p, (__mmask8)mask, (__m512d)x);
#elif CNN_VECTOR_BYTES == 32
    if (sizeof(real) == sizeof(float))
        _mm256_maskstore_ps((void *)p, v_lanes_part(count), (__m256)x);
    else
        _mm256_maskstore_pd((void *)p, v_lanes_part(count), (__m256d)x);
#else
    for (size_t i = 0; i < count; i++)
        p[i] = x[i];
#endif
}

/* The sum of the lanes, halves to halves. */
INLINE real v_total(vec x)
{
#if CNN_VECTOR_BYTES == 64
    return sizeof(real) == sizeof(float) ? (real)_mm512_reduce_add_ps((__m512)x)
                                         : (real)_mm512_reduce_add_pd((__m512d)x);
#elif CNN_VECTOR_BYTES == 32
    if (sizeof(real) == sizeof(float)) {
        __m128 four =
            _mm_add_ps(_mm256_castps256_ps128((__m256)x), _mm256_extractf128_ps((__m256)x, 1));
        __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return (real)_mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
    }
    __m128d two =
        _mm_add_pd(_mm256_castpd256_pd128((__m256d)x), _mm256_extractf128_pd((__m256d)x, 1));
    return (real)_mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
#else
    for (int half = V / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            x[i] += x[i + half];
    return x[0];
#endif
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

/* Lane j is lane m[j] of a and, counted on, of b. */
INLINE vec v_shuffle(vec a, vec b, vec_mask m)
{
#ifdef __clang__
    vec x = v_zero();
    for (int j = 0; j < V; j++)
        x[j] = m[j] < V ? a[m[j]] : b[m[j] - V];
    return x;
#else
    return __builtin_shuffle(a, b, m);
#endif
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
    return v_select(x < low, low, x);
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
    return v_select(x > high, high, x);
#endif
}

#endif
