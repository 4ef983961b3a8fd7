/* What layers share that drop whole channels or samples in training. */
#ifndef CNN_LAYER_DROP_H
#define CNN_LAYER_DROP_H

#include "layer/layer.h"

struct cnn_drop_options {
    double rate;
};

CNN_CHECKED int cnn_drop_setup(struct cnn_layer *l);

/* y = x without what is dropped, and the rest larger by 1 / (1 - rate); forward and backward are
 * the same map. samples: whole samples are dropped, not channels. */
void cnn_drop(const struct cnn_layer *l, struct cnn_pass *p, int samples,
              const struct cnn_tensor *from, struct cnn_tensor *to);

#endif
