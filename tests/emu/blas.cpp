/* Matrix products of the emulated cuBLAS; see cublas_v2.h. */
#include "cublas_v2.h"
#include "emu.h"

struct emu_blas {
    cudaStream_t stream;
};

cublasStatus_t cublasCreate(cublasHandle_t *h)
{
    *h = new emu_blas{NULL};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t h)
{
    delete h;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t h, cudaStream_t s)
{
    h->stream = s;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *, size_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

const char *cublasGetStatusString(cublasStatus_t)
{
    return "CUBLAS_STATUS_INVALID_VALUE";
}

static float get(const void *p, cudaDataType type, size_t i)
{
    return type == CUDA_R_32F ? ((const float *)p)[i]
                              : __uint_as_float((unsigned)((const uint16_t *)p)[i] << 16);
}

static void put(void *p, cudaDataType type, size_t i, float v)
{
    unsigned u = __float_as_uint(v);
    if (type == CUDA_R_32F)
        ((float *)p)[i] = v;
    else
        ((uint16_t *)p)[i] = v != v ? 0x7fff : (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

cublasStatus_t cublasGemmEx(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m,
                            int n, int k, const void *alpha, const void *a, cudaDataType type_a,
                            int lda, const void *b, cudaDataType type_b, int ldb, const void *beta,
                            void *c, cudaDataType type_c, int ldc, cublasComputeType_t,
                            cublasGemmAlgo_t)
{
    if (m < 0 || n < 0 || k < 0 || lda < (ta == CUBLAS_OP_N ? m : k) ||
        ldb < (tb == CUBLAS_OP_N ? k : n) || ldc < m || lda < 1 || ldb < 1 || ldc < 1)
        return CUBLAS_STATUS_INVALID_VALUE;
    float scale = *(const float *)alpha, keep = *(const float *)beta;
    auto product = [=](emu_stream *) {
        for (size_t j = 0; j < (size_t)n; j++)
            for (size_t i = 0; i < (size_t)m; i++) {
                double sum = 0;
                for (size_t p = 0; p < (size_t)k; p++) {
                    size_t at_a = ta == CUBLAS_OP_N ? p * (size_t)lda + i : i * (size_t)lda + p;
                    size_t at_b = tb == CUBLAS_OP_N ? j * (size_t)ldb + p : p * (size_t)ldb + j;
                    sum += (double)get(a, type_a, at_a) * (double)get(b, type_b, at_b);
                }
                size_t at = j * (size_t)ldc + i;
                float before = keep != 0 ? keep * get(c, type_c, at) : 0;
                put(c, type_c, at, scale * (float)sum + before);
            }
    };
    emu_enqueue(h->stream, product);
    return CUBLAS_STATUS_SUCCESS;
}
