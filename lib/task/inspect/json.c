/* An inspection as JSON for programs; see inspect.h. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/memory.h"
#include "task/inspect/private.h"
#include "task/json.h"

/* Text of ours or from a file; what is not UTF-8 becomes null. */
static json_t *string(const char *text)
{
    json_t *s = json_string(text);
    return s ? s : json_null();
}

static json_t *real_number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *whole(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *chw(struct cnn_chw s)
{
    return json_pack("[I, I, I]", (json_int_t)s.c, (json_int_t)s.h, (json_int_t)s.w);
}

static json_t *reals(const struct cnn_reals *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->count; i++)
        json_array_append_new(list, json_real(r->value[i]));
    return list;
}

static json_t *input_json(const struct cnn_input *in)
{
    static const char *const filters[] = {CNN_CHOICE_TEXTS(CNN_FILTERS)};
    json_t *o = json_object();
    json_object_set_new(o, "shape", chw(in->shape));
    json_object_set_new(o, "scale", json_real(in->scale));
    json_object_set_new(o, "mean", reals(&in->mean));
    json_object_set_new(o, "std", reals(&in->std));
    json_object_set_new(o, "order", json_string(in->bgr ? "bgr" : "rgb"));
    json_object_set_new(o, "resize", json_integer(in->resize));
    json_object_set_new(o, "interpolation", json_string(filters[in->filter]));
    return o;
}

static void add_options(json_t *o, const struct cnn_option *table, const void *fields)
{
    for (const struct cnn_option *p = table; p && p->name; p++) {
        struct cnn_buf b = {0};
        cnn_option_print(p, fields, &b);
        if (b.failed)
            cnn_json_lack();
        json_object_set_new(o, p->name, string(b.text ? b.text : ""));
        cnn_buf_free(&b);
    }
}

/* Those of the layer, and of layers with parameters those of the line. */
static json_t *options_json(const struct cnn_node *node)
{
    const struct cnn_layer *l = &node->layer;
    json_t *o = json_object();
    add_options(o, l->type->options, l->options);
    if (l->params && node->line)
        add_options(o, cnn_line_table, node->line);
    return o;
}

static json_t *pair(const size_t v[2])
{
    return json_pack("[I, I]", (json_int_t)v[0], (json_int_t)v[1]);
}

static void add_window(json_t *o, const struct cnn_layer *l, const struct cnn_receptive_field *f)
{
    struct cnn_layer_window w;
    if (l->type->window) {
        l->type->window(l, &w);
        json_object_set_new(o, "kernel", pair(w.kernel));
        json_object_set_new(o, "stride", pair(w.stride));
        json_object_set_new(o, "dilation", pair(w.dilation));
        json_object_set_new(o, "pad",
                            json_pack("[I, I, I, I]", (json_int_t)w.before[0],
                                      (json_int_t)w.before[1], (json_int_t)w.after[0],
                                      (json_int_t)w.after[1]));
    }
    json_object_set_new(o, "receptive_field", f->whole ? json_null() : pair(f->size));
}

static json_t *layer_json(const struct cnn_graph *g, int i, const struct cnn_receptive_field *field)
{
    const struct cnn_layer *l = &g->node[i].layer;
    json_t *o = json_object(), *in = json_array();
    for (int k = 0; k < l->inputs; k++)
        json_array_append_new(in, string(g->node[g->node[i].in[k]].layer.name));
    json_object_set_new(o, "label", string(l->name));
    json_object_set_new(o, "type", string(l->type->name));
    json_object_set_new(o, "options", options_json(&g->node[i]));
    json_object_set_new(o, "inputs", in);
    json_object_set_new(o, "output", chw(l->out));
    if (l->rows > 1)
        json_object_set_new(o, "rows", whole(l->rows));
    json_object_set_new(o, "parameters", whole(cnn_node_parameters(&g->node[i], 1)));
    json_object_set_new(o, "statistics", whole(cnn_node_parameters(&g->node[i], 0)));
    json_object_set_new(o, "multiply_adds", whole(cnn_layer_multiply_adds(l)));
    json_object_set_new(o, "activation_bytes", whole(cnn_layer_elements(l) * sizeof(float)));
    if (field)
        add_window(o, l, &field[i]);
    return o;
}

