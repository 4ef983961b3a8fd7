/* The weight gradient of a convolution as a gathered matrix product. */
#ifndef CNN_KERN_CONV_WEIGHT_CUH
#define CNN_KERN_CONV_WEIGHT_CUH

#include "kern/conv/gather.cuh"

/* dw (out, in / groups, kh, kw) += sum over positions of dy x; g: the forward pass; x, dy: NHWC. */
void cnn_cuda_conv_weight(struct cnn_queue *q, const struct cnn_gather *g,
                          const struct cnn_tensor *x, const struct cnn_tensor *dy,
                          struct cnn_tensor *dw);

#endif
