/* Layers that apply a function to each element: those without options, as
 * kern/activations.def lists them, and what all of them share. */
#include "layer/activation/elementwise.h"

#include "kern/activation.h"

int cnn_elementwise_setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    return 0;
}

void cnn_elementwise_forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_epilogue e = {0};
    l->type->activation(l, &e);
    p->k->activation_forward(p->q, e.f, e.a, p->x[0], p->y[0]);
}

void cnn_elementwise_backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_epilogue e = {0};
    l->type->activation(l, &e);
    if (p->dx[0])
        p->k->activation_backward(p->q, e.f, e.a,
                                  cnn_activation_type(e.f)->reads_x ? p->x[0] : p->y[0], p->dy[0],
                                  p->dx[0]);
}

static const struct cnn_option no_options[] = {CNN_OPTION_END};

#define CNN_ACTIVATION(...)
#define CNN_ACTIVATION_LAYER(NAME, layer, text, kind, passing, reads, ...)                         \
    static void layer##_activation(const struct cnn_layer *l, struct cnn_epilogue *e)              \
    {                                                                                              \
        (void)l;                                                                                   \
        e->f = CNN_##NAME;                                                                         \
    }                                                                                              \
    const struct cnn_layer_type cnn_layer_##layer = {.name = #layer,                               \
                                                     .summary = text,                              \
                                                     .options = no_options,                        \
                                                     .activation = layer##_activation,             \
                                                     CNN_ELEMENTWISE(reads)};
#include "kern/activations.def"
