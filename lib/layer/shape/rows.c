/* The channels of a sample's rows, one after another, parted into rows anew: of one row several, or
 * of several one. Free where input and output share memory. */
#include "base/memory.h"
#include "layer/layer.h"

struct options {
    long long rows;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("rows", struct options, rows, NULL, .min = 1, .max = 1 << 20, .position = 1,
                   .metavar = "N", .help = "rows of the output"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t channels;
    if (cnn_mul_overflows(l->in_rows[0], l->in[0].c, &channels))
        return cnn_fail(CNN_EDATA, "too many channels");
    if (channels % (size_t)o->rows)
        return cnn_fail(CNN_EDATA, "%zu channels in all make no %lld rows of the same size",
                        channels, o->rows);
    l->out = l->in[0];
    l->out.c = channels / (size_t)o->rows;
    l->rows = (size_t)o->rows;
    return 0;
}

/* `to` has the numbers of `from` in the same order. */
static void move(const struct cnn_pass *p, const struct cnn_tensor *from, struct cnn_tensor *to)
{
    struct cnn_tensor view = *to;
    view.n = from->n;
    view.c = from->c;
    p->k->copy(p->q, from, &view);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    move(p, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        move(p, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_rows = {
    .name = "rows",
    .summary = "channels parted into rows, or rows side by side as channels",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_INPLACE | CNN_LAYER_MIXES_ROWS | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
