/* What normalisations share that look at each sample by itself. */
#ifndef CNN_LAYER_NORM_H
#define CNN_LAYER_NORM_H

#include "layer/layer.h"

struct cnn_norm {
    long long groups; /* of channels, where they are an option */
    double eps;
    int affine;
};

#define CNN_NORM_OPTIONS(usual, what)                                                              \
    CNN_OPTION_REAL("eps", struct cnn_norm, eps, "1e-5", .min = 1e-12, .max = 1, .metavar = "X",   \
                    .help = "added to the variance"),                                              \
        CNN_OPTION_FLAG("affine", struct cnn_norm, affine, usual, .metavar = "0|1",                \
                        .help = "scale and shift each " what " by trained numbers")

/* The output is as large as the input; where it is affine, weight and bias are of that shape. */
void cnn_norm_setup(struct cnn_layer *l, struct cnn_shape shape);

/* Parameter k, the weight or the bias, and its gradient; NULL: there is none, or it is not wanted. */
const struct cnn_tensor *cnn_norm_param(const struct cnn_layer *l, const struct cnn_pass *p, int k);
struct cnn_tensor *cnn_norm_gradient(const struct cnn_layer *l, const struct cnn_pass *p, int k);

#endif
