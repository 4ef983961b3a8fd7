/* Node by node into a net; see onnx.h. */
#include <stdio.h>
#include <string.h>

#include "model/import/onnx/onnx.h"

/* What cannot be imported: all of it, in a message that has an end. */
struct refused {
    struct cnn_buf text;
    size_t count, told;
};
enum { LONGEST_LIST = 800 };

static void refuse(struct refused *r, const struct onnx_node *n)
{
    r->count++;
    if (r->text.size > LONGEST_LIST)
        return;
    r->told++;
    cnn_buf_printf(&r->text, "%snode '%.80s' (%.40s): %.200s", r->text.size ? "; " : "", n->name,
                   n->message->op_type ? n->message->op_type : "", cnn_error_message());
}

static int end_refused(struct refused *r)
{
    int rc = 0;
    if (r->text.failed)
        rc = CNN_ESYSTEM;
    else if (r->count == r->told && r->count)
        rc = cnn_fail(CNN_EDATA, "%zu node%s cannot be imported: %s", r->count,
                      r->count == 1 ? "" : "s", r->text.text);
    else if (r->count)
        rc = cnn_fail(CNN_EDATA, "%zu nodes cannot be imported: %s; and %zu more", r->count,
                      r->text.text, r->count - r->told);
    cnn_buf_free(&r->text);
    return rc;
}

/* Nodes and the values between them */

static int bind_node(struct onnx_graph *g, struct onnx_node *n)
{
    const Cnn__Onnx__Node *m = n->message;
    n->op = cnn_onnx_op(m->domain ? m->domain : "", m->op_type ? m->op_type : "");
    n->ins = (int)m->n_input;
    n->outs = (int)m->n_output;
    n->in = cnn_arena_alloc(g->arena, m->n_input * sizeof(struct onnx_value *));
    n->out = cnn_arena_alloc(g->arena, m->n_output * sizeof(struct onnx_value *));
    if (!n->in || !n->out)
        return CNN_ESYSTEM;
    for (int i = 0; i < n->ins; i++) {
        if (!*m->input[i])
            continue;
        if (!(n->in[i] = cnn_onnx_value(g, m->input[i])))
            return CNN_ESYSTEM;
        n->in[i]->uses++;
        n->in[i]->user = n;
    }
    for (int i = 0; i < n->outs; i++) {
        if (!*m->output[i])
            continue;
        if (!(n->out[i] = cnn_onnx_value(g, m->output[i])))
            return CNN_ESYSTEM;
        if (n->out[i]->made_by || n->out[i]->state != ONNX_NOT_YET)
            return cnn_fail(CNN_EDATA, "'%.200s' is given twice", n->out[i]->name);
        n->out[i]->made_by = n;
    }
    return n->outs && n->out[0] ? 0 : cnn_fail(CNN_EDATA, "node '%.200s' gives nothing", n->name);
}

/* Inputs */

static int read_dims(struct onnx_graph *g, const Cnn__Onnx__ValueInfo *info, struct onnx_value *v)
{
    const Cnn__Onnx__TensorType *t = info->type ? info->type->tensor_type : NULL;
    if (!t || !t->shape || t->shape->n_dim < 1 || t->shape->n_dim > 5)
        return cnn_fail(CNN_EDATA, "input '%.200s' is no batch of vectors, planes or volumes",
                        v->name);
    v->rank = (int)t->shape->n_dim;
    for (int i = 0; i < v->rank; i++) {
        int64_t d = t->shape->dim[i]->has_dim_value ? t->shape->dim[i]->dim_value : 0;
        if (i && (d < 1 || d > 1 << 24))
            return cnn_fail(CNN_EDATA, "input '%.200s': its dimension %d is not fixed", v->name, i);
        v->dim[i] = d > 0 && d <= 1 << 24 ? (size_t)d : 1;
    }
    if (!g->batch)
        g->batch = v->dim[0];
    return v->dim[0] == g->batch
               ? 0
               : cnn_fail(CNN_EDATA, "input '%.200s' has another number of samples", v->name);
}

/* A shape as (h, w, c), which a transposition brings in order. */
static int is_channels_last(const struct onnx_value *v)
{
    return v->rank == 4 && v->dim[3] <= 4 && v->dim[1] > 4 && v->user && v->uses == 1 &&
           v->user->op && !strcmp(v->user->op->name, "Transpose");
}

static int place_input(struct onnx_graph *g, struct onnx_value *v)
{
    int rc = cnn_onnx_shape_of(g, v, &v->rows, &v->shape), last = is_channels_last(v);
    v->state = ONNX_COMPUTED;
    if (last)
        v->shape = (struct cnn_chw){v->dim[3], v->dim[1], v->dim[2]};
    if (!rc && (last || v->rank == 5))
        cnn_onnx_view_of_axes(g, v->rows, v->shape, last ? "rhwc" : "crhw", &v->view);
    return rc;
}

