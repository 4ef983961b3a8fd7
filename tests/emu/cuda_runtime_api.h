/* As much of the CUDA runtime as tests in C use; see cuda_runtime.h. */
#ifndef EMU_CUDA_RUNTIME_API_H
#define EMU_CUDA_RUNTIME_API_H

#include <stddef.h>

typedef int cudaError_t;
enum { cudaSuccess = 0 };

cudaError_t cudaMallocHost(void **p, size_t bytes);
cudaError_t cudaFreeHost(void *p);
cudaError_t cudaDeviceSynchronize(void);

#endif
