/* A BlobProto: numbers where they lie, and their shape.
 *
 *     num = 1, channels = 2, height = 3, width = 4      the shape of before there were shapes
 *     data = 5 (float), double_data = 8                 packed; one by one only in theory
 *     shape = 7
 *
 * Fields 6 and 9, which are gradients, are passed over. */
#include <string.h>

#include "file/elements.h"
#include "model/import/caffe/caffe.h"

enum { DATA = 5, DOUBLES = 8, SHAPE = 7, SIDES = 4 };

static int set_shape(struct caffe_blob *b, const int64_t *dim, size_t rank)
{
    size_t count = 1;
    if (rank > CAFFE_MAX_AXES)
        return cnn_fail(CNN_EDATA, "a blob of %zu axes", rank);
    for (size_t i = 0; i < rank; i++) {
        if (dim[i] < 0 || cnn_mul_overflows(count, (size_t)dim[i], &count))
            return cnn_fail(CNN_EDATA, "a blob whose sides are too long");
        b->dim[i] = (size_t)dim[i];
    }
    b->rank = (int)rank;
    b->count = count;
    return 0;
}

static int read_shape(struct cnn_wire_memory *m, const struct cnn_wire_field *f,
                      struct caffe_blob *b)
{
    const Cnn__Caffe__BlobShape *s =
        cnn_wire_unpack(m, &cnn__caffe__blob_shape__descriptor, f->data, f->size);
    return s ? set_shape(b, s->dim, s->n_dim) : cnn_error_code();
}

/* The bytes of the numbers that a field has; 0: none. */
static size_t numbers_of(const struct cnn_wire_field *f)
{
    if (f->number != DATA && f->number != DOUBLES)
        return 0;
    if (f->type == CNN_WIRE_BYTES)
        return f->size;
    return f->type == CNN_WIRE_FIXED32 ? 4 : f->type == CNN_WIRE_FIXED64 ? 8 : 0;
}

struct pieces {
    size_t count, bytes;
    int packed;
    int64_t side[SIDES];
};

static int take(struct cnn_wire_memory *m, const struct cnn_wire_field *f, struct caffe_blob *b,
                struct pieces *p)
{
    size_t n = numbers_of(f);
    if (f->number == SHAPE && f->type == CNN_WIRE_BYTES)
        return read_shape(m, f, b);
    if (f->number <= SIDES && f->type == CNN_WIRE_VARINT)
        p->side[f->number - 1] = (int64_t)f->value;
    if (!n)
        return 0;
    if (p->count && b->doubles != (f->number == DOUBLES))
        return cnn_fail(CNN_EDATA, "a blob with numbers of both kinds");
    b->doubles = f->number == DOUBLES;
    b->data = f->data;
    p->packed = f->type == CNN_WIRE_BYTES;
    p->bytes += n;
    p->count++;
    return 0;
}

/* Numbers that do not lie together, brought together. */
static int gather(struct cnn_arena *arena, struct cnn_wire w, size_t bytes, struct caffe_blob *b)
{
    unsigned char *to = cnn_arena_alloc(arena, bytes);
    struct cnn_wire_field f;
    int more;
    b->data = to;
    if (!to)
        return CNN_ESYSTEM;
    while ((more = cnn_wire_next(&w, &f)) > 0) {
        size_t n = numbers_of(&f);
        if (n && f.type == CNN_WIRE_BYTES)
            memcpy(to, f.data, n);
        for (size_t i = 0; n && f.type != CNN_WIRE_BYTES && i < n; i++)
            to[i] = (unsigned char)(f.value >> (8 * i));
        to += n;
    }
    return more;
}

int cnn_caffe_blob(struct cnn_wire_memory *m, const unsigned char *bytes, size_t size,
                   struct caffe_blob *out)
{
    const struct cnn_wire all = {bytes, bytes + size};
    struct cnn_wire w = all;
    struct cnn_wire_field f;
    struct pieces p = {0};
    int more, rc = 0;
    *out = (struct caffe_blob){.rank = -1};
    while (!rc && (more = cnn_wire_next(&w, &f)) != 0)
        rc = more < 0 ? more : take(m, &f, out, &p);
    if (!rc && out->rank < 0)
        rc = set_shape(out, p.side, SIDES);
    if (!rc && (p.count > 1 || (p.count && !p.packed)))
        rc = gather(m->arena, all, p.bytes, out);
    size_t item = out->doubles ? 8 : 4;
    if (!rc && (p.bytes % item || p.bytes / item != out->count))
        rc = cnn_fail(CNN_EDATA, "a blob of %zu numbers that has %zu bytes of them", out->count,
                      p.bytes);
    return rc;
}

void cnn_caffe_blob_floats(const struct caffe_blob *b, size_t first, size_t count, float *out)
{
    size_t item = b->doubles ? 8 : 4;
    if (count) /* else there may be no data */
        cnn_elements_read('f', item, cnn_big_endian(), b->data + first * item, count, out);
}
