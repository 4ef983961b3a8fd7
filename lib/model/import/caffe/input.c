/* The input lines of a net of Caffe: shapes, and what is done to images. Caffe's are BGR, 0 to 255,
 * from which a mean is subtracted before they are scaled. A text that says nothing of that has what
 * the net says that is stored with the weights. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/import/caffe/caffe.h"

struct shape {
    int rank; /* without samples; 0: not known */
    long long side[3];
};

/* What is done to images. */
struct transform {
    int there; /* something says it */
    double scale;
    size_t means;
    const float *mean;
    const char *mean_file;
    long long crop;
    int grey;
};

static struct shape from_dims(size_t n, const int64_t *dim)
{
    struct shape s = {.rank = n >= 2 && n <= 4 ? (int)n - 1 : 0};
    for (int i = 0; i < s.rank; i++)
        s.side[i] = dim[i + 1];
    return s;
}

static struct transform transform_of(const Cnn__Caffe__LayerParameter *p)
{
    const Cnn__Caffe__TransformationParameter *t = p->transform_param;
    const Cnn__Caffe__DataParameter *d = p->data_param;
    const Cnn__Caffe__ImageDataParameter *i = p->image_data_param;
    if (t)
        return (struct transform){1,
                                  (double)t->scale,
                                  t->n_mean_value,
                                  t->mean_value,
                                  t->mean_file,
                                  t->crop_size,
                                  t->force_gray};
    if (d && (d->has_scale || d->mean_file || d->has_crop_size)) /* where it was before */
        return (struct transform){1, (double)d->scale, 0, NULL, d->mean_file, d->crop_size, 0};
    if (i && (i->has_scale || i->mean_file || i->has_crop_size))
        return (struct transform){1, (double)i->scale, 0, NULL, i->mean_file, i->crop_size, 0};
    return (struct transform){.scale = 1};
}

/* The first layer of a net that says what is done to images. */
static struct transform transform_in(const struct caffe_net *n)
{
    for (size_t i = 0; n && i < n->layers; i++) {
        const struct caffe_layer *l = &n->layer[i];
        struct transform t = transform_of(l->p);
        if (l->kind && l->kind->role == CAFFE_SOURCE && t.there)
            return t;
    }
    return (struct transform){.scale = 1};
}

static struct shape shape_of_source(const struct caffe_layer *l, size_t place)
{
    const Cnn__Caffe__LayerParameter *p = l->p;
    const Cnn__Caffe__ImageDataParameter *i = p->image_data_param;
    const Cnn__Caffe__DummyDataParameter *d = p->dummy_data_param;
    struct transform t = transform_of(p);
    long long channels = t.grey || (i && !i->is_color) || t.means == 1 ? 1 : 3;
    if (p->input_param && p->input_param->n_shape) {
        const Cnn__Caffe__InputParameter *q = p->input_param;
        const Cnn__Caffe__BlobShape *s = q->shape[place < q->n_shape ? place : 0];
        return from_dims(s->n_dim, s->dim);
    }
    if (d && d->n_shape) {
        const Cnn__Caffe__BlobShape *s = d->shape[place < d->n_shape ? place : 0];
        return from_dims(s->n_dim, s->dim);
    }
    if (p->memory_data_param) {
        const Cnn__Caffe__MemoryDataParameter *m = p->memory_data_param;
        return (struct shape){3, {m->channels, m->height, m->width}};
    }
    if (t.crop)
        return (struct shape){3, {channels, t.crop, t.crop}};
    if (i && i->new_height && i->new_width)
        return (struct shape){3, {channels, i->new_height, i->new_width}};
    return (struct shape){0};
}

static struct shape shape_of(const struct caffe_net *n, const struct caffe_value *v)
{
    enum { SIDES = 4 };
    int64_t dim[SIDES];
    if (v->maker)
        return shape_of_source(v->maker, v->place);
    if (v->place < n->p->n_input_shape)
        return from_dims(n->p->input_shape[v->place]->n_dim, n->p->input_shape[v->place]->dim);
    if (SIDES * (v->place + 1) > n->p->n_input_dim)
        return (struct shape){0};
    for (size_t i = 0; i < SIDES; i++)
        dim[i] = n->p->input_dim[SIDES * v->place + i];
    return from_dims(SIDES, dim);
}

/* Means */

const char *cnn_caffe_find_file(struct cnn_arena *arena, const char *text, const char *name)
{
    struct stat st;
    const char *slash = strrchr(name, '/'), *folder = strrchr(text, '/');
    if (!stat(name, &st) && S_ISREG(st.st_mode))
        return name;
    return cnn_arena_printf(arena, "%.*s%s", folder ? (int)(folder - text) + 1 : 0, text,
                            slash ? slash + 1 : name);
}

