/* cuBLAS, loaded when a GPU is opened: it is hundreds of megabytes, which programs that compute on
 * the CPU do not pay for. */
#ifndef CNN_KERN_CUDA_BLAS_LIBRARY_CUH
#define CNN_KERN_CUDA_BLAS_LIBRARY_CUH

#include <cublas_v2.h>

/* cublasGemmEx, which the headers overload. */
typedef cublasStatus_t cnn_blas_gemm(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int,
                                     int, const void *, const void *, cudaDataType, int,
                                     const void *, cudaDataType, int, const void *, void *,
                                     cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t);

struct cnn_blas_library {
    decltype(&cublasCreate) create;
    decltype(&cublasDestroy) destroy;
    decltype(&cublasSetStream) set_stream;
    decltype(&cublasSetWorkspace) set_workspace;
    cnn_blas_gemm *gemm;
    decltype(&cublasGetStatusString) status;
};

/* The library; NULL with *why set where it cannot be loaded. Loaded once, never unloaded. */
const struct cnn_blas_library *cnn_blas_library(const char **why);

#endif
