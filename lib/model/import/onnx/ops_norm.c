/* Normalisations of ONNX; see onnx_ops.def. */
#include <stdio.h>
#include <stdlib.h>

#include "model/import/onnx/ops.h"

/* What is left of 1, as decimals say it. */
static double rest_of_one(double x)
{
    char text[32];
    return 1 - strtod(cnn_onnx_format(x, text), NULL);
}

int cnn_onnx_batchnorm(struct onnx_graph *g, const struct onnx_node *n)
{
    static const char *const suffix[] = {"weight", "bias", "running_mean", "running_var"};
    double eps = cnn_onnx_real(n, "epsilon", (double)1e-5F);
    const struct onnx_value *x = n->in[0];
    const struct onnx_constant *from[4];
    struct cnn_chw shape;
    char number[2][32];
    for (int i = 0; i < 4; i++)
        if (!(from[i] = cnn_onnx_weight(n, 1 + i, suffix[i])))
            return cnn_error_code();
    if (cnn_onnx_int(n, "training_mode", 0) || !cnn_onnx_int(n, "spatial", 1))
        return cnn_fail(CNN_EDATA, "it is not of whole channels, or in training");
    int rc = cnn_onnx_spatial(g, n->in[0], &shape);
    if (rc)
        return rc;
    const char *label = cnn_onnx_label(g, n, n->in[1]);
    rc = cnn_onnx_line(g, n->out[0], label, &x, 1, shape, "bn eps=%s momentum=%s",
                       cnn_onnx_format(eps < 1e-12 ? 1e-12 : eps, number[0]),
                       cnn_onnx_format(rest_of_one(cnn_onnx_real(n, "momentum", 0.9)), number[1]));
    for (int i = 0; !rc && i < 4; i++)
        rc = cnn_onnx_param(g, label, suffix[i], from[i], 1, &shape.c);
    cnn_onnx_like(g, n->out[0], x->rank, shape);
    return rc;
}

/* Of each sample by itself */

struct norm {
    const char *words;                         /* with what is not said below */
    const struct onnx_constant *weight, *bias; /* NULL: 1, 0 */
    struct cnn_shape shape;                    /* theirs */
    int bare;                                  /* there are none */
};

/* Inputs as weights. */
static int read_weights(const struct onnx_node *n, struct norm *out)
{
    out->weight = cnn_onnx_weight(n, 1, "scale");
    out->bias = cnn_onnx_has(n, 2) ? cnn_onnx_weight(n, 2, "bias") : NULL;
    return out->weight && (out->bias || !cnn_onnx_has(n, 2)) ? 0 : cnn_error_code();
}

/* Whether they change nothing: that operator must have some. */
static int is_bare(struct onnx_graph *g, const struct norm *m)
{
    return cnn_onnx_is_all(g, m->weight, 1) && (!m->bias || cnn_onnx_is_all(g, m->bias, 0));
}

/* LABEL: WORDS eps= affine=, of what n reads, as `out`: in the order in which that is. */
static int add_norm(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *out,
                    const char *label, const struct norm *m)
{
    const struct onnx_value *x = n->in[0];
    double eps = cnn_onnx_real(n, "epsilon", (double)1e-5F);
    char number[32];
    int rc = cnn_onnx_line(g, out, label, &x, 1, x->shape, "%s eps=%s affine=%d", m->words,
                           cnn_onnx_format(eps < 1e-12 ? 1e-12 : eps, number), !m->bare);
    if (!rc && !m->bare)
        rc = cnn_onnx_param(g, label, "weight", m->weight ? m->weight : cnn_onnx_fill(g, 1),
                            m->shape.rank, m->shape.dim);
    if (!rc && !m->bare)
        rc = cnn_onnx_param(g, label, "bias", m->bias ? m->bias : cnn_onnx_fill(g, 0),
                            m->shape.rank, m->shape.dim);
    out->view = x->view;
    cnn_onnx_set_dims(out, x->rank, x->dim);
    return rc;
}

