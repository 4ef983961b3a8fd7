/* The mean of windows that divide the plane as evenly as they can: the output has a given size,
 * whatever the input's is. */
#include "layer/layer.h"

struct options {
    struct cnn_pair size;
};

static const struct cnn_option options[] = {
    CNN_OPTION_PAIR("size", struct options, size, NULL, .min = 1, .max = 1 << 14, .position = 1,
                    .metavar = "N|HxW", .help = "height and width of the output"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    l->out = (struct cnn_chw){l->in[0].c, (size_t)o->size.h, (size_t)o->size.w};
    return 0;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    p->k->adaptive_avgpool_forward(p->q, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    (void)l;
    if (p->dx[0])
        p->k->adaptive_avgpool_backward(p->q, p->dy[0], p->dx[0]);
}

/* The largest window of an axis: from floor(i in / out) to ceil((i + 1) in / out). */
static size_t largest(size_t in, size_t out)
{
    size_t most = 0;
    for (size_t i = 0; i < out; i++) {
        size_t n = ((i + 1) * in + out - 1) / out - i * in / out;
        most = n > most ? n : most;
    }
    return most;
}

/* Where windows cannot be alike, as far as whole numbers tell. */
static void window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    struct cnn_chw in = l->in[0], y = l->out;
    *out = (struct cnn_layer_window){
        .kernel = {largest(in.h, y.h), largest(in.w, y.w)},
        .stride = {in.h > y.h ? in.h / y.h : 1, in.w > y.w ? in.w / y.w : 1},
        .dilation = {1, 1}};
}

/* Windows that are alike are those of avgpool. */
static int slide(const struct cnn_layer *l, struct cnn_buf *line)
{
    struct cnn_chw in = l->in[0], y = l->out;
    if (in.h % y.h || in.w % y.w)
        return cnn_fail(CNN_EDATA, "the windows that make %zux%zu of %zux%zu are not alike", y.h,
                        y.w, in.h, in.w);
    if (cnn_chw_equal(in, y))
        cnn_buf_puts(line, "identity");
    else
        cnn_buf_printf(line, "avgpool %zux%zu%s", in.h / y.h, in.w / y.w,
                       y.h * y.w == 1 ? " stride=1" : "");
    return 1;
}

const struct cnn_layer_type cnn_layer_adaptiveavgpool = {
    .name = "adaptiveavgpool",
    .summary = "mean over windows that divide the plane evenly",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_ANY_LAYOUT,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .window = window,
    .slide = slide,
};
