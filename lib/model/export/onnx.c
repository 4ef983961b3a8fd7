/* A model as a file of ONNX; see onnx.h. */
#include "model/export/onnx.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "file/outfile.h"
#include "model/export/onnx_private.h"

enum { IR_VERSION = 9, OPSET = 20, FLOAT = 1 };
enum { MOST_TEXTS = 8 };

/* Layers that have no operators: all of them, in a message that has an end. */
struct refused {
    struct cnn_buf text;
    size_t count;
};

static void refuse(struct refused *r, const struct cnn_layer *l)
{
    enum { LONGEST = 700 };
    if (r->text.size < LONGEST)
        cnn_buf_printf(&r->text, "%s'%.80s' (%s): %.100s", r->count ? "; " : "", l->name,
                       l->type->name, cnn_error_message());
    else if (r->text.text[r->text.size - 1] != '.')
        cnn_buf_puts(&r->text, "; ...");
    r->count++;
}

static int end_refused(struct refused *r)
{
    int rc = r->text.failed ? CNN_ESYSTEM : 0;
    if (!rc && r->count)
        rc = cnn_fail(CNN_EDATA, "%zu layer%s cannot be said in ONNX: %s", r->count,
                      r->count == 1 ? "" : "s", r->text.text);
    cnn_buf_free(&r->text);
    return rc;
}

/* Inputs and outputs: the number of samples is open. */

/* As it is made or, of rows that are no slices of a volume, with an axis for these. */
static int set_dims(struct onnx_writer *w, int node, Cnn__Onnx__Shape *s)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    const struct cnn_chw c = l->out;
    const size_t planes[4] = {0, c.c, c.h, c.w}, volume[5] = {0, c.c, l->rows, c.h, c.w},
                 rows[5] = {0, l->rows, c.c, c.h, c.w};
    enum onnx_form form = cnn_onnx_form(w, node);
    const size_t *size = form == ONNX_VOLUME ? volume : l->rows > 1 ? rows : planes;
    s->n_dim = form == ONNX_FLAT ? 2 : form == ONNX_PLANES ? 4 : 5;
    s->n_dim += size == rows;
    if (!(s->dim = cnn_arena_alloc(w->arena, s->n_dim * sizeof(Cnn__Onnx__Dimension *))))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < s->n_dim; i++) {
        Cnn__Onnx__Dimension *d = cnn_arena_alloc(w->arena, sizeof *d);
        if (!d)
            return CNN_ESYSTEM;
        *d = (Cnn__Onnx__Dimension)CNN__ONNX__DIMENSION__INIT;
        d->has_dim_value = i > 0;
        d->dim_value = (int64_t)size[i];
        d->dim_param = i ? NULL : cnn_arena_strdup(w->arena, "samples");
        if (!i && !d->dim_param)
            return CNN_ESYSTEM;
        s->dim[i] = d;
    }
    return 0;
}

static int add_info(struct onnx_writer *w, int node, const char *name, Cnn__Onnx__ValueInfo **out)
{
    struct parts {
        Cnn__Onnx__ValueInfo info;
        Cnn__Onnx__Type type;
        Cnn__Onnx__TensorType tensor;
        Cnn__Onnx__Shape shape;
    } *p = cnn_arena_alloc(w->arena, sizeof *p);
    if (!p || !name)
        return CNN_ESYSTEM;
    p->info = (Cnn__Onnx__ValueInfo)CNN__ONNX__VALUE_INFO__INIT;
    p->type = (Cnn__Onnx__Type)CNN__ONNX__TYPE__INIT;
    p->tensor = (Cnn__Onnx__TensorType)CNN__ONNX__TENSOR_TYPE__INIT;
    p->shape = (Cnn__Onnx__Shape)CNN__ONNX__SHAPE__INIT;
    p->info.type = &p->type;
    p->type.tensor_type = &p->tensor;
    p->tensor.has_elem_type = 1;
    p->tensor.elem_type = FLOAT;
    p->tensor.shape = &p->shape;
    p->info.name = cnn_arena_strdup(w->arena, name);
    *out = &p->info;
    return p->info.name ? set_dims(w, node, &p->shape) : CNN_ESYSTEM;
}

