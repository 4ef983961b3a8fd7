/* Layers that take values apart, put them together and rearrange them, as operators; see onnx_layers.def. */
#include <math.h>

#include "model/export/onnx_private.h"

static const char *planes_of(struct onnx_writer *w, int node)
{
    return cnn_onnx_planes(w, cnn_onnx_input_of(w, node, 0));
}

int cnn_onnx_put_flatten(struct onnx_writer *w, int node)
{
    const char *x = planes_of(w, node);
    return cnn_onnx_made(cnn_onnx_put(w, "Flatten", cnn_onnx_give(w, node, ONNX_FLAT), 1, &x));
}

/* Side by side */

/* Of all inputs, with rows and columns unless all are the same without. */
static Cnn__Onnx__Node *put_all(struct onnx_writer *w, int node, const char *op)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const char **in = cnn_arena_alloc(w->arena, (size_t)l->inputs * sizeof(const char *));
    enum onnx_form form = cnn_onnx_form(w, cnn_onnx_input_of(w, node, 0));
    for (int k = 1; k < l->inputs; k++)
        if (cnn_onnx_form(w, cnn_onnx_input_of(w, node, k)) != form)
            form = ONNX_PLANES;
    for (int k = 0; in && k < l->inputs; k++) {
        int x = cnn_onnx_input_of(w, node, k);
        in[k] = form == ONNX_PLANES ? cnn_onnx_planes(w, x) : cnn_onnx_either(w, x);
    }
    return in ? cnn_onnx_put(w, op, cnn_onnx_give(w, node, form), l->inputs, in) : NULL;
}

int cnn_onnx_put_sum(struct onnx_writer *w, int node)
{
    return cnn_onnx_made(put_all(w, node, cnn_onnx_layer_of(w, node)->inputs == 2 ? "Add" : "Sum"));
}

/* Where shapes differ, the second is a number for each channel. */
int cnn_onnx_put_mul(struct onnx_writer *w, int node)
{
    return cnn_onnx_made(put_all(w, node, "Mul"));
}

int cnn_onnx_put_concat(struct onnx_writer *w, int node)
{
    return cnn_onnx_put_int(w, put_all(w, node, "Concat"), "axis", 1);
}

/* The nodes behind it are its further outputs. */
int cnn_onnx_put_split(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int x = cnn_onnx_input_of(w, node, 0);
    enum onnx_form form = cnn_onnx_form(w, x);
    int64_t part[CNN_LAYER_MAX_OUTPUTS];
    const char *in[2] = {cnn_onnx_either(w, x)};
    for (int k = 0; k < l->outputs; k++)
        part[k] = (int64_t)w->graph->node[node + k].layer.out.c;
    in[1] = cnn_onnx_put_list(w, l->name, (size_t)l->outputs, part);
    Cnn__Onnx__Node *n = cnn_onnx_put(w, "Split", cnn_onnx_give(w, node, form), 2, in);
    char **out = n ? cnn_arena_alloc(w->arena, (size_t)l->outputs * sizeof(char *)) : NULL;
    if (!out)
        return cnn_error_code();
    out[0] = n->output[0];
    for (int k = 1; k < l->outputs; k++)
        if (!(out[k] = cnn_arena_strdup(w->arena, cnn_onnx_give(w, node + k, form))))
            return CNN_ESYSTEM;
    n->output = out;
    n->n_output = (size_t)l->outputs;
    return cnn_onnx_put_int(w, n, "axis", 1);
}

/* Parts */

/* From `first` to before `end` along axes, every `step`-th. */
static int put_slice(struct onnx_writer *w, const char *x, const char *out, size_t axes,
                     const int64_t *list)
{
    const char *in[5] = {x};
    for (size_t k = 0; k < 4; k++) /* first, end, axis, step */
        in[1 + k] = cnn_onnx_put_list(w, out, axes, list + k * axes);
    return cnn_onnx_made(cnn_onnx_put(w, "Slice", out, 5, in));
}

int cnn_onnx_put_slice(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int x = cnn_onnx_input_of(w, node, 0);
    int64_t first = (int64_t)cnn_onnx_number(l, "start");
    const int64_t list[4] = {first, first + (int64_t)l->out.c, 1, 1};
    const char *from = cnn_onnx_either(w, x);
    return put_slice(w, from, cnn_onnx_give(w, node, cnn_onnx_form(w, x)), 1, list);
}

int cnn_onnx_put_crop(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const struct cnn_pair *offset = cnn_onnx_option(l, "offset");
    int64_t top = offset->h < 0 ? (int64_t)(l->in[0].h - l->out.h) / 2 : offset->h;
    int64_t left = offset->w < 0 ? (int64_t)(l->in[0].w - l->out.w) / 2 : offset->w;
    const int64_t list[8] = {top, left, top + (int64_t)l->out.h, left + (int64_t)l->out.w, 2, 3,
                             1,   1};
    const char *x = planes_of(w, node);
    return put_slice(w, x, cnn_onnx_give(w, node, ONNX_PLANES), 2, list);
}

static int put_pad(struct onnx_writer *w, const char *x, const char *out, const int64_t pads[8],
                   double value, const char *mode)
{
    const char *in[3] = {x, cnn_onnx_put_list(w, out, 8, pads), cnn_onnx_put_scalar(w, out, value)};
    return cnn_onnx_put_text(w, cnn_onnx_put(w, "Pad", out, 3, in), "mode", mode);
}

