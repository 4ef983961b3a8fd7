/* What a value's places have of their own, learned and added: a number for each element, the same for all samples
 * (position embeddings: Vaswani et al. 2017; Dosovitskiy et al. 2021). The tensor has the layer's own name, and
 * is (1, rows, numbers) or, of one row, (1, channels, height, width). */
#include "layer/layer.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static int setup(struct cnn_layer *l)
{
    struct cnn_chw in = l->in[0];
    size_t rows = l->in_rows[0];
    l->out = in;
    struct cnn_shape shape = {4, {1, in.c, in.h, in.w}};
    if (rows > 1)
        shape = (struct cnn_shape){3, {1, rows, cnn_chw_count(in)}};
    cnn_layer_param(l, "", shape, CNN_INIT_GAUSSIAN, 1, 1);
    cnn_layer_starts_at(l, 0.02);
    return 0;
}

/* A sample as one vector. */
static struct cnn_tensor by_sample(const struct cnn_layer *l, const struct cnn_tensor *t)
{
    struct cnn_tensor view = *t;
    view.n = t->n / l->rows;
    view.c = l->rows * t->c * t->h * t->w;
    view.h = view.w = 1;
    return view;
}

static struct cnn_tensor as_bias(const struct cnn_tensor *w)
{
    return cnn_tensor_plain(1, cnn_tensor_count(w), 1, 1, w->data);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_tensor y = by_sample(l, p->y[0]), bias = as_bias(p->w[0]);
    p->k->copy(p->q, p->x[0], p->y[0]);
    p->k->bias_forward(p->q, &bias, &y);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dw[0]) {
        struct cnn_tensor dy = by_sample(l, p->dy[0]), bias = as_bias(p->dw[0]);
        p->k->bias_backward(p->q, &dy, &bias);
    }
    if (p->dx[0])
        p->k->copy(p->q, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_position = {
    .name = "position",
    .summary = "a learned number added to each element, by its place in the sample",
    .options = options,
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_INPLACE,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
