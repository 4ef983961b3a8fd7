/* Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A number is a pure function of (seed, stream, index), so that any thread can
 * draw any of them in any order. Streams are named by what they are for: an
 * epoch, a sample's key, an operation. */
#ifndef CNN_BASE_RANDOM_H
#define CNN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#if defined(__CUDACC__)
#define CNN_BOTH static inline __host__ __device__
#else
#define CNN_BOTH static inline
#endif

/* One Philox block: four 32-bit words from a 128-bit counter and a 64-bit key. */
CNN_BOTH void cnn_philox(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)counter_low, c1 = (uint32_t)(counter_low >> 32);
    uint32_t c2 = (uint32_t)counter_high, c3 = (uint32_t)(counter_high >> 32);
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* A word as a real in [0, 1), on a grid of 2^-24 so that float32 holds it exactly. */
CNN_BOTH float cnn_unit(uint32_t word)
{
    return (float)(word >> 8) * (1.0f / 16777216.0f);
}

/* A sequence drawn from one stream. */
struct cnn_random {
    uint64_t seed, stream, index;
    uint32_t word[4];
    int left;
};

void cnn_random_start(struct cnn_random *r, uint64_t seed, uint64_t stream);
uint32_t cnn_random_u32(struct cnn_random *r);
uint64_t cnn_random_below(struct cnn_random *r, uint64_t n); /* 0..n-1, unbiased; n > 0 */
double cnn_random_unit(struct cnn_random *r);                /* [0, 1) */
double cnn_random_range(struct cnn_random *r, double lo, double hi);
double cnn_random_normal(struct cnn_random *r); /* mean 0, variance 1 (Box-Muller) */

/* The permutation of 0..n-1 that (seed, stream) gives (Fisher-Yates). */
void cnn_random_permutation(uint64_t seed, uint64_t stream, size_t n, uint32_t *out);

/* A 64-bit hash of bytes, for naming streams and telling contents apart; not
 * cryptographic, but the same on every machine. Chain calls through `seed`. */
uint64_t cnn_hash(const void *bytes, size_t n, uint64_t seed);
uint64_t cnn_hash_string(const char *s, uint64_t seed);
uint64_t cnn_hash_u64(uint64_t value, uint64_t seed);
/* Another hash, several times as fast where there are thousands of bytes: pixels, tensors. */
uint64_t cnn_hash_much(const void *bytes, size_t n, uint64_t seed);

#endif