/* A number for each channel: the mean of its plane. */
static int plane_means(struct caffe_writer *w, const char *path, const struct caffe_blob *b,
                       long long channels, struct transform *t)
{
    size_t c = b->rank >= 3 ? b->dim[b->rank - 3] : 0, area = c ? b->count / c : 0;
    float *mean = cnn_arena_alloc(w->net->arena, (c + 1) * sizeof *mean);
    float *plane = cnn_calloc(area + 1, sizeof *plane);
    int rc = mean && plane ? 0 : CNN_ESYSTEM;
    if (!rc && (!area || (channels && (long long)c != channels)))
        rc = cnn_fail(CNN_EDATA, "%s: no mean of %lld channels", path, channels);
    for (size_t k = 0; !rc && k < c; k++) {
        double sum = 0;
        cnn_caffe_blob_floats(b, k * area, area, plane);
        for (size_t i = 0; i < area; i++)
            sum += (double)plane[i];
        mean[k] = (float)(sum / (double)area);
    }
    free(plane);
    t->mean = mean;
    t->means = c;
    return rc;
}

static int read_mean(struct caffe_writer *w, long long channels, struct transform *t)
{
    const char *path = cnn_caffe_find_file(w->net->arena, w->net->path, t->mean_file);
    struct cnn_bytes bytes;
    struct caffe_blob b;
    struct stat st;
    if (!path)
        return CNN_ESYSTEM;
    if (stat(path, &st) && !w->needs_mean)
        return 0;
    if (stat(path, &st))
        return cnn_fail(CNN_ENOINPUT,
                        "%s: its mean '%.200s' is not there, nor is %.200s (mean_value in a "
                        "transform_param says a mean, too)",
                        w->net->path, t->mean_file, path);
    int rc = cnn_bytes_map(path, 0, &bytes);
    if (rc)
        return rc;
    rc = cnn_caffe_blob(&w->net->memory, bytes.data, bytes.size, &b);
    rc = rc == CNN_EDATA ? cnn_fail_within("%s", path) : rc;
    if (!rc)
        rc = plane_means(w, path, &b, channels, t);
    cnn_bytes_free(&bytes);
    return rc;
}

/* Lines */

static void add_shape(struct cnn_buf *b, const struct shape *s)
{
    if (!s->rank)
        cnn_buf_puts(b, " auto");
    for (int i = 0; i < s->rank; i++)
        cnn_buf_printf(b, "%s%lld", i ? "x" : " ", s->side[i]);
    if (s->rank == 2)
        cnn_buf_puts(b, "x1");
}

static int write_input(struct caffe_writer *w, struct caffe_value *v, const char *name)
{
    struct shape s = shape_of(w->net, v);
    struct transform t = v->maker ? transform_of(v->maker->p) : (struct transform){.scale = 1};
    long long channels = s.rank ? s.side[0] : 0;
    char number[32];
    if (!s.rank && (!v->maker || *name))
        return cnn_fail(CNN_EDATA, "%s: a net without a shape for its input '%.100s'", w->net->path,
                        v->name);
    if (!t.there)
        t = transform_in(w->other);
    int rc = t.mean_file && !t.means ? read_mean(w, channels, &t) : 0;
    if (rc)
        return rc;
    int line = v->maker ? v->maker->line : 0;
    for (; w->line < line; w->line++)
        cnn_buf_puts(&w->text, "\n");
    cnn_buf_printf(&w->text, "%sinput%s%s", w->line > line && w->text.size ? "; " : "",
                   *name ? " " : "", name);
    add_shape(&w->text, &s);
    cnn_format_real(t.scale, 1, number);
    cnn_buf_printf(&w->text, " scale=%s%s", number, channels == 3 || !channels ? " order=bgr" : "");
    for (size_t i = 0; i < t.means; i++) {
        cnn_format_real((double)t.mean[i] * t.scale, 1, number);
        cnn_buf_printf(&w->text, "%s%s", i ? "," : " mean=", number);
    }
    return w->text.failed ? CNN_ESYSTEM : 0;
}

static int is_input(const struct caffe_value *v)
{
    const struct caffe_layer *l = v->maker;
    return v->uses_as_data && (!l || (l->kind && l->kind->role == CAFFE_SOURCE));
}

int cnn_caffe_inputs(struct caffe_writer *w)
{
    struct caffe_net *n = w->net;
    size_t inputs = 0;
    int rc = 0;
    for (size_t i = 0; i < n->values; i++)
        inputs += is_input(n->value[i]) ? 1 : 0;
    for (size_t i = 0; i < n->values; i++) {
        struct caffe_value *v = n->value[i];
        if (!is_input(v))
            continue;
        v->label = inputs > 1 ? cnn_caffe_field(n->arena, v->name) : "input";
        if (!v->label || cnn_names_put(w->labels, v->label, v))
            return CNN_ESYSTEM;
        w->last = *w->last ? w->last : v->label;
    }
    for (size_t i = 0; !rc && i < n->values; i++)
        if (is_input(n->value[i]))
            rc = write_input(w, n->value[i], inputs > 1 ? n->value[i]->label : "");
    if (!inputs)
        return cnn_fail(CNN_EDATA, "%s: a net without an input", n->path);
    return rc;
}
