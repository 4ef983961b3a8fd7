/* Layers of Keras that go over planes, or rows, in windows: convolutions, pooling, borders, sizes. */
#include <stdio.h>
#include <string.h>

#include "model/import/keras/keras.h"

enum { ROWS = 1 << 2, PLANES = 1 << 3 };

struct window {
    struct keras_sides kernel, stride, dilation;
    char pad[48];
    int same;
};

static void add_sides(struct cnn_buf *b, const char *before, struct keras_sides s)
{
    cnn_buf_printf(b, "%s%zu", before, s.h);
    if (s.h != s.w)
        cnn_buf_printf(b, "x%zu", s.w);
}

/* What the output of a side is; 0: not known, or the window is larger. */
static size_t side(size_t in, size_t kernel, size_t stride, size_t dilation, int same)
{
    size_t reach = dilation * (kernel - 1) + 1;
    if (same)
        return (in + stride - 1) / stride;
    return in >= reach ? (in - reach) / stride + 1 : 0;
}

/* channels: of the output. */
static void set_shape(struct keras_writer *w, struct keras_node *n, size_t channels,
                      const struct window *v)
{
    struct cnn_chw in = cnn_keras_in(n)->shape;
    struct cnn_chw *out = &n->out.shape;
    *out = (struct cnn_chw){channels, side(in.h, v->kernel.h, v->stride.h, v->dilation.h, v->same),
                            side(in.w, v->kernel.w, v->stride.w, v->dilation.w, v->same)};
    if ((in.h && !out->h) || (in.w && !out->w))
        cnn_keras_refuse(w, n, "its window is larger than the %zux%zu that it reads", in.h, in.w);
}

static void read_padding(struct keras_writer *w, struct keras_node *n, int may_cause,
                         struct window *v)
{
    const char *word = cnn_keras_word(n, "padding", "valid");
    v->same = strcmp(word, "valid") != 0;
    if (!strcmp(word, "same"))
        strcpy(v->pad, " pad=same");
    else if (!strcmp(word, "causal") && may_cause)
        snprintf(v->pad, sizeof v->pad, " pad=%zu,0,0,0", v->dilation.h * (v->kernel.h - 1));
    else if (v->same)
        cnn_keras_refuse(w, n, "padding '%.40s'", word);
    const char *format = cnn_keras_word(n, "data_format", "channels_last");
    if (strcmp(format, "channels_first") == 0 ? !w->channels_first : w->channels_first)
        cnn_keras_refuse(w, n, "%.40s beside layers that are not", format);
}

/* Convolutions */

static void read_window(struct keras_writer *w, struct keras_node *n, struct window *v)
{
    *v = (struct window){.kernel = cnn_keras_sides(w, n, "kernel_size", 0),
                         .stride = cnn_keras_sides(w, n, "strides", 1),
                         .dilation = cnn_keras_sides(w, n, "dilation_rate", 1)};
    read_padding(w, n, cnn_keras_in(n)->rank == 2, v);
}

/* "conv FILTERS KERNEL ..."; 0: the layer was refused. */
static void add_words(struct cnn_buf *b, size_t filters, const struct window *v, size_t groups,
                      int bias)
{
    cnn_buf_printf(b, "conv %zu", filters);
    add_sides(b, " ", v->kernel);
    if (v->stride.h != 1 || v->stride.w != 1)
        add_sides(b, " stride=", v->stride);
    cnn_buf_puts(b, v->pad);
    if (v->dilation.h != 1 || v->dilation.w != 1)
        add_sides(b, " dilation=", v->dilation);
    if (groups != 1)
        cnn_buf_printf(b, " groups=%zu", groups);
    if (!bias)
        cnn_buf_puts(b, " bias=0");
}

static int write_words(struct keras_writer *w, struct keras_node *n, const char *part,
                       struct cnn_buf *b)
{
    int rc = b->failed ? CNN_ESYSTEM : cnn_keras_line(w, n, part, "%s", b->text);
    cnn_buf_free(b);
    return rc;
}

static int bias_param(struct keras_writer *w, struct keras_node *n, size_t filters, size_t place,
                      const char *label)
{
    const struct cnn_hdf5_object *o = cnn_keras_var(w, n, "bias b", place, 1, &filters);
    const struct keras_param p =
        o ? cnn_keras_vector(o, (struct cnn_chw){0}) : (struct keras_param){0};
    return o ? cnn_keras_param(w, label, "bias", &p) : 0;
}

