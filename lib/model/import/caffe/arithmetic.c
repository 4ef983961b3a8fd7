/* Layers of Caffe that calculate with elements: sums, products, powers, and what becomes of whole planes and samples.
 * Where one of them is several lines, those before the last are called after it and what they are. */
#include <stdio.h>

#include "model/import/caffe/caffe.h"

/* A line of a layer's, of one value or (y not NULL) two, called after the layer and `suffix`; out is
 * what it gives. */
static int part(struct caffe_writer *w, struct caffe_layer *l, const char *suffix,
                const char *words, const struct caffe_value *x, const struct caffe_value *y,
                struct caffe_value *out)
{
    struct caffe_value a = *x, b = y ? *y : *x, *in[] = {&a, &b};
    const char *name = cnn_arena_printf(w->net->arena, "%s%s", l->name, suffix);
    out->label = name ? cnn_caffe_label(w, name) : NULL;
    return cnn_caffe_line_of(w, out->label, l->line, in, y ? 2 : 1, words);
}

static int is_one(float x)
{
    return x >= 1 && x <= 1;
}

/* A value times a number; the value itself where that is 1. */
static int times(struct caffe_writer *w, struct caffe_layer *l, const char *suffix, float factor,
                 const struct caffe_value *x, struct caffe_value *out)
{
    char words[48], number[32];
    *out = *x;
    if (is_one(factor))
        return 0;
    cnn_format_real((double)factor, 1, number);
    snprintf(words, sizeof words, "factor %s", number);
    return part(w, l, suffix, words, x, NULL, out);
}

/* Several values */

/* The first value with each other in turn, what comes of the last being the layer's. */
static int in_turn(struct caffe_writer *w, struct caffe_layer *l,
                   int (*join)(struct caffe_writer *w, struct caffe_layer *l, const char *suffix,
                               const struct caffe_value *x, const struct caffe_value *y,
                               struct caffe_value *out))
{
    struct caffe_value so_far = *l->in[0];
    int rc = 0;
    for (size_t i = 1; !rc && i < l->ins; i++)
        rc = join(w, l, i + 1 < l->ins ? "_part" : "", &so_far, l->in[i], &so_far);
    l->out[0]->label = so_far.label;
    return rc;
}

static int product(struct caffe_writer *w, struct caffe_layer *l, const char *suffix,
                   const struct caffe_value *x, const struct caffe_value *y,
                   struct caffe_value *out)
{
    return part(w, l, suffix, "mul", x, y, out);
}

/* max(x, y) = x + max(y - x, 0) */
static int maximum(struct caffe_writer *w, struct caffe_layer *l, const char *suffix,
                   const struct caffe_value *x, const struct caffe_value *y,
                   struct caffe_value *out)
{
    struct caffe_value v;
    int rc = times(w, l, "_minus", -1, x, &v);
    if (!rc)
        rc = part(w, l, "_difference", "sum", y, &v, &v);
    if (!rc)
        rc = part(w, l, "_more", "relu", &v, NULL, &v);
    return rc ? rc : part(w, l, suffix, "sum", x, &v, out);
}

/* Of some of the values a number each is left, of others a line. */
static int weighted_sum(struct caffe_writer *w, struct caffe_layer *l, const float *coeff)
{
    struct caffe_value *of = cnn_arena_alloc(w->net->arena, l->ins * sizeof *of);
    struct caffe_value **in = cnn_arena_alloc(w->net->arena, l->ins * sizeof *in);
    int rc = of && in ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < l->ins; i++) {
        rc = times(w, l, "_part", coeff ? coeff[i] : 1, l->in[i], &of[i]);
        in[i] = &of[i];
    }
    if (rc)
        return rc;
    l->out[0]->label = l->ins == 1 ? of[0].label : cnn_caffe_label(w, l->name);
    return l->ins == 1 ? 0 : cnn_caffe_line_of(w, l->out[0]->label, l->line, in, l->ins, "sum");
}

int cnn_caffe_eltwise(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__EltwiseParameter none = CNN__CAFFE__ELTWISE_PARAMETER__INIT;
    const Cnn__Caffe__EltwiseParameter *p = l->p->eltwise_param ? l->p->eltwise_param : &none;
    int sums = p->operation == CNN__CAFFE__ELTWISE_PARAMETER__ELTWISE_OP__SUM;
    if (p->n_coeff && (!sums || p->n_coeff != l->ins))
        return cnn_caffe_refuse(w, l, "%zu coeff for %s of %zu bottoms", p->n_coeff,
                                sums ? "the sum" : "what is no sum", l->ins);
    if (sums)
        return weighted_sum(w, l, p->n_coeff ? p->coeff : NULL);
    return in_turn(
        w, l, p->operation == CNN__CAFFE__ELTWISE_PARAMETER__ELTWISE_OP__PROD ? product : maximum);
}

/* One value */

/* y = (scale x)^power */
int cnn_caffe_power(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__PowerParameter none = CNN__CAFFE__POWER_PARAMETER__INIT;
    const Cnn__Caffe__PowerParameter *p = l->p->power_param ? l->p->power_param : &none;
    int squares = p->power >= 2 && p->power <= 2, shifts = !(p->shift >= 0 && p->shift <= 0);
    if (shifts || !(squares || is_one(p->power)))
        return cnn_caffe_refuse(w, l, "(%g + %g x)^%g", (double)p->shift, (double)p->scale,
                                (double)p->power);
    struct caffe_value v;
    int rc = times(w, l, squares ? "_part" : "", p->scale, l->in[0], &v);
    if (!rc && squares)
        rc = part(w, l, "", "mul", &v, &v, &v);
    l->out[0]->label = v.label;
    return rc;
}

/* The sum or mean of each plane, or of all of a sample as one plane, of the elements or (what) what
 * they become. */
int cnn_caffe_reduction(struct caffe_writer *w, struct caffe_layer *l)
{
    static const Cnn__Caffe__ReductionParameter none = CNN__CAFFE__REDUCTION_PARAMETER__INIT;
    const Cnn__Caffe__ReductionParameter *p = l->p->reduction_param ? l->p->reduction_param : &none;
    int squares = p->operation == CNN__CAFFE__REDUCTION_PARAMETER__REDUCTION_OP__SUMSQ;
    int mean = p->operation == CNN__CAFFE__REDUCTION_PARAMETER__REDUCTION_OP__MEAN;
    int sizes = p->operation == CNN__CAFFE__REDUCTION_PARAMETER__REDUCTION_OP__ASUM;
    const char *pool = mean    ? "avgpool global"
                       : sizes ? "lppool global p=1"
                               : "avgpool global divisor=1";
    struct caffe_value v = *l->in[0];
    int rc = 0;
    if (p->axis != 1 && p->axis != 2)
        return cnn_caffe_refuse(w, l, "axis %d", p->axis);
    if (p->axis == 1)
        rc = part(w, l, "_part", "reshape 1,1,-1", &v, NULL, &v);
    if (!rc && squares)
        rc = part(w, l, "_part", "mul", &v, &v, &v);
    if (!rc)
        rc = part(w, l, is_one(p->coeff) ? "" : "_part", pool, &v, NULL, &v);
    if (!rc)
        rc = times(w, l, "", p->coeff, &v, &v);
    l->out[0]->label = v.label;
    return rc;
}
