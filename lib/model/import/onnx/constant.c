/* Numbers that are known beforehand; see onnx.h. */
#include "file/elements.h"
#include "model/import/onnx/onnx.h"

#include <math.h>
#include <stdlib.h>

/* What is computed with beforehand: shapes, and factors of weights at most. A short text may ask for
 * many numbers, again and again: in all there are no more than these, and for each byte of the files. */
enum { MOST_COMPUTED = 1 << 24, MOST_COMPUTED_IN_ALL = 1 << 27, COMPUTED = 1 << 22, FOR_BYTE = 8 };
/* No net has a tensor that is larger. */
#define MOST_ELEMENTS ((size_t)1 << 31)

int cnn_onnx_count(int rank, const size_t *dim, size_t *out)
{
    size_t product = 1;
    *out = 1;
    for (int i = 0; i < rank; i++) {
        if (cnn_mul_overflows(product, dim[i] ? dim[i] : 1, &product) || product > MOST_ELEMENTS)
            return cnn_fail(CNN_EDATA, "its shape is too large");
        *out *= dim[i];
    }
    return 0;
}

struct onnx_constant *cnn_onnx_constant_new(struct onnx_graph *g, int rank, const size_t *dim)
{
    size_t count;
    if (cnn_onnx_count(rank, dim, &count))
        return NULL;
    struct onnx_constant *c = cnn_arena_alloc(g->arena, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct onnx_constant){.rank = rank, .count = count};
    for (int i = 0; i < rank; i++)
        c->dim[i] = dim[i];
    return c;
}

/* Room for numbers; NULL with an error set. */
static double *room_for(struct onnx_graph *g, size_t count)
{
    size_t most = MOST_COMPUTED_IN_ALL;
    if (g->bytes < (most - COMPUTED) / FOR_BYTE)
        most = COMPUTED + FOR_BYTE * g->bytes;
    if (count > MOST_COMPUTED || count > most - g->computed) {
        cnn_fail(CNN_EDATA, "%zu constants are too many to compute with", count);
        return NULL;
    }
    g->computed += count;
    return cnn_arena_alloc(g->arena, (count + 1) * sizeof(double));
}

struct onnx_constant *cnn_onnx_numbers_new(struct onnx_graph *g, int rank, const size_t *dim,
                                           int whole, double **x)
{
    struct onnx_constant *c = cnn_onnx_constant_new(g, rank, dim);
    *x = c ? room_for(g, c->count) : NULL;
    if (!*x)
        return NULL;
    c->whole = whole;
    c->number = *x;
    return c;
}

const struct onnx_constant *cnn_onnx_fill(struct onnx_graph *g, double value)
{
    struct onnx_constant *c = cnn_onnx_constant_new(g, 0, NULL);
    if (c)
        c->fill = value;
    return c;
}

/* An integer of up to eight bytes, the lowest first. */
static double integer_at(char kind, size_t size, const unsigned char *p)
{
    uint64_t u = 0;
    for (size_t k = 0; k < size; k++)
        u |= (uint64_t)p[k] << (8 * k);
    if (kind != 'i' || !(p[size - 1] & 0x80))
        return (double)u;
    return -(double)((size < 8 ? ((uint64_t)1 << (8 * size)) - u : ~u + 1));
}

static void read_numbers(const struct onnx_constant *c, double *out)
{
    const struct cnn_dtype_info *type = &cnn_dtype_info[c->dtype];
    for (size_t i = 0; i < c->count; i++) {
        const unsigned char *p = c->data + i * type->size;
        float x;
        if (c->whole) {
            out[i] = integer_at(type->kind, type->size, p);
            continue;
        }
        cnn_elements_read(type->kind, type->size, cnn_big_endian(), p, 1, &x);
        out[i] = (double)x;
    }
}

const double *cnn_onnx_numbers(struct onnx_graph *g, const struct onnx_constant *c)
{
    double *x;
    if (c->number)
        return c->number;
    if (!(x = room_for(g, c->count)))
        return NULL;
    if (c->data)
        read_numbers(c, x);
    for (size_t i = 0; !c->data && i < c->count; i++)
        x[i] = c->fill;
    return x;
}

int cnn_onnx_is_all(struct onnx_graph *g, const struct onnx_constant *c, double value)
{
    const double *x = c->count <= 1 << 16 ? cnn_onnx_numbers(g, c) : NULL;
    for (size_t i = 0; x && i < c->count; i++)
        if (x[i] != value)
            return 0;
    return x != NULL;
}

int cnn_onnx_integers(struct onnx_graph *g, const struct onnx_constant *c, int most, int64_t *out,
                      int *n)
{
    static const double limit = 4611686018427387904.0; /* 2^62: ends of slices lie beyond */
    if (c->count > (size_t)most)
        return cnn_fail(CNN_EDATA, "%zu numbers, where there are up to %d", c->count, most);
    const double *x = cnn_onnx_numbers(g, c);
    if (!x)
        return cnn_error_code();
    for (size_t i = 0; i < c->count; i++) {
        if (!(x[i] == floor(x[i])))
            return cnn_fail(CNN_EDATA, "%g is no whole number", x[i]);
        out[i] = x[i] >= limit ? INT64_MAX / 2 : x[i] <= -limit ? -INT64_MAX / 2 : (int64_t)x[i];
    }
    *n = (int)c->count;
    return 0;
}

void cnn_onnx_give_constant(struct onnx_value *v, const struct onnx_constant *c)
{
    v->state = ONNX_CONSTANT;
    v->constant = c;
    cnn_onnx_set_dims(v, c->rank, c->dim);
}

/* From (rows, columns) to (columns, rows), of the shape that the net has. */
static int transpose(float *x, const struct cnn_shape *to)
{
    size_t rows = to->dim[1], columns = to->dim[0], n = rows * columns;
    float *from = cnn_calloc(n, sizeof *from);
    if (!from)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < n; i++)
        from[i] = x[i];
    for (size_t c = 0; c < columns; c++)
        for (size_t r = 0; r < rows; r++)
            x[c * rows + r] = from[r * columns + c];
    free(from);
    return 0;
}

int cnn_onnx_floats(const struct onnx_param *p, float *out)
{
    const struct onnx_constant *c = p->from;
    const struct cnn_dtype_info *type = &cnn_dtype_info[c->dtype];
    size_t count = cnn_shape_count(&p->shape), given = c->count < count ? c->count : count;
    if (c->data)
        cnn_elements_read(type->kind, type->size, cnn_big_endian(), c->data, given, out);
    for (size_t i = 0; !c->data && i < given; i++)
        out[i] = (float)(c->number ? c->number[i] : c->fill);
    for (size_t i = given; i < count; i++)
        out[i] = out[0];
    for (size_t i = 0; p->factor != 1 && i < count; i++)
        out[i] = (float)((double)out[i] * p->factor);
    return p->transposed ? transpose(out, &p->shape) : 0;
}
