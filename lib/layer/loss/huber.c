/* Huber's loss (1964), of errors d = x - t: d^2 / 2 up to delta, delta (|d| - delta / 2) beyond. */
#include "layer/loss/losses.h"

struct options {
    double delta;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("delta", struct options, delta, "1", .min = 1e-6, .max = 1e6, .metavar = "X",
                    .help = "errors above count by their size, those below by their square"),
    CNN_OPTION_END,
};

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->loss_forward(p->q, CNN_LOSS_HUBER, o->delta, 0, p->x[0], p->targets, p->y[0]->data);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->loss_backward(p->q, CNN_LOSS_HUBER, o->delta, 0, p->loss_scale, p->x[0], p->targets,
                            p->dx[0]);
}

const struct cnn_layer_type cnn_layer_huber = {
    .name = "huber",
    .summary = "loss: squares of small errors, sizes of large ones",
    .options = options,
    .options_size = sizeof(struct options),
    .forward = forward,
    .backward = backward,
    CNN_ANY_LOSS};
