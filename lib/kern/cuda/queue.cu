/* Starting kernels, and what happens when that fails; see cuda.cuh. */
#include "kern/cuda/cuda.cuh"

#include <stdio.h>
#include <string.h>

void cnn_cuda_failed(struct cnn_queue *q, const char *what, cudaError_t error)
{
    if (q->code || error == cudaSuccess)
        return;
    q->code = error == cudaErrorMemoryAllocation ? CNN_ESYSTEM : CNN_EDEVICE;
    snprintf(q->message, sizeof q->message, "CUDA: %s: %s", what, cudaGetErrorString(error));
}

void cnn_cuda_waited(struct cnn_queue *q, cudaError_t error)
{
    char what[96];
    snprintf(what, sizeof what, "the last kernel was '%s'", q->cuda->last);
    cnn_cuda_failed(q, what, error);
}

void cnn_cuda_start_now(struct cnn_queue *q, const struct cnn_launch_of *l)
{
    struct cnn_cuda *cuda = q->cuda;
    if (l->shared > 48 << 10)
        cnn_cuda_failed(q, l->name,
                        cudaFuncSetAttribute(l->kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                             (int)l->shared));
    if (q->code)
        return;
    snprintf(cuda->last, sizeof cuda->last, "%s", l->name);
    cnn_cuda_failed(q, l->name,
                    cudaLaunchKernel(l->kernel, l->grid, dim3(l->threads), (void **)l->argument,
                                     l->shared, cuda->stream));
    if (cuda->check)
        cnn_cuda_failed(q, l->name, cudaStreamSynchronize(cuda->stream));
}
