/* The records of a file: nodes, weights, inputs and outputs; see onnx.h. */
#include "model/import/onnx/onnx.h"

#include <string.h>

enum { MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_METADATA = 14 };
enum { GRAPH_NODE = 1, GRAPH_TENSOR = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12, GRAPH_SPARSE = 15 };
enum { TENSOR_RAW = 9 };

static void *unpack(struct onnx_graph *g, const ProtobufCMessageDescriptor *kind,
                    const struct cnn_wire_field *f)
{
    return cnn_wire_unpack(&g->memory, kind, f->data, f->size);
}

/* Whether a field is the bytes of a tensor, which stay where they are. */
static int is_raw(const struct cnn_wire_field *f)
{
    return f->number == TENSOR_RAW && f->type == CNN_WIRE_BYTES;
}

/* What of a tensor is not its bytes, as a message of its own. */
static const Cnn__Onnx__Tensor *read_head(struct onnx_graph *g, const struct cnn_wire_field *f,
                                          struct cnn_wire_field *raw)
{
    struct cnn_wire w = {f->data, f->data + f->size};
    struct cnn_wire_field field;
    size_t size = 0;
    int rc;
    while ((rc = cnn_wire_next(&w, &field)) > 0)
        if (is_raw(&field))
            *raw = field;
        else
            size += (size_t)(w.at - field.record);
    if (!rc && !raw->record)
        return unpack(g, &cnn__onnx__tensor__descriptor, f);
    unsigned char *head = rc ? NULL : cnn_arena_alloc(g->arena, size), *to = head;
    w.at = f->data;
    while (head && cnn_wire_next(&w, &field) > 0) {
        if (is_raw(&field))
            continue;
        memcpy(to, field.record, (size_t)(w.at - field.record));
        to += w.at - field.record;
    }
    return head ? cnn_wire_unpack(&g->memory, &cnn__onnx__tensor__descriptor, head, size) : NULL;
}

static int read_tensor(struct onnx_graph *g, const struct cnn_wire_field *f)
{
    struct cnn_wire_field raw = {0};
    const struct onnx_constant *c;
    const Cnn__Onnx__Tensor *t = read_head(g, f, &raw);
    struct onnx_value *v = t ? cnn_onnx_value(g, t->name ? t->name : "") : NULL;
    if (!v)
        return cnn_error_code();
    if (v->state != ONNX_NOT_YET)
        return cnn_fail(CNN_EDATA, "two tensors are called '%.200s'", v->name);
    int rc = cnn_onnx_tensor(g, t, raw.record ? &raw : NULL, &c);
    if (rc)
        return rc == CNN_EDATA ? cnn_fail_within("tensor '%.200s'", v->name) : rc;
    cnn_onnx_give_constant(v, c);
    return 0;
}

static int add_node(struct onnx_graph *g, const struct cnn_wire_field *f)
{
    const Cnn__Onnx__Node *m = unpack(g, &cnn__onnx__node__descriptor, f);
    if (!m)
        return cnn_error_code();
    struct onnx_node *n = cnn_arena_alloc(g->arena, sizeof *n);
    if (!n || cnn_grow(&g->node, &g->node_room, g->nodes + 1, sizeof(struct onnx_node *)))
        return CNN_ESYSTEM;
    n->message = m;
    n->name = m->name && *m->name ? m->name : m->n_output && *m->output[0] ? m->output[0] : "";
    g->node[g->nodes++] = n;
    if (m->n_input > ONNX_MAX_PORTS || m->n_output > ONNX_MAX_PORTS)
        return cnn_fail(CNN_EDATA, "node '%.200s' has %zu inputs and %zu outputs", n->name,
                        m->n_input, m->n_output);
    return 0;
}

static int add_info(struct onnx_graph *g, const struct cnn_wire_field *f,
                    const Cnn__Onnx__ValueInfo ***list, size_t *count, size_t *room)
{
    const Cnn__Onnx__ValueInfo *v = unpack(g, &cnn__onnx__value_info__descriptor, f);
    if (!v)
        return cnn_error_code();
    if (cnn_grow(list, room, *count + 1, sizeof(const Cnn__Onnx__ValueInfo *)))
        return CNN_ESYSTEM;
    (*list)[(*count)++] = v;
    return v->name && *v->name ? 0 : cnn_fail(CNN_EDATA, "an input or output without a name");
}

static int read_graph_field(struct onnx_graph *g, const struct cnn_wire_field *f)
{
    if (f->type != CNN_WIRE_BYTES)
        return 0;
    if (f->number == GRAPH_NODE)
        return add_node(g, f);
    if (f->number == GRAPH_TENSOR)
        return read_tensor(g, f);
    if (f->number == GRAPH_INPUT)
        return add_info(g, f, &g->input, &g->inputs, &g->input_room);
    if (f->number == GRAPH_OUTPUT)
        return add_info(g, f, &g->output, &g->outputs, &g->output_room);
    return f->number == GRAPH_SPARSE ? cnn_fail(CNN_EDATA, "sparse tensors are not supported") : 0;
}

static int read_graph(struct onnx_graph *g, const struct cnn_wire_field *f)
{
    struct cnn_wire w = {f->data, f->data + f->size};
    struct cnn_wire_field field;
    int rc;
    while ((rc = cnn_wire_next(&w, &field)) > 0)
        if ((rc = read_graph_field(g, &field)))
            return rc;
    return rc;
}

static int read_opset(struct onnx_graph *g, const struct cnn_wire_field *f)
{
    const Cnn__Onnx__OperatorSet *s = unpack(g, &cnn__onnx__operator_set__descriptor, f);
    if (!s)
        return cnn_error_code();
    if (!s->domain || !*s->domain || !strcmp(s->domain, "ai.onnx"))
        g->opset = s->version;
    return 0;
}

static int read_entry(struct onnx_graph *g, const struct cnn_wire_field *f)
{
    const Cnn__Onnx__Entry *e = unpack(g, &cnn__onnx__entry__descriptor, f);
    if (!e)
        return cnn_error_code();
    if (cnn_strings_add(&g->keys, e->key ? e->key : "") ||
        cnn_strings_add(&g->texts, e->value ? e->value : ""))
        return CNN_ESYSTEM;
    return 0;
}

int cnn_onnx_read(struct onnx_graph *g, const struct cnn_bytes *bytes)
{
    struct cnn_wire w = {bytes->data, bytes->data + bytes->size};
    struct cnn_wire_field f;
    int rc, graphs = 0;
    g->bytes = bytes->size;
    while ((rc = cnn_wire_next(&w, &f)) > 0) {
        rc = 0;
        if (f.type != CNN_WIRE_BYTES)
            continue;
        if (f.number == MODEL_GRAPH)
            rc = graphs++ ? cnn_fail(CNN_EDATA, "two graphs") : read_graph(g, &f);
        else if (f.number == MODEL_OPSET)
            rc = read_opset(g, &f);
        else if (f.number == MODEL_METADATA)
            rc = read_entry(g, &f);
        if (rc)
            return rc;
    }
    if (!rc && !graphs)
        rc = cnn_fail(CNN_EDATA, "no graph in it");
    return rc;
}
