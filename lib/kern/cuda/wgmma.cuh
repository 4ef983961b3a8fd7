/* The matrix instructions of four warps together that Hopper has (sm_90a; PTX ISA, "Asynchronous
 * warpgroup level matrix instructions"): sums in registers, both sides in shared memory.
 *
 * A side lies in rows of 128 bytes (64 bfloat16), from an address that is a multiple of 1,024 on;
 * the eight chunks of 16 bytes of row r change places, chunk q lies at q ^ r % 8 (the layouts with
 * "128-byte swizzling"), so that neither copies nor multiplications meet in a bank. Either a row is
 * one of the product's rows or columns, along k, or it is one k and has 64 of them side by side. */
#ifndef CNN_KERN_CUDA_WGMMA_CUH
#define CNN_KERN_CUDA_WGMMA_CUH

#include "kern/cuda/mma.cuh"

enum { CNN_WGMMA_ROW = 128, CNN_WGMMA_ALIGN = 1024 };

/* Bytes from a side's beginning to a chunk of a row. */
static __device__ inline uint32_t cnn_wgmma_place(uint32_t row, uint32_t chunk)
{
    return row * CNN_WGMMA_ROW + (chunk ^ row % 8) * 16;
}

/* What the instruction takes for a side: its address, the bytes from 64 to the next 64 side by
 * side, and from eight rows to the next eight, all in units of 16; swizzling. */
static __device__ inline uint64_t cnn_wgmma_side(const void *p, uint32_t next_64)
{
    const uint64_t eight = 8 * CNN_WGMMA_ROW / 16, swizzled = 1;
    return (cnn_shared_address(p) & 0x3ffff) >> 4 | (uint64_t)(next_64 >> 4) << 16 | eight << 32 |
           swizzled << 62;
}

/* Rows along k, and what moves by 16 of k: 32 bytes. */
static __device__ inline uint64_t cnn_wgmma_rows(const void *p)
{
    return cnn_wgmma_side(p, 16); /* there is no next */
}
enum { CNN_WGMMA_ROWS_STEP = 32 / 16 };

/* Rows of one k each, `depth` of them for each 64 side by side; 16 of k are 16 rows. */
static __device__ inline uint64_t cnn_wgmma_columns(const void *p, uint32_t depth)
{
    return cnn_wgmma_side(p, depth * CNN_WGMMA_ROW);
}
enum { CNN_WGMMA_COLUMNS_STEP = 16 * CNN_WGMMA_ROW / 16 };

/* Whether this pass of the compiler has them; kernels that need them are empty in others. */
#if defined CNN_EMULATED || defined __CUDA_ARCH_FEAT_SM90_ALL
#define CNN_HAS_WGMMA 1
#else
#define CNN_HAS_WGMMA 0
#endif

#ifdef CNN_EMULATED
#include "emu_wgmma.h"
#else

#if CNN_HAS_WGMMA
#define CNN_WGMMA(...) asm volatile(__VA_ARGS__)
#else
#define CNN_WGMMA(...) (void)0
#endif

/* What this thread copied to shared memory is there for the instructions of others, behind the next
 * barrier. */
static __device__ inline void cnn_wgmma_copied()
{
    CNN_WGMMA("fence.proxy.async.shared::cta;\n" ::: "memory");
}

/* Before the first multiplication into sums that were touched. */
static __device__ inline void cnn_wgmma_begin()
{
    CNN_WGMMA("wgmma.fence.sync.aligned;\n" ::: "memory");
}

/* Start those asked for, and wait until they are done. */
static __device__ inline void cnn_wgmma_start()
{
    CNN_WGMMA("wgmma.commit_group.sync.aligned;\n" ::: "memory");
}
static __device__ inline void cnn_wgmma_wait()
{
    CNN_WGMMA("wgmma.wait_group.sync.aligned 0;\n" ::: "memory");
}

#define CNN_SUMS_1(c, i) "+f"(c[i][0]), "+f"(c[i][1]), "+f"(c[i][2]), "+f"(c[i][3])
#define CNN_SUMS_8(c, i)                                                                           \
    CNN_SUMS_1(c, i), CNN_SUMS_1(c, i + 1), CNN_SUMS_1(c, i + 2), CNN_SUMS_1(c, i + 3),            \
        CNN_SUMS_1(c, i + 4), CNN_SUMS_1(c, i + 5), CNN_SUMS_1(c, i + 6), CNN_SUMS_1(c, i + 7)
#define CNN_TEN(t)                                                                                 \
    "%" #t "0, %" #t "1, %" #t "2, %" #t "3, %" #t "4, %" #t "5, %" #t "6, %" #t "7, %" #t         \
    "8, %" #t "9, "
#define CNN_NAMES_32 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, " CNN_TEN(1) CNN_TEN(2) "%30, %31"
#define CNN_NAMES_64                                                                               \
    CNN_NAMES_32 ", %32, %33, %34, %35, %36, %37, %38, %39, " CNN_TEN(4)                           \
        CNN_TEN(5) "%60, %61, %62, %63"
#define CNN_NAMES_128                                                                              \
    CNN_NAMES_64 ", %64, %65, %66, %67, %68, %69, " CNN_TEN(7) CNN_TEN(8) CNN_TEN(9) CNN_TEN(10)   \
        CNN_TEN(11) "%120, %121, %122, %123, %124, %125, %126, %127"

/* c (64 rows x 8 NI columns, as fragments of 16 x 8 one beside the other, each warp 16 rows) +=
 * a (64 x 16 bfloat16) b (16 x 8 NI): both rows along k (0), or rows of one k each (1). */
template <int BY_K>
static __device__ inline void cnn_wgmma(float (&c)[8][4], uint64_t a, uint64_t b)
{
    CNN_WGMMA("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" CNN_NAMES_32
              "}, %32, %33, 1, 1, 1, %34, %34;\n"
              : CNN_SUMS_8(c, 0)
              : "l"(a), "l"(b), "n"(BY_K));
}

template <int BY_K>
static __device__ inline void cnn_wgmma(float (&c)[16][4], uint64_t a, uint64_t b)
{
    CNN_WGMMA("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" CNN_NAMES_64
              "}, %64, %65, 1, 1, 1, %66, %66;\n"
              : CNN_SUMS_8(c, 0), CNN_SUMS_8(c, 8)
              : "l"(a), "l"(b), "n"(BY_K));
}

template <int BY_K>
static __device__ inline void cnn_wgmma(float (&c)[32][4], uint64_t a, uint64_t b)
{
    CNN_WGMMA("wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {" CNN_NAMES_128
              "}, %128, %129, 1, 1, 1, %130, %130;\n"
              : CNN_SUMS_8(c, 0), CNN_SUMS_8(c, 8), CNN_SUMS_8(c, 16), CNN_SUMS_8(c, 24)
              : "l"(a), "l"(b), "n"(BY_K));
}

#endif

#endif
