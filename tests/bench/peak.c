/* What the cores reach at this moment, beside which every other figure is to be read: the rate of
 * fused multiply-adds from registers, and of copies that no cache holds.
 *
 *   build/helpers/bench-peak [THREADS [SECONDS]]
 *
 * prints "GFLOP/s <tab> GB/s": single-precision operations (a multiply-add is two) and bytes read
 * plus bytes written, of THREADS (1) threads together during SECONDS (0.2) each. The widest
 * vectors of the processor are used; CNN_ISA=avx2 or plain keeps to narrower ones. Two virtual
 * cores that share a physical one show half the rate. */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Enough independent sums to hide a latency of 4 cycles behind two units; they and the factors fit
 * the 16 registers of AVX2. */
enum { SUMS = 12, ROUNDS = 20000, MOST_THREADS = 256, COPY_BYTES = 64 << 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ROUNDS * SUMS multiply-adds on vectors; what they gave, so that they are not left out. */
typedef float multiply_add(float factor);

#if defined __x86_64__ || defined __aarch64__
#if defined __x86_64__
#include <immintrin.h>
#else
#include <arm_neon.h>
#endif

#define UNROLLED _Pragma("GCC unroll 16")
#define MULTIPLY_ADD(name, attribute, vector, set, madd)                                           \
    attribute static float name(float factor)                                                      \
    {                                                                                              \
        vector sum[SUMS], a = set(factor), b = set(0.5f);                                          \
        float out[sizeof(vector) / sizeof(float)], total = 0;                                      \
        UNROLLED for (int i = 0; i < SUMS; i++) sum[i] = set((float)i);                            \
        for (int r = 0; r < ROUNDS; r++) {                                                         \
            UNROLLED for (int i = 0; i < SUMS; i++) sum[i] = madd(sum[i], a, b);                   \
        }                                                                                          \
        UNROLLED for (int i = 0; i < SUMS; i++)                                                    \
        {                                                                                          \
            memcpy(out, &sum[i], sizeof out);                                                      \
            total += out[0];                                                                       \
        }                                                                                          \
        return total;                                                                              \
    }
#endif

#if defined __x86_64__
MULTIPLY_ADD(avx512_rate, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps,
             _mm512_fmadd_ps)
MULTIPLY_ADD(avx2_rate, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps,
             _mm256_fmadd_ps)
#elif defined __aarch64__
#define NEON_MADD(sum, a, b) vfmaq_f32(b, sum, a)
MULTIPLY_ADD(neon_rate, , float32x4_t, vdupq_n_f32, NEON_MADD)
#endif

/* Vectors of four, a multiplication and an addition: what every machine has. */
static float plain_rate(float factor)
{
    float sum[SUMS][4], total = 0;
    for (int i = 0; i < SUMS * 4; i++)
        sum[i / 4][i % 4] = (float)i;
    for (int r = 0; r < ROUNDS; r++)
        for (int i = 0; i < SUMS; i++)
            for (int k = 0; k < 4; k++)
                sum[i][k] = sum[i][k] * factor + 0.5f;
    for (int i = 0; i < SUMS; i++)
        total += sum[i][0];
    return total;
}

/* The widest kind that the machine has and CNN_ISA allows, and its lanes. */
static multiply_add *widest(int *lanes)
{
    const char *isa = getenv("CNN_ISA");
    int wide = !isa || strcmp(isa, "plain");
    *lanes = 4;
#if defined __x86_64__
    if (wide && (!isa || strcmp(isa, "avx2")) && __builtin_cpu_supports("avx512f")) {
        *lanes = 16;
        return avx512_rate;
    }
    if (wide && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        *lanes = 8;
        return avx2_rate;
    }
#elif defined __aarch64__
    if (wide)
        return neon_rate;
#endif
    return plain_rate;
}

struct work {
    pthread_t thread;
    pthread_barrier_t *together;
    double seconds;
    double flops, bytes; /* a second */
    volatile float result;
};

static void measure_flops(struct work *w)
{
    int lanes;
    multiply_add *run = widest(&lanes);
    double start = now(), end, count = 0;
    do {
        w->result = run(0.5f);
        count += 2.0 * ROUNDS * SUMS * lanes;
        end = now();
    } while (end - start < w->seconds);
    w->flops = count / (end - start);
}

static void measure_copy(struct work *w, char *from, char *to)
{
    double start = now(), end, count = 0;
    do {
        memcpy(to, from, COPY_BYTES);
        w->result = (float)to[COPY_BYTES / 2];
        count += 2.0 * COPY_BYTES;
        end = now();
    } while (end - start < w->seconds);
    w->bytes = count / (end - start);
}

static void *work(void *context)
{
    struct work *w = context;
    char *from = malloc(COPY_BYTES), *to = malloc(COPY_BYTES);
    if (from && to) {
        memset(from, 1, COPY_BYTES);
        memset(to, 2, COPY_BYTES);
    }
    pthread_barrier_wait(w->together);
    measure_flops(w);
    pthread_barrier_wait(w->together);
    if (from && to)
        measure_copy(w, from, to);
    free(from);
    free(to);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct work all[MOST_THREADS];
    pthread_barrier_t together;
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    double seconds = argc > 2 ? atof(argv[2]) : 0.2, flops = 0, bytes = 0;
    if (threads < 1 || threads > MOST_THREADS || argc > 3) {
        fprintf(stderr, "Usage: bench-peak [THREADS [SECONDS]]\n");
        return 64;
    }
    pthread_barrier_init(&together, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        all[i].together = &together;
        all[i].seconds = seconds;
        if (pthread_create(&all[i].thread, NULL, work, &all[i])) {
            fprintf(stderr, "bench-peak: no thread\n");
            return 71;
        }
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(all[i].thread, NULL);
        flops += all[i].flops;
        bytes += all[i].bytes;
    }
    printf("%.1f\t%.1f\n", flops * 1e-9, bytes * 1e-9);
    return 0;
}
