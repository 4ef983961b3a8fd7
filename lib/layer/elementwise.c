/* Layers that apply a function to each element; see elementwise.h. */
#include "layer/elementwise.h"

int cnn_elementwise_setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    return 0;
}

void cnn_elementwise_forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_epilogue e = {0};
    l->type->activation(l, &e);
    p->k->activation_forward(p->q, e.f, e.slope, p->x[0], p->y);
}

void cnn_elementwise_backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_epilogue e = {0};
    l->type->activation(l, &e);
    if (p->dx[0])
        p->k->activation_backward(p->q, e.f, e.slope, p->y, p->dy, p->dx[0]);
}
