/* Samples as large as they are: the memory that they take, and which make a batch. A batch has samples of
 * one size, so many that it has no more elements than one of the input's own size. */
#include "base/memory.h"
#include "data/loader/private.h"

struct cnn_input cnn_loader_native_input(const struct cnn_input *input, struct cnn_chw shape)
{
    struct cnn_input own = *input;
    own.shape = shape;
    own.resize = 0;
    return own;
}

static int is_plane(const struct cnn_loader *l, size_t i)
{
    return l->wish[i].w.kind == CNN_FIELD_LABELS;
}

static int fit_labels(const struct cnn_loader *l, struct cnn_loader_field *f, size_t labels)
{
    for (size_t i = 0; i < l->wishes; i++)
        if (is_plane(l, i) && cnn_grow(&f[i].label, &f[i].labels, labels, sizeof *f[i].label))
            return CNN_ESYSTEM;
    return 0;
}

int cnn_loader_fit_chunk(const struct cnn_loader *l, struct cnn_loader_chunk *c,
                         const struct cnn_image *im)
{
    struct cnn_chw s = {l->options.input->shape.c, im->h, im->w};
    size_t plane, count;
    if (!im->c || !im->h || !im->w)
        return cnn_fail(CNN_EDATA, "an empty image");
    if (cnn_mul_overflows(s.h, s.w, &plane) || cnn_mul_overflows(plane, s.c, &count))
        return cnn_fail_memory(SIZE_MAX);
    c->item->shape = s;
    if (cnn_grow(&c->x, &c->xs, count, sizeof *c->x))
        return CNN_ESYSTEM;
    return fit_labels(l, c->field, plane);
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

int cnn_loader_fit_batch(const struct cnn_loader *l, struct cnn_loader_buffers *b,
                         struct cnn_chw shape)
{
    size_t n = most_of(l, shape);
    b->shape = shape;
    if (cnn_grow(&b->x, &b->xs, n * cnn_chw_count(shape), sizeof *b->x) ||
        fit_labels(l, b->field, n * shape.h * shape.w))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->wishes; i++) {
        if (is_plane(l, i))
            b->shown[i].label = b->field[i].label;
        if (l->wish[i].is_x)
            b->shown[i].numbers = b->x;
    }
    return 0;
}
