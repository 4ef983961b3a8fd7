/* The instructions of kern/cuda/wgmma.cuh, by their definition. Multiplications are done when they
 * are waited for. */
#ifndef EMU_WGMMA_H
#define EMU_WGMMA_H

static inline void cnn_wgmma_copied()
{
    emu_copies_fence();
}
static inline void cnn_wgmma_begin()
{
}
void emu_wgmma_start();
void emu_wgmma_wait();
static inline void cnn_wgmma_start()
{
    emu_wgmma_start();
}
static inline void cnn_wgmma_wait()
{
    emu_wgmma_wait();
}

/* This thread's sums of 64 x `columns`. */
void emu_wgmma(float *c, int columns, uint64_t a, uint64_t b, bool by_k);
template <int BY_K, int NI> void cnn_wgmma(float (&c)[NI][4], uint64_t a, uint64_t b)
{
    emu_wgmma(c[0], NI * 8, a, b, BY_K != 0);
}

#endif
