/* Nodes, attributes and tensors of ONNX; see onnx_private.h. */
#include <string.h>

#include "file/elements.h"
#include "model/export/onnx_private.h"

/* Messages have their own copies of texts. */
static char *text_of(struct onnx_writer *w, const char *s)
{
    return cnn_arena_strdup(w->arena, s);
}

const char *cnn_onnx_between(struct onnx_writer *w, const char *of)
{
    return cnn_arena_printf(w->arena, "%s:%zu", of, w->between++);
}

/* Nodes */

const struct cnn_layer *cnn_onnx_layer_of(const struct onnx_writer *w, int node)
{
    return &w->graph->node[node].layer;
}

int cnn_onnx_input_of(const struct onnx_writer *w, int node, int k)
{
    return w->graph->node[node].in[k];
}

int cnn_onnx_made(const Cnn__Onnx__Node *n)
{
    return n ? 0 : cnn_error_code();
}

Cnn__Onnx__Node *cnn_onnx_put(struct onnx_writer *w, const char *op, const char *out, int count,
                              const char *const *in)
{
    Cnn__Onnx__Graph *g = &w->message;
    Cnn__Onnx__Node *n = cnn_arena_alloc(w->arena, sizeof *n);
    if (!n || !out || cnn_grow(&g->node, &w->node_room, g->n_node + 1, sizeof(Cnn__Onnx__Node *)))
        return NULL;
    *n = (Cnn__Onnx__Node)CNN__ONNX__NODE__INIT;
    n->input = cnn_arena_alloc(w->arena, (size_t)count * sizeof(char *));
    n->output = cnn_arena_alloc(w->arena, sizeof(char *));
    n->op_type = text_of(w, op);
    n->name = text_of(w, out);
    if (!n->input || !n->output || !n->op_type || !n->name)
        return NULL;
    n->output[n->n_output++] = n->name;
    for (int i = 0; i < count; i++) {
        char *name = in[i] ? text_of(w, in[i]) : NULL;
        if (!name)
            return NULL;
        n->input[n->n_input++] = name;
    }
    g->node[g->n_node++] = n;
    return n;
}

/* Attributes */

static Cnn__Onnx__Attribute *add_attribute(struct onnx_writer *w, Cnn__Onnx__Node *n,
                                           const char *name, int type)
{
    enum { MOST = 8 };
    Cnn__Onnx__Attribute *a = n ? cnn_arena_alloc(w->arena, sizeof *a) : NULL;
    if (!a)
        return NULL;
    *a = (Cnn__Onnx__Attribute)CNN__ONNX__ATTRIBUTE__INIT;
    a->name = text_of(w, name);
    a->has_type = 1;
    a->type = type;
    if (!n->attribute)
        n->attribute = cnn_arena_alloc(w->arena, MOST * sizeof(Cnn__Onnx__Attribute *));
    if (!n->attribute || !a->name || n->n_attribute == MOST)
        return NULL;
    return n->attribute[n->n_attribute++] = a;
}

enum { REAL = 1, INT = 2, TEXT = 3, INTS = 7 };

int cnn_onnx_put_int(struct onnx_writer *w, Cnn__Onnx__Node *n, const char *name, int64_t value)
{
    Cnn__Onnx__Attribute *a = add_attribute(w, n, name, INT);
    if (!a)
        return cnn_error_code();
    a->has_i = 1;
    a->i = value;
    return 0;
}

int cnn_onnx_put_ints(struct onnx_writer *w, Cnn__Onnx__Node *n, const char *name, size_t count,
                      const size_t *value)
{
    Cnn__Onnx__Attribute *a = add_attribute(w, n, name, INTS);
    if (!a || !(a->ints = cnn_arena_alloc(w->arena, count * sizeof *a->ints)))
        return cnn_error_code();
    for (size_t i = 0; i < count; i++)
        a->ints[i] = (int64_t)value[i];
    a->n_ints = count;
    return 0;
}

int cnn_onnx_put_real(struct onnx_writer *w, Cnn__Onnx__Node *n, const char *name, double value)
{
    Cnn__Onnx__Attribute *a = add_attribute(w, n, name, REAL);
    if (!a)
        return cnn_error_code();
    a->has_f = 1;
    a->f = (float)value;
    return 0;
}

int cnn_onnx_put_text(struct onnx_writer *w, Cnn__Onnx__Node *n, const char *name,
                      const char *value)
{
    Cnn__Onnx__Attribute *a = add_attribute(w, n, name, TEXT);
    if (!a || !(a->s.data = (uint8_t *)text_of(w, value)))
        return cnn_error_code();
    a->has_s = 1;
    a->s.len = strlen(value);
    return 0;
}

/* Tensors */

enum { FLOAT = 1, INT64 = 7 };

static Cnn__Onnx__Tensor *add_tensor(struct onnx_writer *w, const char *name, int type, int rank,
                                     const size_t *dim)
{
    Cnn__Onnx__Graph *g = &w->message;
    Cnn__Onnx__Tensor *t = cnn_arena_alloc(w->arena, sizeof *t);
    if (!t || !name ||
        cnn_grow(&g->initializer, &w->tensor_room, g->n_initializer + 1,
                 sizeof(Cnn__Onnx__Tensor *)))
        return NULL;
    *t = (Cnn__Onnx__Tensor)CNN__ONNX__TENSOR__INIT;
    t->name = text_of(w, name);
    t->has_data_type = 1;
    t->data_type = type;
    t->dims = cnn_arena_alloc(w->arena, (size_t)rank * sizeof *t->dims);
    if (!t->name || !t->dims)
        return NULL;
    for (int i = 0; i < rank; i++)
        t->dims[t->n_dims++] = (int64_t)dim[i];
    return g->initializer[g->n_initializer++] = t;
}

