/* Batch normalisation of each channel over the batch and all positions (Ioffe and Szegedy 2015).
 * With frozen parameters it uses its running statistics in training too, and keeps them; outside of
 * training it has the same gradient. */
#include "layer/layer.h"

struct options {
    double eps, momentum;
    int affine;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("eps", struct options, eps, "1e-5", .min = 1e-12, .max = 1, .metavar = "X",
                    .help = "added to the variance"),
    CNN_OPTION_REAL("momentum", struct options, momentum, "0.1", .max = 1, .metavar = "X",
                    .help = "weight of a new batch in the running statistics"),
    CNN_OPTION_FLAG("affine", struct options, affine, "1", .metavar = "0|1",
                    .help = "scale and shift each channel by trained numbers"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_shape shape = {1, {l->in[0].c}};
    l->out = l->in[0];
    if (o->affine) {
        cnn_layer_param(l, "weight", shape, CNN_INIT_ONE, 1, 1);
        cnn_layer_param(l, "bias", shape, CNN_INIT_ZERO, 1, 1);
    }
    cnn_layer_statistic(l, "running_mean", shape, CNN_INIT_ZERO);
    cnn_layer_statistic(l, "running_var", shape, CNN_INIT_ONE);
    return 0;
}

/* Saved: the batch's mean and 1 / sqrt(variance + eps). */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    (void)b;
    if (shapes->saves)
        out->saved[0] = out->saved[1] = l->in[0].c * sizeof(real);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    const struct cnn_tensor *gamma = o->affine ? p->w[0] : NULL, *beta = o->affine ? p->w[1] : NULL;
    struct cnn_tensor *const *statistics = p->w + (o->affine ? 2 : 0);
    if (p->training && !p->frozen)
        p->k->batchnorm_train(p->q, o->eps, p->again ? 0 : o->momentum, p->x[0], gamma, beta,
                              statistics[0], statistics[1], p->saved[0], p->saved[1], p->epilogue,
                              p->y[0]);
    else
        p->k->batchnorm_infer(p->q, o->eps, p->x[0], gamma, beta, statistics[0], statistics[1],
                              p->epilogue, p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    const struct cnn_tensor *gamma = o->affine ? p->w[0] : NULL, *beta = o->affine ? p->w[1] : NULL;
    struct cnn_tensor *dgamma = o->affine ? p->dw[0] : NULL, *dbeta = o->affine ? p->dw[1] : NULL;
    struct cnn_tensor *const *statistics = p->w + (o->affine ? 2 : 0);
    if (p->frozen || !p->training)
        p->k->batchnorm_backward_frozen(p->q, o->eps, p->x[0], gamma, beta, statistics[0],
                                        statistics[1], p->y[0], p->epilogue, p->dy[0], p->dx[0],
                                        p->dadd, dgamma, dbeta);
    else
        p->k->batchnorm_backward(p->q, p->x[0], gamma, beta, p->saved[0], p->saved[1], p->y[0],
                                 p->epilogue, p->dy[0], p->dx[0], p->dadd, dgamma, dbeta);
}

static void fold(const struct cnn_layer *l, struct cnn_pass *p, const struct cnn_tensor *w,
                 const struct cnn_tensor *b, struct cnn_tensor *w_out, struct cnn_tensor *b_out)
{
    const struct options *o = l->options;
    const struct cnn_tensor *gamma = o->affine ? p->w[0] : NULL, *beta = o->affine ? p->w[1] : NULL;
    struct cnn_tensor *const *statistics = p->w + (o->affine ? 2 : 0);
    p->k->batchnorm_fold(p->q, o->eps, gamma, beta, statistics[0], statistics[1], w, b, w_out,
                         b_out);
}

const struct cnn_layer_type cnn_layer_bn = {
    .name = "bn",
    .summary = "batch normalisation",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_ANY_LAYOUT | CNN_LAYER_MIXES_SAMPLES |
             CNN_LAYER_EPILOGUE | CNN_LAYER_EPILOGUE_BACKWARD,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .fold = fold,
};
