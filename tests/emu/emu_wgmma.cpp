/* Products of four warps together, from shared memory; see emu_wgmma.h. How descriptors name
 * memory: PTX ISA, "Matrix descriptor format"; where a thread's sums lie: "Accumulator D fragment
 * for m64nNk16". */
#include "kern/cuda/wgmma.cuh"

#include <vector>

namespace
{
struct product {
    float *c;
    int columns;
    uint64_t a, b;
    bool by_k;
};

struct pending {
    unsigned long block;
    std::vector<product> open, started;
};

pending *mine(unsigned *thread)
{
    static pending all[1024];
    unsigned long block;
    *thread = emu_running(&block);
    pending *p = &all[*thread];
    if (p->block != block)
        *p = {block, {}, {}};
    return p;
}

/* 16 bfloat16 along k of a row or column. Swizzling exchanges bits 4 to 6 of an address by bits 7
 * to 9. */
void read_row(uint64_t descriptor, bool by_k, int row, float out[16])
{
    uint32_t start = (uint32_t)(descriptor & 0x3fff) << 4, r = (uint32_t)row;
    uint32_t leading = (uint32_t)(descriptor >> 16 & 0x3fff) << 4;
    uint32_t stride = (uint32_t)(descriptor >> 32 & 0x3fff) << 4;
    bool swizzled = descriptor >> 62 == 1;
    for (uint32_t k = 0; k < 16; k++) {
        uint32_t at = by_k ? r / 64 * leading + k / 8 * stride + k % 8 * 128 + r % 64 * 2
                           : r / 8 * stride + r % 8 * 128 + k * 2;
        at += start;
        if (swizzled)
            at ^= (at >> 7 & 7) << 4;
        uint16_t bits;
        memcpy(&bits, emu_shared_at(at), 2);
        out[k] = __uint_as_float((uint32_t)bits << 16);
    }
}

void multiply(const product &p, unsigned thread)
{
    unsigned warp = thread / 32 % 4, lane = thread % 32;
    float a[2][16], b[16];
    for (int i = 0; i < 2; i++)
        read_row(p.a, p.by_k, (int)(warp * 16 + lane / 4) + i * 8, a[i]);
    for (int column = 0; column < p.columns; column++) {
        if (column % 8 / 2 != (int)lane % 4)
            continue;
        read_row(p.b, p.by_k, column, b);
        for (int i = 0; i < 2; i++) {
            float *c = &p.c[column / 8 * 4 + i * 2 + column % 2];
            double sum = *c;
            for (int k = 0; k < 16; k++)
                sum += (double)a[i][k] * (double)b[k];
            *c = (float)sum;
        }
    }
}
} // namespace

void emu_wgmma(float *c, int columns, uint64_t a, uint64_t b, bool by_k)
{
    unsigned thread;
    if (!emu_copies_fenced())
        emu_stop("a warpgroup multiplies what was copied without a fence");
    mine(&thread)->open.push_back({c, columns, a, b, by_k});
}

void emu_wgmma_start()
{
    unsigned thread;
    pending *p = mine(&thread);
    p->started.insert(p->started.end(), p->open.begin(), p->open.end());
    p->open.clear();
}

void emu_wgmma_wait()
{
    unsigned thread;
    pending *p = mine(&thread);
    for (const product &one : p->started)
        multiply(one, thread);
    p->started.clear();
}
