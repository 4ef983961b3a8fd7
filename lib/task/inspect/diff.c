/* What two models, nets or files of tensors do not have in common; see inspect.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "task/inspect/private.h"

struct diff {
    const struct cnn_inspect *a, *b;
    struct cnn_buf *out;
    size_t differences;
};

/* "conv 64 7 stride=2 <- input": all that a layer is. */
static char *describe(const struct cnn_graph *g, int i)
{
    struct cnn_buf b = {0};
    const struct cnn_node *n = &g->node[i];
    cnn_node_print(n, &b);
    for (int k = 0; k < n->layer.inputs; k++)
        cnn_buf_printf(&b, "%s%s", k ? ", " : " <- ", g->node[n->in[k]].layer.name);
    return cnn_buf_take(&b);
}

/* The node of exactly this name; groups have labels, too. */
static int find_node(const struct cnn_graph *g, const char *name)
{
    int i = cnn_graph_find(g, name);
    return i > 0 && !strcmp(g->node[i].layer.name, name) ? i : -1;
}

static int diff_layer(struct diff *d, int i, int j)
{
    const char *name = d->a->graph->node[i].layer.name;
    char *x = describe(d->a->graph, i), *y = describe(d->b->graph, j);
    int rc = x && y ? 0 : CNN_ESYSTEM;
    if (!rc && strcmp(x, y)) {
        cnn_buf_printf(d->out, "layer %s: %s | %s\n", name, x, y);
        d->differences++;
    }
    free(x);
    free(y);
    return rc;
}

static void only(struct diff *d, const char *what, const char *name, const struct cnn_inspect *in)
{
    cnn_buf_printf(d->out, "%s ", what);
    cnn_buf_show(d->out, name);
    cnn_buf_puts(d->out, ": only in ");
    cnn_buf_show(d->out, in->name);
    cnn_buf_puts(d->out, "\n");
    d->differences++;
}

/* The first line of the canonical texts is the input's. */
static void diff_input(struct diff *d)
{
    const char *x = d->a->graph->print, *y = d->b->graph->print;
    size_t n = strcspn(x, "\n"), m = strcspn(y, "\n");
    if (n == m && !memcmp(x, y, n))
        return;
    cnn_buf_printf(d->out, "%.*s | %.*s\n", (int)n, x, (int)m, y);
    d->differences++;
}

static int diff_layers(struct diff *d)
{
    const struct cnn_graph *a = d->a->graph, *b = d->b->graph;
    int rc = 0;
    if (!a || !b)
        return 0;
    diff_input(d);
    for (int i = a->inputs; i < a->nodes && !rc; i++) {
        int j = find_node(b, a->node[i].layer.name);
        if (j < 0)
            only(d, "layer", a->node[i].layer.name, d->a);
        else
            rc = diff_layer(d, i, j);
    }
    for (int j = b->inputs; j < b->nodes; j++)
        if (find_node(a, b->node[j].layer.name) < 0)
            only(d, "layer", b->node[j].layer.name, d->b);
    return rc;
}

static void diff_classes(struct diff *d)
{
    if (!d->a->model || !d->b->model)
        return;
    const struct cnn_strings *a = &d->a->model->classes, *b = &d->b->model->classes;
    int same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = !strcmp(a->item[i], b->item[i]);
    if (same)
        return;
    cnn_buf_printf(d->out, "classes: %zu | %zu%s\n", a->count, b->count,
                   a->count == b->count ? ", other names or order" : "");
    d->differences++;
}

/* The largest difference of two elements; NaN beside a number is the largest of all. */
static double largest(const float *x, const float *y, size_t n, size_t *count)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i] == y[i] || (isnan(x[i]) && isnan(y[i])))
            continue;
        double e = fabs((double)x[i] - (double)y[i]);
        *count += 1;
        most = e <= most ? most : e;
    }
    return most;
}

static void diff_numbers(struct diff *d, const char *what, const float *x, const float *y, size_t n)
{
    size_t count = 0;
    double most = largest(x, y, n, &count);
    if (!count)
        return;
    cnn_buf_printf(d->out, "%s: largest difference %.6g (%zu of %zu elements)\n", what, most, count,
                   n);
    d->differences++;
}

static int diff_values(struct diff *d, const struct cnn_stored_tensor *s,
                       const struct cnn_stored_tensor *t)
{
    struct cnn_buf what = {0};
    float *x = cnn_calloc(s->count, sizeof *x), *y = cnn_calloc(t->count, sizeof *y);
    cnn_buf_puts(&what, "tensor ");
    cnn_buf_show(&what, s->name);
    int rc = x && y && !what.failed ? 0 : CNN_ESYSTEM;
    if (!rc)
        rc = cnn_tensor_floats(d->a->tensors, s, x);
    if (!rc)
        rc = cnn_tensor_floats(d->b->tensors, t, y);
    if (!rc)
        diff_numbers(d, what.text, x, y, s->count);
    cnn_buf_free(&what);
    free(x);
    free(y);
    return rc;
}

static int diff_tensor(struct diff *d, const struct cnn_stored_tensor *s,
                       const struct cnn_stored_tensor *t)
{
    char x[96], y[96];
    cnn_inspect_shape(s, x);
    cnn_inspect_shape(t, y);
    if (!strcmp(x, y) && s->count == t->count)
        return diff_values(d, s, t);
    cnn_buf_puts(d->out, "tensor ");
    cnn_buf_show(d->out, s->name);
    cnn_buf_printf(d->out, ": %s | %s\n", x, y);
    d->differences++;
    return 0;
}

