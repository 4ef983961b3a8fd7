/* Numbers of layers: how they start and are trained, and the tensors that they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/import/caffe/caffe.h"

/* Fillers. Caffe's fans are those of our layers. */

/* A uniform or normal filler by the square root of a fan: 0: that fan has none. */
static const char *by_fan(const Cnn__Caffe__FillerParameter *f)
{
    int in = f->variance_norm == CNN__CAFFE__FILLER_PARAMETER__VARIANCE_NORM__FAN_IN;
    if (!strcmp(f->type, "xavier"))
        return in ? "lecun_uniform"
               : f->variance_norm == CNN__CAFFE__FILLER_PARAMETER__VARIANCE_NORM__AVERAGE
                   ? "glorot_uniform"
                   : NULL;
    return !strcmp(f->type, "msra") && in ? "he_normal" : NULL;
}

/* The rule of init= into `out`; 0: there is none. */
static int rule_of(const Cnn__Caffe__FillerParameter *f, char out[64])
{
    char number[32];
    const char *fan = by_fan(f);
    double value = 0;
    const char *rule = NULL;
    if (fan || !strcmp(f->type, "bilinear")) {
        snprintf(out, 64, "%s", fan ? fan : "bilinear");
        return 1;
    }
    if (!strcmp(f->type, "constant")) {
        rule = "constant";
        value = (double)f->value;
    } else if (!strcmp(f->type, "gaussian") && !(f->mean < 0) && !(f->mean > 0) && f->sparse < 0) {
        rule = "gaussian";
        value = (double)f->std;
    } else if (!strcmp(f->type, "uniform") && !(f->min + f->max > 0) && !(f->min + f->max < 0)) {
        rule = "uniform";
        value = (double)f->max;
    }
    cnn_format_real(value, 1, number);
    snprintf(out, 64, "%s:%s", rule ? rule : "", number);
    return rule != NULL;
}

static void add_pair(struct cnn_buf *out, const char *key, double first, double second, int both)
{
    char a[32], b[32];
    cnn_format_real(first, 1, a);
    cnn_format_real(second, 1, b);
    if (first == 1 && (second == 1 || !both))
        return;
    cnn_buf_printf(out, " %s=%s%s%s", key, a, both ? "," : "", both ? b : "");
}

/* Whether another layer before it has parameters of the same names: *from; 0: it was refused. */
static int find_shared(struct caffe_writer *w, struct caffe_layer *l, const char **from)
{
    const char *name = l->p->n_param && l->p->param[0]->name ? l->p->param[0]->name : "";
    struct caffe_layer *first = *name ? cnn_names_find(w->shared, name) : NULL;
    *from = NULL;
    if (!*name)
        return 1;
    if (!first)
        return cnn_names_put(w->shared, name, l) ? CNN_ESYSTEM : 1;
    int same = first->p->n_param == l->p->n_param && first->kind == l->kind;
    for (size_t i = 0; same && i < l->p->n_param; i++)
        same = !strcmp(first->p->param[i]->name ? first->p->param[i]->name : "",
                       l->p->param[i]->name ? l->p->param[i]->name : "");
    if (!same)
        return cnn_caffe_refuse(w, l, "it shares some parameters of '%.60s', not all", first->name);
    *from = first->out[0]->label;
    return 1;
}

/* Factors of learning rate and weight decay; 0: they were refused. */
static int add_factors(struct caffe_writer *w, const struct caffe_layer *l, int both,
                       struct cnn_buf *out)
{
    double rate[2] = {1, 1}, decay[2] = {1, 1};
    for (size_t i = 0; i < 2 && i < l->p->n_param; i++) {
        rate[i] = (double)l->p->param[i]->lr_mult;
        decay[i] = (double)l->p->param[i]->decay_mult;
    }
    if (!(rate[0] >= 0 && rate[1] >= 0 && decay[0] >= 0 && decay[1] >= 0))
        return cnn_caffe_refuse(w, l, "a negative lr_mult or decay_mult");
    add_pair(out, "rate", rate[0], rate[1], both);
    add_pair(out, "decay", decay[0], decay[1], both);
    return out->failed ? CNN_ESYSTEM : 1;
}

int cnn_caffe_training(struct caffe_writer *w, struct caffe_layer *l, enum caffe_numbers numbers,
                       const Cnn__Caffe__FillerParameter *weight,
                       const Cnn__Caffe__FillerParameter *bias, struct cnn_buf *out)
{
    char a[64] = "default", b[64] = "constant:0";
    const char *from;
    int rc = find_shared(w, l, &from);
    l->shares = rc == 1 && from;
    if (rc != 1)
        return rc;
    if (from)
        cnn_buf_printf(out, " share=%s", from);
    if (from)
        return out->failed ? CNN_ESYSTEM : 1;
    if (!l->blobs && weight && !rule_of(weight, a)) /* else they have started */
        return cnn_caffe_refuse(w, l, "weight_filler %.40s", weight->type);
    if (!l->blobs && bias && !rule_of(bias, b))
        return cnn_caffe_refuse(w, l, "bias_filler %.40s", bias->type);
    weight = l->blobs ? NULL : weight;
    int starts = numbers != CAFFE_WEIGHT && bias && strcmp(b, "constant:0");
    if (weight || starts)
        cnn_buf_printf(out, " init=%s%s%s", a, starts ? "," : "", starts ? b : "");
    return add_factors(w, l, numbers == CAFFE_WEIGHT_AND_BIAS, out);
}

/* Tensors */

