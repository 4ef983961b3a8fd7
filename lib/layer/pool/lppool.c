/* The p-norm of each window: y = (sum |x|^p)^(1/p). It is a pooling of sums between powers. */
#include "layer/pool/pooling.h"

static const struct cnn_option options[] = {
    CNN_POOLING_OPTIONS(0, "", ""),
    CNN_OPTION_REAL("p", struct cnn_pooling, p, "2", .min = 1, .max = 16, .metavar = "P",
                    .help = "of the norm; padding counts as zeros"),
    CNN_OPTION_END,
};

static struct cnn_window sums(const struct cnn_layer *l)
{
    struct cnn_window g = cnn_pooling_window(l);
    g.divisor = 1;
    return g;
}

static double p_of(const struct cnn_layer *l)
{
    const struct cnn_pooling *o = l->options;
    return o->p;
}

/* Work: |x|^p, or in backward what outputs' gradients are times their slopes. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    (void)l;
    (void)b;
    size_t x = cnn_tensor_elements(shapes->x[0]), y = cnn_tensor_elements(shapes->y[0]);
    out->work = (x > y ? x : y) * sizeof(real);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = sums(l);
    struct cnn_tensor terms = *p->x[0];
    terms.data = p->work;
    p->k->power(p->q, p_of(l), p->x[0], &terms);
    p->k->avgpool_forward(p->q, &g, &terms, p->y[0]);
    p->k->power(p->q, 1 / p_of(l), p->y[0], p->y[0]);
}

/* dx = x |x|^(p - 2) sum over windows of dy y^(1 - p) */
static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = sums(l);
    struct cnn_tensor shares = *p->dy[0];
    if (!p->dx[0])
        return;
    shares.data = p->work;
    p->k->power_times(p->q, -p_of(l), p->y[0], p->dy[0], &shares);
    p->k->avgpool_backward(p->q, &g, &shares, p->dx[0]);
    p->k->power_times(p->q, p_of(l) - 2, p->x[0], p->dx[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_lppool = {
    .name = "lppool",
    .summary = "p-norm of windows",
    .options = options,
    .options_size = sizeof(struct cnn_pooling),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_NEEDS_Y | CNN_LAYER_ANY_LAYOUT,
    .setup = cnn_pooling_setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .window = cnn_pooling_layer_window,
    .slide = cnn_pooling_slide,
};
