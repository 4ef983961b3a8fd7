/* Channels in parts, each an output: y0, y1, ... side by side are x (torch.split and torch.chunk along
 * channels). */
#include "layer/layer.h"

struct options {
    struct cnn_reals parts;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REALS("parts", struct options, parts, NULL, .min = 1, .max = 1 << 20, .position = 1,
                     .metavar = "N[,N...]",
                     .help = "so many parts of the same size; or the channels of each"),
    CNN_OPTION_END,
};

/* One number says how many parts there are, several how large each is. */
static size_t count_of(const struct options *o)
{
    return o->parts.count > 1 ? (size_t)o->parts.count : (size_t)o->parts.value[0];
}

static size_t channels_of(const struct cnn_layer *l, size_t k)
{
    const struct options *o = l->options;
    return o->parts.count > 1 ? (size_t)o->parts.value[k] : l->in[0].c / count_of(o);
}

static int check(const struct options *o, size_t channels)
{
    size_t sum = 0, parts = count_of(o);
    for (int k = 0; k < o->parts.count; k++) {
        if ((double)(size_t)o->parts.value[k] != o->parts.value[k])
            return cnn_fail(CNN_EDATA, "parts: %g is no whole number", o->parts.value[k]);
        sum += (size_t)o->parts.value[k];
    }
    if (parts < 2 || parts > CNN_LAYER_MAX_OUTPUTS)
        return cnn_fail(CNN_EDATA, "%zu part%s: there are 2 to %d", parts, parts == 1 ? "" : "s",
                        CNN_LAYER_MAX_OUTPUTS);
    if (o->parts.count > 1 && sum != channels)
        return cnn_fail(CNN_EDATA, "the parts are %zu channels, the input has %zu", sum, channels);
    if (o->parts.count == 1 && channels % parts)
        return cnn_fail(CNN_EDATA, "%zu channels make no %zu parts of the same size", channels,
                        parts);
    return 0;
}

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_chw part = l->in[0];
    if (check(o, part.c))
        return CNN_EDATA;
    for (size_t k = 0; k < count_of(o); k++) {
        part.c = channels_of(l, k);
        if (k)
            cnn_layer_output(l, NULL, part, l->rows);
        else
            l->out = part;
    }
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    size_t channels[CNN_LAYER_MAX_OUTPUTS];
    for (int k = 0; k < l->outputs; k++)
        channels[k] = channels_of(l, (size_t)k);
    p->k->concat_backward(p->q, l->outputs, channels, p->x[0], p->y);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    if (p->dx[0])
        p->k->concat_forward(p->q, l->outputs, p->dy, p->dx[0]);
}

const struct cnn_layer_type cnn_layer_split = {
    .name = "split",
    .summary = "channels in parts, each an output of its own",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
