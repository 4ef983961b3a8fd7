/* Windows of convolutions and pooling; see ops.h. */
#include <stdio.h>

#include "layer/window.h"
#include "model/import/onnx/ops.h"

enum { MOST = 1 << 14 };

/* One number for each axis, the missing ones being those of the single slice, or row. */
static int read_axes(const struct onnx_node *n, const char *name, int axes, size_t out[3])
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
        out[3 - axes + i] = (size_t)list[i];
    }
    return 0;
}

static int read_pads(const struct onnx_node *n, struct onnx_window *w)
{
    int count, axes = w->axes, valid = cnn_onnx_is(n, "auto_pad", "VALID");
    const int64_t *list = cnn_onnx_ints(n, "pads", &count);
    if (cnn_onnx_is(n, "auto_pad", "SAME_UPPER"))
        w->same = CNN_PAD_SAME;
    else if (cnn_onnx_is(n, "auto_pad", "SAME_LOWER"))
        w->same = CNN_PAD_SAME_LOWER;
    else if (cnn_onnx_attribute(n, "auto_pad") && !cnn_onnx_is(n, "auto_pad", "NOTSET") && !valid)
        return cnn_fail(CNN_EDATA, "auto_pad is none of NOTSET, VALID, SAME_UPPER, SAME_LOWER");
    if (!list || w->same || valid)
        return 0;
    if (count != 2 * axes)
        return cnn_fail(CNN_EDATA, "pads has %d numbers for %d axes", count, axes);
    for (int i = 0; i < count; i++) {
        if (list[i] < 0 || list[i] > MOST)
            return cnn_fail(CNN_EDATA, "pads of %lld", (long long)list[i]);
        (i < axes ? w->before : w->after)[3 - axes + i % axes] = (int)list[i];
    }
    return 0;
}

/* "16x3x3", without the depth where there is none. */
static const char *format_axes(const struct onnx_window *w, const size_t *size, char out[72])
{
    if (w->axes == 3)
        snprintf(out, 72, "%zux%zux%zu", size[0], size[1], size[2]);
    else
        snprintf(out, 72, "%zux%zu", size[1], size[2]);
    return out;
}

static void format_pad(const struct onnx_window *w, char out[96])
{
    const int *b = w->before, *a = w->after;
    *out = '\0';
    if (w->same)
        snprintf(out, 96, " pad=%s", w->same == CNN_PAD_SAME ? "same" : "same_lower");
    else if (w->axes == 3 && (b[0] || b[1] || b[2]))
        snprintf(out, 96, " pad=%dx%dx%d", b[0], b[1], b[2]);
    else if (w->axes < 3 && (b[1] || b[2] || a[1] || a[2]))
        snprintf(out, 96, " pad=%d,%d,%d,%d", b[1], b[2], a[1], a[2]);
}

int cnn_onnx_window_words(struct onnx_window *w)
{
    char kernel[72], stride[72], dilation[72], pad[96];
    format_pad(w, pad);
    for (int i = 0; w->axes == 3 && !w->same && i < 3; i++)
        if (w->before[i] != w->after[i])
            return cnn_fail(CNN_EDATA, "pads of a volume that differ at the two ends of an axis");
    int dilated = w->dilation[0] * w->dilation[1] * w->dilation[2] != 1;
    snprintf(w->words, sizeof w->words, "%s stride=%s%s%s%s", format_axes(w, w->kernel, kernel),
             format_axes(w, w->stride, stride), pad, dilated ? " dilation=" : "",
             dilated ? format_axes(w, w->dilation, dilation) : "");
    return 0;
}

int cnn_onnx_window(const struct onnx_node *n, int rank, const size_t *kernel,
                    struct onnx_window *out)
{
    int axes = rank - 2;
    *out = (struct onnx_window){
        .axes = axes, .kernel = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    if (axes < 1 || axes > 3)
        return cnn_fail(CNN_EDATA, "windows over %d axes: there are 1 to 3", axes);
    for (int i = 0; kernel && i < axes; i++)
        out->kernel[3 - axes + i] = kernel[i];
    int rc = read_axes(n, "kernel_shape", axes, out->kernel);
    for (int i = 0; !rc && kernel && i < axes; i++)
        if (out->kernel[3 - axes + i] != kernel[i])
            rc = cnn_fail(CNN_EDATA, "kernel_shape is not that of the weights");
    if (!rc)
        rc = read_axes(n, "strides", axes, out->stride);
    if (!rc)
        rc = read_axes(n, "dilations", axes, out->dilation);
    if (!rc)
        rc = read_pads(n, out);
    return rc;
}

static int fit(const struct onnx_window *w, int same, int ceiling, const size_t size[3],
               struct cnn_axis axis[3])
{
    struct cnn_axis spare;
    for (int i = 0; i < 3; i++)
        axis[i] = (struct cnn_axis){.in = size[i],
                                    .kernel = w->kernel[i],
                                    .stride = w->stride[i],
                                    .dilation = w->dilation[i],
                                    .pad = {same ? same : w->before[i], same ? same : w->after[i]},
                                    .ceiling = ceiling};
    if (w->axes < 3) /* rows are no slices */
        axis[0] = axis[1];
    spare = axis[0];
    int rc = cnn_axis_fit(&axis[1], &axis[2]);
    return rc ? rc : cnn_axis_fit(&axis[0], &spare);
}

/* Pads of a volume that differ at the two ends of an axis are said by a word, if by any. */
static void find_word(struct onnx_window *w, const size_t size[3])
{
    static const int words[2] = {CNN_PAD_SAME, CNN_PAD_SAME_LOWER};
    int differ = 0, found = 0;
    for (int i = 0; i < 3; i++)
        differ |= w->before[i] != w->after[i];
    for (int k = 0; differ && !found && k < 2; k++) {
        struct cnn_axis axis[3];
        found = !fit(w, words[k], 0, size, axis);
        for (int i = 0; i < 3; i++)
            found &= axis[i].before == (size_t)w->before[i] && axis[i].after == (size_t)w->after[i];
        w->same = found ? words[k] : 0;
    }
}

int cnn_onnx_windows(struct onnx_window *w, int ceiling, size_t *rows, struct cnn_chw *shape)
{
    const size_t size[3] = {*rows, shape->h, shape->w};
    struct cnn_axis axis[3];
    if (w->axes == 3 && !w->same)
        find_word(w, size);
    int rc = fit(w, w->same, ceiling, size, axis);
    if (w->axes == 3)
        *rows = axis[0].out;
    shape->h = axis[1].out;
    shape->w = axis[2].out;
    return rc ? rc : cnn_onnx_window_words(w);
}
