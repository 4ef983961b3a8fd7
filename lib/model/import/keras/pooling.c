/* Layers of Keras that take windows of planes together, or change their sizes. */
#include <stdio.h>
#include <string.h>

#include "model/import/keras/keras.h"

enum { ROWS = 1 << 2, PLANES = 1 << 3 };

static size_t pooled(size_t in, size_t kernel, size_t stride, int same)
{
    if (same)
        return (in + stride - 1) / stride;
    return in >= kernel ? (in - kernel) / stride + 1 : 0;
}

static void format_sides(struct keras_sides s, char out[48])
{
    if (s.h == s.w)
        snprintf(out, 48, "%zu", s.h);
    else
        snprintf(out, 48, "%zux%zu", s.h, s.w);
}

static int pooling(struct keras_writer *w, struct keras_node *n, const char *word, const char *same)
{
    const struct cnn_chw in = cnn_keras_in(n)->shape;
    struct keras_sides kernel = cnn_keras_sides(w, n, "pool_size", 2), stride = kernel;
    const char *padding = cnn_keras_word(n, "padding", "valid");
    int is_same = !strcmp(padding, "same");
    char k[48], s[48];
    if (cnn_keras_option(n, "strides"))
        stride = cnn_keras_sides(w, n, "strides", 1);
    if (!cnn_keras_has_rank(w, n, ROWS | PLANES))
        return 0;
    if (!is_same && strcmp(padding, "valid") != 0)
        return cnn_keras_refuse(w, n, "padding '%.40s'", padding);
    n->out.shape = (struct cnn_chw){in.c, pooled(in.h, kernel.h, stride.h, is_same),
                                    pooled(in.w, kernel.w, stride.w, is_same)};
    if ((in.h && !n->out.shape.h) || (in.w && !n->out.shape.w))
        cnn_keras_refuse(w, n, "its window is larger than the %zux%zu that it reads", in.h, in.w);
    if (n->refused)
        return 0;
    format_sides(kernel, k);
    format_sides(stride, s);
    int beside = kernel.h == stride.h && kernel.w == stride.w;
    return cnn_keras_line(w, n, NULL, "%s %s%s%s%s", word, k,
                          beside ? "" : " stride=", beside ? "" : s, is_same ? same : "");
}

int cnn_keras_maxpool(struct keras_writer *w, struct keras_node *n)
{
    return pooling(w, n, "maxpool", " pad=same");
}

int cnn_keras_avgpool(struct keras_writer *w, struct keras_node *n)
{
    return pooling(w, n, "avgpool", " pad=same count_pad=0");
}

static int global(struct keras_writer *w, struct keras_node *n, const char *word)
{
    const struct keras_value *in = cnn_keras_in(n);
    if (!cnn_keras_has_rank(w, n, ROWS | PLANES))
        return 0;
    n->out.shape = (struct cnn_chw){in->shape.c, 1, 1};
    n->out.rank = cnn_keras_flag(n, "keepdims", 0) ? in->rank : 1;
    return cnn_keras_line(w, n, NULL, "%s global", word);
}

int cnn_keras_globalmax(struct keras_writer *w, struct keras_node *n)
{
    return global(w, n, "maxpool");
}

int cnn_keras_globalavg(struct keras_writer *w, struct keras_node *n)
{
    return global(w, n, "avgpool");
}

/* Borders: top, bottom, left, right, of a number, one for each side, or a pair for each; 0: refused. */

static int number_of(const json_t *j, size_t *out)
{
    json_int_t x = json_integer_value(j);
    *out = (size_t)x;
    return json_is_integer(j) && x >= 0 && x <= 1 << 14;
}

static int read_pair(const json_t *j, size_t out[2])
{
    if (json_is_array(j))
        return json_array_size(j) == 2 && number_of(json_array_get(j, 0), &out[0]) &&
               number_of(json_array_get(j, 1), &out[1]);
    int whole = number_of(j, &out[0]);
    out[1] = out[0];
    return whole;
}

static int read_border(struct keras_writer *w, struct keras_node *n, const char *key, size_t out[4])
{
    const json_t *j = cnn_keras_option(n, key);
    int rows = cnn_keras_in(n)->rank == 2, right = 1;
    out[0] = out[1] = out[2] = out[3] = 0;
    if (rows || !json_is_array(j))
        right = read_pair(j, out);
    if (!rows && !json_is_array(j)) {
        out[2] = out[0];
        out[3] = out[1];
    } else if (!rows) {
        right = json_array_size(j) == 2 && read_pair(json_array_get(j, 0), out) &&
                read_pair(json_array_get(j, 1), out + 2);
    }
    return right ? 1 : cnn_keras_refuse(w, n, "%s is no border", key);
}

int cnn_keras_padding(struct keras_writer *w, struct keras_node *n)
{
    size_t b[4];
    struct cnn_chw *s = &n->out.shape;
    if (!cnn_keras_has_rank(w, n, ROWS | PLANES) || !read_border(w, n, "padding", b))
        return 0;
    s->h += s->h ? b[0] + b[1] : 0;
    s->w += s->w ? b[2] + b[3] : 0;
    if (!b[0] && !b[1] && !b[2] && !b[3])
        return cnn_keras_same(n);
    return cnn_keras_line(w, n, NULL, "pad %zu,%zu,%zu,%zu", b[0], b[2], b[1], b[3]);
}

int cnn_keras_cropping(struct keras_writer *w, struct keras_node *n)
{
    size_t b[4];
    const struct keras_value *in = cnn_keras_in(n);
    struct cnn_chw *s = &n->out.shape;
    if (!cnn_keras_has_rank(w, n, ROWS | PLANES) || !read_border(w, n, "cropping", b) || in->unsure)
        return 0;
    if (s->h <= b[0] + b[1] || s->w <= b[2] + b[3])
        return cnn_keras_refuse(w, n, "it leaves nothing of %zux%zu", s->h, s->w);
    s->h -= b[0] + b[1];
    s->w -= b[2] + b[3];
    return cnn_keras_line(w, n, NULL, "crop %zux%zu offset=%zux%zu", s->h, s->w, b[0], b[2]);
}

int cnn_keras_upsampling(struct keras_writer *w, struct keras_node *n)
{
    struct keras_sides k = cnn_keras_sides(w, n, "size", 2);
    const char *way = cnn_keras_word(n, "interpolation", "nearest");
    if (!cnn_keras_has_rank(w, n, ROWS | PLANES))
        return 0;
    if (strcmp(way, "nearest") != 0 && strcmp(way, "bilinear") != 0)
        return cnn_keras_refuse(w, n, "interpolation '%.40s'", way);
    if (n->refused)
        return 0;
    n->out.shape.h *= k.h;
    n->out.shape.w *= k.w;
    return cnn_keras_line(w, n, NULL, "upsample %zu,%zu%s%s", k.h, k.w, *way == 'b' ? " mode=" : "",
                          *way == 'b' ? way : "");
}
