/* Functions of single elements; see onnx_ops.def. */
#include <math.h>
#include <string.h>

#include "model/import/onnx/ops.h"

/* A layer for which it is all the same in which order elements stand: of what n reads, what
 * `last` gives. */
static int elementwise(struct onnx_graph *g, const struct onnx_node *n,
                       const struct onnx_node *last, const char *words)
{
    const struct onnx_value *x = n->in[0];
    struct onnx_value *out = last->out[0];
    int rc = cnn_onnx_line(g, out, cnn_onnx_label(g, last, NULL), &x, 1, x->shape, "%s", words);
    out->view = x->view;
    cnn_onnx_set_dims(out, x->rank, x->dim);
    return rc;
}

#define SIMPLE(name, words)                                                                        \
    int cnn_onnx_##name(struct onnx_graph *g, const struct onnx_node *n)                           \
    {                                                                                              \
        return elementwise(g, n, n, words);                                                        \
    }
SIMPLE(relu, "relu")
SIMPLE(tanh_of, "tanh")
SIMPLE(hardswish, "hardswish")
SIMPLE(mish, "mish")
SIMPLE(softsign, "softsign")

/* The Mul of x and what was made of it, where nothing else reads that. */
static const struct onnx_node *times(const struct onnx_value *x, const struct onnx_value *y)
{
    const struct onnx_node *mul = cnn_onnx_only_user(y, "Mul");
    return mul && mul->ins == 2 && mul->out[0] &&
                   ((mul->in[0] == x && mul->in[1] == y) || (mul->in[0] == y && mul->in[1] == x))
               ? mul
               : NULL;
}

/* One line for both: the value between is not there, and nobody asks for it. */
static int together(struct onnx_graph *g, const struct onnx_node *n, const struct onnx_node *last,
                    const char *words)
{
    cnn_onnx_alias(n->out[0], n->in[0]);
    return elementwise(g, n, last, words);
}

/* x / (1 + exp(-x)) is exported as a product. */
int cnn_onnx_sigmoid(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_node *mul = times(n->in[0], n->out[0]);
    return mul ? together(g, n, mul, "silu") : elementwise(g, n, n, "sigmoid");
}

/* x tanh(log(1 + exp(x))) as well. */
int cnn_onnx_softplus(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_node *tanh = cnn_onnx_only_user(n->out[0], "Tanh");
    const struct onnx_node *mul = tanh && tanh->out[0] ? times(n->in[0], tanh->out[0]) : NULL;
    if (!mul)
        return elementwise(g, n, n, "softplus");
    cnn_onnx_alias(tanh->out[0], n->in[0]);
    return together(g, n, mul, "mish");
}

/* min(max(alpha x + beta, 0), 1). */
int cnn_onnx_hardsigmoid(struct onnx_graph *g, const struct onnx_node *n)
{
    double alpha = cnn_onnx_real(n, "alpha", (double)0.2F), beta = cnn_onnx_real(n, "beta", 0.5);
    int ours = fabs(6 * alpha - 1) < 1e-6 && fabs(beta - 0.5) < 1e-6;
    const struct onnx_node *mul = ours ? times(n->in[0], n->out[0]) : NULL;
    struct onnx_value scaled;
    struct onnx_value *x = n->in[0];
    if (mul)
        return together(g, n, mul, "hardswish");
    if (ours)
        return elementwise(g, n, n, "hardsigmoid");
    cnn_onnx_alias(n->out[0], x);
    scaled = *n->out[0];
    const struct onnx_value *from = &scaled;
    int rc = cnn_onnx_affine(g, &scaled, cnn_onnx_label(g, n, NULL), x, cnn_onnx_fill(g, 6 * alpha),
                             cnn_onnx_fill(g, 6 * (beta - 0.5)));
    if (!rc)
        rc = cnn_onnx_line(g, n->out[0], cnn_onnx_label(g, n, NULL), &from, 1, x->shape,
                           "hardsigmoid");
    n->out[0]->view = x->view;
    return rc;
}

static int with_number(struct onnx_graph *g, const struct onnx_node *n, const char *word, double x)
{
    char number[32];
    const char *words = cnn_arena_printf(g->arena, "%s %s", word, cnn_onnx_format(x, number));
    return words ? elementwise(g, n, n, words) : CNN_ESYSTEM;
}

int cnn_onnx_leakyrelu(struct onnx_graph *g, const struct onnx_node *n)
{
    double alpha = cnn_onnx_real(n, "alpha", (double)0.01F);
    if (!(alpha >= 0 && alpha <= 1))
        return cnn_fail(CNN_EDATA, "alpha of %g: it is 0 to 1", alpha);
    return with_number(g, n, "leakyrelu", alpha);
}

int cnn_onnx_elu(struct onnx_graph *g, const struct onnx_node *n)
{
    double alpha = cnn_onnx_real(n, "alpha", 1);
    if (!(alpha >= 0 && alpha <= 100))
        return cnn_fail(CNN_EDATA, "alpha of %g: it is 0 to 100", alpha);
    return with_number(g, n, "elu", alpha);
}

int cnn_onnx_gelu(struct onnx_graph *g, const struct onnx_node *n)
{
    return elementwise(g, n, n,
                       cnn_onnx_is(n, "approximate", "tanh") ? "gelu approximate=tanh" : "gelu");
}