/* The kernel and the bias of the line that was written last, unless another layer has them. */
static int conv_params(struct keras_writer *w, struct keras_node *n, const struct window *v,
                       size_t in, size_t filters, int depthwise, int bias)
{
    int rank = cnn_keras_in(n)->rank == 2 ? 3 : 4;
    const size_t plane[4] = {v->kernel.h, v->kernel.w, in, depthwise ? 0 : filters};
    const size_t rows[3] = {v->kernel.h, in, filters};
    const struct cnn_hdf5_object *o =
        cnn_keras_var(w, n, "kernel depthwise_kernel W", 0, rank, rank == 3 ? rows : plane);
    if (!o)
        return 0;
    const struct keras_param p = cnn_keras_kernel(o, depthwise);
    int rc = cnn_keras_param(w, n->out.label, "weight", &p);
    return rc || !bias ? rc : bias_param(w, n, filters, 1, n->out.label);
}

int cnn_keras_conv(struct keras_writer *w, struct keras_node *n)
{
    struct window v;
    struct cnn_buf b = {0};
    const struct keras_value *in = cnn_keras_in(n);
    size_t filters = cnn_keras_size(w, n, "filters", 0);
    size_t groups = cnn_keras_size(w, n, "groups", 1);
    int bias = cnn_keras_flag(n, "use_bias", 1);
    const char *share = cnn_keras_share(w, n);
    read_window(w, n, &v);
    if (!cnn_keras_has_rank(w, n, ROWS | PLANES))
        return 0;
    if (in->shape.c % groups)
        return cnn_keras_refuse(w, n, "%zu groups of %zu channels", groups, in->shape.c);
    set_shape(w, n, filters, &v);
    if (n->refused)
        return 0;
    add_words(&b, filters, &v, groups, bias);
    cnn_buf_puts(&b, share);
    int rc = write_words(w, n, NULL, &b);
    if (!rc && !*share && !in->unsure)
        rc = conv_params(w, n, &v, in->shape.c / groups, filters, 0, bias);
    return rc ? rc : cnn_keras_activate(w, n, "activation");
}

int cnn_keras_depthwise(struct keras_writer *w, struct keras_node *n)
{
    struct window v;
    struct cnn_buf b = {0};
    const struct keras_value *in = cnn_keras_in(n);
    size_t times = cnn_keras_size(w, n, "depth_multiplier", 1);
    int bias = cnn_keras_flag(n, "use_bias", 1);
    const char *share = cnn_keras_share(w, n);
    read_window(w, n, &v);
    if (!cnn_keras_has_rank(w, n, PLANES))
        return 0;
    size_t channels = in->shape.c * times;
    set_shape(w, n, channels, &v);
    if (n->refused)
        return 0;
    add_words(&b, channels, &v, in->shape.c, bias);
    cnn_buf_puts(&b, share);
    int rc = write_words(w, n, NULL, &b);
    if (!rc && !*share && !in->unsure)
        rc = conv_params(w, n, &v, in->shape.c, channels, 1, bias);
    return rc ? rc : cnn_keras_activate(w, n, "activation");
}

static int separable_params(struct keras_writer *w, struct keras_node *n, const char *first,
                            const struct window *v, size_t times, size_t filters, int bias)
{
    size_t in = cnn_keras_in(n)->shape.c;
    const size_t each[4] = {v->kernel.h, v->kernel.w, in, times},
                 all[4] = {1, 1, in * times, filters};
    const struct cnn_hdf5_object *d = cnn_keras_var(w, n, "depthwise_kernel", 0, 4, each);
    const struct cnn_hdf5_object *p = cnn_keras_var(w, n, "pointwise_kernel", 1, 4, all);
    if (!d || !p)
        return 0;
    const struct keras_param one = cnn_keras_kernel(d, 1), two = cnn_keras_kernel(p, 0);
    int rc = cnn_keras_param(w, first, "weight", &one);
    if (!rc)
        rc = cnn_keras_param(w, n->out.label, "weight", &two);
    return rc || !bias ? rc : bias_param(w, n, filters, 2, n->out.label);
}

