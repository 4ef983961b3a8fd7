/* Layers of Caffe that are one of the language's each: products with matrices, activations, parts of values. */
#include <stdio.h>
#include <string.h>

#include "model/import/caffe/caffe.h"

/* The message of a layer's settings, or the one without any. */
#define SETTINGS(l, member, Type, MESSAGE) ((l)->p->member ? (l)->p->member : &(const Type)MESSAGE)

int cnn_caffe_dense(struct caffe_writer *w, struct caffe_layer *l)
{
    const Cnn__Caffe__InnerProductParameter *p =
        SETTINGS(l, inner_product_param, Cnn__Caffe__InnerProductParameter,
                 CNN__CAFFE__INNER_PRODUCT_PARAMETER__INIT);
    struct cnn_buf b = {0};
    int bias = p->bias_term != 0;
    if (p->axis != 1 || !p->num_output)
        return cnn_caffe_refuse(w, l, p->num_output ? "axis %d" : "num_output is missing", p->axis);
    cnn_buf_printf(&b, "dense %u%s", p->num_output, bias ? "" : " bias=0");
    int rc = cnn_caffe_training(w, l, bias ? CAFFE_WEIGHT_AND_BIAS : CAFFE_WEIGHT, p->weight_filler,
                                bias ? p->bias_filler : NULL, &b);
    if (rc == 1)
        rc = b.failed ? CNN_ESYSTEM
                      : cnn_caffe_line_with_params(w, l, b.text, 2, p->transpose != 0, bias);
    cnn_buf_free(&b);
    return rc;
}

int cnn_caffe_lrn(struct caffe_writer *w, struct caffe_layer *l)
{
    const Cnn__Caffe__LRNParameter *p =
        SETTINGS(l, lrn_param, Cnn__Caffe__LRNParameter, CNN__CAFFE__LRNPARAMETER__INIT);
    int within = p->norm_region == CNN__CAFFE__LRNPARAMETER__NORM_REGION__WITHIN_CHANNEL;
    char alpha[32], beta[32], k[32];
    cnn_format_real((double)p->alpha, 1, alpha);
    cnn_format_real((double)p->beta, 1, beta);
    cnn_format_real(within ? 1 : (double)p->k, 1, k);
    return cnn_caffe_line(w, l, "lrn %u alpha=%s beta=%s k=%s%s", p->local_size, alpha, beta, k,
                          within ? " within=1" : "");
}

/* Activations */

int cnn_caffe_relu(struct caffe_writer *w, struct caffe_layer *l)
{
    float slope = l->p->relu_param ? l->p->relu_param->negative_slope : 0;
    char number[32];
    cnn_format_real((double)slope, 1, number);
    if (!(slope > 0) && !(slope < 0))
        return cnn_caffe_line(w, l, "relu");
    return cnn_caffe_line(w, l, "leakyrelu %s", number);
}

int cnn_caffe_elu(struct caffe_writer *w, struct caffe_layer *l)
{
    char number[32];
    cnn_format_real(l->p->elu_param ? (double)l->p->elu_param->alpha : 1, 1, number);
    return cnn_caffe_line(w, l, "elu %s", number);
}

int cnn_caffe_sigmoid(struct caffe_writer *w, struct caffe_layer *l)
{
    return cnn_caffe_line(w, l, "sigmoid");
}

int cnn_caffe_tanh(struct caffe_writer *w, struct caffe_layer *l)
{
    return cnn_caffe_line(w, l, "tanh");
}

int cnn_caffe_bnll(struct caffe_writer *w, struct caffe_layer *l)
{
    return cnn_caffe_line(w, l, "softplus");
}

int cnn_caffe_swish(struct caffe_writer *w, struct caffe_layer *l)
{
    float beta = l->p->swish_param ? l->p->swish_param->beta : 1;
    if (beta < 1 || beta > 1)
        return cnn_caffe_refuse(w, l, "beta %g", (double)beta);
    return cnn_caffe_line(w, l, "silu");
}

int cnn_caffe_softmax(struct caffe_writer *w, struct caffe_layer *l)
{
    int axis = l->p->softmax_param ? l->p->softmax_param->axis : 1;
    if (axis != 1)
        return cnn_caffe_refuse(w, l, "axis %d", axis);
    return cnn_caffe_line(w, l, "softmax");
}

int cnn_caffe_dropout(struct caffe_writer *w, struct caffe_layer *l)
{
    char number[32];
    cnn_format_real(l->p->dropout_param ? (double)l->p->dropout_param->dropout_ratio : 0.5, 1,
                    number);
    return cnn_caffe_line(w, l, "dropout %s", number);
}

/* Several values */

int cnn_caffe_concat(struct caffe_writer *w, struct caffe_layer *l)
{
    const Cnn__Caffe__ConcatParameter *p =
        SETTINGS(l, concat_param, Cnn__Caffe__ConcatParameter, CNN__CAFFE__CONCAT_PARAMETER__INIT);
    int axis = p->has_concat_dim ? (int)p->concat_dim : p->axis;
    if (axis != 1)
        return cnn_caffe_refuse(w, l, "axis %d", axis);
    return l->ins == 1 ? cnn_caffe_same(l) : cnn_caffe_line(w, l, "concat");
}

/* Each part a line of its own, called after what it makes. */
static int write_parts(struct caffe_writer *w, struct caffe_layer *l, size_t points,
                       const uint32_t *point)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < l->outs; i++) {
        char words[64];
        unsigned from = i ? point[i - 1] : 0, to = i < points ? point[i] : 0;
        snprintf(words, sizeof words, "slice %u %u", from, to);
        const char *label = cnn_caffe_label(w, l->out[i]->name);
        rc = cnn_caffe_line_of(w, label, l->line, l->in, 1, words);
        l->out[i]->label = label;
    }
    return rc;
}

int cnn_caffe_slice(struct caffe_writer *w, struct caffe_layer *l)
{
    const Cnn__Caffe__SliceParameter *p =
        SETTINGS(l, slice_param, Cnn__Caffe__SliceParameter, CNN__CAFFE__SLICE_PARAMETER__INIT);
    int axis = p->has_slice_dim ? (int)p->slice_dim : p->axis;
    if (axis != 1)
        return cnn_caffe_refuse(w, l, "axis %d", axis);
    if (l->outs == 1)
        return cnn_caffe_same(l);
    if (p->n_slice_point && p->n_slice_point + 1 != l->outs)
        return cnn_caffe_refuse(w, l, "%zu slice_point for %zu tops", p->n_slice_point, l->outs);
    if (p->n_slice_point)
        return write_parts(w, l, p->n_slice_point, p->slice_point);
    int rc = cnn_caffe_line(w, l, "split %zu", l->outs);
    for (size_t i = 1; !rc && i < l->outs; i++)
        if (!(l->out[i]->label = cnn_arena_printf(w->net->arena, "%s.%zu", l->out[0]->label, i)))
            rc = CNN_ESYSTEM;
    return rc;
}

/* Shapes */

int cnn_caffe_flatten(struct caffe_writer *w, struct caffe_layer *l)
{
    const Cnn__Caffe__FlattenParameter *p = l->p->flatten_param;
    if (p && (p->axis != 1 || (p->end_axis != -1 && p->end_axis != 3)))
        return cnn_caffe_refuse(w, l, "axes %d to %d", p->axis, p->end_axis);
    return cnn_caffe_line(w, l, "flatten");
}

int cnn_caffe_split(struct caffe_writer *w, struct caffe_layer *l)
{
    (void)w;
    return cnn_caffe_same(l);
}
