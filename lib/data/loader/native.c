/* Samples as large as they are: the memory that they take, and which make a batch. A batch has samples of
 * one size, so many that it has no more elements than one of the input's own size. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/loader/private.h"

enum { SPARE = 4 }; /* times as much memory as a sample needs stays for the next */

struct cnn_input cnn_loader_native_input(const struct cnn_input *input, struct cnn_chw shape)
{
    struct cnn_input own = *input;
    own.shape = shape;
    own.resize = 0;
    return own;
}

/* Memory for `need` elements, whose contents do not outlive this: no more than are needed, and no longer
 * what only a much larger sample needed. */
static int fit_memory(void *array, size_t *room, size_t need, size_t size)
{
    if (need <= *room && *room / SPARE <= need)
        return 0;
    void *old, *p;
    memcpy(&old, array, sizeof old);
    free(old);
    p = cnn_calloc(need, size);
    memcpy(array, &p, sizeof p);
    *room = p ? need : 0;
    return p ? 0 : CNN_ESYSTEM;
}

static int is_plane(const struct cnn_loader *l, size_t i)
{
    return l->wish[i].w.kind == CNN_FIELD_LABELS;
}

/* planes: as many of the size as samples, of each row of labels one. */
static int fit_labels(const struct cnn_loader *l, struct cnn_loader_field *f, size_t planes,
                      size_t plane)
{
    for (size_t i = 0; i < l->wishes; i++) {
        size_t labels;
        if (!is_plane(l, i))
            continue;
        if (cnn_mul_overflows(planes * l->wish[i].rows, plane, &labels))
            return cnn_fail_memory(SIZE_MAX);
        if (fit_memory(&f[i].label, &f[i].labels, labels, sizeof *f[i].label))
            return CNN_ESYSTEM;
    }
    return 0;
}

static size_t filled(const struct cnn_loader *l, size_t side)
{
    size_t m = l->options.multiple ? l->options.multiple : 1;
    return (side + m - 1) / m * m;
}

/* Row r of plane c from where it lies to where it will; the last first, so that nothing is lost. */
void cnn_loader_fill_up(const struct cnn_loader_item *item, float *x)
{
    struct cnn_chw own = item->own, s = item->shape;
    if (cnn_chw_equal(own, s))
        return;
    for (size_t i = s.c * s.h; i-- > 0;) {
        size_t c = i / s.h, r = i % s.h, from = r < own.h ? r : own.h - 1;
        float *to = x + i * s.w;
        memmove(to, x + (c * own.h + from) * own.w, own.w * sizeof *x);
        for (size_t k = own.w; k < s.w; k++)
            to[k] = to[own.w - 1];
    }
}

static void fill_planes(const struct cnn_loader_item *item, size_t planes, int32_t *label)
{
    struct cnn_chw own = item->own, s = item->shape;
    for (size_t i = planes * s.h; i-- > 0;) {
        size_t r = i % s.h;
        int32_t *to = label + i * s.w;
        if (r < own.h)
            memmove(to, label + (i / s.h * own.h + r) * own.w, own.w * sizeof *to);
        for (size_t k = r < own.h ? own.w : 0; k < s.w; k++)
            to[k] = -1;
    }
}

void cnn_loader_fill_labels(const struct cnn_loader *l, const struct cnn_loader_item *item,
                            struct cnn_loader_field *fields)
{
    for (size_t i = 0; i < l->wishes && !cnn_chw_equal(item->own, item->shape); i++)
        if (is_plane(l, i))
            fill_planes(item, l->wish[i].rows, fields[i].label);
}

int cnn_loader_fit_chunk(const struct cnn_loader *l, struct cnn_loader_chunk *c,
                         const struct cnn_image *im)
{
    struct cnn_chw s = {l->options.input->shape.c, im->h, im->w};
    size_t plane, count;
    if (!im->c || !im->h || !im->w)
        return cnn_fail(CNN_EDATA, "an empty image");
    c->item->own = s;
    s.h = filled(l, s.h);
    s.w = filled(l, s.w);
    if (cnn_mul_overflows(s.h, s.w, &plane) || cnn_mul_overflows(plane, s.c, &count))
        return cnn_fail_memory(SIZE_MAX);
    c->item->shape = s;
    if (fit_memory(&c->x, &c->xs, count, sizeof *c->x))
        return CNN_ESYSTEM;
    return fit_labels(l, c->field, 1, plane);
}

size_t cnn_loader_native_batch(const struct cnn_input *input, size_t batch, struct cnn_chw shape)
{
    size_t each = cnn_chw_count(shape), all;
    if (!cnn_mul_overflows(batch, cnn_chw_count(input->shape), &all) && all / each < batch)
        batch = all / each;
    return batch ? batch : 1;
}

static size_t most_of(const struct cnn_loader *l, struct cnn_chw s)
{
    return cnn_loader_native_batch(l->options.input, l->options.batch, s);
}

int cnn_loader_goes_with(const struct cnn_loader *l, const struct cnn_loader_item *item,
                         const struct cnn_chw *first, size_t n)
{
    return !n || (cnn_chw_equal(item->shape, *first) && n < most_of(l, *first));
}

static int begin_batch(const struct cnn_loader *l, struct cnn_loader_buffers *b,
                       struct cnn_chw shape)
{
    size_t n = most_of(l, shape);
    b->shape = shape;
    if (fit_memory(&b->x, &b->xs, n * cnn_chw_count(shape), sizeof *b->x) ||
        cnn_grow(&b->size, &b->sizes, n, sizeof *b->size) ||
        fit_labels(l, b->field, n, shape.h * shape.w))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->wishes; i++) {
        if (is_plane(l, i))
            b->shown[i].label = b->field[i].label;
        if (l->wish[i].is_x)
            b->shown[i].numbers = b->x;
    }
    return 0;
}

int cnn_loader_fit_batch(const struct cnn_loader *l, struct cnn_loader_buffers *b, size_t n,
                         const struct cnn_loader_item *item)
{
    if (!n && begin_batch(l, b, item->shape))
        return CNN_ESYSTEM;
    b->size[n][0] = item->own.h;
    b->size[n][1] = item->own.w;
    return 0;
}
