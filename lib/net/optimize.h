/* A step of an optimizer over the slabs of a net. */
#ifndef CNN_NET_OPTIMIZE_H
#define CNN_NET_OPTIMIZE_H

#include "base/error.h"
#include "net/net.h"
#include "optim/optimizer.h"

/* One step over every trained parameter that is not frozen: `rate` is the learning rate of this
 * step, `step` counts from
 * 1. The gradients of the slab are multiplied by `scale` (1, or what an accumulation of several
 * batches has yet to be divided by) first, then clipped by value, then by norm. *norm (may be NULL)
 * gets the gradient's norm before it is clipped by norm; computing it costs a pass, so it is done
 * only when clip_norm is set or norm is wanted. CNN_EINTERNAL when that norm is not finite; nothing
 * is changed then. The gradients are used up: what they hold afterwards is no gradient. */
CNN_CHECKED int cnn_optimizer_step(const struct cnn_optimizer_options *o, struct cnn_net *net,
                                   double rate, uint64_t step, double scale, double *norm);

#endif
