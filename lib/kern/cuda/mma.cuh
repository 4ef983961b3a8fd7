/* Tensor cores, and copies that run ahead of them, as single instructions: mma.sync, ldmatrix and
 * cp.async (PTX ISA, "Warp-level matrix instructions"). Devices before sm_80 have none that
 * multiply bfloat16: nothing here but copies runs on them.
 *
 * Fragments are seen as bytes: an operand tile is 16 (A) or 8 (B) rows of 32 bytes, which are 16
 * bfloat16 or 8 float32 along k, and ldmatrix brings either into the same registers. */
#ifndef CNN_KERN_CUDA_MMA_CUH
#define CNN_KERN_CUDA_MMA_CUH

#include "kern/cuda/cuda.cuh"

#ifdef CNN_EMULATED
#include "emu_mma.h"
#else

static __device__ inline uint32_t cnn_shared_address(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
}

/* 16 bytes to shared memory, later; zeros where not `valid`. */
static __device__ inline void cnn_copy_later(void *to, const void *from, bool valid)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(cnn_shared_address(to)),
                 "l"(from), "r"(valid ? 16 : 0));
#else
    uint4 zero = {0, 0, 0, 0};
    *(uint4 *)to = valid ? *(const uint4 *)from : zero;
#endif
}

/* What was asked for since the last call is one group. */
static __device__ inline void cnn_copies_end()
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;\n");
#endif
}

/* Until at most N groups of this thread are on their way. */
template <int N> __device__ inline void cnn_copies_wait()
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;\n" ::"n"(N));
#endif
}

/* Four 8 x 16-byte matrices; lane i gives the address of row i % 8 of matrix i / 8, and gets 4
 * bytes of row i / 4 of each. */
static __device__ inline void cnn_load_matrices(uint32_t out[4], const void *row)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(cnn_shared_address(row)));
#endif
}

/* The same, each matrix of 8 x 8 16-bit numbers transposed. */
static __device__ inline void cnn_load_transposed(uint32_t out[4], const void *row)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(cnn_shared_address(row)));
#endif
}

/* c (16 x 8 float32) += a (16 x 32 bytes) b (32 bytes x 8). */
static __device__ inline void cnn_mma(float c[4], const uint32_t a[4], const uint32_t b[2],
                                      cnn_bf16)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

static __device__ inline void cnn_mma(float c[4], const uint32_t a[4], const uint32_t b[2], float)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

/* A register of a fragment as the multiplication takes it: float32 is rounded to the nearest TF32.
 */
static __device__ inline uint32_t cnn_operand(uint32_t bits, cnn_bf16)
{
    return bits;
}

static __device__ inline uint32_t cnn_operand(uint32_t bits, float)
{
#if __CUDA_ARCH__ >= 800
    uint32_t rounded;
    asm("cvt.rna.tf32.f32 %0, %1;\n" : "=r"(rounded) : "f"(__uint_as_float(bits)));
    return rounded;
#else
    return bits;
#endif
}

#endif

/* Where sum e of this lane lies in a fragment of 16 x 8. */
static __device__ inline uint32_t cnn_fragment_row(int e)
{
    return threadIdx.x % 32 / 4 + e / 2 * 8;
}
static __device__ inline uint32_t cnn_fragment_column(int e)
{
    return threadIdx.x % 32 % 4 * 2 + e % 2;
}

/* MI x NI tiles of 16 x 8 sums. */
template <int MI, int NI> __device__ inline void cnn_clear(float c[MI][NI][4])
{
#pragma unroll
    for (int i = 0; i < MI * NI * 4; i++)
        c[i / 4 / NI][i / 4 % NI][i % 4] = 0;
}

/* c += a b of MI fragments of 16 rows and NI / 2 pairs of fragments of 8 columns. */
template <int MI, int NI, typename T>
__device__ inline void cnn_multiply(float c[MI][NI][4], uint32_t a[MI][4], uint32_t b[NI / 2][4],
                                    T type)
{
#pragma unroll
    for (int i = 0; i < MI * 4; i++)
        a[i / 4][i % 4] = cnn_operand(a[i / 4][i % 4], type);
#pragma unroll
    for (int j = 0; j < NI * 2; j++)
        b[j / 4][j % 4] = cnn_operand(b[j / 4][j % 4], type);
#pragma unroll
    for (int i = 0; i < MI; i++)
#pragma unroll
        for (int j = 0; j < NI; j++)
            cnn_mma(c[i][j], a[i], b[j / 2] + j % 2 * 2, type);
}

#endif
