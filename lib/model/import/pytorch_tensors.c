/* Tensors of PyTorch's files: views of storages, and NumPy's arrays; see pytorch_private.h. */
#include <stdlib.h>
#include <string.h>

#include "file/elements.h"
#include "model/import/pytorch_private.h"

enum { MOST_DIMENSIONS = 64, MOST_WRAPPINGS = 4 };

static int malformed(void)
{
    return cnn_fail(CNN_EDATA, "a malformed tensor");
}

int cnn_pytorch_is_tensor(const struct pytorch *f, const struct cnn_pickle_value *v)
{
    switch (cnn_pytorch_made_by(v)) {
    case PYTORCH_TENSOR:
    case PYTORCH_TYPED_TENSOR:
    case PYTORCH_PARAMETER:
    case PYTORCH_SUBCLASS:
    case PYTORCH_OTHER_TENSOR:
    case PYTORCH_ARRAY:
    case PYTORCH_BUFFER:
    case PYTORCH_SCALAR:
        return 1;
    case PYTORCH_UNKNOWN:
        return v->kind == CNN_PICKLE_PERSISTENT && f->kepts && v->visited;
    case PYTORCH_VALUE:
    case PYTORCH_DICT:
    case PYTORCH_STORAGE:
    case PYTORCH_ENCODED:
        return 0;
    }
    return 0;
}

/* A tuple or list of numbers, within torch.Size or not: *n of them. */
static int read_sizes(struct pytorch *f, const struct cnn_pickle_value *v, size_t **out, int *n)
{
    if (v->kind == CNN_PICKLE_CALL && cnn_pickle_is(v->of, "torch.Size") && v->with->count == 1)
        v = v->with->item[0];
    if ((v->kind != CNN_PICKLE_TUPLE && v->kind != CNN_PICKLE_LIST) || v->count > MOST_DIMENSIONS)
        return malformed();
    *n = (int)v->count;
    if (!(*out = cnn_arena_alloc(f->arena, v->count * sizeof **out)))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < v->count; i++) {
        if (v->item[i]->kind != CNN_PICKLE_INT || v->item[i]->integer < 0)
            return malformed();
        (*out)[i] = (size_t)v->item[i]->integer;
    }
    return 0;
}

int cnn_pytorch_check(const struct pytorch *f, const struct pytorch_tensor *t)
{
    size_t there = t->storage->bytes / t->item, last = t->offset, count = 1, product = 1, step;
    for (int i = 0; i < t->rank; i++) {
        if (cnn_mul_overflows(product, t->dim[i] ? t->dim[i] : 1, &product))
            return cnn_fail(CNN_EDATA, "a tensor whose shape is too large");
        count *= t->dim[i];
    }
    if (!count)
        return 0;
    for (int i = 0; i < t->rank; i++)
        if (cnn_mul_overflows(t->dim[i] - 1, t->stride[i], &step) ||
            cnn_add_overflows(last, step, &last))
            return malformed();
    if (last >= there)
        return cnn_fail(CNN_EDATA, "a tensor goes beyond the %zu elements of its storage", there);
    /* an expanded one has elements many times, and no memory is asked for by a number alone */
    if (count > there && count > f->bytes.size)
        return cnn_fail(CNN_EDATA, "a tensor of %zu elements repeats the %zu of its storage", count,
                        there);
    return 0;
}

/* (storage, offset, size, stride, ...) */
static int read_tensor(struct pytorch *f, const struct cnn_pickle_value *with, int typed,
                       struct pytorch_tensor *t)
{
    int n;
    if (with->kind != CNN_PICKLE_TUPLE || with->count < (typed ? 7 : 4) ||
        with->item[1]->kind != CNN_PICKLE_INT || with->item[1]->integer < 0)
        return malformed();
    int rc = cnn_pytorch_storage(f, with->item[0], &t->storage);
    if (!rc)
        rc = read_sizes(f, with->item[2], &t->dim, &t->rank);
    if (!rc)
        rc = read_sizes(f, with->item[3], &t->stride, &n);
    if (rc)
        return rc;
    if (n != t->rank)
        return malformed();
    t->offset = (size_t)with->item[1]->integer;
    const char *type = t->storage->type;
    t->dtype = t->storage->dtype;
    t->item = t->storage->item;
    if (typed && with->item[6]->kind != CNN_PICKLE_NAME)
        return malformed();
    if (typed && !cnn_pytorch_type(type = with->item[6]->bytes, &t->dtype, &t->item))
        t->dtype = -1;
    return t->dtype < 0 ? cnn_fail(CNN_EDATA, "elements of %s are not supported", type)
                        : cnn_pytorch_check(f, t);
}

