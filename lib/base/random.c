/* Philox streams and hashing; see random.h. */
#include "base/random.h"

#include <math.h>
#include <string.h>

void cnn_random_start(struct cnn_random *r, uint64_t seed, uint64_t stream)
{
    *r = (struct cnn_random){.seed = seed, .stream = stream};
}

uint32_t cnn_random_u32(struct cnn_random *r)
{
    if (!r->left) {
        cnn_philox(r->seed, r->stream, r->index++, r->word);
        r->left = 4;
    }
    return r->word[4 - r->left--];
}

uint64_t cnn_random_below(struct cnn_random *r, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, value;
    do {
        value = (uint64_t)cnn_random_u32(r) << 32;
        value |= cnn_random_u32(r);
    } while (value >= limit);
    return value % n;
}

double cnn_random_unit(struct cnn_random *r)
{
    return (double)cnn_unit(cnn_random_u32(r));
}

double cnn_random_range(struct cnn_random *r, double lo, double hi)
{
    return lo + (hi - lo) * cnn_random_unit(r);
}

double cnn_random_normal(struct cnn_random *r)
{
    double u = ((double)cnn_random_u32(r) + 1.0) * (1.0 / 4294967296.0); /* (0, 1] */
    double v = (double)cnn_random_u32(r) * (1.0 / 4294967296.0);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

void cnn_random_permutation(uint64_t seed, uint64_t stream, size_t n, uint32_t *out)
{
    struct cnn_random r;
    cnn_random_start(&r, seed, stream);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)cnn_random_below(&r, i);
        uint32_t swap = out[i - 1];
        out[i - 1] = out[j];
        out[j] = swap;
    }
}

/* Multiply-and-fold over 8-byte words, little-endian on every machine. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide p = (wide)(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD6E8FEB86659FD93u);
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t read_le(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Written out, since that is what compilers know for one load. */
static uint64_t read8(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

uint64_t cnn_hash(const void *bytes, size_t n, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t h = fold(seed, (uint64_t)n + 1);
    size_t left = n;
    for (; left >= 8; left -= 8, p += 8)
        h = fold(h, read8(p));
    if (left)
        h = fold(h, read_le(p, left));
    return fold(h, 0x2545F4914F6CDD1Du);
}

/* Eight chains, since one would wait for each of its multiplications. */
uint64_t cnn_hash_much(const void *bytes, size_t n, uint64_t seed)
{
    enum { CHAINS = 8, BLOCK = 8 * CHAINS };
    const unsigned char *p = bytes;
    uint64_t chain[CHAINS], h;
    size_t left = n;
    for (size_t k = 0; k < CHAINS; k++)
        chain[k] = fold(seed, k);
    for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
        for (size_t k = 0; k < CHAINS; k++)
            chain[k] = fold(chain[k], read8(p + 8 * k));
    h = fold(seed, (uint64_t)n + 1);
    for (size_t k = 0; k < CHAINS; k++)
        h = fold(h, chain[k]);
    return cnn_hash(p, left, h);
}

uint64_t cnn_hash_string(const char *s, uint64_t seed)
{
    return cnn_hash(s, strlen(s), seed);
}

uint64_t cnn_hash_u64(uint64_t value, uint64_t seed)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    return cnn_hash(bytes, 8, seed);
}
