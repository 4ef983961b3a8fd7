/* The rows of a sample in which one number is above a limit, in their order, and so many are real from
 * here on; zeros behind them. Of scores of regions: those that are worth a look. */
#include "layer/layer.h"

struct options {
    double above;
    long long channel;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("above", struct options, above, "0.5", .min = -1e9, .max = 1e9, .position = 1,
                    .metavar = "X", .help = "rows stay whose number is above it"),
    CNN_OPTION_INT("channel", struct options, channel, "0", .max = 1 << 20, .metavar = "N",
                   .help = "which of a row's numbers that is, from 0 on"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_chw in = l->in[0];
    char shape[72];
    cnn_chw_format(in, shape);
    if (in.h * in.w != 1)
        return cnn_fail(CNN_EDATA, "rows are vectors, not %s", shape);
    if ((size_t)o->channel >= in.c)
        return cnn_fail(CNN_EDATA, "channel %lld: rows have %zu numbers", o->channel, in.c);
    l->out = in;
    l->rows = l->in_rows[0];
    cnn_layer_counts_rows(l, 0);
    return 0;
}

/* Saved: int32 per row, where it comes from, and where it goes to. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    (void)l;
    (void)b;
    out->saved[0] = out->saved[1] = shapes->x[0]->n * sizeof(int32_t);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->rows_above(p->q, (size_t)o->channel, o->above, l->in_rows[0], p->x_rows[0], p->x[0],
                     p->y_rows[0], p->saved[0], p->saved[1]);
    p->k->rows_gather(p->q, p->saved[0], p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        p->k->rows_gather(p->q, p->saved[1], p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_rowfilter = {
    .name = "rowfilter",
    .summary = "rows with a number above a limit, first",
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