static int add_output(struct onnx_writer *w, int node, Cnn__Onnx__ValueInfo **out)
{
    int rows = cnn_onnx_layer_of(w, node)->rows > 1 && cnn_onnx_form(w, node) != ONNX_VOLUME;
    const char *name = rows ? cnn_onnx_rows(w, node, cnn_onnx_form(w, node) == ONNX_FLAT)
                            : cnn_onnx_either(w, node);
    return name ? add_info(w, node, name, out) : cnn_error_code();
}

static int add_infos(struct onnx_writer *w)
{
    const struct cnn_graph *g = w->graph;
    Cnn__Onnx__Graph *m = &w->message;
    size_t outputs = g->outputs ? (size_t)g->outputs : 1;
    m->input = cnn_arena_alloc(w->arena, (size_t)g->inputs * sizeof(Cnn__Onnx__ValueInfo *));
    m->output = cnn_arena_alloc(w->arena, outputs * sizeof(Cnn__Onnx__ValueInfo *));
    int rc = m->input && m->output ? 0 : CNN_ESYSTEM;
    for (int i = 0; !rc && i < g->inputs; i++)
        rc = add_info(w, i, cnn_onnx_layer_of(w, i)->name, &m->input[m->n_input++]);
    for (size_t i = 0; !rc && i < outputs; i++)
        rc = add_output(w, g->outputs ? g->each_output[i] : g->output, &m->output[m->n_output++]);
    return rc;
}

/* Metadata */

static int add_text(struct onnx_writer *w, Cnn__Onnx__Model *m, const char *key, const char *value)
{
    Cnn__Onnx__Entry *e = cnn_arena_alloc(w->arena, sizeof *e);
    if (!e)
        return CNN_ESYSTEM;
    *e = (Cnn__Onnx__Entry)CNN__ONNX__ENTRY__INIT;
    e->key = cnn_arena_strdup(w->arena, key);
    e->value = cnn_arena_strdup(w->arena, value);
    m->metadata_props[m->n_metadata_props++] = e;
    return e->key && e->value ? 0 : CNN_ESYSTEM;
}

/* Without the rows, which the shape says. */
static void leave_out_rows(char *text)
{
    char *rows = strstr(text, "rows=");
    if (!rows)
        return;
    const char *rest = rows + strcspn(rows, " ");
    rest += strspn(rest, " ");
    memmove(rows, rest, strlen(rest) + 1);
    for (size_t n = strlen(text); n && text[n - 1] == ' '; n--)
        text[n - 1] = '\0';
}

/* The options of the first input line, its shape aside: how images become numbers. */
static int add_input(struct onnx_writer *w, Cnn__Onnx__Model *m)
{
    const char *line = strstr(w->graph->print, "input "), *end = line ? strchr(line, '\n') : NULL;
    const char *options = line ? strchr(line + strlen("input "), ' ') : NULL;
    if (!end || !options || options > end || w->graph->inputs > 1)
        return 0;
    char *text = cnn_arena_strndup(w->arena, options + 1, (size_t)(end - options - 1));
    if (!text)
        return CNN_ESYSTEM;
    leave_out_rows(text);
    return *text ? add_text(w, m, "cnn.input", text) : 0;
}

static int add_texts(struct onnx_writer *w, Cnn__Onnx__Model *m)
{
    static const char *const keys[] = {"cnn.classes", "cnn.history", "cnn.selftest"};
    m->metadata_props = cnn_arena_alloc(w->arena, MOST_TEXTS * sizeof(Cnn__Onnx__Entry *));
    int rc = m->metadata_props ? add_input(w, m) : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < sizeof keys / sizeof *keys; i++) {
        const char *text = cnn_tensors_text(w->tensors, keys[i]);
        rc = text ? add_text(w, m, keys[i], text) : 0;
    }
    return rc;
}

/* The file */

struct sink {
    ProtobufCBuffer base;
    FILE *file;
};

