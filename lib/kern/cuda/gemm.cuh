/* Matrix products through cuBLAS, row-major. */
#ifndef CNN_KERN_CUDA_GEMM_CUH
#define CNN_KERN_CUDA_GEMM_CUH

#include "kern/cuda/cuda.cuh"

/* Rows of numbers of the activations' type. */
struct cnn_matrix {
    const void *data;
    size_t row;      /* numbers from one row to the next */
    bool transposed; /* the product sees it so */
};

struct cnn_gemm {
    size_t m, n, k;
    struct cnn_matrix a, b;
    bool sum; /* c is float32 and is added to; else it is of the activations' type */
    void *c;
    size_t row;
};

/* c (m x n) = a (m x k) b (k x n), or c += a b; now, or when the record says so (record.cuh).
 */
void cnn_cuda_gemm(struct cnn_queue *q, size_t m, size_t n, size_t k, struct cnn_matrix a,
                   struct cnn_matrix b, bool sum, void *c, size_t row);
/* Now (product.cu). */
void cnn_cuda_gemm_now(struct cnn_queue *q, const struct cnn_gemm *g);

#endif
