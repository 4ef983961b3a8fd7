/* The shape rule of pooling; see pooling.h. */
#include "layer/pool/pooling.h"

static struct cnn_axis axis(const struct cnn_pooling *o, size_t in, int kernel, int stride,
                            int dilation, int before, int after)
{
    struct cnn_axis a = {.in = in,
                         .kernel = (size_t)kernel,
                         .dilation = (size_t)dilation,
                         .pad = {before, after},
                         .ceiling = o->ceiling};
    if (kernel == CNN_POOL_GLOBAL)
        a.kernel = in;
    a.stride = stride == CNN_POOL_KERNEL ? a.kernel : (size_t)stride;
    return a;
}

static void axes(const struct cnn_layer *l, struct cnn_axis *h, struct cnn_axis *w)
{
    const struct cnn_pooling *o = l->options;
    *h = axis(o, l->in[0].h, o->kernel.h, o->stride.h, o->dilation.h, o->pad.top, o->pad.bottom);
    *w = axis(o, l->in[0].w, o->kernel.w, o->stride.w, o->dilation.w, o->pad.left, o->pad.right);
}

/* Whether a window has elements of the padding alone: the first and the last ones may. */
static int has_empty(const struct cnn_axis *a)
{
    for (size_t i = 0; i < a->out; i++) {
        size_t at = i * a->stride, k = 0;
        while (k < a->kernel && at < a->before) {
            at += a->dilation;
            k++;
        }
        if (k == a->kernel || at >= a->before + a->in)
            return 1;
        if (at == i * a->stride) /* so are the next ones, until they pass the end */
            i = (a->before + a->in - 1) / a->stride > i ? (a->before + a->in - 1) / a->stride : i;
    }
    return 0;
}

static struct cnn_depth_options depth_options(const struct cnn_layer *l)
{
    const struct cnn_pooling *o = l->options;
    return (struct cnn_depth_options){.kernel = o->kernel,
                                      .stride = o->stride,
                                      .dilation = o->dilation,
                                      .pad = o->pad,
                                      .ceiling = o->ceiling};
}

int cnn_pooling_setup(struct cnn_layer *l)
{
    struct cnn_depth_options deep = depth_options(l);
    struct cnn_axis d, h, w;
    axes(l, &h, &w);
    int rc = cnn_axis_fit(&h, &w);
    if (!rc)
        rc = cnn_depth_fit(&deep, l->in_rows[0], &d);
    if (rc)
        return rc;
    if (h.before > h.dilation * (h.kernel - 1) || w.before > w.dilation * (w.kernel - 1))
        return cnn_fail(CNN_EDATA, "pad %zux%zu is not smaller than the kernel %zux%zu", h.before,
                        w.before, h.kernel, w.kernel);
    if (d.before > d.dilation * (d.kernel - 1))
        return cnn_fail(CNN_EDATA, "pad %zu of the depth is not smaller than its kernel %zu",
                        d.before, d.kernel);
    if (has_empty(&h) || has_empty(&w) || has_empty(&d))
        return cnn_fail(CNN_EDATA, "a window would have nothing but padding in it");
    l->out = (struct cnn_chw){l->in[0].c, h.out, w.out};
    l->rows = d.out;
    if (cnn_depth_is_flat(&d))
        cnn_layer_keeps_rows(l);
    return 0;
}

int cnn_pooling_is_deep(const struct cnn_layer *l)
{
    struct cnn_depth_options o = depth_options(l);
    struct cnn_axis d = cnn_depth_fit_again(&o, l->in_rows[0]);
    return !cnn_depth_is_flat(&d);
}

struct cnn_depth cnn_pooling_depth(const struct cnn_layer *l)
{
    const struct cnn_pooling *pooling = l->options;
    struct cnn_depth_options o = depth_options(l);
    struct cnn_axis d = cnn_depth_fit_again(&o, l->in_rows[0]);
    struct cnn_depth g = cnn_depth_of(&d);
    g.count_pad = pooling->count_pad;
    g.divisor = pooling->divisor ? 1 : 0; /* planes have been divided by it */
    return g;
}

struct cnn_tensor cnn_pooling_planes(const struct cnn_layer *l, const struct cnn_tensor *x)
{
    struct cnn_tensor planes = *x;
    planes.data = NULL;
    planes.h = l->out.h;
    planes.w = l->out.w;
    return planes;
}

size_t cnn_pooling_work(const struct cnn_layer *l, const struct cnn_backend *b,
                        const struct cnn_tensor *x)
{
    struct cnn_tensor planes = cnn_pooling_planes(l, x);
    return cnn_pooling_is_deep(l) ? b->ops->tensor_bytes(b, &planes) : 0;
}

struct cnn_window cnn_pooling_window(const struct cnn_layer *l)
{
    const struct cnn_pooling *o = l->options;
    struct cnn_axis h, w;
    axes(l, &h, &w);
    cnn_axis_fit_again(&h, &w);
    return (struct cnn_window){.in_h = h.in,
                               .in_w = w.in,
                               .out_h = h.out,
                               .out_w = w.out,
                               .kh = h.kernel,
                               .kw = w.kernel,
                               .stride_h = h.stride,
                               .stride_w = w.stride,
                               .dilation_h = h.dilation,
                               .dilation_w = w.dilation,
                               .pad_top = h.before,
                               .pad_left = w.before,
                               .pad_bottom = h.after,
                               .pad_right = w.after,
                               .count_pad = o->count_pad,
                               .divisor = (size_t)o->divisor};
}

void cnn_pooling_layer_window(const struct cnn_layer *l, struct cnn_layer_window *out)
{
    struct cnn_window g = cnn_pooling_window(l);
    *out = (struct cnn_layer_window){.kernel = {g.kh, g.kw},
                                     .stride = {g.stride_h, g.stride_w},
                                     .dilation = {g.dilation_h, g.dilation_w},
                                     .before = {g.pad_top, g.pad_left},
                                     .after = {g.pad_bottom, g.pad_right}};
}

int cnn_pooling_slide(const struct cnn_layer *l, struct cnn_buf *line)
{
    const struct cnn_window g = cnn_pooling_window(l);
    struct cnn_pooling o = *(const struct cnn_pooling *)l->options;
    if (l->out.h > 1 || l->out.w > 1)
        return 0;
    int deep = o.kernel.d > 0;
    o.kernel = (struct cnn_pair){.h = (int)g.kh, .w = (int)g.kw, .d = o.kernel.d};
    o.stride = (struct cnn_pair){.h = 1, .w = 1, .d = deep ? (int)cnn_pooling_depth(l).stride : 0};
    o.ceiling &= deep;
    cnn_buf_puts(line, l->type->name);
    for (const struct cnn_option *each = l->type->options; each->name; each++) {
        cnn_buf_printf(line, " %s=", each->name);
        cnn_option_print(each, &o, line);
    }
    return 1;
}
