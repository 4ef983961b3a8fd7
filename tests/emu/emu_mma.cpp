/* Fragments of matrices in the registers of a warp, and copies that arrive late; see emu_mma.h.
 * Where an element lies: PTX ISA, "Matrix fragments for mma.m16n8k16" and "mma.m16n8k8",
 * "ldmatrix". */
#include "kern/cuda/mma.cuh"

#include <deque>
#include <vector>

/* ---- copies -----------------------------------------------------------------------------------
 */

namespace
{
struct pending {
    unsigned long block;
    std::vector<emu_copy> open;
    std::deque<std::vector<emu_copy>> groups;
    bool fence; /* is needed before warpgroups' instructions look at what was copied */
};

pending all[1024];

pending *mine()
{
    unsigned long block;
    pending *p = &all[emu_running(&block)];
    if (p->block != block)
        *p = {block, {}, {}, false};
    return p;
}
} // namespace

static void arrive(const emu_copy &c)
{
    if (c.valid)
        memcpy(c.to, c.from, 16);
    else
        memset(c.to, 0, 16);
}

/* As late as they may, and in every other order at once, so that what is read too early shows, and
 * what is written too early, too. */
void emu_copy_later(emu_copy c)
{
    if (emu_order() % 2)
        arrive(c);
    else
        mine()->open.push_back(c);
}

void emu_copies_end()
{
    pending *p = mine();
    p->groups.push_back(p->open);
    p->open.clear();
}

void emu_copies_wait(int left)
{
    pending *p = mine();
    while ((int)p->groups.size() > left) {
        for (const emu_copy &c : p->groups.front())
            arrive(c);
        p->groups.pop_front();
    }
    p->fence = true;
}

void emu_copies_fence()
{
    mine()->fence = false;
}

bool emu_copies_fenced()
{
    unsigned long block = mine()->block;
    for (unsigned i = 0; i < blockDim.x; i++)
        if (all[i].block == block && all[i].fence)
            return false;
    return true;
}

/* ---- matrices ---------------------------------------------------------------------------------
 */

void emu_load_matrices(void *const lane[32], unsigned)
{
    uint16_t matrix[4][8][8];
    for (int i = 0; i < 32; i++)
        memcpy(matrix[i / 8][i % 8], ((emu_matrices *)lane[i])->row, 16);
    for (int i = 0; i < 32; i++) {
        const emu_matrices *m = (emu_matrices *)lane[i];
        int row = i / 4, pair = i % 4 * 2;
        for (int k = 0; k < 4; k++) {
            uint16_t lo = m->transposed ? matrix[k][pair][row] : matrix[k][row][pair];
            uint16_t hi = m->transposed ? matrix[k][pair + 1][row] : matrix[k][row][pair + 1];
            m->out[k] = lo | (uint32_t)hi << 16;
        }
    }
}

/* c += a b for fragments of 16 x K, K x 8; at a row and a column of k, number(registers, ...) is
 * the element. `each` numbers lie in a register. */
static void multiply(void *const lane[32], int each, float (*number)(uint32_t reg, int at))
{
    float a[16][16], b[16][8];
    int k_count = 8 * each;
    for (int i = 0; i < 32; i++) {
        const emu_product *p = (emu_product *)lane[i];
        for (int r = 0; r < 4; r++)
            for (int e = 0; e < each; e++)
                a[i / 4 + r % 2 * 8][i % 4 * each + e + r / 2 * 4 * each] = number(p->a[r], e);
        for (int r = 0; r < 2; r++)
            for (int e = 0; e < each; e++)
                b[i % 4 * each + e + r * 4 * each][i / 4] = number(p->b[r], e);
    }
    for (int i = 0; i < 32; i++) {
        const emu_product *p = (emu_product *)lane[i];
        for (int r = 0; r < 4; r++) {
            double sum = p->c[r];
            for (int k = 0; k < k_count; k++)
                sum += (double)a[i / 4 + r / 2 * 8][k] * (double)b[k][i % 4 * 2 + r % 2];
            p->c[r] = (float)sum;
        }
    }
}

static float bf16_number(uint32_t reg, int at)
{
    return __uint_as_float((at ? reg >> 16 : reg & 0xffff) << 16);
}

/* Tensor cores do not look at the last 13 bits. */
static float tf32_number(uint32_t reg, int)
{
    return __uint_as_float(reg & 0xffffe000u);
}

void emu_mma_bf16(void *const lane[32], unsigned)
{
    multiply(lane, 2, bf16_number);
}

void emu_mma_tf32(void *const lane[32], unsigned)
{
    multiply(lane, 1, tf32_number);
}