/* Slopes that are one number, or one for each channel: LABEL.weight. */
int cnn_onnx_prelu(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_value *x = n->in[0];
    const struct onnx_constant *slope = cnn_onnx_weight(n, 1, "slope");
    struct cnn_chw shape;
    if (!slope)
        return cnn_error_code();
    int first = slope->rank == 1 && g->opset < 7 ? 1 : -1;
    if (!cnn_onnx_by_channel(x, slope, first))
        return cnn_fail(CNN_EDATA, "slopes that are neither one number nor one for each channel");
    int rc = cnn_onnx_spatial(g, n->in[0], &shape);
    if (rc)
        return rc;
    size_t count = slope->count == 1 ? 1 : shape.c;
    const char *label = cnn_onnx_label(g, n, n->in[1]);
    rc = cnn_onnx_line(g, n->out[0], label, &x, 1, shape, "prelu%s", count == 1 ? " shared=1" : "");
    if (!rc)
        rc = cnn_onnx_param(g, label, "weight", slope, 1, &count);
    cnn_onnx_like(g, n->out[0], x->rank, shape);
    return rc;
}

/* gamma elu(x), which is selu with the numbers that make it normalise itself. */
int cnn_onnx_selu(struct onnx_graph *g, const struct onnx_node *n)
{
    static const double usual[2] = {1.67326319217681884765625, 1.05070102214813232421875};
    double alpha = cnn_onnx_real(n, "alpha", usual[0]), gamma = cnn_onnx_real(n, "gamma", usual[1]);
    if (fabs(alpha - usual[0]) < 1e-6 && fabs(gamma - usual[1]) < 1e-6)
        return elementwise(g, n, n, "selu");
    if (!(alpha >= 0 && alpha <= 100))
        return cnn_fail(CNN_EDATA, "alpha of %g: it is 0 to 100", alpha);
    int rc = with_number(g, n, "elu", alpha);
    const struct onnx_value bare = *n->out[0];
    if (!rc)
        rc = cnn_onnx_affine(g, n->out[0], cnn_onnx_label(g, n, NULL), &bare,
                             cnn_onnx_fill(g, gamma), NULL);
    n->out[0]->view = bare.view;
    return rc;
}

int cnn_onnx_celu(struct onnx_graph *g, const struct onnx_node *n)
{
    double alpha = cnn_onnx_real(n, "alpha", 1);
    if (!(alpha >= 1e-3 && alpha <= 100))
        return cnn_fail(CNN_EDATA, "alpha of %g: it is 0.001 to 100", alpha);
    return with_number(g, n, "celu", alpha);
}

/* Limits */

static int limit(struct onnx_graph *g, const struct onnx_node *n, const char *name, int input,
                 double *out)
{
    const struct onnx_constant *c;
    *out = cnn_onnx_real(n, name, *out);
    if (!cnn_onnx_has(n, input))
        return 0;
    if (!(c = cnn_onnx_weight(n, input, name)))
        return cnn_error_code();
    const double *x = cnn_onnx_numbers(g, c);
    if (!x || c->count != 1)
        return x ? cnn_fail(CNN_EDATA, "%s is not one number", name) : cnn_error_code();
    *out = x[0];
    return 0;
}

/* What hardtanh has in place of no limit. */
#define FAR 1e38

int cnn_onnx_clip(struct onnx_graph *g, const struct onnx_node *n)
{
    static const double most = 1e30; /* and the largest number there is mean none */
    double low = -INFINITY, high = INFINITY;
    char number[2][32];
    int rc = limit(g, n, "min", 1, &low);
    if (!rc)
        rc = limit(g, n, "max", 2, &high);
    if (rc)
        return rc;
    if (!(low < high))
        return cnn_fail(CNN_EDATA, "min of %g, and max of %g", low, high);
    if (low < -most && high > most) {
        cnn_onnx_alias(n->out[0], n->in[0]);
        return 0;
    }
    if (low == 0 && (high > most || high == 6))
        return elementwise(g, n, n, high == 6 ? "relu6" : "relu");
    const char *words = cnn_arena_printf(g->arena, "hardtanh %s %s",
                                         cnn_onnx_format(low < -most ? -FAR : low, number[0]),
                                         cnn_onnx_format(high > most ? FAR : high, number[1]));
    return words ? elementwise(g, n, n, words) : CNN_ESYSTEM;
}

/* Half of x (1 + erf(x / sqrt(2))), as exporters write gelu: the nodes up to the last. */
static const struct onnx_node *gelu_end(struct onnx_graph *g, const struct onnx_node *div)
{
    const struct onnx_node *erf = cnn_onnx_only_user(div->out[0], "Erf");
    const struct onnx_node *add = erf ? cnn_onnx_only_user(erf->out[0], "Add") : NULL;
    const struct onnx_node *mul = add ? times(div->in[0], add->out[0]) : NULL;
    const struct onnx_node *half = mul ? cnn_onnx_only_user(mul->out[0], "Mul") : NULL;
    const struct onnx_node *with[3] = {div, add, half};
    const double expected[3] = {1.4142135623730951, 1, 0.5};
    for (int i = 0; i < 3; i++) {
        const struct onnx_node *n = with[i];
        if (!n || n->ins != 2 || !n->in[0] || !n->in[1] || !n->out[0])
            return NULL;
        const struct onnx_value *c = n->in[n->in[0]->state != ONNX_CONSTANT];
        const double *x = c->state == ONNX_CONSTANT && c->constant->count == 1
                              ? cnn_onnx_numbers(g, c->constant)
                              : NULL;
        if (!x || fabs(*x - expected[i]) > 1e-3)
            return NULL;
    }
    cnn_onnx_alias(erf->out[0], div->in[0]);
    cnn_onnx_alias(add->out[0], div->in[0]);
    cnn_onnx_alias(mul->out[0], div->in[0]);
    return half;
}

int cnn_onnx_div(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_node *end = n->ins == 2 && n->in[1] ? gelu_end(g, n) : NULL;
    return end ? together(g, n, end, "gelu") : cnn_onnx_arithmetic(g, n);
}
