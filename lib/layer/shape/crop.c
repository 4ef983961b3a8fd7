/* A part of the plane: some rows and columns of all channels. */
#include "layer/layer.h"

enum { CENTER = -1, OF_SECOND = -1 };

struct options {
    struct cnn_pair size, offset;
};

static const struct cnn_option options[] = {
    CNN_OPTION_PAIR("size", struct options, size, "second", .min = 1, .max = 1 << 14,
                    .choices = "second", .position = 1, .metavar = "N|HxW|second",
                    .help = "rows and columns; second: as many as a second input has, which "
                            "from=A,B names"),
    CNN_OPTION_PAIR("offset", struct options, offset, "0", .min = 0, .max = 1 << 14,
                    .choices = "center", .metavar = "N|HxW|center",
                    .help = "rows above and columns to the left of them; center: as many as on the "
                            "other side, or one less"),
    CNN_OPTION_END,
};

static size_t offset_of(int offset, size_t in, size_t out)
{
    return offset == CENTER ? (in - out) / 2 : (size_t)offset;
}

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_chw in = l->in[0];
    int second = o->size.h == OF_SECOND;
    if (second != (l->inputs > 1))
        return cnn_fail(CNN_EDATA, second ? "there is neither a size nor a second input (from=A,B)"
                                          : "a second input has no effect beside a size");
    l->out = in;
    l->out.h = second ? l->in[1].h : (size_t)o->size.h;
    l->out.w = second ? l->in[1].w : (size_t)o->size.w;
    if (l->out.h > in.h || l->out.w > in.w)
        return cnn_fail(CNN_EDATA, "%zux%zu is larger than %zux%zu", l->out.h, l->out.w, in.h,
                        in.w);
    size_t top = offset_of(o->offset.h, in.h, l->out.h);
    size_t left = offset_of(o->offset.w, in.w, l->out.w);
    if (top + l->out.h > in.h || left + l->out.w > in.w)
        return cnn_fail(CNN_EDATA, "%zux%zu at %zux%zu reaches over the edge of %zux%zu", l->out.h,
                        l->out.w, top, left, in.h, in.w);
    return 0;
}

/* A part of a size that the line says is as large in a larger plane. */
static int slide(const struct cnn_layer *l, struct cnn_buf *line)
{
    if (l->inputs > 1)
        return 0;
    if (!cnn_chw_equal(l->in[0], l->out))
        return cnn_fail(CNN_EDATA, "%zux%zu is its size in any plane", l->out.h, l->out.w);
    cnn_buf_puts(line, "identity");
    return 1;
}

static struct cnn_border border(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    struct cnn_chw in = l->in[0], out = l->out;
    return (struct cnn_border){.mode = CNN_BORDER_CONSTANT,
                               .top = -(ptrdiff_t)offset_of(o->offset.h, in.h, out.h),
                               .left = -(ptrdiff_t)offset_of(o->offset.w, in.w, out.w)};
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_border g = border(l);
    p->k->pad_forward(p->q, &g, p->x[0], p->y[0]);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct cnn_border g = border(l);
    if (p->dx[0])
        p->k->pad_backward(p->q, &g, p->dy[0], p->dx[0]);
    if (l->inputs > 1 && p->dx[1])
        cnn_layer_zero(p, p->dx[1]);
}

const struct cnn_layer_type cnn_layer_crop = {
    .name = "crop",
    .summary = "some rows and columns of the plane",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 2,
    .flags = CNN_LAYER_ANY_LAYOUT | CNN_LAYER_REFERS,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .slide = slide,
};