/* The blob's sides without those in front that are 1 and too many. */
static int fit(const struct caffe_blob *b, int rank, struct caffe_param *out)
{
    int first = b->rank - rank;
    for (int i = 0; i < first; i++)
        if (b->dim[i] != 1)
            return 0;
    for (int i = 0; i < rank; i++)
        out->dim[i] = first + i < 0 ? 1 : b->dim[first + i];
    out->rank = rank;
    return 1;
}

int cnn_caffe_param(struct caffe_writer *w, const struct caffe_layer *l, const char *label,
                    const char *suffix, size_t k, int rank, double factor, int transposed)
{
    struct caffe_param p = {.factor = factor, .transposed = transposed};
    if (!l->blobs)
        return 0;
    if (k >= l->blobs)
        return cnn_caffe_refuse(w, l, "it has %zu blobs of numbers", l->blobs);
    p.blob = &l->blob[k];
    if (!fit(p.blob, rank, &p))
        return cnn_caffe_refuse(w, l, "its blob %zu is no %s", k, suffix);
    p.name = cnn_arena_printf(w->net->arena, "%s.%s", label, suffix);
    if (!p.name)
        return CNN_ESYSTEM;
    if (transposed) {
        size_t side = p.dim[0];
        p.dim[0] = p.dim[1];
        p.dim[1] = side;
    }
    if (w->params == w->param_room) {
        size_t room = w->param_room ? 2 * w->param_room : 64;
        struct caffe_param *more = cnn_arena_alloc(w->net->arena, room * sizeof *more);
        if (!more)
            return CNN_ESYSTEM;
        if (w->params)
            memcpy(more, w->param, w->params * sizeof *more);
        w->param = more;
        w->param_room = room;
    }
    w->param[w->params++] = p;
    return 0;
}

int cnn_caffe_line_with_params(struct caffe_writer *w, struct caffe_layer *l, const char *words,
                               int rank, int transposed, int has_bias)
{
    int rc = cnn_caffe_line(w, l, "%s", words);
    if (rc || l->shares)
        return rc;
    rc = cnn_caffe_param(w, l, l->out[0]->label, "weight", 0, rank, 1, transposed);
    return rc || !has_bias ? rc : cnn_caffe_param(w, l, l->out[0]->label, "bias", 1, 1, 1, 0);
}

int cnn_caffe_spare_params(struct caffe_writer *w, const struct caffe_layer *l, const char *label)
{
    int rc = 0;
    for (size_t k = 0; !rc && k < l->blobs; k++) {
        char suffix[24];
        snprintf(suffix, sizeof suffix, "%zu", k);
        rc = cnn_caffe_param(w, l, label,
                             k > 1 ? suffix
                             : k   ? "bias"
                                   : "weight",
                             k, l->blob[k].rank, 1, 0);
    }
    return rc;
}

/* The source: what is collected, and what it lies in. */
struct caffe_source {
    struct cnn_arena *arena;
    struct cnn_bytes bytes;
    const struct caffe_param *param;
};

static int floats(const struct cnn_tensor_source *s, size_t i, float *out)
{
    const struct caffe_source *f = s->state;
    const struct caffe_param *p = &f->param[i];
    size_t rows = p->dim[0], columns = p->transposed ? p->dim[1] : 1;
    if (!p->transposed)
        cnn_caffe_blob_floats(p->blob, 0, p->blob->count, out);
    for (size_t c = 0; p->transposed && c < columns; c++)
        for (size_t r = 0; r < rows; r++)
            cnn_caffe_blob_floats(p->blob, c * rows + r, 1, &out[r * columns + c]);
    for (size_t k = 0; p->factor != 1 && k < p->blob->count; k++)
        out[k] = (float)((double)out[k] * p->factor);
    return 0;
}

static void done(const struct cnn_tensor_source *s, const unsigned char *data, size_t n)
{
    const struct caffe_source *f = s->state;
    if (data >= f->bytes.data && data < f->bytes.data + f->bytes.size)
        cnn_bytes_forget(&f->bytes, data, n);
}

static void close_source(void *state)
{
    struct caffe_source *f = state;
    if (!f)
        return;
    cnn_bytes_free(&f->bytes);
    cnn_arena_free(f->arena);
    free(f);
}

static const struct cnn_tensor_source_type caffe_source = {
    .floats = floats, .done = done, .close = close_source};

static int add_tensor(struct cnn_tensor_source *s, const struct caffe_param *p)
{
    struct cnn_stored_tensor t = {.name = p->name};
    int plain = p->factor == 1 && !p->transposed;
    if (cnn_stored_tensor_shape(&t, p->blob->doubles && plain ? CNN_F64 : CNN_F32, p->rank, p->dim))
        return cnn_fail(CNN_EDATA, "%s: tensor '%.200s' is too large", s->path, p->name);
    t.data = plain ? p->blob->data : NULL;
    return cnn_tensors_add(s, &t);
}

int cnn_caffe_tensors(struct caffe_writer *w, const char *path, struct cnn_bytes *bytes,
                      struct cnn_tensor_source **out)
{
    struct caffe_source *f = cnn_calloc(1, sizeof *f);
    int rc = f ? 0 : CNN_ESYSTEM;
    if (f)
        *f = (struct caffe_source){.param = w->param};
    *out = f ? cnn_tensors_new(path, &caffe_source, f) : NULL;
    if (!*out)
        return CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < w->params; i++)
        rc = add_tensor(*out, &w->param[i]);
    if (!rc)
        rc = cnn_tensors_settle(*out);
    if (rc) {
        cnn_tensors_close(*out);
        *out = NULL;
        return rc;
    }
    f->arena = w->net->arena;
    f->bytes = *bytes;
    return 0;
}
