/* Between what leaves the device, plain float32, and activations as they lie on it. */
#ifndef CNN_KERN_CUDA_TRANSFER_CUH
#define CNN_KERN_CUDA_TRANSFER_CUH

#include "kern/cuda/cuda.cuh"

/* plain (n, c, h, w), on the device, to the tensor, and back. */
void cnn_cuda_import(struct cnn_queue *q, const float *plain, const struct cnn_tensor *to);
void cnn_cuda_export(struct cnn_queue *q, const struct cnn_tensor *from, float *plain);

#endif
