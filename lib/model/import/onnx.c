/* Nets as ONNX has them (.onnx): a graph of operators with its weights, of opset 1 and later. What is read of it is in
 * onnx/onnx_ops.def; graphs become text in the language of nets, and constants are computed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/import/import.h"
#include "model/import/onnx/onnx.h"

/* Whatever is needed for reading alone. */
static void end_reading(struct onnx_graph *g)
{
    free(g->node);
    free(g->input);
    free(g->output);
    cnn_strings_free(&g->keys);
    cnn_strings_free(&g->texts);
    cnn_buf_free(&g->text);
    g->node = NULL;
    g->input = g->output = NULL;
}

struct file {
    struct onnx_graph graph;
    struct cnn_bytes bytes;
};

static void close_onnx(void *state)
{
    struct file *f = state;
    if (!f)
        return;
    end_reading(&f->graph);
    for (size_t i = 0; i < f->graph.besides; i++)
        cnn_bytes_free(&f->graph.beside[i]);
    free(f->graph.beside);
    cnn_strings_free(&f->graph.beside_names);
    free(f->graph.param);
    cnn_arena_free(f->graph.arena);
    cnn_bytes_free(&f->bytes);
    free(f);
}

/* The version of the format, and a field of a model behind it. */
static int sniff(const unsigned char *bytes, size_t n)
{
    enum { VERSION = 0x08, NEWEST = 0x20 };
    static const char next[] = "\x12\x1a\x22\x28\x32\x3a\x42\x72";
    return n > 2 && bytes[0] == VERSION && bytes[1] && bytes[1] < NEWEST &&
           strchr(next, bytes[2]) && bytes[2];
}

static int floats(const struct cnn_tensor_source *s, size_t i, float *out)
{
    const struct file *f = s->state;
    return cnn_onnx_floats(&f->graph.param[i], out);
}

static const struct cnn_tensor_source_type onnx = {.floats = floats, .close = close_onnx};

/* Where the elements are as the net has them, they are not copied. */
static int add_tensor(struct cnn_tensor_source *s, const struct onnx_param *p)
{
    const struct onnx_constant *c = p->from;
    struct cnn_stored_tensor t = {.name = p->name};
    int as_it_is =
        c->data && c->count == cnn_shape_count(&p->shape) && !p->transposed && p->factor == 1;
    if (cnn_stored_tensor_shape(&t, as_it_is ? c->dtype : CNN_F32, p->shape.rank, p->shape.dim))
        return cnn_fail(CNN_EDATA, "tensor '%.200s' is too large", p->name);
    t.data = as_it_is ? c->data : NULL;
    return cnn_tensors_add(s, &t);
}

/* A text of the metadata, which lives on; NULL: there is none, or an error is set. */
static const char *metadata(struct onnx_graph *g, const char *key)
{
    ptrdiff_t i = cnn_strings_find(&g->keys, key);
    return i < 0 ? NULL : cnn_arena_strdup(g->arena, g->texts.item[i]);
}

/* As the metadata has them; else a single vector of several numbers has a class for each, which nobody has named. */
static int name_classes(struct onnx_graph *g, struct cnn_imported *out)
{
    const char *given = metadata(g, "cnn.classes");
    const struct onnx_value *v = cnn_onnx_value(g, g->output[0]->name);
    char name[24];
    int rc = 0;
    if (given)
        return cnn_imported_classes(out, g->path, given);
    if (g->outputs > 1 || v->shape.h * v->shape.w != 1 || v->shape.c > 1 << 16)
        return 0;
    for (size_t i = 0; !rc && v->shape.c > 1 && i < v->shape.c; i++) {
        snprintf(name, sizeof name, "%zu", i);
        rc = cnn_strings_add(&out->classes, name);
    }
    return rc;
}

static int add_text(struct cnn_tensor_source *s, const char *key, const char *text)
{
    return text ? cnn_tensors_add_text(s, key, text) : 0;
}

/* The texts that models of ours have, so that the tensors with these are one. */
static int add_texts(struct cnn_tensor_source *s, const struct cnn_imported *m)
{
    struct onnx_graph *g = &((struct file *)s->state)->graph;
    const char *classes = metadata(g, "cnn.classes"),
               *net = cnn_arena_strdup(g->arena, m->net_text);
    struct cnn_buf list = {0};
    for (size_t i = 0; !classes && i < m->classes.count; i++)
        cnn_buf_printf(&list, "%c\"%s\"", i ? ',' : '[', m->classes.item[i]);
    cnn_buf_puts(&list, m->classes.count ? "]" : "[]");
    if (!classes && !list.failed)
        classes = cnn_arena_strdup(g->arena, list.text);
    cnn_buf_free(&list);
    int rc = classes && net ? add_text(s, "cnn.format", "1") : CNN_ESYSTEM;
    if (!rc)
        rc = add_text(s, "cnn.net", net);
    if (!rc)
        rc = add_text(s, "cnn.classes", classes);
    if (!rc)
        rc = add_text(s, "cnn.history", metadata(g, "cnn.history"));
    return rc ? rc : add_text(s, "cnn.selftest", metadata(g, "cnn.selftest"));
}

static int read_model(struct cnn_tensor_source *s, struct cnn_imported *out)
{
    struct file *f = s->state;
    struct onnx_graph *g = &f->graph;
    g->path = s->path;
    if (!(g->arena = cnn_arena_new()) || !(g->values = cnn_names_new(g->arena)) ||
        !(g->labels = cnn_names_new(g->arena)))
        return CNN_ESYSTEM;
    cnn_wire_memory(&g->memory, g->arena);
    int rc = cnn_onnx_read(g, &f->bytes);
    if (!rc)
        rc = cnn_onnx_translate(g);
    for (size_t i = 0; !rc && i < g->params; i++)
        rc = add_tensor(s, &g->param[i]);
    if (!rc)
        rc = name_classes(g, out);
    if (!rc && !(out->net_text = cnn_buf_take(&g->text)))
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = add_texts(s, out);
    end_reading(g);
    return rc == CNN_EDATA && strncmp(cnn_error_message(), s->path, strlen(s->path)) != 0
               ? cnn_fail_within("%s", s->path)
               : rc;
}

static int open_onnx(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    struct file *f = cnn_calloc(1, sizeof *f);
    if (!f) {
        cnn_bytes_free(bytes);
        return CNN_ESYSTEM;
    }
    f->bytes = *bytes;
    if (!(out->tensors = cnn_tensors_new(path, &onnx, f)))
        return CNN_ESYSTEM;
    int rc = read_model(out->tensors, out);
    return rc ? rc : cnn_tensors_settle(out->tensors);
}

const struct cnn_import cnn_import_onnx = {.ending = ".onnx", .sniff = sniff, .open = open_onnx};
