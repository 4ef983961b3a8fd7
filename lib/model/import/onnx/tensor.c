/* Tensors as files have them; see onnx.h. */
#include "file/elements.h"
#include "model/import/onnx/onnx.h"

/* Numbers of types in files. */
static const struct {
    int number;
    enum cnn_dtype dtype;
} types[] = {
    {1, CNN_F32},  {2, CNN_U8},   {3, CNN_I8},    {4, CNN_U16},      {5, CNN_I16},
    {6, CNN_I32},  {7, CNN_I64},  {9, CNN_BOOL},  {10, CNN_F16},     {11, CNN_F64},
    {12, CNN_U32}, {13, CNN_U64}, {16, CNN_BF16}, {17, CNN_F8_E4M3}, {19, CNN_F8_E5M2},
};

static int find_type(int number, enum cnn_dtype *out)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].number == number) {
            *out = types[i].dtype;
            return 0;
        }
    return cnn_fail(CNN_EDATA, "elements of type %d are not supported", number);
}

static int is_whole(enum cnn_dtype dtype)
{
    char kind = cnn_dtype_info[dtype].kind;
    return kind == 'i' || kind == 'u' || kind == 'b';
}

/* How many elements there are in fields of their own. */
static size_t listed(const Cnn__Onnx__Tensor *t, enum cnn_dtype dtype)
{
    if (dtype == CNN_F32)
        return t->n_float_data;
    if (dtype == CNN_F64)
        return t->n_double_data;
    if (dtype == CNN_I64)
        return t->n_int64_data;
    if (dtype == CNN_U32 || dtype == CNN_U64)
        return t->n_uint64_data;
    return t->n_int32_data;
}

/* Bits of a small floating-point number. */
static double of_bits(enum cnn_dtype dtype, int32_t bits)
{
    const struct cnn_dtype_info *type = &cnn_dtype_info[dtype];
    const unsigned char byte[2] = {(unsigned char)bits, (unsigned char)((uint32_t)bits >> 8)};
    float x;
    cnn_elements_read(type->kind, type->size, cnn_big_endian(), byte, 1, &x);
    return (double)x;
}

static int read_list(struct onnx_graph *g, const Cnn__Onnx__Tensor *t, struct onnx_constant *c)
{
    double *x;
    if (listed(t, c->dtype) != c->count)
        return cnn_fail(CNN_EDATA, "%zu elements, where its shape says %zu", listed(t, c->dtype),
                        c->count);
    if (c->dtype == CNN_F32 && !cnn_big_endian()) {
        c->data = (const unsigned char *)t->float_data;
        return 0;
    }
    if (!(x = cnn_arena_alloc(g->arena, c->count * sizeof *x)))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < c->count; i++)
        x[i] = c->dtype == CNN_F32                          ? (double)t->float_data[i]
               : c->dtype == CNN_F64                        ? t->double_data[i]
               : c->dtype == CNN_I64                        ? (double)t->int64_data[i]
               : c->dtype == CNN_U32 || c->dtype == CNN_U64 ? (double)t->uint64_data[i]
               : is_whole(c->dtype)                         ? (double)t->int32_data[i]
                                                            : of_bits(c->dtype, t->int32_data[i]);
    c->number = x;
    return 0;
}

static int read_bytes(struct onnx_graph *g, const Cnn__Onnx__Tensor *t,
                      const struct cnn_wire_field *raw, struct onnx_constant *c)
{
    size_t bytes, given = raw ? raw->size : t->raw_data.len;
    if (cnn_mul_overflows(c->count, cnn_dtype_info[c->dtype].size, &bytes))
        return cnn_fail(CNN_EDATA, "its shape is too large");
    if (t->has_data_location && t->data_location == 1)
        return cnn_onnx_beside(g, t, bytes, &c->data);
    if (!raw && !t->has_raw_data)
        return read_list(g, t, c);
    if (given != bytes)
        return cnn_fail(CNN_EDATA, "%zu bytes, where its shape says %zu", given, bytes);
    c->data = raw ? raw->data : t->raw_data.data;
    return 0;
}

int cnn_onnx_tensor(struct onnx_graph *g, const Cnn__Onnx__Tensor *t,
                    const struct cnn_wire_field *raw, const struct onnx_constant **out)
{
    size_t dim[ONNX_MAX_RANK];
    enum cnn_dtype dtype = CNN_F32;
    *out = NULL;
    int rc = find_type(t->data_type, &dtype);
    if (rc)
        return rc;
    if (t->n_dims > ONNX_MAX_RANK)
        return cnn_fail(CNN_EDATA, "%zu dimensions", t->n_dims);
    for (size_t i = 0; i < t->n_dims; i++) {
        if (t->dims[i] < 0 || (uint64_t)t->dims[i] > SIZE_MAX)
            return cnn_fail(CNN_EDATA, "a dimension of %lld", (long long)t->dims[i]);
        dim[i] = (size_t)t->dims[i];
    }
    struct onnx_constant *c = cnn_onnx_constant_new(g, (int)t->n_dims, dim);
    if (!c)
        return cnn_error_code();
    c->dtype = dtype;
    c->whole = is_whole(dtype);
    *out = c;
    return c->count ? read_bytes(g, t, raw, c) : 0;
}
