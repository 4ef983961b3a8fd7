/* The rows of a sample as one: their mean, the largest of each element, or the last row; of those that
 * are real. Zeros where none is. */
#include "layer/layer.h"

struct options {
    enum cnn_rows_pool how;
};

static const struct cnn_option options[] = {
    CNN_OPTION_CHOICE("how", struct options, how, "mean", CNN_ROWS_POOLS, .position = 1,
                      .metavar = "HOW", .help = "what of the rows"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    l->rows = 1;
    return 0;
}

/* Saved: int32 per output, the row that its element was in. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    const struct options *o = l->options;
    (void)b;
    if (shapes->saves && o->how == CNN_ROWS_MAX)
        out->saved[0] = cnn_tensor_elements(shapes->y[0]) * sizeof(int32_t);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->rows_pool_forward(p->q, o->how, l->in_rows[0], p->x_rows[0], p->x[0], p->y[0],
                            p->saves ? p->saved[0] : NULL);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->rows_pool_backward(p->q, o->how, l->in_rows[0], p->x_rows[0], p->dy[0], p->saved[0],
                                 p->dx[0]);
}

const struct cnn_layer_type cnn_layer_rowpool = {
    .name = "rowpool",
    .summary = "the mean, maximum or last of a sample's rows",
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
