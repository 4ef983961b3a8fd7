/* Inverted dropout: in training, with probability `rate`, each element (Srivastava et al. 2014), each channel of a
 * sample (dropout2d, Tompson et al. 2015) or the whole of a sample (droppath, stochastic depth: Huang, Sun, Liu, Sedra,
 * Weinberger 2016) is zeroed, and the others grow by 1 / (1 - rate). At inference nothing happens. */
#include "layer/layer.h"

extern const struct cnn_layer_type cnn_layer_dropout, cnn_layer_droppath;

struct options {
    double rate;
};

#define RATE(usual, text)                                                                          \
    CNN_OPTION_REAL("rate", struct options, rate, usual, .max = 0.999, .position = 1,              \
                    .metavar = "P", .help = text)

static const struct cnn_option of_elements[] = {
    RATE("0.5", "probability that an element is dropped"),
    CNN_OPTION_END,
};
static const struct cnn_option of_channels[] = {
    RATE("0.5", "probability that a channel is dropped"),
    CNN_OPTION_END,
};
static const struct cnn_option of_samples[] = {
    RATE(NULL, "probability that a sample is dropped"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    return 0;
}

/* Forward and backward are the same map. */
static void drop(const struct cnn_layer *l, struct cnn_pass *p, const struct cnn_tensor *from,
                 struct cnn_tensor *to)
{
    double rate = ((const struct options *)l->options)->rate;
    if (!p->training || rate <= 0)
        p->k->copy(p->q, from, to);
    else if (l->type == &cnn_layer_dropout)
        p->k->dropout(p->q, rate, p->seed, p->stream, from, to);
    else
        p->k->dropout_planes(p->q, l->type == &cnn_layer_droppath ? (int)l->rows : 0, rate, p->seed,
                             p->stream, from, to);
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

/* clang-format off */
#define DROP(what, text, table, more)                                                              \
    const struct cnn_layer_type cnn_layer_##what = {                                               \
        .name = #what,                                                                             \
        .summary = text,                                                                           \
        .options = table,                                                                          \
        .options_size = sizeof(struct options),                                                    \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .flags = CNN_LAYER_DRAWS | CNN_LAYER_ELEMENTWISE | CNN_LAYER_INPLACE | (more),             \
        .setup = setup,                                                                            \
        .forward = forward,                                                                        \
        .backward = backward,                                                                      \
    };
DROP(dropout, "zero a random part of the elements, in training", of_elements, CNN_LAYER_RESTS)
DROP(dropout2d, "zero a random part of the channels, in training", of_channels, CNN_LAYER_ANY_LAYOUT | CNN_LAYER_RESTS)
DROP(droppath, "zero the whole of some samples, in training", of_samples, CNN_LAYER_ANY_LAYOUT | CNN_LAYER_RESTS)
/* clang-format on */
