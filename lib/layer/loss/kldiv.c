/* The Kullback-Leibler divergence (1951) of a target distribution from softmax of the logits: as
 * cross-entropy, less what the target has of its own. */
#include "layer/loss/losses.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->loss_of_positions_forward(p->q, CNN_LOSS_KLDIV, 0, 0, p->x[0], p->targets, p->y[0]->data);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        p->k->loss_of_positions_backward(p->q, CNN_LOSS_KLDIV, 0, 0, p->loss_scale, p->x[0],
                                         p->targets, p->dx[0]);
}

const struct cnn_layer_type cnn_layer_kldiv = {
    .name = "kldiv",
    .summary = "loss: Kullback-Leibler divergence of the target from softmax of logits",
    .link = "softmax",
    .options = options,
    .forward = forward,
    .backward = backward,
    CNN_ANY_LOSS};
