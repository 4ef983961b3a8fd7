/* The largest element of each window. */
#include "layer/pool/pooling.h"

static const struct cnn_option options[] = {
    CNN_POOLING_OPTIONS(1, "|DxHxW", CNN_POOLING_DEPTH),
    CNN_OPTION_END,
};

/* Saved: int32 per output of a plane, where its element was, laid out as the output; and of a volume,
 * in which row. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    struct cnn_tensor planes = cnn_pooling_planes(l, shapes->x[0]);
    out->work = cnn_pooling_work(l, b, shapes->x[0]);
    if (shapes->saves)
        out->saved[0] = cnn_tensor_elements(&planes) * sizeof(int32_t);
    if (shapes->saves && cnn_pooling_is_deep(l))
        out->saved[1] = cnn_tensor_elements(shapes->y[0]) * sizeof(int32_t);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = cnn_pooling_window(l);
    struct cnn_depth d = cnn_pooling_depth(l);
    struct cnn_tensor planes = cnn_pooling_planes(l, p->x[0]);
    int deep = cnn_pooling_is_deep(l);
    planes.data = p->work;
    p->k->maxpool_forward(p->q, &g, p->x[0], deep ? &planes : p->y[0],
                          p->saves ? p->saved[0] : NULL);
    if (deep)
        p->k->depth_pool_forward(p->q, CNN_ROWS_MAX, &d, p->x_rows[0], &planes, p->y[0],
                                 p->saves ? p->saved[1] : NULL);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_window g = cnn_pooling_window(l);
    struct cnn_depth d = cnn_pooling_depth(l);
    int deep = cnn_pooling_is_deep(l);
    if (!p->dx[0])
        return;
    struct cnn_tensor planes = cnn_pooling_planes(l, p->dx[0]);
    planes.data = p->work;
    if (deep)
        p->k->depth_pool_backward(p->q, CNN_ROWS_MAX, &d, p->x_rows[0], p->dy[0], p->saved[1],
                                  &planes);
    p->k->maxpool_backward(p->q, &g, deep ? &planes : p->dy[0], p->saved[0], p->dx[0]);
}

const struct cnn_layer_type cnn_layer_maxpool = {
    .name = "maxpool",
    .summary = "maximum over windows",
    .options = options,
    .options_size = sizeof(struct cnn_pooling),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT | CNN_LAYER_MIXES_ROWS,
    .setup = cnn_pooling_setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .window = cnn_pooling_layer_window,
    .slide = cnn_pooling_slide,
};
