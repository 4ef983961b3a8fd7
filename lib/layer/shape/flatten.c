/* The same numbers as a vector: (c, h, w) to (c h w, 1, 1), in that order. Free where input and
 * output share memory. */
#include "layer/layer.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static int setup(struct cnn_layer *l)
{
    l->out = (struct cnn_chw){cnn_chw_count(l->in[0]), 1, 1};
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->copy(p->q, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        p->k->copy(p->q, p->dy[0], p->dx[0]);
}

/* What reads the vector element by element may as well read the plane. */
static int slide(const struct cnn_layer *l, struct cnn_buf *line)
{
    (void)l;
    cnn_buf_puts(line, "identity");
    return 1;
}

const struct cnn_layer_type cnn_layer_flatten = {
    .name = "flatten",
    .summary = "channels, rows and columns as one vector",
    .options = options,
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_INPLACE | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .slide = slide,
};
