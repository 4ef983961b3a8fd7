/* Tensors of the net, whose elements stand elsewhere in the file's arrays. */
#include <stdlib.h>
#include <string.h>

#include "file/elements.h"
#include "model/import/keras/keras.h"

int cnn_keras_param(struct keras_writer *w, const char *label, const char *suffix,
                    const struct keras_param *p)
{
    if (w->params == w->param_room) {
        size_t room = w->param_room ? 2 * w->param_room : 64;
        struct keras_param *more = cnn_arena_alloc(w->arena, room * sizeof *more);
        if (!more)
            return CNN_ESYSTEM;
        if (w->params)
            memcpy(more, w->param, w->params * sizeof *more);
        w->param = more;
        w->param_room = room;
    }
    struct keras_param *to = &w->param[w->params++];
    *to = *p;
    to->name = suffix ? cnn_arena_printf(w->arena, "%s.%s", label, suffix) : label;
    return to->name ? 0 : CNN_ESYSTEM;
}

struct keras_param cnn_keras_kernel(const struct cnn_hdf5_object *o, int depthwise)
{
    const size_t *d = o->dim;
    if (o->rank == 3) /* (places, in, out) */
        return (struct keras_param){.from = o,
                                    .rank = 4,
                                    .dim = {d[2], d[1], d[0], 1},
                                    .loop = {d[2], d[1], d[0], 1},
                                    .step = {1, d[2], d[1] * d[2], 0}};
    if (depthwise)
        return (struct keras_param){.from = o,
                                    .rank = 4,
                                    .dim = {d[2] * d[3], 1, d[0], d[1]},
                                    .loop = {d[2], d[3], d[0], d[1]},
                                    .step = {d[3], 1, d[1] * d[2] * d[3], d[2] * d[3]}};
    return (struct keras_param){.from = o,
                                .rank = 4,
                                .dim = {d[3], d[2], d[0], d[1]},
                                .loop = {d[3], d[2], d[0], d[1]},
                                .step = {1, d[3], d[1] * d[2] * d[3], d[2] * d[3]}};
}

struct keras_param cnn_keras_matrix(const struct cnn_hdf5_object *o, struct cnn_chw flat)
{
    size_t in = o->dim[0], out = o->dim[1];
    struct keras_param p = {
        .from = o, .rank = 2, .dim = {out, in}, .loop = {out, in, 1, 1}, .step = {1, out, 0, 0}};
    if (flat.c)
        p = (struct keras_param){.from = o,
                                 .rank = 2,
                                 .dim = {out, in},
                                 .loop = {out, flat.c, flat.h, flat.w},
                                 .step = {1, out, out * flat.c * flat.w, out * flat.c}};
    return p;
}

struct keras_param cnn_keras_vector(const struct cnn_hdf5_object *o, struct cnn_chw flat)
{
    struct keras_param p = {
        .from = o, .rank = 1, .dim = {o->count}, .loop = {o->count, 1, 1, 1}, .step = {1, 0, 0, 0}};
    if (flat.c)
        p = (struct keras_param){.from = o,
                                 .rank = 1,
                                 .dim = {o->count},
                                 .loop = {1, flat.c, flat.h, flat.w},
                                 .step = {0, 1, flat.c * flat.w, flat.c}};
    return p;
}

struct keras_param cnn_keras_constant(size_t count, float value)
{
    return (struct keras_param){
        .value = value, .rank = 1, .dim = {count}, .loop = {count, 1, 1, 1}};
}

/* The source */

void cnn_keras_free(struct keras_kept *kept)
{
    if (!kept)
        return;
    cnn_hdf5_close(kept->file);
    cnn_bytes_free(&kept->bytes);
    free(kept->inflated);
    cnn_arena_free(kept->arena);
    free(kept);
}

static void close_kept(void *state)
{
    cnn_keras_free(state);
}

static void gather(const struct keras_param *p, float *out)
{
    const struct cnn_hdf5_object *o = p->from;
    const struct cnn_dtype_info *type = &cnn_dtype_info[o->dtype];
    int plain = o->dtype == CNN_F32 && o->big == cnn_big_endian();
    const size_t *n = p->loop, *s = p->step;
    for (size_t i = 0; i < n[0]; i++)
        for (size_t j = 0; j < n[1]; j++)
            for (size_t k = 0; k < n[2]; k++)
                for (size_t l = 0; l < n[3]; l++) {
                    const unsigned char *at =
                        o->data + (i * s[0] + j * s[1] + k * s[2] + l * s[3]) * type->size;
                    if (plain)
                        memcpy(out++, at, sizeof *out);
                    else
                        cnn_elements_read(type->kind, type->size, o->big != cnn_big_endian(), at, 1,
                                          out++);
                }
}

static int floats(const struct cnn_tensor_source *s, size_t i, float *out)
{
    const struct keras_param *p = &((const struct keras_kept *)s->state)->param[i];
    if (p->from)
        gather(p, out);
    else if (p->values)
        memcpy(out, p->values, s->tensor[i].count * sizeof *out);
    else
        for (size_t k = 0; k < s->tensor[i].count; k++)
            out[k] = p->value;
    return 0;
}

static const struct cnn_tensor_source_type keras = {.floats = floats, .close = close_kept};

/* Whether its elements lie as they are wanted; numbers are little-endian there. */
static int lies_plain(const struct keras_param *p)
{
    size_t step = 1;
    for (int i = 3; i >= 0; step *= p->loop[i], i--)
        if (p->loop[i] != 1 && p->step[i] != step)
            return 0;
    return p->from && !p->from->big;
}

static int add_tensor(struct cnn_tensor_source *s, const struct keras_param *p)
{
    struct cnn_stored_tensor t = {.name = p->name};
    int plain = lies_plain(p);
    if (cnn_stored_tensor_shape(&t, plain ? p->from->dtype : CNN_F32, p->rank, p->dim))
        return cnn_fail(CNN_EDATA, "%s: tensor '%.200s' is too large", s->path, p->name);
    t.data = plain ? p->from->data : NULL;
    return cnn_tensors_add(s, &t);
}

int cnn_keras_tensors(struct keras_writer *w, struct keras_kept *kept,
                      struct cnn_tensor_source **out)
{
    int rc = 0;
    kept->param = w->param;
    *out = cnn_tensors_new(w->path, &keras, kept);
    if (!*out)
        return CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < w->params; i++)
        rc = add_tensor(*out, &w->param[i]);
    if (!rc && w->spare)
        rc = cnn_tensors_add_text(*out, CNN_TENSORS_ORDER, "hwc");
    return rc ? rc : cnn_tensors_settle(*out);
}