int cnn_onnx_put_pad(struct onnx_writer *w, int node)
{
    static const char *const modes[] = {[CNN_BORDER_CONSTANT] = "constant",
                                        [CNN_BORDER_REFLECT] = "reflect",
                                        [CNN_BORDER_REPLICATE] = "edge"};
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const struct cnn_pad *p = cnn_onnx_option(l, "pad");
    const int64_t pads[8] = {0, 0, p->top, p->left, 0, 0, p->bottom, p->right};
    const char *x = planes_of(w, node);
    return put_pad(w, x, cnn_onnx_give(w, node, ONNX_PLANES), pads, cnn_onnx_number(l, "value"),
                   modes[(int)cnn_onnx_number(l, "mode")]);
}

/* Some rows and columns, and channels of zeros on both sides. */
int cnn_onnx_put_subsample(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int64_t step = (int64_t)cnn_onnx_number(l, "stride"), more = (int64_t)(l->out.c - l->in[0].c);
    const int64_t list[8] = {0, 0, (int64_t)l->in[0].h, (int64_t)l->in[0].w, 2, 3, step, step};
    const int64_t pads[8] = {0, more / 2, 0, 0, 0, more - more / 2, 0, 0};
    const char *x = planes_of(w, node), *some = cnn_onnx_between(w, l->name);
    int rc = put_slice(w, x, some, 2, list);
    return rc ? rc : put_pad(w, some, cnn_onnx_give(w, node, ONNX_PLANES), pads, 0, "constant");
}

/* Planes of other sizes */

int cnn_onnx_put_upsample(struct onnx_writer *w, int node)
{
    static const struct {
        const char *mode, *frame, *round;
    } ways[] = {[CNN_RESIZE_NEAREST] = {"nearest", "asymmetric", "floor"},
                [CNN_RESIZE_EXACT] = {"nearest", "half_pixel", "round_prefer_ceil"},
                [CNN_RESIZE_BILINEAR] = {"linear", "half_pixel", "floor"}};
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int way = (int)cnn_onnx_number(l, "mode");
    const struct cnn_reals *scale = cnn_onnx_option(l, "scale");
    const int64_t size[2] = {(int64_t)l->out.h, (int64_t)l->out.w};
    const size_t axes[2] = {2, 3};
    const char *x = planes_of(w, node), *scales = "", *sizes = "";
    if (scale->value[0] > 0)
        scales = cnn_onnx_put_real_list(
            w, l->name, 2, (double[]){scale->value[0], scale->value[scale->count > 1]});
    else
        sizes = cnn_onnx_put_list(w, l->name, 2, size);
    const char *in[4] = {x, "", scales, sizes};
    Cnn__Onnx__Node *n = cnn_onnx_put(w, "Resize", cnn_onnx_give(w, node, ONNX_PLANES),
                                      scale->value[0] > 0 ? 3 : 4, in);
    int rc = cnn_onnx_put_ints(w, n, "axes", 2, axes);
    if (!rc)
        rc = cnn_onnx_put_text(w, n, "mode", ways[way].mode);
    if (!rc)
        rc = cnn_onnx_put_text(w, n, "coordinate_transformation_mode",
                               cnn_onnx_flag(l, "align_corners") ? "align_corners"
                                                                 : ways[way].frame);
    return rc ? rc : cnn_onnx_put_text(w, n, "nearest_mode", ways[way].round);
}

int cnn_onnx_put_pixelshuffle(struct onnx_writer *w, int node)
{
    const char *x = planes_of(w, node);
    Cnn__Onnx__Node *n =
        cnn_onnx_put(w, "DepthToSpace", cnn_onnx_give(w, node, ONNX_PLANES), 1, &x);
    int rc = cnn_onnx_put_int(w, n, "blocksize",
                              (int64_t)cnn_onnx_number(cnn_onnx_layer_of(w, node), "factor"));
    return rc ? rc : cnn_onnx_put_text(w, n, "mode", "CRD");
}

/* As more axes, these in another order, and again as four. */
static int put_turned(struct onnx_writer *w, int node, size_t axes, const int64_t *shape,
                      const size_t *order)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const int64_t out[4] = {0, (int64_t)l->out.c, (int64_t)l->out.h, (int64_t)l->out.w};
    const char *in[2] = {planes_of(w, node), cnn_onnx_put_list(w, l->name, axes, shape)};
    const char *apart = cnn_onnx_between(w, l->name), *turned = cnn_onnx_between(w, l->name);
    if (!cnn_onnx_put(w, "Reshape", apart, 2, in))
        return cnn_error_code();
    int rc =
        cnn_onnx_put_ints(w, cnn_onnx_put(w, "Transpose", turned, 1, &apart), "perm", axes, order);
    in[0] = turned;
    in[1] = cnn_onnx_put_list(w, l->name, 4, out);
    return rc ? rc
              : cnn_onnx_made(
                    cnn_onnx_put(w, "Reshape", cnn_onnx_give(w, node, ONNX_PLANES), 2, in));
}

int cnn_onnx_put_pixelunshuffle(struct onnx_writer *w, int node)
{
    static const size_t order[6] = {0, 1, 3, 5, 2, 4};
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int64_t r = (int64_t)cnn_onnx_number(l, "factor");
    const int64_t shape[6] = {0, (int64_t)l->in[0].c, (int64_t)l->out.h, r, (int64_t)l->out.w, r};
    return put_turned(w, node, 6, shape, order);
}

int cnn_onnx_put_channelshuffle(struct onnx_writer *w, int node)
{
    static const size_t order[5] = {0, 2, 1, 3, 4};
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int64_t groups = (int64_t)cnn_onnx_number(l, "groups");
    const int64_t shape[5] = {0, groups, (int64_t)l->out.c / groups, (int64_t)l->out.h,
                              (int64_t)l->out.w};
    return put_turned(w, node, 5, shape, order);
}
