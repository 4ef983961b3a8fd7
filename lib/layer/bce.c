/* Binary cross-entropy loss of logits, each element by itself. */
#include "layer/layer.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static int setup(struct cnn_layer *l)
{
    l->out = (struct cnn_chw){1, 1, 1};
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->bce_forward(p->q, p->x[0], p->targets, p->y->data);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        p->k->bce_backward(p->q, p->loss_scale, p->x[0], p->targets, p->dx[0]);
}

const struct cnn_layer_type cnn_layer_bce = {
    .name = "bce",
    .summary = "loss: binary cross-entropy of logits",
    .options = options,
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_LOSS | CNN_LAYER_NEEDS_X,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
