/* What normalisations share that look at each sample by itself; see norm.h. */
#include "layer/norm/norm.h"

void cnn_norm_setup(struct cnn_layer *l, int affine, size_t numbers)
{
    l->out = l->in[0];
    if (!affine)
        return;
    cnn_layer_param(l, "weight", (struct cnn_shape){1, {numbers}}, CNN_INIT_ONE, 1, 1);
    cnn_layer_param(l, "bias", (struct cnn_shape){1, {numbers}}, CNN_INIT_ZERO, 1, 1);
}

const struct cnn_tensor *cnn_norm_param(const struct cnn_layer *l, const struct cnn_pass *p, int k)
{
    return l->params ? p->w[k] : NULL;
}

struct cnn_tensor *cnn_norm_gradient(const struct cnn_layer *l, const struct cnn_pass *p, int k)
{
    return l->params ? p->dw[k] : NULL;
}

void cnn_groups_reserve(const struct cnn_layer *l, struct cnn_backend *b,
                        const struct cnn_pass *shapes, size_t groups, struct cnn_reserve *out)
{
    (void)l;
    if (shapes->saves)
        out->saved[0] = out->saved[1] = shapes->x[0]->n * groups * sizeof(real);
    out->work = b->kernels->groupnorm_work(&b->queue, groups, shapes->x[0]);
}

void cnn_groups_forward(const struct cnn_layer *l, struct cnn_pass *p, size_t groups, double eps)
{
    p->k->groupnorm_forward(p->q, groups, eps, p->x[0], cnn_norm_param(l, p, 0),
                            cnn_norm_param(l, p, 1), p->saves ? p->saved[0] : NULL,
                            p->saves ? p->saved[1] : NULL, p->epilogue, p->y[0], p->work);
}

void cnn_groups_backward(const struct cnn_layer *l, struct cnn_pass *p, size_t groups)
{
    p->k->groupnorm_backward(p->q, groups, p->x[0], cnn_norm_param(l, p, 0), p->saved[0],
                             p->saved[1], p->dy[0], p->dx[0], cnn_norm_gradient(l, p, 0),
                             cnn_norm_gradient(l, p, 1), p->work);
}