/* What programs of the ONNX project say of pixels (MetadataProps.md); else they are 0 to 1. */
static void print_pixels(struct onnx_graph *g)
{
    for (size_t i = 0; i < g->keys.count; i++) {
        const char *key = g->keys.item[i], *text = g->texts.item[i];
        if (!strcmp(key, "cnn.input") && !strpbrk(text, "\n;#{}"))
            cnn_buf_printf(&g->text, " %s", text);
        else if (!strcmp(key, "Image.BitmapPixelFormat") && !strcmp(text, "Bgr8"))
            cnn_buf_puts(&g->text, " order=bgr");
        else if (!strcmp(key, "Image.NominalPixelRange") && !strcmp(text, "NominalRange_0_255"))
            cnn_buf_puts(&g->text, " scale=1");
        else if (!strcmp(key, "Image.NominalPixelRange") && !strcmp(text, "Normalized_1_1"))
            cnn_buf_puts(&g->text, " mean=0.5 std=0.5");
    }
}

static int open_input(struct onnx_graph *g, const Cnn__Onnx__ValueInfo *info, int several)
{
    struct onnx_value *v = cnn_onnx_value(g, info->name);
    char shape[72];
    if (!v)
        return CNN_ESYSTEM;
    if (v->made_by)
        return cnn_fail(CNN_EDATA, "'%.200s' is given twice", v->name);
    int rc = read_dims(g, info, v);
    if (!rc)
        rc = place_input(g, v);
    if (rc)
        return rc;
    const struct onnx_node named = {.name = several ? v->name : "input"};
    v->label = cnn_onnx_label(g, &named, NULL);
    cnn_chw_format(v->shape, shape);
    cnn_buf_printf(&g->text, "input %s%s%s", several && v->label ? v->label : "",
                   several ? " " : "", shape);
    if (v->rows > 1)
        cnn_buf_printf(&g->text, " rows=%zu", v->rows);
    print_pixels(g);
    cnn_buf_puts(&g->text, "\n");
    return v->label ? 0 : CNN_ESYSTEM;
}

static int open_inputs(struct onnx_graph *g)
{
    size_t count = 0, first = 0;
    int rc = 0;
    for (size_t i = 0; i < g->inputs; i++) {
        const struct onnx_value *v = cnn_onnx_value(g, g->input[i]->name);
        if (!v)
            return CNN_ESYSTEM;
        count += v->state != ONNX_CONSTANT; /* old files have their weights among the inputs */
    }
    if (!count)
        return cnn_fail(CNN_EDATA, "it has no input");
    for (size_t i = 0; !rc && i < g->inputs; i++) {
        struct onnx_value *v = cnn_onnx_value(g, g->input[i]->name);
        if (v->state == ONNX_CONSTANT)
            continue;
        if (v->state != ONNX_NOT_YET)
            return cnn_fail(CNN_EDATA, "'%.200s' is given twice", v->name);
        rc = open_input(g, g->input[i], count > 1);
        if (first++) /* only the first is read without a name */
            v->line = SIZE_MAX;
    }
    return rc;
}

/* Nodes */

static int is_lost(const struct onnx_node *n)
{
    for (int i = 0; i < n->ins; i++)
        if (n->in[i] && n->in[i]->state == ONNX_LOST)
            return 1;
    return 0;
}

static int check_inputs(const struct onnx_node *n, int *constant)
{
    *constant = 1;
    for (int i = 0; i < n->ins; i++) {
        const struct onnx_value *v = n->in[i];
        if (v && v->state == ONNX_NOT_YET)
            return v->made_by
                       ? cnn_fail(CNN_EDATA, "it reads '%.100s', which comes later: a cycle",
                                  v->name)
                       : cnn_fail(CNN_EDATA, "it reads '%.100s', which nothing gives", v->name);
        *constant &= !v || v->state == ONNX_CONSTANT;
    }
    return 0;
}

static int check_outputs(const struct onnx_node *n)
{
    for (int i = 0; i < n->outs; i++)
        if (n->out[i] && n->out[i]->state == ONNX_NOT_YET && n->out[i]->uses)
            return cnn_fail(CNN_EDATA, "its output '%.100s' is not supported", n->out[i]->name);
    return 0;
}

