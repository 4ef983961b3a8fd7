/* Max unpooling (Badrinarayanan, Kendall and Cipolla 2017, SegNet, section 3): each element goes to where, in
 * its window of another value, the largest was; zeros elsewhere. Its forward is maxpool's backward. */
#include "layer/pool/pooling.h"

static const struct cnn_option options[] = {
    CNN_POOLING_OPTIONS(0, "", ""),
    CNN_OPTION_END,
};

/* The maxpool that is undone: of the second input. */
static struct cnn_layer pooling_of(const struct cnn_layer *l)
{
    struct cnn_layer pool = *l;
    pool.in = l->in + 1;
    return pool;
}

static int setup(struct cnn_layer *l)
{
    struct cnn_layer pool = pooling_of(l);
    char have[72], want[72];
    int rc = cnn_pooling_setup(&pool);
    if (rc)
        return rc;
    cnn_chw_format(l->in[0], have);
    cnn_chw_format(pool.out, want);
    l->out = l->in[1];
    if (!cnn_chw_equal(l->in[0], pool.out))
        return cnn_fail(CNN_EDATA, "the value is %s, and pooling the second one gives %s", have,
                        want);
    return 0;
}

/* Saved: int32 per element, where it goes; in inference that is work. Work: the maxima. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    size_t count = cnn_tensor_elements(shapes->x[0]);
    (void)l;
    (void)b;
    if (shapes->saves)
        out->saved[0] = count * sizeof(int32_t);
    out->work = count * (sizeof(real) + sizeof(int32_t));
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_layer pool = pooling_of(l);
    struct cnn_window g = cnn_pooling_window(&pool);
    struct cnn_tensor largest = *p->x[0];
    largest.data = p->work;
    void *places = p->saves ? p->saved[0] : (real *)p->work + cnn_tensor_elements(p->x[0]);
    p->k->maxpool_forward(p->q, &g, p->x[1], &largest, places);
    p->k->maxpool_backward(p->q, &g, p->x[0], places, p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        p->k->maxpool_gather(p->q, p->dy[0], p->saved[0], p->dx[0]);
    if (p->dx[1])
        cnn_layer_zero(p, p->dx[1]);
}

const struct cnn_layer_type cnn_layer_maxunpool = {
    .name = "maxunpool",
    .summary = "elements back to where the maxima were, in windows of a second input (from=A,B)",
    .options = options,
    .options_size = sizeof(struct cnn_pooling),
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = CNN_LAYER_REFERS,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
};
