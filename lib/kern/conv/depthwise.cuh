/* Convolution of each channel by itself, and its gradients. */
#ifndef CNN_KERN_CONV_DEPTHWISE_CUH
#define CNN_KERN_CONV_DEPTHWISE_CUH

#include "kern/conv/gather.cuh"

/* A product (gather.cuh) with one channel in and one out for each group. Weights are packed as
 * (taps_h, taps_w, groups). */
void cnn_cuda_depthwise(struct cnn_queue *q, const struct cnn_gather *g, const struct cnn_tensor *x,
                        const void *packed, const float *bias, const struct cnn_epilogue *e,
                        struct cnn_tensor *y);
/* dw (c, 1, kh, kw) += sum over positions of dy x; g: the forward pass. */
void cnn_cuda_depthwise_weight(struct cnn_queue *q, const struct cnn_gather *g,
                               const struct cnn_tensor *x, const struct cnn_tensor *dy,
                               struct cnn_tensor *dw);

#endif
