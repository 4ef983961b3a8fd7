/* The hinge loss of several classes (Crammer and Singer 2001): how far each other class comes closer
 * than a margin to the target's. */
#include "layer/loss/losses.h"

struct options {
    double margin;
    long long power;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("margin", struct options, margin, "1", .min = 0, .max = 1e6, .position = 1,
                    .metavar = "X", .help = "how far the target's class is to be above the others"),
    CNN_OPTION_INT("p", struct options, power, "1", .min = 1, .max = 2, .metavar = "N",
                   .help = "what is missing counts as it is, or squared"),
    CNN_OPTION_END,
};

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->loss_of_positions_forward(p->q, CNN_LOSS_MARGIN, o->margin, (double)o->power, p->x[0],
                                    p->targets, p->y[0]->data);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->loss_of_positions_backward(p->q, CNN_LOSS_MARGIN, o->margin, (double)o->power,
                                         p->loss_scale, p->x[0], p->targets, p->dx[0]);
}

const struct cnn_layer_type cnn_layer_margin = {
    .name = "margin",
    .summary = "loss: margins between the target's class and the others",
    .options = options,
    .options_size = sizeof(struct options),
    .target = CNN_LOSS_TAKES_CLASSES,
    .forward = forward,
    .backward = backward,
    CNN_ANY_LOSS};
