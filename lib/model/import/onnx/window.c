/* Windows of convolutions and pooling; see ops.h. */
#include <stdio.h>

#include "layer/window.h"
#include "model/import/onnx/ops.h"

enum { MOST = 1 << 14 };

/* One number for each axis, the missing one of signals being that of their single row. */
static int read_axes(const struct onnx_node *n, const char *name, int axes, size_t out[2])
{
    int count;
    const int64_t *list = cnn_onnx_ints(n, name, &count);
    if (!list)
        return 0;
    if (count != axes)
        return cnn_fail(CNN_EDATA, "%s has %d numbers for %d axes", name, count, axes);
    for (int i = 0; i < axes; i++) {
        if (list[i] < 1 || list[i] > MOST)
            return cnn_fail(CNN_EDATA, "%s of %lld", name, (long long)list[i]);
        out[2 - axes + i] = (size_t)list[i];
    }
    return 0;
}

static int read_pads(const struct onnx_node *n, int axes, int pad[4])
{
    int count, automatic = cnn_onnx_attribute(n, "auto_pad") != NULL;
    const int64_t *list = cnn_onnx_ints(n, "pads", &count);
    for (int i = 0; automatic && i < 4; i++) {
        if (cnn_onnx_is(n, "auto_pad", "SAME_UPPER"))
            pad[i] = CNN_PAD_SAME;
        else if (cnn_onnx_is(n, "auto_pad", "SAME_LOWER"))
            pad[i] = CNN_PAD_SAME_LOWER;
        else if (!cnn_onnx_is(n, "auto_pad", "NOTSET") && !cnn_onnx_is(n, "auto_pad", "VALID"))
            return cnn_fail(CNN_EDATA, "auto_pad is none of NOTSET, VALID, SAME_UPPER, SAME_LOWER");
    }
    if (!list || pad[0] < 0 || cnn_onnx_is(n, "auto_pad", "VALID"))
        return 0;
    if (count != 2 * axes)
        return cnn_fail(CNN_EDATA, "pads has %d numbers for %d axes", count, axes);
    for (int i = 0; i < count; i++) {
        if (list[i] < 0 || list[i] > MOST)
            return cnn_fail(CNN_EDATA, "pads of %lld", (long long)list[i]);
        pad[i / axes * 2 + 2 - axes + i % axes] = (int)list[i];
    }
    return 0;
}

void cnn_onnx_window_words(struct onnx_window *w)
{
    char pad[64] = "", dilation[48] = "";
    if (w->pad[0] == CNN_PAD_SAME || w->pad[0] == CNN_PAD_SAME_LOWER)
        snprintf(pad, sizeof pad, " pad=%s", w->pad[0] == CNN_PAD_SAME ? "same" : "same_lower");
    else if (w->pad[0] || w->pad[1] || w->pad[2] || w->pad[3])
        snprintf(pad, sizeof pad, " pad=%d,%d,%d,%d", w->pad[0], w->pad[1], w->pad[2], w->pad[3]);
    if (w->dilation[0] != 1 || w->dilation[1] != 1)
        snprintf(dilation, sizeof dilation, " dilation=%zux%zu", w->dilation[0], w->dilation[1]);
    snprintf(w->words, sizeof w->words, "%zux%zu stride=%zux%zu%s%s", w->kernel[0], w->kernel[1],
             w->stride[0], w->stride[1], pad, dilation);
}

int cnn_onnx_window(const struct onnx_node *n, int rank, const size_t *kernel,
                    struct onnx_window *out)
{
    int axes = rank - 2;
    *out = (struct onnx_window){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    if (axes < 1 || axes > 2)
        return cnn_fail(CNN_EDATA, "windows over %d axes: there are 1 and 2", axes);
    for (int i = 0; kernel && i < axes; i++)
        out->kernel[2 - axes + i] = kernel[i];
    int rc = read_axes(n, "kernel_shape", axes, out->kernel);
    for (int i = 0; !rc && kernel && i < axes; i++)
        if (out->kernel[2 - axes + i] != kernel[i])
            rc = cnn_fail(CNN_EDATA, "kernel_shape is not that of the weights");
    if (!rc)
        rc = read_axes(n, "strides", axes, out->stride);
    if (!rc)
        rc = read_axes(n, "dilations", axes, out->dilation);
    if (!rc)
        rc = read_pads(n, axes, out->pad);
    if (!rc)
        cnn_onnx_window_words(out);
    return rc;
}

int cnn_onnx_windows(const struct onnx_window *w, int ceiling, struct cnn_chw *shape)
{
    struct cnn_axis axis[2];
    for (int i = 0; i < 2; i++)
        axis[i] = (struct cnn_axis){.in = i ? shape->w : shape->h,
                                    .kernel = w->kernel[i],
                                    .stride = w->stride[i],
                                    .dilation = w->dilation[i],
                                    .pad = {w->pad[i], w->pad[2 + i]},
                                    .ceiling = ceiling};
    int rc = cnn_axis_fit(&axis[0], &axis[1]);
    shape->h = axis[0].out;
    shape->w = axis[1].out;
    return rc;
}
