/* Vectors for numbers (words, characters, classes): each number of the input becomes a row, the learned vector of
 * that number. */
#include "base/memory.h"
#include "layer/layer.h"

struct options {
    long long count, size, padding;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("count", struct options, count, NULL, .min = 1, .max = 1 << 24, .position = 1,
                   .metavar = "N", .help = "how many numbers there are, from 0 on"),
    CNN_OPTION_INT("size", struct options, size, NULL, .min = 1, .max = 1 << 20, .position = 2,
                   .metavar = "N", .help = "numbers of a vector"),
    CNN_OPTION_INT("padding", struct options, padding, "-1", .min = -1, .max = 1 << 24,
                   .metavar = "N",
                   .help = "the number that stands for none, a vector of zeros; -1: there is none"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t count = (size_t)o->count, size = (size_t)o->size;
    if (o->padding >= o->count)
        return cnn_fail(CNN_EDATA, "padding=%lld is none of the numbers below %lld", o->padding,
                        o->count);
    if (cnn_mul_overflows(l->in_rows[0], cnn_chw_count(l->in[0]), &l->rows))
        l->rows = SIZE_MAX;
    l->out = (struct cnn_chw){size, 1, 1};
    /* N(0, 1), as PyTorch has it */
    cnn_layer_param(l, "weight", (struct cnn_shape){2, {count, size}}, CNN_INIT_LECUN_NORMAL, 1, 1);
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->embedding_forward(p->q, (int32_t)o->padding, p->x[0], p->w[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dw[0])
        p->k->embedding_backward(p->q, (int32_t)o->padding, p->x[0], p->dy[0], p->dw[0]);
    if (p->dx[0])
        cnn_layer_zero(p, p->dx[0]);
}

const struct cnn_layer_type cnn_layer_embedding = {
    .name = "embedding",
    .summary = "a learned vector for each number, in a row of its own",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags =
        CNN_LAYER_NEEDS_X | CNN_LAYER_MIXES_ROWS | CNN_LAYER_SEES_ALL | CNN_LAYER_READS_NUMBERS,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
