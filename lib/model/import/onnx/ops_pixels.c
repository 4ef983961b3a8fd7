/* Planes of other sizes; see onnx_ops.def. */
#include <math.h>

#include "model/import/onnx/ops.h"

static int block_of(const struct onnx_node *n, size_t *out)
{
    int64_t r = cnn_onnx_int(n, "blocksize", 0);
    *out = (size_t)r;
    return r >= 1 && r <= 1024 ? 0 : cnn_fail(CNN_EDATA, "blocksize of %lld", (long long)r);
}

/* A line of the channels in another order, which the line behind it reads. */
static int shuffle(struct onnx_graph *g, const struct onnx_node *n, const struct onnx_value *x,
                   size_t groups, struct onnx_value *out)
{
    *out = *x;
    return cnn_onnx_line(g, out, cnn_onnx_label(g, n, NULL), &x, 1, x->shape, "channelshuffle %zu",
                         groups);
}

int cnn_onnx_depth_to_space(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value part, *x = n->in[0];
    struct cnn_chw shape = {0};
    size_t r = 1;
    int rc = block_of(n, &r);
    if (!rc)
        rc = cnn_onnx_plain(g, x, &shape);
    if (!rc && (x->rank != 4 || shape.c % (r * r)))
        rc = cnn_fail(CNN_EDATA, "%zu channels in blocks of %zux%zu", shape.c, r, r);
    if (!rc && !cnn_onnx_is(n, "mode", "CRD") && shape.c > r * r) {
        rc = shuffle(g, n, x, r * r, &part);
        x = &part;
    }
    const struct cnn_chw out = {shape.c / (r * r), shape.h * r, shape.w * r};
    return rc ? rc : cnn_onnx_layer(g, n, x, out, "pixelshuffle %zu", r);
}

int cnn_onnx_space_to_depth(struct onnx_graph *g, const struct onnx_node *n)
{
    struct onnx_value part, *x = n->in[0];
    const struct onnx_value *from = x;
    struct cnn_chw shape = {0};
    size_t r = 1;
    int rc = block_of(n, &r);
    if (!rc)
        rc = cnn_onnx_plain(g, x, &shape);
    if (!rc && (x->rank != 4 || shape.h % r || shape.w % r))
        rc = cnn_fail(CNN_EDATA, "%zux%zu in blocks of %zux%zu", shape.h, shape.w, r, r);
    if (rc)
        return rc;
    part = *x;
    const struct cnn_chw out = {shape.c * r * r, shape.h / r, shape.w / r};
    if (shape.c == 1) /* there is one order */
        return cnn_onnx_layer(g, n, x, out, "pixelunshuffle %zu", r);
    rc =
        cnn_onnx_line(g, &part, cnn_onnx_label(g, n, NULL), &from, 1, out, "pixelunshuffle %zu", r);
    return rc ? rc : cnn_onnx_layer(g, n, &part, out, "channelshuffle %zu", shape.c);
}

/* Resize */

enum { OF_RESIZE_SCALES = 2, OF_RESIZE_SIZES = 3 };

/* Numbers for so many axes: 0 there are none. */
static int factors_of(struct onnx_graph *g, const struct onnx_node *n, int input, int axes,
                      const double **out)
{
    const struct onnx_constant *c = NULL;
    *out = NULL;
    if (!cnn_onnx_has(n, input))
        return 0;
    if (!(c = cnn_onnx_weight(n, input, "size")))
        return cnn_error_code();
    if (!c->count)
        return 0;
    if (c->count != (size_t)axes)
        return cnn_fail(CNN_EDATA, "%zu sizes for %d axes", c->count, axes);
    *out = cnn_onnx_numbers(g, c);
    return *out ? 0 : cnn_error_code();
}

struct resize {
    size_t size[2];
    double factor[2];
    int by_size;
};

/* Where among those the numbers of an axis of a value of four are (the attribute `axes`); -1 none. */
static int place_of(const int64_t *axis, int axes, int wanted)
{
    for (int i = 0; axis && i < axes; i++)
        if (axis[i] == wanted || axis[i] + 4 == wanted)
            return i;
    return axis ? -1 : wanted;
}

/* Scales of opset 7 are attributes, and of opset 9 the second input; then the third is that, and
 * the fourth has sizes; from opset 18 on of some axes. */
