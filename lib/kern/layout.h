/* Between layouts of activations: plain NCHW and blocks of channels (tensor.h). */
#ifndef CNN_KERN_LAYOUT_H
#define CNN_KERN_LAYOUT_H

#include "kern/parallel.h"

/* y = x, or y += x where `add`; shapes equal, layouts any. Fills up y's last block with zeros. */
void cnn_layout_copy(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y,
                     int add);

#endif
