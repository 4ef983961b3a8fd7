/* What normalisations share that look at each sample by itself; see norm.h. */
#include "layer/norm/norm.h"

void cnn_norm_setup(struct cnn_layer *l, struct cnn_shape shape)
{
    const struct cnn_norm *o = l->options;
    l->out = l->in[0];
    if (!o->affine)
        return;
    cnn_layer_param(l, "weight", shape, CNN_INIT_ONE, 1, 1);
    cnn_layer_param(l, "bias", shape, CNN_INIT_ZERO, 1, 1);
}

const struct cnn_tensor *cnn_norm_param(const struct cnn_layer *l, const struct cnn_pass *p, int k)
{
    return l->params ? p->w[k] : NULL;
}

struct cnn_tensor *cnn_norm_gradient(const struct cnn_layer *l, const struct cnn_pass *p, int k)
{
    return l->params ? p->dw[k] : NULL;
}
