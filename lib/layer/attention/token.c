/* Learned rows in front of the others, the same for all samples, such as the class token of a transformer (Devlin
 * et al. 2019; Dosovitskiy et al. 2021). The tensor has the layer's own name. */
#include "layer/layer.h"

struct options {
    long long count;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("count", struct options, count, "1", .min = 1, .max = 1 << 20, .position = 1,
                   .metavar = "N", .help = "how many rows"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t count = (size_t)o->count;
    l->out = l->in[0];
    l->rows = l->in_rows[0] + count;
    cnn_layer_param(l, "", (struct cnn_shape){3, {1, count, cnn_chw_count(l->in[0])}},
                    CNN_INIT_GAUSSIAN, 1, 1);
    cnn_layer_starts_at(l, 0.02);
    return 0;
}

/* The rows of each sample as one vector. */
static struct cnn_tensor by_sample(const struct cnn_tensor *t, size_t rows)
{
    struct cnn_tensor view = *t;
    view.n = t->n / rows;
    view.c = rows * t->c * t->h * t->w;
    view.h = view.w = 1;
    return view;
}

/* The parameter as what is added to each channel of such vectors. */
static struct cnn_tensor as_bias(const struct cnn_tensor *w)
{
    return cnn_tensor_plain(1, cnn_tensor_count(w), 1, 1, w->data);
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    const struct options *o = l->options;
    struct cnn_tensor rows = *shapes->x[0];
    (void)b;
    rows.n = rows.n / l->in_rows[0] * (size_t)o->count;
    out->work = cnn_tensor_size(&rows);
}

/* The rows of all samples, in scratch memory. */
static struct cnn_tensor tokens(const struct cnn_layer *l, const struct cnn_pass *p,
                                const struct cnn_tensor *like)
{
    const struct options *o = l->options;
    struct cnn_tensor t = *like;
    t.c = (size_t)o->count * cnn_chw_count(l->out);
    t.data = p->work;
    return t;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_tensor x = by_sample(p->x[0], l->in_rows[0]), y = by_sample(p->y[0], l->rows);
    struct cnn_tensor rows = tokens(l, p, &x), bias = as_bias(p->w[0]);
    const struct cnn_tensor *parts[] = {&rows, &x};
    cnn_layer_zero(p, &rows);
    p->k->bias_forward(p->q, &bias, &rows);
    p->k->concat_forward(p->q, 2, parts, &y);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_tensor dy = by_sample(p->dy[0], l->rows), rows = tokens(l, p, &dy), dx;
    struct cnn_tensor *parts[] = {&rows, NULL};
    size_t channels[] = {rows.c, dy.c - rows.c};
    if (p->dx[0]) {
        dx = by_sample(p->dx[0], l->in_rows[0]);
        parts[1] = &dx;
    }
    p->k->concat_backward(p->q, 2, channels, &dy, parts);
    if (p->dw[0]) {
        struct cnn_tensor bias = as_bias(p->dw[0]);
        p->k->bias_backward(p->q, &rows, &bias);
    }
}

const struct cnn_layer_type cnn_layer_token = {
    .name = "token",
    .summary = "learned rows in front of the others",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_MIXES_ROWS,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
};