int cnn_keras_separable(struct keras_writer *w, struct keras_node *n)
{
    struct window v;
    struct cnn_buf b = {0};
    const struct keras_value *in = cnn_keras_in(n);
    size_t filters = cnn_keras_size(w, n, "filters", 0);
    size_t times = cnn_keras_size(w, n, "depth_multiplier", 1);
    int bias = cnn_keras_flag(n, "use_bias", 1);
    read_window(w, n, &v);
    if (!cnn_keras_has_rank(w, n, PLANES))
        return 0;
    if (n->layer->nodes > 1)
        return cnn_keras_refuse(w, n, "it is called %zu times", n->layer->nodes);
    set_shape(w, n, filters, &v);
    if (n->refused)
        return 0;
    add_words(&b, in->shape.c * times, &v, in->shape.c, 0);
    int rc = write_words(w, n, "depthwise", &b);
    const char *first = n->out.label;
    if (!rc)
        rc = cnn_keras_line(w, n, NULL, "conv %zu 1%s", filters, bias ? "" : " bias=0");
    if (!rc && !in->unsure)
        rc = separable_params(w, n, first, &v, times, filters, bias);
    return rc ? rc : cnn_keras_activate(w, n, "activation");
}

/* Transposed: "same" is a size times the stride, "valid" all that windows reach. */

static size_t spread(size_t in, size_t kernel, size_t stride, int same)
{
    return in * stride + (same || kernel < stride ? 0 : kernel - stride);
}

/* As many rows and columns as a kernel smaller than the stride leaves out. */
static struct keras_sides rest(const struct window *v)
{
    return (struct keras_sides){v->kernel.h < v->stride.h ? v->stride.h - v->kernel.h : 0,
                                v->kernel.w < v->stride.w ? v->stride.w - v->kernel.w : 0};
}

static void add_transposed(struct cnn_buf *b, size_t filters, const struct window *v, int bias)
{
    struct keras_sides more = rest(v);
    cnn_buf_printf(b, "deconv %zu", filters);
    add_sides(b, " ", v->kernel);
    add_sides(b, " stride=", v->stride);
    cnn_buf_puts(b, v->pad);
    if (!v->same && (more.h || more.w))
        add_sides(b, " output_pad=", more);
    if (!bias)
        cnn_buf_puts(b, " bias=0");
}

static int transposed_params(struct keras_writer *w, struct keras_node *n, const struct window *v,
                             size_t filters, int bias)
{
    const size_t dim[4] = {v->kernel.h, v->kernel.w, filters, cnn_keras_in(n)->shape.c};
    const struct cnn_hdf5_object *o = cnn_keras_var(w, n, "kernel W", 0, 4, dim);
    if (!o)
        return 0;
    const struct keras_param p = cnn_keras_kernel(o, 0);
    int rc = cnn_keras_param(w, n->out.label, "weight", &p);
    return rc || !bias ? rc : bias_param(w, n, filters, 1, n->out.label);
}

int cnn_keras_transposed(struct keras_writer *w, struct keras_node *n)
{
    struct window v;
    struct cnn_buf b = {0};
    const struct keras_value *in = cnn_keras_in(n);
    size_t filters = cnn_keras_size(w, n, "filters", 0);
    int bias = cnn_keras_flag(n, "use_bias", 1);
    const char *share = cnn_keras_share(w, n);
    read_window(w, n, &v);
    if (!cnn_keras_has_rank(w, n, PLANES))
        return 0;
    if (cnn_keras_option(n, "output_padding"))
        return cnn_keras_refuse(w, n, "output_padding");
    if (v.dilation.h != 1 || v.dilation.w != 1)
        return cnn_keras_refuse(w, n, "dilation_rate");
    if (n->refused)
        return 0;
    n->out.shape = (struct cnn_chw){filters, spread(in->shape.h, v.kernel.h, v.stride.h, v.same),
                                    spread(in->shape.w, v.kernel.w, v.stride.w, v.same)};
    add_transposed(&b, filters, &v, bias);
    cnn_buf_puts(&b, share);
    int rc = write_words(w, n, NULL, &b);
    if (!rc && !*share && !in->unsure)
        rc = transposed_params(w, n, &v, filters, bias);
    return rc ? rc : cnn_keras_activate(w, n, "activation");
}
