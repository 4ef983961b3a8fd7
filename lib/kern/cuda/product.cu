/* One product by cuBLAS; see gemm.cuh. */
#include "kern/cuda/blas_library.cuh"
#include "kern/cuda/gemm.cuh"

#include <stdio.h>

/* cuBLAS is column-major: it is given b's and a's transposes, and makes c's. */
void cnn_cuda_gemm_now(struct cnn_queue *q, const struct cnn_gemm *g)
{
    if (q->code)
        return;
    float one = 1, beta = g->sum ? 1.0f : 0.0f;
    cudaDataType type = q->precision == CNN_PRECISION_BF16 ? CUDA_R_16BF : CUDA_R_32F;
    cublasComputeType_t compute =
        q->precision == CNN_PRECISION_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    snprintf(q->cuda->last, sizeof q->cuda->last, "matrix product");
    cublasStatus_t status = q->cuda->library->gemm(
        (cublasHandle_t)q->cuda->blas, g->b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
        g->a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, (int)g->n, (int)g->m, (int)g->k, &one,
        g->b.data, type, (int)g->b.row, g->a.data, type, (int)g->a.row, &beta, g->c,
        g->sum ? CUDA_R_32F : type, (int)g->row, compute, CUBLAS_GEMM_DEFAULT);
    if (status != CUBLAS_STATUS_SUCCESS) {
        q->code = CNN_EDEVICE;
        snprintf(q->message, sizeof q->message, "cuBLAS: a product of %zu x %zu x %zu: %s", g->m,
                 g->n, g->k, q->cuda->library->status(status));
    }
}
