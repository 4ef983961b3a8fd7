/* Branches side by side along channels. */
#include "layer/layer.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static int setup(struct cnn_layer *l)
{
    char first[72], other[72];
    l->out = l->in[0];
    for (int i = 1; i < l->inputs; i++) {
        if (l->in[i].h != l->in[0].h || l->in[i].w != l->in[0].w) {
            cnn_chw_format(l->in[0], first);
            cnn_chw_format(l->in[i], other);
            return cnn_fail(CNN_EDATA, "branches differ in height or width: %s and %s", first,
                            other);
        }
        l->out.c += l->in[i].c;
    }
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    p->k->concat_forward(p->q, l->inputs, p->x, p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    size_t channels[CNN_LAYER_MAX_INPUTS];
    for (int i = 0; i < l->inputs; i++)
        channels[i] = l->in[i].c;
    p->k->concat_backward(p->q, l->inputs, channels, p->dy[0], p->dx);
}

const struct cnn_layer_type cnn_layer_concat = {
    .name = "concat",
    .summary = "channels of branches one after another",
    .options = options,
    .min_inputs = 1,
    .max_inputs = CNN_LAYER_MAX_INPUTS,
    .flags = CNN_LAYER_ELEMENTWISE | CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
