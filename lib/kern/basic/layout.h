/* Between layouts of activations: plain NCHW, and the others, whose vectors are cnn_isa()->lanes
 * wide (tensor.h). */
#ifndef CNN_KERN_BASIC_LAYOUT_H
#define CNN_KERN_BASIC_LAYOUT_H

#include "kern/parallel.h"

/* y = x, or y += x where `add`; shapes equal; layouts equal, or one of them plain. Fills up y's
 * last block or group with zeros. */
void cnn_layout_copy(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y,
                     int add);

#endif