static json_t *blocks_json(const struct cnn_inspect *in)
{
    const struct cnn_graph *g = in->graph;
    json_t *list = json_array();
    for (int i = g->inputs; i < g->nodes;) {
        struct cnn_inspect_block b;
        json_t *o = json_object();
        i = cnn_inspect_block(g, i, in->depth ? in->depth : 1, &b);
        json_object_set_new(o, "label", json_stringn(b.label, b.length));
        json_object_set_new(o, "layers", json_integer(b.layers));
        json_object_set_new(o, "output", chw(g->node[b.last].layer.out));
        json_object_set_new(o, "parameters", whole(b.parameters));
        json_object_set_new(o, "multiply_adds", whole(b.multiply_adds));
        json_object_set_new(o, "activation_bytes", whole(b.activations));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *inputs_json(const struct cnn_graph *g)
{
    json_t *list = json_object();
    for (int i = 0; i < g->inputs; i++)
        json_object_set_new(list, g->node[i].layer.name, input_json(&g->input[i]));
    return list;
}

static json_t *outputs_json(const struct cnn_graph *g)
{
    json_t *list = json_array();
    for (int i = 0; i < g->outputs; i++)
        json_array_append_new(list, string(g->node[g->each_output[i]].layer.name));
    return list;
}

static void add_graph(json_t *root, const struct cnn_inspect *in)
{
    const struct cnn_graph *g = in->graph;
    struct cnn_receptive_field *field = cnn_graph_fields(g);
    struct cnn_inspect_totals n = cnn_inspect_totals(g);
    if (!field)
        cnn_json_lack();
    json_t *layers = json_array(), *totals = json_object();
    for (int i = g->inputs; i < g->nodes; i++)
        json_array_append_new(layers, layer_json(g, i, field));
    json_object_set_new(totals, "layers", whole(n.layers));
    json_object_set_new(totals, "parameters", whole(n.parameters));
    json_object_set_new(totals, "statistics", whole(n.statistics));
    json_object_set_new(totals, "multiply_adds", whole(n.multiply_adds));
    json_object_set_new(totals, "activation_bytes", whole(n.activations * sizeof(float)));
    json_object_set_new(root, "net", string(g->print));
    json_object_set_new(root, "input", input_json(g->input));
    json_object_set_new(root, "output", string(g->node[g->output].layer.name));
    if (g->inputs > 1)
        json_object_set_new(root, "inputs", inputs_json(g));
    if (g->outputs > 1)
        json_object_set_new(root, "outputs", outputs_json(g));
    json_object_set_new(root, "layers", layers);
    json_object_set_new(root, "blocks", blocks_json(in));
    json_object_set_new(root, "totals", totals);
    free(field);
}

static json_t *shape_json(const struct cnn_stored_tensor *t)
{
    json_t *list = json_array();
    for (int i = 0; i < t->rank && t->rank <= CNN_MAX_RANK; i++)
        json_array_append_new(list, whole(t->shape.dim[i]));
    return list;
}

static void add_statistics(json_t *o, const struct cnn_tensor_statistics *s)
{
    json_object_set_new(o, "min", real_number(s->min));
    json_object_set_new(o, "mean", real_number(s->mean));
    json_object_set_new(o, "max", real_number(s->max));
    json_object_set_new(o, "std", real_number(s->std));
    json_object_set_new(o, "zeros", whole(s->zeros));
    json_object_set_new(o, "nan", whole(s->nans));
    json_object_set_new(o, "infinite", whole(s->infinities));
}

static json_t *tensors_json(const struct cnn_inspect *in)
{
    json_t *list = json_array();
    for (size_t i = 0; i < cnn_tensors_count(in->tensors); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(in->tensors, i);
        json_t *o = json_object();
        json_object_set_new(o, "name", string(t->name));
        json_object_set_new(o, "type", string(cnn_dtype_info[t->dtype].name));
        json_object_set_new(o, "shape", shape_json(t));
        json_object_set_new(o, "elements", whole(t->count));
        if (in->statistics)
            add_statistics(o, &in->statistics[i]);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *meta_json(const struct cnn_tensor_source *f)
{
    json_t *o = json_object();
    const char *key;
    for (size_t i = 0; (key = cnn_tensors_text_key(f, i)); i++)
        json_object_set_new(o, key, string(cnn_tensors_text(f, key)));
    return o;
}

static void add_model(json_t *root, const struct cnn_model *m)
{
    json_t *classes = json_array(), *history = cnn_json_text(m->history, 0);
    for (size_t i = 0; i < m->classes.count; i++)
        json_array_append_new(classes, string(m->classes.item[i]));
    json_object_set_new(root, "classes", classes);
    json_object_set_new(root, "history", history ? history : json_null());
    json_object_set_new(root, "selftest_samples", whole(m->selftest.samples));
}

/* The name is any bytes, which jansson does not take: it goes in front of the other members. */
int cnn_inspect_json_dump(const char *name, json_t *value, struct cnn_buf *out)
{
    struct cnn_buf text = {0};
    int rc = cnn_json_value(value, JSON_INDENT(2) | JSON_REAL_PRECISION(9), &text);
    json_decref(value);
    if (!rc && name) {
        cnn_buf_puts(out, "{\n  \"name\": ");
        cnn_json_string(name, out);
        cnn_buf_printf(out, ",%s\n", text.text + 1);
    } else if (!rc) {
        cnn_buf_printf(out, "%s\n", text.text);
    }
    cnn_buf_free(&text);
    rc = rc ? rc : cnn_json_lacked();
    return rc || !out->failed ? rc : CNN_ESYSTEM;
}

int cnn_inspect_json(const struct cnn_inspect *in, struct cnn_buf *out)
{
    static const char *const form[] = {"net", "model", "tensors"};
    cnn_json_watch();
    json_t *root = json_object();
    json_object_set_new(root, "form", string(form[in->form]));
    if (in->graph)
        add_graph(root, in);
    if (in->model)
        add_model(root, in->model);
    if (in->tensors) {
        json_object_set_new(root, "tensors", tensors_json(in));
        json_object_set_new(root, "metadata", meta_json(in->tensors));
    }
    return cnn_inspect_json_dump(in->name, root, out);
}

int cnn_inspect_zoo_json(struct cnn_buf *out)
{
    cnn_json_watch();
    json_t *list = json_array();
    const struct cnn_zoo_entry *e;
    for (size_t i = 0; (e = cnn_zoo_at(i)); i++) {
        struct cnn_buf summary = {0};
        json_t *o = json_object();
        cnn_inspect_zoo_summary(e, &summary);
        if (summary.failed)
            cnn_json_lack();
        json_object_set_new(o, "name", string(e->name));
        json_object_set_new(o, "summary", string(summary.text ? summary.text : ""));
        json_object_set_new(o, "text", string(e->text));
        json_array_append_new(list, o);
        cnn_buf_free(&summary);
    }
    return cnn_inspect_json_dump(NULL, list, out);
}
