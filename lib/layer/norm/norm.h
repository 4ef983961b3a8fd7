/* What group and instance normalisation share. */
#ifndef CNN_LAYER_NORM_H
#define CNN_LAYER_NORM_H

#include "layer/layer.h"

/* The output is as large as the input; with `affine` a number of weight and bias for each of so
 * many. */
void cnn_norm_setup(struct cnn_layer *l, int affine, size_t numbers);

/* Groups that divide the channels. Saved: mean and 1 / sqrt(variance + eps) of each. */
void cnn_groups_reserve(const struct cnn_layer *l, struct cnn_backend *b,
                        const struct cnn_pass *shapes, size_t groups, struct cnn_reserve *out);
void cnn_groups_forward(const struct cnn_layer *l, struct cnn_pass *p, size_t groups, double eps);
void cnn_groups_backward(const struct cnn_layer *l, struct cnn_pass *p, size_t groups);

/* Of a normalisation's parameters weight and bias, 0 and 1; NULL: it has none, or the gradient is
 * not wanted. */
const struct cnn_tensor *cnn_norm_param(const struct cnn_layer *l, const struct cnn_pass *p, int k);
struct cnn_tensor *cnn_norm_gradient(const struct cnn_layer *l, const struct cnn_pass *p, int k);

#endif