/* Arrays */

/* numpy.dtype("f4", ...) with (version, "<", ...) as its state. */
static int read_dtype(const struct cnn_pickle_value *v, struct pytorch_storage *s)
{
    const struct cnn_pickle_value *name, *order;
    if (v->kind != CNN_PICKLE_CALL || !cnn_pickle_is(v->of, "numpy.dtype") || !v->with->count)
        return malformed();
    name = v->with->item[0];
    order = v->state && v->state->kind == CNN_PICKLE_TUPLE && v->state->count > 1
                ? v->state->item[1]
                : NULL;
    s->big = order && cnn_pickle_is(order, ">");
    s->type = "something else than numbers";
    s->dtype = -1;
    for (int i = 0; name->kind == CNN_PICKLE_TEXT && name->size == 2 && i < CNN_DTYPE_COUNT; i++)
        if (cnn_dtype_info[i].kind == name->bytes[0] &&
            cnn_dtype_info[i].size == (size_t)(name->bytes[1] - '0')) {
            s->dtype = i;
            s->item = cnn_dtype_info[i].size;
        }
    return s->dtype < 0 ? cnn_fail(CNN_EDATA, "an array of %s", s->type) : 0;
}

static int read_array(struct pytorch *f, const struct cnn_pickle_value *dtype,
                      struct cnn_pickle_value *bytes, const struct cnn_pickle_value *shape,
                      int fortran, struct pytorch_tensor *t)
{
    struct pytorch_storage *s = cnn_pytorch_storage_new(f);
    size_t step = 1;
    int rc = s ? read_dtype(dtype, s) : CNN_ESYSTEM;
    if (!rc)
        rc = cnn_pytorch_bytes(f, bytes, &s->data, &s->bytes);
    if (!rc && shape)
        rc = read_sizes(f, shape, &t->dim, &t->rank);
    if (rc)
        return rc;
    *t = (struct pytorch_tensor){
        .storage = s, .dtype = s->dtype, .item = s->item, .rank = t->rank, .dim = t->dim};
    if (!(t->stride = cnn_arena_alloc(f->arena, (size_t)t->rank * sizeof *t->stride)))
        return CNN_ESYSTEM;
    for (int i = 0; i < t->rank; i++) {
        int axis = fortran ? i : t->rank - 1 - i;
        t->stride[axis] = step;
        if (cnn_mul_overflows(step, t->dim[axis] ? t->dim[axis] : 1, &step))
            return malformed();
    }
    return cnn_pytorch_check(f, t);
}

static int read_reconstructed(struct pytorch *f, const struct cnn_pickle_value *v,
                              struct pytorch_tensor *t)
{
    const struct cnn_pickle_value *state = v->state;
    if (!state || state->kind != CNN_PICKLE_TUPLE || state->count != 5 ||
        state->item[3]->kind != CNN_PICKLE_BOOL)
        return malformed();
    return read_array(f, state->item[2], state->item[4], state->item[1],
                      (int)state->item[3]->integer, t);
}

static int read_buffer(struct pytorch *f, const struct cnn_pickle_value *with,
                       struct pytorch_tensor *t)
{
    if (with->count != 4)
        return malformed();
    return read_array(f, with->item[1], with->item[0], with->item[2],
                      cnn_pickle_is(with->item[3], "F"), t);
}

/* NULL: nothing made it. */
static const struct cnn_pickle_value *arguments(const struct cnn_pickle_value *v)
{
    return v->kind == CNN_PICKLE_CALL || v->kind == CNN_PICKLE_OBJECT ? v->with : NULL;
}

/* What is within parameters and subclasses, up to some depth: the call that makes it and its
 * arguments. NULL: too deep, or nothing. */
static struct cnn_pickle_value *unwrap(struct cnn_pickle_value *v, enum pytorch_role *role,
                                       const struct cnn_pickle_value **with)
{
    *role = cnn_pytorch_made_by(v);
    *with = arguments(v);
    for (int i = 0; *role == PYTORCH_PARAMETER || *role == PYTORCH_SUBCLASS; i++) {
        const struct cnn_pickle_value *w = *with;
        if (i == MOST_WRAPPINGS || !w || w->kind != CNN_PICKLE_TUPLE || !w->count)
            return NULL;
        v = w->item[0];
        if (*role == PYTORCH_PARAMETER) {
            *role = cnn_pytorch_made_by(v);
            *with = arguments(v);
        } else if (v->kind == CNN_PICKLE_NAME && w->count >= 3) {
            *role = cnn_pytorch_role(v->bytes);
            *with = w->item[2];
        } else {
            return NULL;
        }
    }
    return v;
}

