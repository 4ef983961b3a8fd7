/* The layers of darknet, each with the shape that it makes and the numbers that it has. */
#include <string.h>

#include "model/import/darknet/darknet.h"

enum { SIDE = 1 << 14, MANY = 1 << 20 };

/* Activations: what darknet calls them, and we. */
static const struct {
    const char *name, *words;
} activations[] = {
    {"leaky", "leakyrelu 0.1"}, {"relu", "relu"}, {"logistic", "sigmoid"}, {"tanh", "tanh"},
    {"mish", "mish"},           {"elu", "elu"},   {"swish", "silu"},       {"relu6", "relu6"},
};

int cnn_darknet_activate(struct darknet_net *n, size_t i, const char *fallback)
{
    const char *name = cnn_darknet_word(&n->section[i], "activation", fallback);
    if (!strcmp(name, "linear"))
        return 0;
    for (size_t k = 0; k < sizeof activations / sizeof *activations; k++)
        if (!strcmp(activations[k].name, name))
            return cnn_darknet_line(n, i, name, NULL, 0, "%s", activations[k].words);
    return cnn_darknet_refuse(n, i, "activation=%.40s", name);
}

/* Scales, means and variances; biases come first, of dense layers before all weights. */
static int normalise(struct darknet_net *n, size_t i, size_t channels)
{
    int rc = cnn_darknet_line(n, i, "bn", NULL, 0, "bn momentum=0.01");
    const char *label = n->section[i].label;
    if (!rc)
        rc = cnn_darknet_param(n, label, "weight", 1, &channels);
    if (!rc)
        rc = cnn_darknet_param(n, label, "running_mean", 1, &channels);
    return rc ? rc : cnn_darknet_param(n, label, "running_var", 1, &channels);
}

static const char *part(struct darknet_net *n, size_t i, const char *word)
{
    return cnn_arena_printf(n->arena, "%zu.%s", i - 1, word);
}

struct convolution {
    size_t filters, h, w, stride_h, stride_w, pad, groups, dilation, normalised;
};

static int read_convolution(struct darknet_net *n, struct darknet_section *s, struct convolution *c)
{
    size_t size, stride, same;
    int rc = cnn_darknet_number(n, s, "filters", 1, 1, MANY, &c->filters);
    if (!rc)
        rc = cnn_darknet_number(n, s, "size", 1, 1, SIDE, &size);
    if (!rc)
        rc = cnn_darknet_number(n, s, "stride", 1, 1, SIDE, &stride);
    if (!rc)
        rc = cnn_darknet_number(n, s, "stride_x", (long long)stride, 1, SIDE, &c->stride_w);
    if (!rc)
        rc = cnn_darknet_number(n, s, "stride_y", (long long)stride, 1, SIDE, &c->stride_h);
    if (!rc)
        rc = cnn_darknet_number(n, s, "pad", 0, 0, 1, &same);
    if (!rc)
        rc = cnn_darknet_number(n, s, "padding", 0, 0, SIDE, &c->pad);
    if (!rc)
        rc = cnn_darknet_number(n, s, "groups", 1, 1, MANY, &c->groups);
    if (!rc)
        rc = cnn_darknet_number(n, s, "dilation", 1, 1, SIDE, &c->dilation);
    if (!rc)
        rc = cnn_darknet_number(n, s, "batch_normalize", 0, 0, 1, &c->normalised);
    if (rc)
        return rc;
    c->h = c->w = size;
    c->pad = same ? size / 2 : c->pad;
    return 0;
}

/* An axis of the output; 0: the window does not fit. */
static size_t side(size_t in, size_t window, size_t stride, size_t padding)
{
    return in + padding < window ? 0 : (in + padding - window) / stride + 1;
}

int cnn_darknet_convolutional(struct darknet_net *n, size_t i)
{
    struct darknet_section *s = &n->section[i], *before = cnn_darknet_before(n, i);
    struct cnn_chw in = before->shape;
    struct convolution c;
    int rc = read_convolution(n, s, &c);
    if (rc)
        return rc;
    size_t reach = c.dilation * (c.h - 1) + 1;
    if (in.c % c.groups || c.filters % c.groups)
        return cnn_darknet_refuse(n, i, "groups=%zu for %zu channels", c.groups, in.c);
    /* The padding is dilated with the window, but the size of the output forgets both. */
    if (c.dilation > 1 && 2 * c.pad + 1 != c.h)
        return cnn_darknet_refuse(n, i, "dilation=%zu and a padding of %zu", c.dilation, c.pad);
    c.pad *= c.dilation;
    s->shape = (struct cnn_chw){c.filters, side(in.h, reach, c.stride_h, 2 * c.pad),
                                side(in.w, reach, c.stride_w, 2 * c.pad)};
    if (!s->shape.h || !s->shape.w)
        return cnn_darknet_refuse(n, i, "larger than the %zux%zu that it reads", in.h, in.w);
    rc = cnn_darknet_line(n, i, "conv", &before, 1,
                          "conv %zu %zu stride=%zux%zu pad=%zu groups=%zu dilation=%zu bias=%d",
                          c.filters, c.h, c.stride_h, c.stride_w, c.pad, c.groups, c.dilation,
                          !c.normalised);
    const char *bias = part(n, i, c.normalised ? "bn" : "conv");
    size_t weight[] = {c.filters, in.c / c.groups, c.h, c.w};
    if (!rc && !bias)
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = cnn_darknet_param(n, bias, "bias", 1, &c.filters);
    const char *label = s->label;
    if (!rc && c.normalised)
        rc = normalise(n, i, c.filters);
    if (!rc)
        rc = cnn_darknet_param(n, label, "weight", 4, weight);
    return rc ? rc : cnn_darknet_activate(n, i, "logistic");
}