static int read_resize(struct onnx_graph *g, const struct onnx_node *n, struct cnn_chw in,
                       struct resize *out)
{
    const Cnn__Onnx__Attribute *old = cnn_onnx_attribute(n, "scales");
    const double *scales, *sizes = NULL;
    const size_t from[2] = {in.h, in.w};
    int axes, rank = n->in[0]->rank, upsample = n->message->op_type[0] == 'U' || g->opset < 11;
    const int64_t *axis = cnn_onnx_ints(n, "axes", &axes);
    int rc = factors_of(g, n, upsample ? 1 : OF_RESIZE_SCALES, axis ? axes : rank, &scales);
    if (!rc && !upsample)
        rc = factors_of(g, n, OF_RESIZE_SIZES, axis ? axes : rank, &sizes);
    if (rc)
        return rc;
    if (rank != 4 || (!scales && !sizes && !(old && old->n_floats == 4)))
        return cnn_fail(CNN_EDATA, "no sizes of rows and columns");
    out->by_size = sizes != NULL;
    for (int i = 0; i < 4; i++) {
        int k = place_of(axis, axes, i);
        double f = k < 0    ? 1
                   : sizes  ? sizes[k] / (double)n->in[0]->dim[i]
                   : scales ? scales[k]
                            : (double)old->floats[k];
        if (!(f > 0 && f < 1 << 14) || (i < 2 && f != 1))
            return cnn_fail(CNN_EDATA, "a factor of %g on axis %d", f, i);
        if (i >= 2) {
            out->factor[i - 2] = f;
            out->size[i - 2] =
                sizes && k >= 0 ? (size_t)sizes[k] : (size_t)floor((double)from[i - 2] * f);
        }
    }
    return out->size[0] && out->size[1] ? 0 : cnn_fail(CNN_EDATA, "nothing is left");
}

/* Whether sizes are whole times what they were. */
static int enlarges(const struct resize *r, struct cnn_chw in)
{
    return r->size[0] % in.h == 0 && r->size[1] % in.w == 0;
}

/* Which of our ways that is; NULL with an error set. */
static const char *way_of(struct onnx_graph *g, const struct onnx_node *n, const struct resize *r,
                          struct cnn_chw in, int exact)
{
    const char *frame = "coordinate_transformation_mode", *round = "nearest_mode";
    int old = g->opset < 11 || n->message->op_type[0] == 'U';
    int asymmetric = old || cnn_onnx_is(n, frame, "asymmetric");
    int corners = cnn_onnx_is(n, frame, "align_corners");
    int half =
        !old && (!cnn_onnx_attribute(n, frame) || cnn_onnx_is(n, frame, "half_pixel") ||
                 (cnn_onnx_is(n, frame, "pytorch_half_pixel") && r->size[0] > 1 && r->size[1] > 1));
    if (!cnn_onnx_attribute(n, "mode") || cnn_onnx_is(n, "mode", "nearest")) {
        int floors = old || cnn_onnx_is(n, round, "floor");
        int upper = cnn_onnx_is(n, round, "round_prefer_ceil");
        int lower = !cnn_onnx_attribute(n, round) || cnn_onnx_is(n, round, "round_prefer_floor");
        if (asymmetric && floors)
            return "nearest";
        if (half && (upper || (lower && enlarges(r, in))))
            return "nearest-exact";
    } else if (cnn_onnx_is(n, "mode", "linear") || cnn_onnx_is(n, "mode", "bilinear")) {
        if (half && !cnn_onnx_int(n, "antialias", 0))
            return "bilinear";
        if (corners && exact)
            return "bilinear align_corners=1";
    }
    cnn_fail(CNN_EDATA, "a way of interpolation that no layer has");
    return NULL;
}

int cnn_onnx_resize(struct onnx_graph *g, const struct onnx_node *n)
{
    struct cnn_chw shape, out;
    struct resize r = {0};
    char f[2][32];
    int rc = cnn_onnx_plain(g, n->in[0], &shape);
    if (!rc)
        rc = read_resize(g, n, shape, &r);
    if (!rc && cnn_onnx_attribute(n, "keep_aspect_ratio_policy") &&
        !cnn_onnx_is(n, "keep_aspect_ratio_policy", "stretch"))
        rc = cnn_fail(CNN_EDATA, "a keep_aspect_ratio_policy");
    int exact = !rc && (r.by_size || ((double)r.size[0] == r.factor[0] * (double)shape.h &&
                                      (double)r.size[1] == r.factor[1] * (double)shape.w));
    const char *way = rc ? NULL : way_of(g, n, &r, shape, exact);
    if (!way)
        return cnn_error_code();
    out = (struct cnn_chw){shape.c, r.size[0], r.size[1]};
    if (exact)
        return cnn_onnx_layer(g, n, n->in[0], out, "upsample size=%zux%zu mode=%s", out.h, out.w,
                              way);
    return cnn_onnx_layer(g, n, n->in[0], out, "upsample %s,%s mode=%s",
                          cnn_onnx_format(r.factor[0], f[0]), cnn_onnx_format(r.factor[1], f[1]),
                          way);
}