/* A number for each group as one for each of its channels; what is so already, or is one number, as it is. */
static const struct onnx_constant *of_channels(struct onnx_graph *g, const struct onnx_constant *c,
                                               size_t groups, size_t channels)
{
    double *x;
    if (!c || c->count != groups || groups == channels || c->count == 1)
        return c;
    const double *from = cnn_onnx_numbers(g, c);
    struct onnx_constant *to = from ? cnn_onnx_numbers_new(g, 1, &channels, 0, &x) : NULL;
    for (size_t i = 0; to && i < channels; i++)
        x[i] = from[i / (channels / groups)];
    return to;
}

/* What exporters write behind groups that a Reshape made channels: one back to dim (rank), a Mul and an Add by channels,
 * which are the weights then. The last of these nodes, NULL where it is not so. */
static const struct onnx_node *groups_end(struct onnx_graph *g, const struct onnx_node *n,
                                          struct norm *m, const char **label, int *rank,
                                          size_t *dim)
{
    const struct onnx_node *back = cnn_onnx_only_user(n->out[0], "Reshape"), *mul, *add;
    struct onnx_value whole = *n->in[0];
    cnn_onnx_alias(n->out[0], n->in[0]); /* a Reshape goes by what it reads */
    if (!back || !back->out[0] || cnn_onnx_reshaped(g, back, rank, dim) || *rank < 3 ||
        dim[1] != whole.shape.c)
        return NULL;
    cnn_onnx_set_dims(&whole, *rank, dim);
    m->weight = cnn_onnx_then(back->out[0], "Mul", &whole, &mul);
    const struct onnx_value *y = mul ? mul->out[0] : back->out[0];
    m->bias = cnn_onnx_then(y, "Add", &whole, &add);
    m->bare = !mul && !add;
    *label = cnn_onnx_label(g, mul ? mul : back, mul ? mul->in[mul->in[0] == back->out[0]] : NULL);
    const struct onnx_node *last = add ? add : mul ? mul : back;
    if (last != back)
        cnn_onnx_alias(back->out[0], &whole);
    if (add && mul)
        cnn_onnx_alias(mul->out[0], &whole);
    return last;
}

/* Channels in that many groups. */
static int add_groups(struct onnx_graph *g, const struct onnx_node *n, size_t groups,
                      struct norm *m)
{
    size_t channels = n->in[0]->shape.c, dim[ONNX_MAX_RANK];
    const char *label;
    int rank;
    m->shape = (struct cnn_shape){1, {channels}};
    if (!(m->words = cnn_arena_printf(g->arena, "groupnorm %zu", groups)))
        return CNN_ESYSTEM;
    const struct onnx_node *last = m->bare ? groups_end(g, n, m, &label, &rank, dim) : NULL;
    if (last) {
        int rc = add_norm(g, n, last->out[0], label, m);
        cnn_onnx_set_dims(last->out[0], rank, dim);
        return rc;
    }
    if (!m->bare && !((m->weight = of_channels(g, m->weight, groups, channels))))
        return cnn_error_code();
    if (!m->bare && m->bias && !(m->bias = of_channels(g, m->bias, groups, channels)))
        return cnn_error_code();
    return add_norm(g, n, n->out[0], cnn_onnx_label(g, n, n->in[1]), m);
}

/* The slices of a volume one below the other, as they are taken together. */
static int as_plane(struct onnx_graph *g, struct onnx_value *x, struct cnn_chw *shape)
{
    const size_t *d = x->dim;
    if (x->rank != 5)
        return cnn_onnx_plain(g, x, shape);
    *shape = (struct cnn_chw){d[1], d[2], d[3] * d[4]};
    return d[0] == g->batch ? cnn_onnx_arrange(g, x, 1, *shape, "rchw")
                            : cnn_fail(CNN_EDATA, "axes that do not keep samples apart");
}

/* Of channels, or of groups of them, which a Reshape has made the second dimension. */
int cnn_onnx_instancenorm(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value *x = n->in[0];
    size_t groups = x->rank > 2 ? x->dim[1] : 0;
    struct norm m = {.words = "instancenorm"};
    struct cnn_chw shape;
    int rc = read_weights(n, &m);
    if (rc)
        return rc;
    m.bare = is_bare(g, &m);
    if (groups && groups < x->shape.c && x->shape.c % groups == 0 && cnn_onnx_in_order(x) &&
        x->dim[0] == g->batch * x->rows)
        return add_groups(g, n, groups, &m);
    if ((rc = as_plane(g, x, &shape)))
        return rc;
    m.shape = (struct cnn_shape){1, {shape.c}};
    return add_norm(g, n, n->out[0], cnn_onnx_label(g, n, n->in[1]), &m);
}

