/* The largest element of each window. */
#include "layer/pool/pooling.h"

static const struct cnn_option options[] = {
    CNN_POOLING_OPTIONS,
    CNN_OPTION_END,
};

/* Saved: int32 per output, where its element was, laid out as the output. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    (void)l;
    (void)b;
    if (shapes->saves)
        out->saved[0] = cnn_tensor_elements(shapes->y[0]) * sizeof(int32_t);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = cnn_pooling_window(l);
    p->k->maxpool_forward(p->q, &g, p->x[0], p->y[0], p->saves ? p->saved[0] : NULL);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = cnn_pooling_window(l);
    if (p->dx[0])
        p->k->maxpool_backward(p->q, &g, p->dy[0], p->saved[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_maxpool = {
    .name = "maxpool",
    .summary = "maximum over windows",
    .options = options,
    .options_size = sizeof(struct cnn_pooling),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = cnn_pooling_setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .window = cnn_pooling_layer_window,
    .slide = cnn_pooling_slide,
};
