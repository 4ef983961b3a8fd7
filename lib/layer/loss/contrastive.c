/* The contrastive loss (Hadsell, Chopra, LeCun 2006) of a distance x: x^2 / 2 for pairs of the first
 * class (t = 0: alike), max(0, margin - x)^2 / 2 for those of the second (t = 1). */
#include "layer/loss/losses.h"

struct options {
    double margin;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("margin", struct options, margin, "1", .min = 1e-6, .max = 1e6, .position = 1,
                    .metavar = "X", .help = "how far apart is far enough for what is not alike"),
    CNN_OPTION_END,
};

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->loss_forward(p->q, CNN_LOSS_CONTRASTIVE, o->margin, 0, p->x[0], p->targets,
                       p->y[0]->data);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->loss_backward(p->q, CNN_LOSS_CONTRASTIVE, o->margin, 0, p->loss_scale, p->x[0],
                            p->targets, p->dx[0]);
}

const struct cnn_layer_type cnn_layer_contrastive = {
    .name = "contrastive",
    .summary = "loss: distances, small for 0 (alike), above a margin for 1",
    .options = options,
    .options_size = sizeof(struct options),
    .target = CNN_LOSS_TAKES_LABELS,
    .forward = forward,
    .backward = backward,
    CNN_ANY_LOSS};
