/* Inverted dropout (Srivastava et al. 2014): in training each element is zeroed with probability
 * `rate` and the others grow by 1 / (1 - rate); at inference nothing happens. */
#include "layer/layer.h"

struct options {
    double rate;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("rate", struct options, rate, "0.5", .max = 0.999, .position = 1,
                    .metavar = "P", .help = "probability that an element is dropped"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    return 0;
}

static void drop(const struct cnn_layer *l, struct cnn_pass *p, const struct cnn_tensor *from,
                 struct cnn_tensor *to)
{
    const struct options *o = l->options;
    if (p->training && o->rate > 0)
        p->k->dropout(p->q, o->rate, p->seed, p->stream, from, to);
    else
        p->k->copy(p->q, from, to);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    drop(l, p, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dx[0])
        drop(l, p, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_dropout = {
    .name = "dropout",
    .summary = "zero a random part of the elements, in training",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_INPLACE,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
