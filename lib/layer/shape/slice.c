/* Some neighbouring channels. */
#include "layer/layer.h"

struct options {
    long long start, end;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("start", struct options, start, "0", .min = 0, .max = 1 << 30, .position = 1,
                   .metavar = "N", .help = "the first channel, counted from 0"),
    CNN_OPTION_INT("end", struct options, end, "0", .min = 0, .max = 1 << 30, .position = 2,
                   .metavar = "N", .help = "the channel behind the last one; 0: all that follow"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t start = (size_t)o->start, end = o->end ? (size_t)o->end : l->in[0].c;
    if (end > l->in[0].c || start >= end)
        return cnn_fail(CNN_EDATA, "channels %zu to %zu are none of %zu", start, end, l->in[0].c);
    l->out = l->in[0];
    l->out.c = end - start;
    return 0;
}

/* Channels before the slice, in it, and behind it. */
static void parts_of(const struct cnn_layer *l, size_t part[3])
{
    const struct options *o = l->options;
    part[0] = (size_t)o->start;
    part[1] = l->out.c;
    part[2] = l->in[0].c - part[0] - part[1];
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_tensor *part[3] = {NULL, p->y[0], NULL};
    size_t channels[3];
    parts_of(l, channels);
    p->k->concat_backward(p->q, 3, channels, p->x[0], part);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_tensor before = *p->dy[0], behind = *p->dy[0];
    const struct cnn_tensor *part[3] = {&before, p->dy[0], &behind};
    size_t channels[3];
    if (!p->dx[0])
        return;
    parts_of(l, channels);
    before.c = channels[0];
    behind.c = channels[2];
    before.data = behind.data = NULL;
    p->k->concat_forward(p->q, 3, part, p->dx[0]);
}

const struct cnn_layer_type cnn_layer_slice = {
    .name = "slice",
    .summary = "some neighbouring channels",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