int cnn_darknet_connected(struct darknet_net *n, size_t i)
{
    struct darknet_section *s = &n->section[i], *before = cnn_darknet_before(n, i);
    size_t units, normalised, in = cnn_chw_count(before->shape);
    int rc = cnn_darknet_number(n, s, "output", 1, 1, MANY, &units);
    if (!rc)
        rc = cnn_darknet_number(n, s, "batch_normalize", 0, 0, 1, &normalised);
    if (rc)
        return rc;
    s->shape = (struct cnn_chw){units, 1, 1};
    rc = cnn_darknet_line(n, i, "dense", &before, 1, "dense %zu%s", units,
                          normalised ? " bias=0" : "");
    const char *bias = part(n, i, normalised ? "bn" : "dense");
    size_t weight[] = {units, in};
    if (!rc && !bias)
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = cnn_darknet_param(n, bias, "bias", 1, &units);
    if (!rc)
        rc = cnn_darknet_param(n, s->label, "weight", 2, weight);
    if (!rc)
        n->param[n->params - 1].transposed = n->old;
    if (!rc && normalised)
        rc = normalise(n, i, units);
    return rc ? rc : cnn_darknet_activate(n, i, "logistic");
}

int cnn_darknet_maxpool(struct darknet_net *n, size_t i)
{
    struct darknet_section *s = &n->section[i], *before = cnn_darknet_before(n, i);
    struct cnn_chw in = before->shape;
    size_t size, stride, padding;
    int rc = cnn_darknet_number(n, s, "stride", 1, 1, SIDE, &stride);
    if (!rc)
        rc = cnn_darknet_number(n, s, "size", (long long)stride, 1, SIDE, &size);
    if (!rc)
        rc = cnn_darknet_number(n, s, "padding", (long long)size - 1, 0, SIDE, &padding);
    if (rc)
        return rc;
    s->shape = (struct cnn_chw){in.c, side(in.h, size, stride, padding),
                                side(in.w, size, stride, padding)};
    if (!s->shape.h || !s->shape.w)
        return cnn_darknet_refuse(n, i, "larger than the %zux%zu that it reads", in.h, in.w);
    /* The odd one is behind. */
    size_t first = padding / 2, last = padding - first;
    return cnn_darknet_line(n, i, "maxpool", &before, 1,
                            "maxpool %zu stride=%zu pad=%zu,%zu,%zu,%zu", size, stride, first,
                            first, last, last);
}

int cnn_darknet_avgpool(struct darknet_net *n, size_t i)
{
    struct darknet_section *before = cnn_darknet_before(n, i);
    n->section[i].shape = (struct cnn_chw){before->shape.c, 1, 1};
    return cnn_darknet_line(n, i, "avgpool", &before, 1, "avgpool global");
}

/* As the layer before, which is all that comes of those that do nothing. */
static int same(struct darknet_net *n, size_t i)
{
    n->section[i].label = cnn_darknet_before(n, i)->label;
    return 0;
}

int cnn_darknet_activation(struct darknet_net *n, size_t i)
{
    same(n, i);
    if (strcmp(n->section[i].label, n->last))
        return cnn_darknet_refuse(n, i, "it follows no layer");
    return cnn_darknet_activate(n, i, "linear");
}

int cnn_darknet_dropout(struct darknet_net *n, size_t i)
{
    struct darknet_section *before = cnn_darknet_before(n, i);
    double rate;
    char number[32];
    int rc = cnn_darknet_real(n, &n->section[i], "probability", 0.5, &rate);
    if (rc)
        return rc;
    cnn_format_real(rate, 0, number);
    return cnn_darknet_line(n, i, "dropout", &before, 1, "dropout %s", number);
}

int cnn_darknet_softmax(struct darknet_net *n, size_t i)
{
    struct darknet_section *s = &n->section[i], *before = cnn_darknet_before(n, i);
    size_t groups;
    int rc = cnn_darknet_number(n, s, "groups", 1, 1, MANY, &groups);
    if (rc)
        return rc;
    if (groups > 1)
        return cnn_darknet_refuse(n, i, "groups=%zu", groups);
    if (before->shape.h * before->shape.w != 1)
        return cnn_darknet_refuse(n, i, "over all %zux%zu places at once", before->shape.h,
                                  before->shape.w);
    return cnn_darknet_line(n, i, "softmax", &before, 1, "softmax");
}

int cnn_darknet_cost(struct darknet_net *n, size_t i)
{
    cnn_darknet_word(&n->section[i], "type", "");
    cnn_darknet_word(&n->section[i], "scale", "");
    return same(n, i);
}

int cnn_darknet_head(struct darknet_net *n, size_t i)
{
    n->section[i].head = 1;
    return same(n, i);
}
