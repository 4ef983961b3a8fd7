/* Softmax cross-entropy loss of logits, with label smoothing (Szegedy et al. 2016). */
#include "layer/loss/losses.h"

struct options {
    double smooth;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL(
        "smooth", struct options, smooth, "0", .max = 1, .metavar = "P",
        .help = "label smoothing: the share of each target that is spread over all classes"),
    CNN_OPTION_END,
};

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->xent_forward(p->q, o->smooth, p->x[0], p->targets, p->y[0]->data);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->xent_backward(p->q, o->smooth, p->loss_scale, p->x[0], p->targets, p->dx[0]);
}

const struct cnn_layer_type cnn_layer_xent = {
    .name = "xent",
    .summary = "loss: softmax cross-entropy of logits",
    .options = options,
    .options_size = sizeof(struct options),
    .link = "softmax",
    .target = CNN_LOSS_TAKES_CLASSES,
    .weighs_classes = 1,
    CNN_ANY_LOSS,
    .forward = forward,
    .backward = backward,
};
