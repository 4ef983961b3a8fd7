/* Pooling in blocked layouts: each block of channels is a plane of vectors. */
#ifndef CNN_KERN_POOL_BLOCKED_H
#define CNN_KERN_POOL_BLOCKED_H

#include "kern/parallel.h"

/* As the kernels in kernels.def; argmax lies as y does. */
void cnn_blocked_maxpool_forward(struct cnn_queue *q, const struct cnn_window *g,
                                 const struct cnn_tensor *x, struct cnn_tensor *y, int32_t *argmax);
void cnn_blocked_maxpool_backward(struct cnn_queue *q, const struct cnn_window *g,
                                  const struct cnn_tensor *dy, const int32_t *argmax,
                                  struct cnn_tensor *dx);
void cnn_blocked_avgpool_forward(struct cnn_queue *q, const struct cnn_window *g,
                                 const struct cnn_tensor *x, struct cnn_tensor *y);
void cnn_blocked_avgpool_backward(struct cnn_queue *q, const struct cnn_window *g,
                                  const struct cnn_tensor *dy, struct cnn_tensor *dx);

#endif
