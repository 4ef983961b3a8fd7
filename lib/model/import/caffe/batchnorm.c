/* Batch normalisation, which in Caffe is two layers: BatchNorm subtracts and divides, Scale
 * multiplies and adds. The statistics of the former are sums, its third number what they are to be
 * divided by. */
#include <string.h>

#include "model/import/caffe/caffe.h"

/* The Scale that alone reads what a BatchNorm makes, and is a scale of channels; else NULL. */
static struct caffe_layer *scale_behind(const struct caffe_layer *l)
{
    struct caffe_layer *s = l->outs == 1 && l->out[0]->uses == 1 ? l->out[0]->user : NULL;
    if (!s || strcmp(s->type, "Scale") || s->ins != 1 || s->outs != 1)
        return NULL;
    const Cnn__Caffe__ScaleParameter *p = s->p->scale_param;
    return !p || (p->axis == 1 && p->num_axes == 1) ? s : NULL;
}

/* Zeros, as a Scale without bias adds. */
static const struct caffe_blob *zeros(struct caffe_writer *w, const struct caffe_blob *like)
{
    struct caffe_blob *b = cnn_arena_alloc(w->net->arena, sizeof *b);
    unsigned char *data = b ? cnn_arena_alloc(w->net->arena, like->count * sizeof(float)) : NULL;
    if (!data)
        return NULL;
    *b = *like;
    b->doubles = 0;
    b->data = data;
    return b;
}

/* The Scale's numbers, as the bn's. */
static int affine(struct caffe_writer *w, struct caffe_layer *l, struct caffe_layer *s, int biased)
{
    const char *label = l->out[0]->label;
    if (!s->blobs)
        return 0;
    int rc = cnn_caffe_param(w, s, label, "weight", 0, 1, 1, 0);
    if (rc || biased)
        return rc ? rc : cnn_caffe_param(w, s, label, "bias", 1, 1, 1, 0);
    const struct caffe_blob *zero = zeros(w, &s->blob[0]);
    if (!zero)
        return CNN_ESYSTEM;
    struct caffe_layer none = *s;
    none.blob = (struct caffe_blob *)(uintptr_t)zero;
    none.blobs = 1;
    return cnn_caffe_param(w, &none, label, "bias", 0, 1, 1, 0);
}

static int statistics(struct caffe_writer *w, struct caffe_layer *l)
{
    const char *label = l->out[0]->label;
    float sum = 0;
    if (!l->blobs)
        return 0;
    if (l->blobs < 3 || l->blob[2].count != 1)
        return cnn_caffe_refuse(w, l, "it has %zu blobs of numbers", l->blobs);
    cnn_caffe_blob_floats(&l->blob[2], 0, 1, &sum);
    double factor = sum > 0 || sum < 0 ? 1 / (double)sum : 0;
    int rc = cnn_caffe_param(w, l, label, "running_mean", 0, 1, factor, 0);
    return rc ? rc : cnn_caffe_param(w, l, label, "running_var", 1, 1, factor, 0);
}

int cnn_caffe_batchnorm(struct caffe_writer *w, struct caffe_layer *l)
{
    Cnn__Caffe__BatchNormParameter none;
    static const Cnn__Caffe__ScaleParameter plain = CNN__CAFFE__SCALE_PARAMETER__INIT;
    cnn__caffe__batch_norm_parameter__init(&none);
    const Cnn__Caffe__BatchNormParameter *p =
        l->p->batch_norm_param ? l->p->batch_norm_param : &none;
    struct caffe_layer *s = scale_behind(l);
    const Cnn__Caffe__ScaleParameter *q = s && s->p->scale_param ? s->p->scale_param : &plain;
    struct cnn_buf b = {0};
    char eps[32], momentum[32];
    cnn_format_real((double)p->eps, 1, eps);
    cnn_format_real(1 - (double)p->moving_average_fraction, 1, momentum);
    cnn_buf_printf(&b, "bn eps=%s momentum=%s%s", eps, momentum, s ? "" : " affine=0");
    int rc = s ? cnn_caffe_training(w, s, q->bias_term ? CAFFE_WEIGHT_AND_BIAS : CAFFE_WEIGHT,
                                    q->filler, q->bias_filler, &b)
               : 1;
    if (rc == 1)
        rc = b.failed ? CNN_ESYSTEM : cnn_caffe_line(w, l, "%s", b.text);
    cnn_buf_free(&b);
    if (rc || !l->out[0]->label)
        return rc;
    if (s) {
        s->done = 1;
        s->out[0]->label = l->out[0]->label;
        rc = s->shares ? 0 : affine(w, l, s, q->bias_term != 0);
    }
    return rc || (s && s->shares) ? rc : statistics(w, l);
}
