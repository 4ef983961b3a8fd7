/* Axes in another order: rows, channels, height and width. Where those that change places all have
 * size 1, reshape does it without a copy. */
#include <string.h>

#include "layer/layer.h"

static const char axes[] = "rchw";

struct options {
    const char *order;
};

static const struct cnn_option options[] = {
    CNN_OPTION_TEXT("order", struct options, order, NULL, .position = 1, .metavar = "AXES",
                    .help = "the input's axes as the output has them, each of r, c, h and w (rows, "
                            "channels, height, width) once; without r rows stay"),
    CNN_OPTION_END,
};

/* Which of the input's axes each of the output's is. */
static int read_order(const char *order, int from[4])
{
    size_t n = strlen(order), first = 4 - n;
    unsigned seen = 0;
    from[0] = 0;
    for (size_t k = 0; n <= 4 && k < n; k++) {
        const char *axis = strchr(axes, order[k]);
        from[first + k] = axis ? (int)(axis - axes) : 0;
        seen |= axis ? 1u << from[first + k] : 0;
    }
    if (n == 4 ? seen == 15 : n == 3 && seen == 14)
        return 0;
    return cnn_fail(CNN_EDATA, "order: '%.20s' is not each of r, c, h and w once, or of c, h and w",
                    order);
}

static struct cnn_permutation permutation(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_permutation g = {.dim = {l->in_rows[0], l->in[0].c, l->in[0].h, l->in[0].w}};
    if (read_order(o->order, g.from)) /* setup has refused it */
        for (int i = 0; i < 4; i++)
            g.from[i] = i;
    return g;
}

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_permutation g = permutation(l);
    int rc = read_order(o->order, g.from);
    l->rows = g.dim[g.from[0]];
    l->out = (struct cnn_chw){g.dim[g.from[1]], g.dim[g.from[2]], g.dim[g.from[3]]};
    if (g.from[0] == 0)
        cnn_layer_keeps_rows(l);
    return rc;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_permutation g = permutation(l);
    p->k->permute(p->q, &g, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_permutation g = permutation(l), back;
    if (!p->dx[0])
        return;
    for (int i = 0; i < 4; i++) {
        back.dim[i] = g.dim[g.from[i]];
        back.from[g.from[i]] = i;
    }
    p->k->permute(p->q, &back, p->dy[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_transpose = {
    .name = "transpose",
    .summary = "rows, channels, height and width in another order",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_MIXES_ROWS | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .forward = forward,
    .backward = backward,
};