int cnn_pytorch_tensor(struct pytorch *f, struct cnn_pickle_value *v, struct pytorch_tensor **out)
{
    enum pytorch_role role;
    const struct cnn_pickle_value *with;
    struct cnn_pickle_value *in = unwrap(v, &role, &with);
    struct pytorch_tensor *t = cnn_arena_alloc(f->arena, sizeof *t);
    if (!t)
        return CNN_ESYSTEM;
    *out = t;
    if (in && in->kind == CNN_PICKLE_PERSISTENT && f->kepts && in->visited) {
        *out = f->kept[in->visited - 1];
        return 0;
    }
    if (!in || !with || with->kind != CNN_PICKLE_TUPLE)
        return malformed();
    if (role == PYTORCH_TENSOR || role == PYTORCH_TYPED_TENSOR)
        return read_tensor(f, with, role == PYTORCH_TYPED_TENSOR, t);
    if (role == PYTORCH_ARRAY && in->kind == CNN_PICKLE_CALL)
        return read_reconstructed(f, in, t);
    if (role == PYTORCH_BUFFER)
        return read_buffer(f, with, t);
    if (role == PYTORCH_SCALAR && with->count == 2)
        return read_array(f, with->item[0], with->item[1], NULL, 0, t);
    return cnn_fail(CNN_EDATA, "a tensor that is not dense, or has no elements");
}

/* Elements */

static int is_contiguous(const struct pytorch_tensor *t)
{
    size_t step = 1;
    for (int i = t->rank; i-- > 0;) {
        if (t->dim[i] != 1 && t->stride[i] != step)
            return 0;
        step *= t->dim[i];
    }
    return 1;
}

const unsigned char *cnn_pytorch_in_place(const struct pytorch_tensor *t, size_t count)
{
    const struct pytorch_storage *s = t->storage;
    if (!s->data || (count && ((s->big && t->item > 1) || !is_contiguous(t))))
        return NULL;
    return count ? s->data + t->offset * t->item : s->data;
}

/* From its storage to where elements follow one another, the last index the fastest. */
static void gather(const struct pytorch_tensor *t, const unsigned char *from, size_t count,
                   unsigned char *to)
{
    size_t index[MOST_DIMENSIONS] = {0}, at = t->offset;
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * t->item, from + at * t->item, t->item);
        for (int k = t->rank; k-- > 0;) {
            at += t->stride[k];
            if (++index[k] < t->dim[k])
                break;
            at -= t->dim[k] * t->stride[k];
            index[k] = 0;
        }
    }
}

/* The storage's bytes, deflated ones until another is asked for. */
static int open_storage(struct pytorch *f, const struct pytorch_storage *s,
                        const unsigned char **out)
{
    *out = s->data;
    if (s->data)
        return 0;
    if (f->inflated_of != s->member) {
        free(f->inflated);
        f->inflated_of = NULL;
        if (!(f->inflated = cnn_calloc(s->member->size, 1)))
            return CNN_ESYSTEM;
        int rc = cnn_zip_read(f->zip, s->member, f->inflated, s->member->size);
        if (rc)
            return rc;
        f->inflated_of = s->member;
    }
    *out = f->inflated;
    return 0;
}

int cnn_pytorch_floats(const struct cnn_tensor_source *s, size_t i, float *out)
{
    struct pytorch *f = s->state;
    const struct pytorch_tensor *t = f->tensor[i];
    const struct cnn_dtype_info *type = &cnn_dtype_info[t->dtype];
    size_t count = s->tensor[i].count;
    const unsigned char *from;
    unsigned char *gathered = NULL;
    int rc = count ? open_storage(f, t->storage, &from) : 0;
    if (rc || !count)
        return rc;
    if (is_contiguous(t)) {
        from += t->offset * t->item;
    } else {
        if (!(gathered = cnn_calloc(count, t->item)))
            return CNN_ESYSTEM;
        gather(t, from, count, gathered);
        from = gathered;
    }
    cnn_elements_read(type->kind, type->size, t->storage->big != cnn_big_endian(), from, count,
                      out);
    free(gathered);
    return 0;
}
