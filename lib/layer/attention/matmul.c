/* Products of the planes of two branches as matrices, channel by channel: y = a b, of height and width
 * (m, n) from (m, k) and (k, n). */
#include "layer/layer.h"

struct options {
    int transpose_a, transpose_b;
};

static const struct cnn_option options[] = {
    CNN_OPTION_FLAG("transpose_a", struct options, transpose_a, "0", .metavar = "0|1",
                    .help = "the first branch's planes are (k, m)"),
    CNN_OPTION_FLAG("transpose_b", struct options, transpose_b, "0", .metavar = "0|1",
                    .help = "the second branch's planes are (n, k)"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_chw a = l->in[0], b = l->in[1];
    char first[72], other[72];
    cnn_chw_format(a, first);
    cnn_chw_format(b, other);
    size_t k = o->transpose_a ? a.h : a.w;
    l->out = (struct cnn_chw){a.c, o->transpose_a ? a.w : a.h, o->transpose_b ? b.h : b.w};
    if (a.c != b.c || k != (o->transpose_b ? b.w : b.h))
        return cnn_fail(CNN_EDATA, "%s and %s do not multiply: channels are alike, and %s is %s",
                        first, other, o->transpose_a ? "the first's height" : "the first's width",
                        o->transpose_b ? "the second's width" : "the second's height");
    return 0;
}

/* The planes of a plain tensor of that shape. */
static struct cnn_matrices planes(struct cnn_chw s, int transposed)
{
    struct cnn_matrices m = {.step = {s.c * s.h * s.w, s.h * s.w}, .row = s.w, .col = 1};
    if (transposed) {
        m.row = 1;
        m.col = s.w;
    }
    return m;
}

static struct cnn_matrices turned(struct cnn_matrices m)
{
    size_t row = m.row;
    m.row = m.col;
    m.col = row;
    return m;
}

static void multiply(struct cnn_pass *p, size_t c, size_t m, size_t n, size_t k,
                     const struct cnn_matrices g[3], const struct cnn_tensor *a,
                     const struct cnn_tensor *b, struct cnn_tensor *y)
{
    struct cnn_products product = {.batch = {y->n, c}, .m = m, .n = n, .k = k};
    product.a = g[0];
    product.b = g[1];
    product.c = g[2];
    p->k->products(p->q, &product, a, b, y);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    const struct cnn_matrices g[3] = {planes(l->in[0], o->transpose_a),
                                      planes(l->in[1], o->transpose_b), planes(l->out, 0)};
    size_t k = o->transpose_a ? l->in[0].h : l->in[0].w;
    multiply(p, l->out.c, l->out.h, l->out.w, k, g, p->x[0], p->x[1], p->y[0]);
}

/* da = dy b^T, db = a^T dy */
static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    struct cnn_matrices a = planes(l->in[0], o->transpose_a), b = planes(l->in[1], o->transpose_b);
    struct cnn_matrices y = planes(l->out, 0);
    size_t k = o->transpose_a ? l->in[0].h : l->in[0].w;
    if (p->dx[0])
        multiply(p, l->out.c, l->out.h, k, l->out.w, (struct cnn_matrices[]){y, turned(b), a},
                 p->dy[0], p->x[1], p->dx[0]);
    if (p->dx[1])
        multiply(p, l->out.c, k, l->out.w, l->out.h, (struct cnn_matrices[]){turned(a), y, b},
                 p->x[0], p->dy[0], p->dx[1]);
}

static uint64_t multiply_adds(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    return (uint64_t)cnn_chw_count(l->out) * (o->transpose_a ? l->in[0].h : l->in[0].w);
}

const struct cnn_layer_type cnn_layer_matmul = {
    .name = "matmul",
    .summary = "products of two branches' planes as matrices",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .multiply_adds = multiply_adds,
};
