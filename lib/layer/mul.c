/* The product of two branches, y = x0 x1, element by element or, where x1 has one row and one
 * column, by one number for each channel (squeeze and excitation; Hu, Shen, Sun 2018). */
#include "layer/layer.h"

static const struct cnn_option options[] = {CNN_OPTION_END};

static int is_number(const struct cnn_layer *l)
{
    return !cnn_chw_equal(l->in[0], l->in[1]);
}

static int setup(struct cnn_layer *l)
{
    char first[72], other[72];
    struct cnn_chw a = l->in[0], b = l->in[1];
    l->out = a;
    if (cnn_chw_equal(a, b) || (a.c == b.c && b.h == 1 && b.w == 1))
        return 0;
    cnn_chw_format(a, first);
    cnn_chw_format(b, other);
    return cnn_fail(CNN_EDATA,
                    "%s cannot be multiplied by %s, which is neither the same nor %zux1x1", first,
                    other, a.c);
}

/* A number of the whole plane for its elements: of a part of it there is another for each. */
static int slide(const struct cnn_layer *l, struct cnn_buf *line)
{
    (void)line;
    return is_number(l) ? cnn_fail(CNN_EDATA, "each channel is multiplied by a number that is made "
                                              "of the whole plane")
                        : 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->mul(p->q, p->x[0], p->x[1], p->y[0]);
}

/* dx[0] may be dy's memory, so that it comes last. */
static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dx[1] && is_number(l))
        p->k->mul_planes(p->q, p->dy[0], p->x[0], p->dx[1]);
    else if (p->dx[1])
        p->k->mul(p->q, p->dy[0], p->x[0], p->dx[1]);
    if (p->dx[0])
        p->k->mul(p->q, p->dy[0], p->x[1], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_mul = {
    .name = "mul",
    .summary = "product of two branches; the second may be one number for each channel",
    .options = options,
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = CNN_LAYER_ELEMENTWISE | CNN_LAYER_NEEDS_X | CNN_LAYER_INPLACE | CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .slide = slide,
};
