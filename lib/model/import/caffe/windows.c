/* Layers of Caffe that go over the plane in windows: convolutions, pooling, crops. */
#include <stdio.h>
#include <string.h>

#include "model/import/caffe/caffe.h"

/* Height and width of a window, a step or a border. */
struct sides {
    uint32_t h, w;
};

/* From a list of one or two, or the two by their names; 0: there are more. */
static int sides_of(struct sides *out, size_t n, const uint32_t *list, int named, uint32_t h,
                    uint32_t w)
{
    if (named)
        *out = (struct sides){h, w};
    else if (n)
        *out = (struct sides){list[0], list[n - 1]};
    return n <= 2;
}

static void add_sides(struct cnn_buf *b, const char *before, struct sides s)
{
    cnn_buf_printf(b, "%s%u", before, s.h);
    if (s.h != s.w)
        cnn_buf_printf(b, "x%u", s.w);
}

static int convolution_words(struct caffe_writer *w, const struct caffe_layer *l,
                             const Cnn__Caffe__ConvolutionParameter *p, struct cnn_buf *b)
{
    struct sides kernel = {0}, stride = {1, 1}, pad = {0}, dilation = {1, 1};
    int two = sides_of(&kernel, p->n_kernel_size, p->kernel_size,
                       p->has_kernel_h || p->has_kernel_w, p->kernel_h, p->kernel_w);
    two &= sides_of(&stride, p->n_stride, p->stride, p->has_stride_h || p->has_stride_w,
                    p->stride_h, p->stride_w);
    two &= sides_of(&pad, p->n_pad, p->pad, p->has_pad_h || p->has_pad_w, p->pad_h, p->pad_w);
    two &= sides_of(&dilation, p->n_dilation, p->dilation, 0, 0, 0);
    if (!two || p->axis != 1)
        return cnn_caffe_refuse(w, l, "not of two dimensions");
    if (!kernel.h || !kernel.w || !p->num_output)
        return cnn_caffe_refuse(w, l, "num_output or kernel_size is missing");
    cnn_buf_printf(b, "%s %u", l->kind->becomes, p->num_output);
    add_sides(b, " ", kernel);
    if (stride.h != 1 || stride.w != 1)
        add_sides(b, " stride=", stride);
    if (pad.h || pad.w)
        add_sides(b, " pad=", pad);
    if (dilation.h != 1 || dilation.w != 1)
        add_sides(b, " dilation=", dilation);
    if (p->group != 1)
        cnn_buf_printf(b, " groups=%u", p->group);
    if (!p->bias_term)
        cnn_buf_puts(b, " bias=0");
    return 1;
}

int cnn_caffe_convolution(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__ConvolutionParameter none = CNN__CAFFE__CONVOLUTION_PARAMETER__INIT;
    const Cnn__Caffe__ConvolutionParameter *p =
        l->p->convolution_param ? l->p->convolution_param : &none;
    struct cnn_buf b = {0};
    int bias = p->bias_term != 0;
    if (l->ins != 1 || l->outs != 1)
        return cnn_caffe_refuse(w, l, "several bottoms or tops");
    int rc = convolution_words(w, l, p, &b);
    if (rc == 1)
        rc = cnn_caffe_training(w, l, bias ? CAFFE_WEIGHT_AND_BIAS : CAFFE_WEIGHT, p->weight_filler,
                                bias ? p->bias_filler : NULL, &b);
    if (rc == 1)
        rc = b.failed ? CNN_ESYSTEM : cnn_caffe_line_with_params(w, l, b.text, 4, 0, bias);
    cnn_buf_free(&b);
    return rc;
}

static int pooling_sides(struct caffe_writer *w, const struct caffe_layer *l,
                         const Cnn__Caffe__PoolingParameter *p, struct cnn_buf *b)
{
    struct sides kernel = {p->kernel_size, p->kernel_size}, stride = {p->stride, p->stride};
    struct sides pad = {p->pad, p->pad};
    if (p->has_kernel_h || p->has_kernel_w)
        kernel = (struct sides){p->kernel_h, p->kernel_w};
    if (p->has_stride_h || p->has_stride_w)
        stride = (struct sides){p->stride_h, p->stride_w};
    if (p->has_pad_h || p->has_pad_w)
        pad = (struct sides){p->pad_h, p->pad_w};
    int up = p->round_mode == CNN__CAFFE__POOLING_PARAMETER__ROUND_MODE__CEIL;
    if (!kernel.h || !kernel.w || !stride.h || !stride.w)
        return cnn_caffe_refuse(w, l, "kernel_size or stride is missing");
    /* A last window of Caffe's may lie outside then, and has nothing in it. */
    if (up && (kernel.h < stride.h || kernel.w < stride.w))
        return cnn_caffe_refuse(w, l, "a kernel smaller than its stride");
    add_sides(b, " ", kernel);
    add_sides(b, " stride=", stride);
    if (pad.h || pad.w)
        add_sides(b, " pad=", pad);
    if (up && (stride.h > 1 || stride.w > 1))
        cnn_buf_puts(b, " ceil=1");
    return 1;
}

int cnn_caffe_pooling(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__PoolingParameter none = CNN__CAFFE__POOLING_PARAMETER__INIT;
    const Cnn__Caffe__PoolingParameter *p = l->p->pooling_param ? l->p->pooling_param : &none;
    struct cnn_buf b = {0};
    int rc = 1;
    if (p->pool == CNN__CAFFE__POOL_METHOD__STOCHASTIC)
        return cnn_caffe_refuse(w, l, "STOCHASTIC");
    if (l->ins != 1 || l->outs != 1)
        return cnn_caffe_refuse(w, l, "a mask as a second top");
    cnn_buf_puts(&b, p->pool == CNN__CAFFE__POOL_METHOD__MAX ? "maxpool" : "avgpool");
    if (p->global_pooling)
        cnn_buf_puts(&b, " global");
    else
        rc = pooling_sides(w, l, p, &b);
    if (rc == 1)
        rc = b.failed ? CNN_ESYSTEM : cnn_caffe_line(w, l, "%s", b.text);
    cnn_buf_free(&b);
    return rc;
}

int cnn_caffe_crop(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__CropParameter none = CNN__CAFFE__CROP_PARAMETER__INIT;
    const Cnn__Caffe__CropParameter *p = l->p->crop_param ? l->p->crop_param : &none;
    struct sides offset = {0};
    struct cnn_buf b = {0};
    if (l->ins != 2 || p->axis != 2 || !sides_of(&offset, p->n_offset, p->offset, 0, 0, 0))
        return cnn_caffe_refuse(w, l, "not of height and width");
    cnn_buf_puts(&b, "crop");
    if (offset.h || offset.w)
        add_sides(&b, " offset=", offset);
    int rc = b.failed ? CNN_ESYSTEM : cnn_caffe_line(w, l, "%s", b.text);
    cnn_buf_free(&b);
    return rc;
}
