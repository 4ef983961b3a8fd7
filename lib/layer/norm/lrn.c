/* Local response normalisation: each element is divided by a power of what its neighbours are like
 * (Krizhevsky, Sutskever, Hinton 2012, section 3.3). */
#include "layer/layer.h"

struct options {
    long long size;
    double alpha, beta, k;
    int within;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT(
        "size", struct options, size, "5", .min = 1, .max = 1 << 10, .position = 1, .metavar = "N",
        .help = "channels that are taken together, or rows and columns within a channel"),
    CNN_OPTION_REAL("alpha", struct options, alpha, "0.0001", .min = 0, .max = 1e6, .metavar = "X",
                    .help = "factor of the mean of the squares (where it is of their sum, as in "
                            "TensorFlow: give that times N)"),
    CNN_OPTION_REAL("beta", struct options, beta, "0.75", .min = 0, .max = 100, .metavar = "X",
                    .help = "exponent"),
    CNN_OPTION_REAL("k", struct options, k, "1", .min = 1e-9, .max = 1e9, .metavar = "X",
                    .help = "what is added to the mean"),
    CNN_OPTION_FLAG("within", struct options, within, "0", .metavar = "0|1",
                    .help = "squares are of size x size neighbours in the same channel (Caffe's "
                            "WITHIN_CHANNEL), not of channels at the same place"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    if (o->within && o->size % 2 == 0)
        return cnn_fail(CNN_EDATA, "size=%lld has no middle, which within=1 needs: it is odd",
                        o->size);
    l->out = l->in[0];
    return 0;
}

static struct cnn_lrn rule_of(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    return (struct cnn_lrn){.size = (size_t)o->size,
                            .alpha = o->alpha,
                            .beta = o->beta,
                            .k = o->k,
                            .within = o->within};
}

/* Saved: what the powers are of, laid out as the output. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    struct cnn_lrn g = rule_of(l);
    if (shapes->saves)
        out->saved[0] = cnn_tensor_elements(shapes->y[0]) * sizeof(real);
    out->work = b->kernels->lrn_work(&b->queue, &g, shapes->x[0]);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_lrn g = rule_of(l);
    p->k->lrn_forward(p->q, &g, p->x[0], p->y[0], p->saves ? p->saved[0] : NULL, p->work);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_lrn g = rule_of(l);
    if (p->dx[0])
        p->k->lrn_backward(p->q, &g, p->x[0], p->dy[0], p->saved[0], p->dx[0], p->work);
}

static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    const struct options *o = l->options;
    size_t size = o->within ? (size_t)o->size : 1;
    *out = (struct cnn_layer_window){.kernel = {size, size},
                                     .stride = {1, 1},
                                     .dilation = {1, 1},
                                     .before = {size / 2, size / 2},
                                     .after = {size / 2, size / 2}};
}

const struct cnn_layer_type cnn_layer_lrn = {
    .name = "lrn",
    .summary = "local response normalisation: x (k + alpha mean of neighbours' squares)^-beta",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .window = window,
};