static void append(ProtobufCBuffer *b, size_t n, const uint8_t *bytes)
{
    fwrite(bytes, 1, n, ((struct sink *)b)->file); /* committing tells whether it went well */
}

static int write_file(const char *path, const Cnn__Onnx__Model *m)
{
    struct sink s = {.base.append = append};
    struct cnn_outfile *f;
    if (protobuf_c_message_get_packed_size(&m->base) > INT32_MAX)
        return cnn_fail(CNN_EDATA, "%s: more than 2 GiB, which no file of ONNX has", path);
    int rc = cnn_outfile_open(path, &f);
    if (rc)
        return rc;
    s.file = cnn_outfile_stream(f);
    protobuf_c_message_pack_to_buffer(&m->base, &s.base);
    return cnn_outfile_commit(f);
}

static int write_model(const char *path, struct onnx_writer *w)
{
    Cnn__Onnx__Model m = CNN__ONNX__MODEL__INIT;
    Cnn__Onnx__OperatorSet set = CNN__ONNX__OPERATOR_SET__INIT, *sets = &set;
    char producer[] = "cnn", version[] = CNN_VERSION, domain[] = "", name[] = "net";
    m.has_ir_version = set.has_version = 1;
    m.ir_version = IR_VERSION;
    set.version = OPSET;
    set.domain = domain;
    m.opset_import = &sets;
    m.n_opset_import = 1;
    m.producer_name = producer;
    m.producer_version = version;
    m.graph = &w->message;
    w->message.name = name;
    int rc = add_infos(w);
    if (!rc)
        rc = add_texts(w, &m);
    if (!rc)
        rc = write_file(path, &m);
    w->message.name = NULL; /* which is on this stack */
    return rc;
}

/* Rows of planes are slices of a volume, those of vectors an axis of their own. */
static int put_input(struct onnx_writer *w, int node)
{
    const struct cnn_layer *l = cnn_onnx_layer_of(w, node);
    int flat = l->out.h * l->out.w == 1;
    const int64_t shape[2] = {-1, (int64_t)l->out.c};
    if (l->rows == 1 || !flat)
        return cnn_onnx_give(w, node,
                             flat           ? ONNX_FLAT
                             : l->rows == 1 ? ONNX_PLANES
                                            : ONNX_VOLUME)
                   ? 0
                   : CNN_ESYSTEM;
    const char *to = cnn_onnx_between(w, l->name);
    w->made[node].first = ONNX_FLAT;
    w->made[node].name[ONNX_FLAT] = to;
    return cnn_onnx_put_reshape(w, l->name, to, 2, shape);
}

static int put_layers(struct onnx_writer *w)
{
    const struct cnn_graph *g = w->graph;
    struct refused r = {0};
    int rc = 0, rest;
    for (int i = 0; !rc && i < g->nodes; i++) {
        if (i < g->inputs)
            rc = put_input(w, i);
        else if (!g->node[i].port)
            rc = cnn_onnx_put_layer(w, i);
        if (rc != CNN_EDATA || i < g->inputs)
            continue;
        refuse(&r, &g->node[i].layer);
        cnn_onnx_give(w, i, ONNX_PLANES); /* those behind it are looked at, too */
        rc = 0;
    }
    rest = end_refused(&r);
    return rc ? rc : rest;
}

int cnn_export_onnx(const char *path, const struct cnn_graph *graph,
                    const struct cnn_tensor_source *tensors)
{
    struct onnx_writer w = {.graph = graph, .tensors = tensors, .arena = cnn_arena_new()};
    w.message = (Cnn__Onnx__Graph)CNN__ONNX__GRAPH__INIT;
    if (w.arena)
        w.made = cnn_arena_alloc(w.arena, (size_t)graph->nodes * sizeof *w.made);
    int rc = w.made ? put_layers(&w) : CNN_ESYSTEM;
    if (rc == CNN_EDATA)
        rc = cnn_fail_within("%s", tensors->path);
    if (!rc)
        rc = write_model(path, &w);
    free(w.message.node);
    free(w.message.initializer);
    if (w.arena)
        cnn_arena_free(w.arena);
    return rc;
}