int cnn_onnx_groupnorm(struct onnx_graph *g, const struct onnx_node *n)
{
    struct cnn_chw shape;
    struct norm m = {0};
    int64_t groups = cnn_onnx_int(n, "num_groups", 1);
    int rc = read_weights(n, &m);
    if (!rc)
        rc = as_plane(g, n->in[0], &shape);
    if (rc)
        return rc;
    if (groups < 1 || shape.c % (uint64_t)groups)
        return cnn_fail(CNN_EDATA, "%lld groups of %zu channels", (long long)groups, shape.c);
    return add_groups(g, n, (size_t)groups, &m);
}

/* Those that are the same along some of the axes from that one on. */
static int spread_weights(struct onnx_graph *g, const struct onnx_value *x, int axis,
                          struct norm *m)
{
    const struct onnx_constant **each[2] = {&m->weight, &m->bias};
    for (int i = 0; i < 2; i++)
        if (*each[i] && (*each[i])->count > 1 && (*each[i])->count != cnn_shape_count(&m->shape) &&
            !(*each[i] = cnn_onnx_spread(g, *each[i], x->rank - axis, x->dim + axis)))
            return cnn_error_code();
    return 0;
}

/* Of all elements from an axis on: of a sample, of the channels of each place, or of rows. */
int cnn_onnx_layernorm(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value *x = n->in[0];
    struct cnn_chw shape = x->shape;
    struct norm m = {.words = "layernorm2d", .shape = {1, {shape.c}}};
    int axis, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", -1), x->rank, &axis);
    if (!rc)
        rc = read_weights(n, &m);
    if (rc)
        return rc;
    if (axis != x->rank - 1 || shape.h * shape.w == 1 || !cnn_onnx_channels_last(g, x)) {
        rc = axis == 1 && x->rank < 5 ? cnn_onnx_plain(g, x, &shape) : cnn_onnx_as_rows(g, x, axis);
        shape = x->shape;
        m.words = "layernorm";
        m.shape = (struct cnn_shape){shape.h * shape.w > 1 ? 3 : 1, {shape.c, shape.h, shape.w}};
        if (!rc)
            rc = spread_weights(g, x, axis, &m);
    }
    return rc ? rc : add_norm(g, n, n->out[0], cnn_onnx_label(g, n, n->in[1]), &m);
}

/* The others */

int cnn_onnx_lrn(struct onnx_graph *g, const struct onnx_node *n)
{
    char alpha[32], beta[32], k[32];
    struct cnn_chw shape;
    int64_t size = cnn_onnx_int(n, "size", 0);
    int rc = cnn_onnx_plain(g, n->in[0], &shape);
    if (rc)
        return rc;
    if (size < 1 || size % 2 == 0)
        return cnn_fail(CNN_EDATA, "size of %lld: it is odd", (long long)size);
    return cnn_onnx_layer(g, n, n->in[0], shape, "lrn %lld alpha=%s beta=%s k=%s", (long long)size,
                          cnn_onnx_format(cnn_onnx_real(n, "alpha", 1e-4), alpha),
                          cnn_onnx_format(cnn_onnx_real(n, "beta", 0.75), beta),
                          cnn_onnx_format(cnn_onnx_real(n, "bias", 1), k));
}

/* Before opset 13 all axes from the one on are taken together. */
int cnn_onnx_softmax(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value *x = n->in[0], *out = n->out[0];
    int axis, rc = cnn_onnx_axis(cnn_onnx_int(n, "axis", g->opset < 13 ? 1 : -1), x->rank, &axis);
    if (!rc)
        rc = g->opset < 13 && axis < x->rank - 1 ? cnn_onnx_as_rows(g, x, axis)
                                                 : cnn_onnx_as_channels(g, x, axis);
    if (rc)
        return rc;
    const struct onnx_value *from = x;
    rc = cnn_onnx_line(g, out, cnn_onnx_label(g, n, NULL), &from, 1, x->shape, "softmax");
    out->view = x->view;
    cnn_onnx_set_dims(out, x->rank, x->dim);
    return rc;
}
