/* The instructions of kern/cuda/mma.cuh, by their definition. A copy arrives when it is waited for,
 * so that a wait that is missing shows. */
#ifndef EMU_MMA_H
#define EMU_MMA_H

struct emu_copy {
    void *to;
    const void *from;
    bool valid;
};
void emu_copy_later(emu_copy c);
void emu_copies_end();
void emu_copies_wait(int left);
/* This thread's copies that it waited for may be looked at by warpgroups' instructions; whether all
 * threads' of the block may. */
void emu_copies_fence();
bool emu_copies_fenced();

static inline void cnn_copy_later(void *to, const void *from, bool valid)
{
    emu_copy_later({to, from, valid});
}
static inline void cnn_copies_end()
{
    emu_copies_end();
}
template <int N> void cnn_copies_wait()
{
    emu_copies_wait(N);
}

/* Shared memory by its address, as instructions have it: dynamic memory does not begin at 0. */
enum { EMU_SHARED_BASE = 1024 + 128 };
static inline uint32_t cnn_shared_address(const void *p)
{
    return (uint32_t)((const unsigned char *)p - (const unsigned char *)emu_dynamic_shared()) +
           EMU_SHARED_BASE;
}
static inline const void *emu_shared_at(uint32_t address)
{
    return (const unsigned char *)emu_dynamic_shared() + (address - EMU_SHARED_BASE);
}

struct emu_matrices {
    const void *row;
    uint32_t *out;
    bool transposed;
};
void emu_load_matrices(void *const lane[32], unsigned mask);
static inline void cnn_load_matrices(uint32_t out[4], const void *row)
{
    emu_matrices m = {row, out, false};
    emu_meet(0xffffffffu, emu_load_matrices, &m);
}
static inline void cnn_load_transposed(uint32_t out[4], const void *row)
{
    emu_matrices m = {row, out, true};
    emu_meet(0xffffffffu, emu_load_matrices, &m);
}

struct emu_product {
    float *c;
    const uint32_t *a, *b;
};
void emu_mma_bf16(void *const lane[32], unsigned mask);
void emu_mma_tf32(void *const lane[32], unsigned mask);
static inline void cnn_mma(float c[4], const uint32_t a[4], const uint32_t b[2], cnn_bf16)
{
    emu_product p = {c, a, b};
    emu_meet(0xffffffffu, emu_mma_bf16, &p);
}
static inline void cnn_mma(float c[4], const uint32_t a[4], const uint32_t b[2], float)
{
    emu_product p = {c, a, b};
    emu_meet(0xffffffffu, emu_mma_tf32, &p);
}

static inline uint32_t cnn_operand(uint32_t bits, cnn_bf16)
{
    return bits;
}
/* To 10 bits of mantissa, ties away from zero. */
static inline uint32_t cnn_operand(uint32_t bits, float)
{
    return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
}

#endif