static int translate_node(struct onnx_graph *g, const struct onnx_node *n)
{
    int constant, rc = check_inputs(n, &constant);
    if (!rc)
        rc = cnn_onnx_check_attributes(n);
    if (rc)
        return rc;
    int reads = n->ins && n->in[0];
    if (constant && n->op->fold && (reads || n->op->fold == cnn_onnx_fold_constant))
        rc = n->op->fold(g, n);
    else if (!n->op->translate)
        rc = cnn_fail(CNN_EDATA, "it is not of constants");
    else if (!reads)
        rc = cnn_fail(CNN_EDATA, "it reads nothing");
    else if (n->in[0]->state == ONNX_CONSTANT && n->op->fold != cnn_onnx_fold_two &&
             n->op->fold != cnn_onnx_fold_concat)
        rc = cnn_fail(CNN_EDATA, "it reads a constant");
    else
        rc = n->op->translate(g, n);
    return rc ? rc : check_outputs(n);
}

static int take_node(struct onnx_graph *g, const struct onnx_node *n, struct refused *r)
{
    int lost = n->op && is_lost(n), rc = 0;
    if (n->out[0]->state != ONNX_NOT_YET) /* a node before it has done its work */
        return 0;
    if (!n->op)
        rc = cnn_fail(CNN_EDATA, "unknown operator%s%.40s",
                      n->message->domain && *n->message->domain ? " of " : "",
                      n->message->domain ? n->message->domain : "");
    else if (!lost)
        rc = translate_node(g, n);
    if (rc && rc != CNN_EDATA)
        return rc;
    if (rc)
        refuse(r, n);
    for (int i = 0; (rc || lost) && i < n->outs; i++)
        if (n->out[i])
            n->out[i]->state = ONNX_LOST;
    return 0;
}

/* Outputs */

static int close_output(struct onnx_graph *g, size_t i, struct cnn_buf *labels)
{
    struct onnx_value *v = cnn_onnx_value(g, g->output[i]->name);
    const struct onnx_node named = {.name = v->name};
    struct cnn_chw shape;
    if (v->state != ONNX_COMPUTED)
        return cnn_fail(CNN_EDATA, "output '%.200s' is nothing that is computed of the input",
                        v->name);
    int rc = 0;
    int as_computed = (v->rank == 4 && cnn_onnx_channels_last(g, v)) ||
                      (v->rank > 2 && v->rows > 1 && cnn_onnx_in_order(v));
    if (as_computed) /* planes whose channels come last; rows, too */
        shape = v->shape;
    else
        rc = cnn_onnx_spatial(g, v, &shape);
    if (rc)
        return rc == CNN_EDATA ? cnn_fail_within("output '%.200s'", v->name) : rc;
    if (!v->line && !g->lines) { /* a net has a layer, even if it does nothing */
        const struct onnx_value *from = v;
        rc = cnn_onnx_line(g, v, cnn_onnx_label(g, &named, NULL), &from, 1, shape, "slice");
    }
    cnn_buf_printf(labels, " %s", v->label);
    return rc;
}

static int close_outputs(struct onnx_graph *g)
{
    struct cnn_buf labels = {0};
    int rc = g->outputs ? 0 : cnn_fail(CNN_EDATA, "it has no output");
    for (size_t i = 0; !rc && i < g->outputs; i++)
        rc = close_output(g, i, &labels);
    if (!rc && labels.failed)
        rc = CNN_ESYSTEM;
    const struct onnx_value *first = rc ? NULL : cnn_onnx_value(g, g->output[0]->name);
    if (first && (g->outputs > 1 || first->line != g->lines))
        cnn_buf_printf(&g->text, "output%s\n", labels.text);
    cnn_buf_free(&labels);
    return rc;
}

int cnn_onnx_translate(struct onnx_graph *g)
{
    struct refused r = {0};
    int rc = 0, rest;
    for (size_t i = 0; !rc && i < g->nodes; i++)
        rc = bind_node(g, g->node[i]);
    for (size_t i = 0; !rc && i < g->outputs; i++) {
        struct onnx_value *v = cnn_onnx_value(g, g->output[i]->name);
        rc = v ? 0 : CNN_ESYSTEM;
        if (v)
            v->uses++;
    }
    if (!rc)
        rc = open_inputs(g);
    for (size_t i = 0; !rc && i < g->nodes; i++) /* idioms are known by constants that come later */
        if (!g->node[i]->ins)
            rc = take_node(g, g->node[i], &r);
    for (size_t i = 0; !rc && i < g->nodes; i++)
        rc = take_node(g, g->node[i], &r);
    rest = end_refused(&r);
    rc = rc ? rc : rest;
    if (!rc)
        rc = close_outputs(g);
    return rc || !g->text.failed ? rc : CNN_ESYSTEM;
}
