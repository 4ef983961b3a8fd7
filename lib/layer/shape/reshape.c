/* The same numbers in another shape, in the order of rows, channels, height and width. Free where input
 * and output share memory. */
#include "base/memory.h"
#include "layer/layer.h"

struct options {
    struct cnn_reals shape;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REALS("shape", struct options, shape, NULL, .min = -1, .max = 1 << 24, .position = 1,
                     .metavar = "[ROWS,]C[,H[,W]]",
                     .help = "sizes of the output, of four the first the rows; 0: as the input has "
                             "it there; -1: what is left, once"),
    CNN_OPTION_END,
};

/* Rows, channels, height and width; SIZE_MAX where it is what is left. */
static int read_sizes(const struct cnn_layer *l, size_t size[4])
{
    const struct options *o = l->options;
    const size_t in[4] = {l->in_rows[0], l->in[0].c, l->in[0].h, l->in[0].w};
    int first = o->shape.count == 4 ? 0 : 1;
    size[0] = in[0];
    size[2] = size[3] = 1;
    if (o->shape.count > 4)
        return cnn_fail(CNN_EDATA, "shape: %d sizes; there are four", o->shape.count);
    for (int i = 0; i < o->shape.count; i++) {
        double v = o->shape.value[i];
        if (v != (double)(long long)v)
            return cnn_fail(CNN_EDATA, "shape: %g is no whole number", v);
        size[first + i] = v < 0 ? SIZE_MAX : v > 0 ? (size_t)v : in[first + i];
    }
    return 0;
}

static int setup(struct cnn_layer *l)
{
    size_t size[4], all = 1, have, left = 4;
    char shape[72];
    int rc = read_sizes(l, size);
    if (rc)
        return rc;
    for (size_t i = 0; i < 4; i++) {
        if (size[i] == SIZE_MAX && left < 4)
            return cnn_fail(CNN_EDATA, "shape: there is one -1 at most");
        if (size[i] == SIZE_MAX)
            left = i;
        else if (cnn_mul_overflows(all, size[i], &all))
            return cnn_fail(CNN_EDATA, "shape: it is too large");
    }
    cnn_chw_format(l->in[0], shape);
    if (cnn_mul_overflows(l->in_rows[0], cnn_chw_count(l->in[0]), &have) ||
        (left < 4 ? have % all : have != all))
        return cnn_fail(CNN_EDATA, "%zu row%s of %s do not make %zu numbers%s", l->in_rows[0],
                        l->in_rows[0] == 1 ? "" : "s", shape, all, left < 4 ? " each" : "");
    if (left < 4)
        size[left] = have / all;
    l->rows = size[0];
    if (((const struct options *)l->options)->shape.count < 4)
        cnn_layer_keeps_rows(l);
    l->out = (struct cnn_chw){size[1], size[2], size[3]};
    return 0;
}

/* `to` has the numbers of `from` in the same order. */
static void move(const struct cnn_pass *p, const struct cnn_tensor *from, struct cnn_tensor *to)
{
    struct cnn_tensor view = *to;
    view.n = from->n;
    view.c = from->c;
    view.h = from->h;
    view.w = from->w;
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

const struct cnn_layer_type cnn_layer_reshape = {
    .name = "reshape",
    .summary = "the same numbers in another shape",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_INPLACE | CNN_LAYER_MIXES_ROWS | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
