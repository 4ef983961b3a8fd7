/* BLAS in the precision of the build. Callers run it inside their own jobs, so
 * cnn_cpu_open keeps OpenBLAS itself to one thread. */
#ifndef CNN_KERN_BLAS_H
#define CNN_KERN_BLAS_H

#include <cblas.h>
#include <stddef.h>

#include "tensor/tensor.h"

/* c (m, n) = a (m, k) b (k, n) + beta c, row-major; ta, tb: the matrix lies transposed in memory.
 */
static inline void cnn_gemm(int ta, int tb, size_t m, size_t n, size_t k, const real *a, size_t lda,
                            const real *b, size_t ldb, real beta, real *c, size_t ldc)
{
    enum CBLAS_TRANSPOSE x = ta ? CblasTrans : CblasNoTrans, y = tb ? CblasTrans : CblasNoTrans;
    if (!m || !n)
        return;
    blasint im = (blasint)m, in = (blasint)n, ik = (blasint)k;
    blasint la = (blasint)lda, lb = (blasint)ldb, lc = (blasint)ldc;
    if (sizeof(real) == sizeof(float))
        cblas_sgemm(CblasRowMajor, x, y, im, in, ik, 1, (const void *)a, la, (const void *)b, lb,
                    (float)beta, (void *)c, lc);
    else
        cblas_dgemm(CblasRowMajor, x, y, im, in, ik, 1, (const void *)a, la, (const void *)b, lb,
                    (double)beta, (void *)c, lc);
}

/* c (m, n) = a (m, k) b^T, b (n, k), in double precision in any build. */
static inline void cnn_gemm_double(size_t m, size_t n, size_t k, const double *a, size_t lda,
                                   const double *b, size_t ldb, double *c, size_t ldc)
{
    if (m && n)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, 1,
                    a, (blasint)lda, b, (blasint)ldb, 0, c, (blasint)ldc);
}

/* y (m) = a (m, n) x + beta y, row-major; ta: y (n) = a^T x + beta y. */
static inline void cnn_gemv(int ta, size_t m, size_t n, const real *a, size_t lda, const real *x,
                            real beta, real *y)
{
    enum CBLAS_TRANSPOSE t = ta ? CblasTrans : CblasNoTrans;
    blasint im = (blasint)m, in = (blasint)n, la = (blasint)lda;
    if (!m || !n)
        return;
    if (sizeof(real) == sizeof(float))
        cblas_sgemv(CblasRowMajor, t, im, in, 1, (const void *)a, la, (const void *)x, 1,
                    (float)beta, (void *)y, 1);
    else
        cblas_dgemv(CblasRowMajor, t, im, in, 1, (const void *)a, la, (const void *)x, 1,
                    (double)beta, (void *)y, 1);
}

#endif