/* Tensors of a model that holds its self-test in such: it is compared by itself. */
static int is_aside(const struct cnn_inspect *in, const char *name)
{
    return in->model && !strncmp(name, "selftest.", 9);
}

static int diff_tensors(struct diff *d)
{
    const struct cnn_tensor_source *a = d->a->tensors, *b = d->b->tensors;
    int rc = 0;
    if (!a || !b)
        return 0;
    for (size_t i = 0; i < cnn_tensors_count(a) && !rc; i++) {
        const struct cnn_stored_tensor *s = cnn_tensors_at(a, i);
        const struct cnn_stored_tensor *t = cnn_tensors_find(b, s->name);
        if (is_aside(d->a, s->name))
            continue;
        if (t)
            rc = diff_tensor(d, s, t);
        else
            only(d, "tensor", s->name, d->a);
    }
    for (size_t i = 0; i < cnn_tensors_count(b); i++) {
        const char *name = cnn_tensors_at(b, i)->name;
        if (!cnn_tensors_find(a, name) && !is_aside(d->b, name))
            only(d, "tensor", name, d->b);
    }
    return rc;
}

static void describe_values(const struct cnn_selftest_values *v, size_t count, struct cnn_buf *out)
{
    char shape[96];
    for (size_t i = 0; i < count; i++) {
        cnn_shape_format(&v[i].shape, shape);
        cnn_buf_printf(out, "%s%s", i ? ", " : "", shape);
    }
}

/* "8x1x28x28 to 8x10", or "none". */
static void describe_selftest(const struct cnn_selftest *s, struct cnn_buf *out)
{
    if (!s->samples) {
        cnn_buf_puts(out, "none");
        return;
    }
    describe_values(s->input, s->inputs, out);
    cnn_buf_puts(out, " to ");
    describe_values(s->output, s->outputs, out);
}

static int same_shapes(const struct cnn_selftest_values *a, const struct cnn_selftest_values *b,
                       size_t count)
{
    size_t same = 0;
    while (same < count && cnn_shape_equal(&a[same].shape, &b[same].shape))
        same++;
    return same == count;
}

/* What the difference is called: with the label where there are several. */
static void diff_stored(struct diff *d, const char *what, const struct cnn_selftest_values *v,
                        const float *x, const float *y)
{
    struct cnn_buf name = {0};
    cnn_buf_puts(&name, what);
    if (v->name) {
        cnn_buf_puts(&name, " ");
        cnn_buf_show(&name, v->name);
    }
    diff_numbers(d, name.failed ? what : name.text, x, y, cnn_shape_count(&v->shape));
    cnn_buf_free(&name);
}

static int diff_selftest_input(struct diff *d, const struct cnn_selftest *a,
                               const struct cnn_selftest *b, size_t k)
{
    size_t n = cnn_shape_count(&a->input[k].shape);
    float *x = cnn_calloc(n, sizeof *x), *y = cnn_calloc(n, sizeof *y);
    int rc = x && y ? cnn_selftest_input(a, k, &d->a->graph->input[k], x) : CNN_ESYSTEM;
    if (!rc)
        rc = cnn_selftest_input(b, k, &d->b->graph->input[k], y);
    if (!rc)
        diff_stored(d, "self-test input", &a->input[k], x, y);
    free(x);
    free(y);
    return rc;
}

static int diff_selftest_values(struct diff *d, const struct cnn_selftest *a,
                                const struct cnn_selftest *b)
{
    const struct cnn_graph *x = d->a->graph, *y = d->b->graph;
    int rc = 0;
    if (a->inputs != (size_t)x->inputs || b->inputs != (size_t)y->inputs)
        return cnn_fail(CNN_EDATA, "the self-test does not have the net's shapes");
    for (size_t k = 0; !rc && k < a->inputs; k++)
        rc = diff_selftest_input(d, a, b, k);
    for (size_t k = 0; !rc && k < a->outputs; k++)
        diff_stored(d, "self-test output", &a->output[k], a->output[k].x, b->output[k].x);
    return rc;
}

static int diff_selftests(struct diff *d)
{
    if (!d->a->model || !d->b->model)
        return 0;
    const struct cnn_selftest *a = &d->a->model->selftest, *b = &d->b->model->selftest;
    if (a->samples && a->inputs == b->inputs && a->outputs == b->outputs &&
        same_shapes(a->input, b->input, a->inputs) && same_shapes(a->output, b->output, a->outputs))
        return diff_selftest_values(d, a, b);
    if (!a->samples && !b->samples)
        return 0;
    cnn_buf_puts(d->out, "self-test: ");
    describe_selftest(a, d->out);
    cnn_buf_puts(d->out, " | ");
    describe_selftest(b, d->out);
    cnn_buf_puts(d->out, "\n");
    d->differences++;
    return 0;
}

/* A net can be compared with a model and a model with tensors, but what is there on neither side of
 * both cannot. */
int cnn_inspect_diff(const struct cnn_inspect *a, const struct cnn_inspect *b, struct cnn_buf *out)
{
    struct diff d = {a, b, out, 0};
    if (!(a->graph && b->graph) && !(a->tensors && b->tensors))
        return cnn_fail(CNN_EDATA,
                        "%s and %s have nothing to compare: a net without weights and "
                        "tensors without a net",
                        a->name, b->name);
    int rc = diff_layers(&d);
    if (!rc)
        diff_classes(&d);
    if (!rc)
        rc = diff_tensors(&d);
    if (!rc)
        rc = diff_selftests(&d);
    if (!rc && out->failed)
        rc = CNN_ESYSTEM;
    if (rc)
        return rc;
    cnn_error_clear();
    return d.differences ? CNN_ENEGATIVE : 0;
}