/* What holds a parameter, the same tensor may be several layers'; and the file's name for it: what is called as a layer
 * would have the name of that layer's value. */
static const char *param_name(struct onnx_writer *w, int node, int k, const char **in_file)
{
    int of = w->graph->node[node].share ? w->graph->node[node].share : node;
    const struct cnn_layer *l = &w->graph->node[of].layer;
    const char *suffix = l->param[k].suffix;
    *in_file = cnn_arena_printf(w->arena, "%s.%s", l->name, *suffix ? suffix : "weight");
    return *suffix ? *in_file : l->name;
}

/* The elements where they lie, or a copy of them. */
static int set_elements(struct onnx_writer *w, Cnn__Onnx__Tensor *t,
                        const struct cnn_stored_tensor *from)
{
    const float *mapped = cnn_tensor_mapped(from);
    float *held = mapped ? NULL : cnn_arena_alloc(w->arena, from->count * sizeof *held);
    int rc = mapped || held ? 0 : CNN_ESYSTEM;
    if (held)
        rc = cnn_tensor_floats(w->tensors, from, held);
    if (cnn_big_endian()) { /* bytes would be in this machine's order */
        t->float_data = held;
        t->n_float_data = from->count;
        return rc;
    }
    t->has_raw_data = 1;
    t->raw_data.len = from->count * sizeof *held;
    t->raw_data.data = mapped ? (uint8_t *)(uintptr_t)mapped : (uint8_t *)held;
    return rc;
}

const char *cnn_onnx_put_param(struct onnx_writer *w, int node, int k, int rank, const size_t *dim)
{
    const char *in_file, *name = param_name(w, node, k, &in_file);
    const struct cnn_stored_tensor *from = name ? cnn_tensors_find(w->tensors, name) : NULL;
    struct cnn_shape shape = {.rank = rank};
    if (!name || !in_file)
        return NULL;
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim[i];
    if (!from || from->count != cnn_shape_count(&shape)) {
        cnn_fail(CNN_EDATA, "tensor '%.200s' of the net is not in the file, or of another size",
                 name);
        return NULL;
    }
    for (size_t i = 0; i < w->message.n_initializer; i++)
        if (!strcmp(w->message.initializer[i]->name, in_file))
            return in_file;
    Cnn__Onnx__Tensor *t = add_tensor(w, in_file, FLOAT, rank, dim);
    return t && !set_elements(w, t, from) ? in_file : NULL;
}

const char *cnn_onnx_put_list(struct onnx_writer *w, const char *of, size_t count,
                              const int64_t *value)
{
    const char *name = cnn_onnx_between(w, of);
    Cnn__Onnx__Tensor *t = add_tensor(w, name, INT64, 1, &count);
    if (!t || !(t->int64_data = cnn_arena_alloc(w->arena, count * sizeof *value)))
        return NULL;
    memcpy(t->int64_data, value, count * sizeof *value);
    t->n_int64_data = count;
    return name;
}

float *cnn_onnx_put_room(struct onnx_writer *w, const char *of, const struct cnn_shape *shape,
                         const char **name)
{
    size_t count = cnn_shape_count(shape);
    *name = cnn_onnx_between(w, of);
    Cnn__Onnx__Tensor *t = add_tensor(w, *name, FLOAT, shape->rank, shape->dim);
    if (!t || !(t->float_data = cnn_arena_alloc(w->arena, count * sizeof *t->float_data)))
        return NULL;
    t->n_float_data = count;
    return t->float_data;
}

const char *cnn_onnx_put_real_list(struct onnx_writer *w, const char *of, size_t count,
                                   const double *value)
{
    const struct cnn_shape shape = {1, {count}};
    const char *name;
    float *x = cnn_onnx_put_room(w, of, &shape, &name);
    for (size_t i = 0; x && i < count; i++)
        x[i] = (float)value[i];
    return x ? name : NULL;
}

const char *cnn_onnx_put_reals(struct onnx_writer *w, const char *of, const struct cnn_shape *shape,
                               double value)
{
    const char *name;
    float *x = cnn_onnx_put_room(w, of, shape, &name);
    for (size_t i = 0; x && i < cnn_shape_count(shape); i++)
        x[i] = (float)value;
    return x ? name : NULL;
}

const char *cnn_onnx_put_scalar(struct onnx_writer *w, const char *of, double value)
{
    static const struct cnn_shape none = {0};
    return cnn_onnx_put_reals(w, of, &none, value);
}

/* Options */

const void *cnn_onnx_option(const struct cnn_layer *l, const char *name)
{
    for (const struct cnn_option *o = l->type->options; o && o->name; o++)
        if (!strcmp(o->name, name))
            return (const char *)l->options + o->offset;
    return NULL;
}

int cnn_onnx_flag(const struct cnn_layer *l, const char *name)
{
    const int *flag = cnn_onnx_option(l, name);
    return flag && *flag;
}

double cnn_onnx_number(const struct cnn_layer *l, const char *name)
{
    for (const struct cnn_option *o = l->type->options; o && o->name; o++) {
        const void *field = (const char *)l->options + o->offset;
        if (strcmp(o->name, name))
            continue;
        return o->type == CNN_OPT_INT    ? (double)*(const long long *)field
               : o->type == CNN_OPT_REAL ? *(const double *)field
                                         : (double)*(const int *)field;
    }
    return 0;
}
