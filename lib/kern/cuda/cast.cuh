/* Parameters as the activations' type. */
#ifndef CNN_KERN_CUDA_CAST_CUH
#define CNN_KERN_CUDA_CAST_CUH

#include "kern/cuda/cuda.cuh"

/* Bytes that a copy takes; 0: parameters serve as they are. */
size_t cnn_cuda_cast_bytes(const struct cnn_queue *q, size_t count);
/* The numbers in the activations' type: `from` itself, or a copy in `to`. */
const void *cnn_cuda_cast(struct cnn_queue *q, const float *from, size_t count, void *to);

#endif
