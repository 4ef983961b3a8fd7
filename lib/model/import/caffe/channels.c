/* Layers of Caffe with a number for each channel: slopes, scales, biases. */
#include "model/import/caffe/caffe.h"

/* What is refused of the axes that a scale or bias goes over; 1: nothing. Of two bottoms the second has the
 * numbers, for each channel of each sample. */
static int check_axes(struct caffe_writer *w, const struct caffe_layer *l, int axis, int axes)
{
    if (l->ins > 2 || l->outs != 1)
        return cnn_caffe_refuse(w, l, "%zu bottoms", l->ins);
    if (l->ins == 2 && axis)
        return cnn_caffe_refuse(w, l, "axis %d of two bottoms", axis);
    if (l->ins == 1 && (axis != 1 || axes != 1))
        return cnn_caffe_refuse(w, l, "axis %d, num_axes %d", axis, axes);
    return 1;
}

/* One that is not written with the BatchNorm before it. */
int cnn_caffe_scale(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__ScaleParameter none = CNN__CAFFE__SCALE_PARAMETER__INIT;
    const Cnn__Caffe__ScaleParameter *p = l->p->scale_param ? l->p->scale_param : &none;
    struct cnn_buf b = {0};
    int bias = p->bias_term != 0;
    int rc = check_axes(w, l, p->axis, p->num_axes);
    if (rc == 1 && l->ins == 2)
        return bias ? cnn_caffe_refuse(w, l, "bias_term with two bottoms")
                    : cnn_caffe_line(w, l, "mul");
    cnn_buf_puts(&b, bias ? "scale" : "scale bias=0");
    if (rc == 1)
        rc = cnn_caffe_training(w, l, bias ? CAFFE_WEIGHT_AND_BIAS : CAFFE_WEIGHT, p->filler,
                                bias ? p->bias_filler : NULL, &b);
    if (rc == 1)
        rc = b.failed ? CNN_ESYSTEM : cnn_caffe_line_with_params(w, l, b.text, 1, 0, bias);
    cnn_buf_free(&b);
    return rc;
}

int cnn_caffe_bias(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__BiasParameter none = CNN__CAFFE__BIAS_PARAMETER__INIT;
    const Cnn__Caffe__BiasParameter *p = l->p->bias_param ? l->p->bias_param : &none;
    struct cnn_buf b = {0};
    int rc = check_axes(w, l, p->axis, p->num_axes);
    if (rc == 1 && l->ins == 2)
        return cnn_caffe_line(w, l, "sum");
    cnn_buf_puts(&b, "scale weight=0");
    if (rc == 1)
        rc = cnn_caffe_training(w, l, CAFFE_BIAS, NULL, p->filler, &b);
    if (rc == 1) {
        rc = b.failed ? CNN_ESYSTEM : cnn_caffe_line(w, l, "%s", b.text);
        if (!rc && !l->shares)
            rc = cnn_caffe_param(w, l, l->out[0]->label, "bias", 0, 1, 1, 0);
    }
    cnn_buf_free(&b);
    return rc;
}

int cnn_caffe_prelu(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__PReLUParameter none = CNN__CAFFE__PRE_LUPARAMETER__INIT;
    const Cnn__Caffe__PReLUParameter *p = l->p->prelu_param ? l->p->prelu_param : &none;
    struct cnn_buf b = {0};
    cnn_buf_puts(&b, p->channel_shared ? "prelu shared=1" : "prelu");
    int rc = cnn_caffe_training(w, l, CAFFE_WEIGHT, p->filler, NULL, &b);
    if (rc == 1)
        rc = b.failed ? CNN_ESYSTEM : cnn_caffe_line_with_params(w, l, b.text, 1, 0, 0);
    cnn_buf_free(&b);
    return rc;
}
