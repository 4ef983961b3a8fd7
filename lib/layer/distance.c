/* The Euclidean distance of two values, all of their elements taken as one vector: what pairs are told
 * apart by. */
#include "layer/layer.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static int setup(struct cnn_layer *l)
{
    char first[72], other[72];
    cnn_chw_format(l->in[0], first);
    cnn_chw_format(l->in[1], other);
    l->out = (struct cnn_chw){1, 1, 1};
    if (!cnn_chw_equal(l->in[0], l->in[1]))
        return cnn_fail(CNN_EDATA, "branches differ in shape: %s and %s", first, other);
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->distance_forward(p->q, p->x[0], p->x[1], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    for (int i = 0; i < l->inputs; i++)
        if (p->dx[i])
            p->k->distance_backward(p->q, i ? -1 : 1, p->x[0], p->x[1], p->y[0], p->dy[0],
                                    p->dx[i]);
}

const struct cnn_layer_type cnn_layer_distance = {
    .name = "distance",
    .summary = "Euclidean distance of two branches",
    .options = options,
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_NEEDS_Y | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
