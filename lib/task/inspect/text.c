/* An inspection as text for people; see inspect.h. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/memory.h"
#include "base/unicode.h"
#include "task/inspect/private.h"
#include "task/records.h"
#include "task/table.h"

static void cell_count(struct cnn_table *t, uint64_t n)
{
    char text[32];
    cnn_format_count(n, text);
    cnn_table_cell(t, "%s", n ? text : "-");
}

static void header(struct cnn_table *t, const char *const *title)
{
    for (int i = 0; i < t->columns; i++)
        cnn_table_cell(t, "%s", title[i]);
}

static void add_totals(const struct cnn_graph *g, struct cnn_buf *out)
{
    struct cnn_inspect_totals n = cnn_inspect_totals(g);
    char parameters[32], size[32], adds[32], activations[32];
    cnn_format_count(n.parameters, parameters);
    cnn_format_bytes((n.parameters + n.statistics) * sizeof(float), size);
    cnn_format_count(n.multiply_adds, adds);
    cnn_format_bytes(n.activations * sizeof(float), activations);
    cnn_buf_printf(out, "\nlayers         %zu\nparameters     %s\n", n.layers, parameters);
    if (n.statistics) {
        char statistics[32];
        cnn_format_count(n.statistics, statistics);
        cnn_buf_printf(out, "statistics     %s\n", statistics);
    }
    cnn_buf_printf(out, "in a file      %s\n", size);
    cnn_buf_printf(out, "multiply-adds  %s for one sample\n", adds);
    cnn_buf_printf(out, "activations    %s for one sample\n", activations);
}

static void cell_real(struct cnn_table *t, double x)
{
    cnn_table_cell(t, "%.5g", x);
}

static void add_statistics(struct cnn_table *t, const struct cnn_tensor_statistics *s)
{
    cell_real(t, s->min);
    cell_real(t, s->mean);
    cell_real(t, s->max);
    cell_real(t, s->std);
    cell_count(t, s->zeros);
    cell_count(t, s->nans);
    cell_count(t, s->infinities);
}

static void add_tensors(const struct cnn_inspect *in, struct cnn_buf *out)
{
    static const char *const title[] = {"tensor", "type", "shape", "min", "mean",
                                        "max",    "std",  "zeros", "NaN", "infinite"};
    struct cnn_table t = {.columns = in->statistics ? 10 : 3, .align = "lllrrrrrrr"};
    uint64_t elements = 0, bytes = 0;
    char shape[96], size[32], count[32];
    header(&t, title);
    for (size_t i = 0; i < cnn_tensors_count(in->tensors); i++) {
        const struct cnn_stored_tensor *s = cnn_tensors_at(in->tensors, i);
        cnn_inspect_shape(s, shape);
        cnn_table_cell(&t, "%s", s->name);
        cnn_table_cell(&t, "%s", cnn_dtype_info[s->dtype].name);
        cnn_table_cell(&t, "%s", shape);
        if (in->statistics)
            add_statistics(&t, &in->statistics[i]);
        elements += s->count;
        bytes += s->bytes;
    }
    cnn_table_end(&t, out);
    cnn_format_count(elements, count);
    cnn_format_bytes(bytes, size);
    cnn_buf_printf(out, "\ntensors        %zu\nelements       %s\nbytes          %s\n",
                   cnn_tensors_count(in->tensors), count, size);
}

/* The numbers of a self-test are nothing to read. A net has lines, every other text is one. */
static void add_meta(const struct cnn_inspect *in, struct cnn_buf *out)
{
    const char *key;
    for (size_t i = 0; (key = cnn_tensors_text_key(in->tensors, i)); i++) {
        const char *value = cnn_tensors_text(in->tensors, key);
        int net = in->model && !strcmp(key, "cnn.net");
        cnn_buf_show(out, key);
        cnn_buf_puts(out, net ? ":\n" : ": ");
        if (in->model && in->model->selftest.samples && !strcmp(key, "cnn.selftest"))
            cnn_buf_printf(out, "%zu samples", in->model->selftest.samples);
        else
            (net ? cnn_buf_show_lines : cnn_buf_show)(out, value);
        cnn_buf_puts(out, "\n");
    }
}

static void add_summary(const struct cnn_inspect *in, struct cnn_buf *out)
{
    enum { NAMED = 10 };
    const struct cnn_model *m = in->model;
    char hash[CNN_TENSORS_HASH];
    if (!m)
        return;
    cnn_buf_printf(out, "\nclasses        %zu", m->classes.count);
    for (size_t i = 0; i < m->classes.count && i < NAMED; i++) {
        cnn_buf_puts(out, i ? ", " : " (");
        cnn_buf_show(out, m->classes.item[i]);
    }
    if (m->classes.count)
        cnn_buf_puts(out, m->classes.count > NAMED ? ", ...)" : ")");
    json_t *list = cnn_json_text(m->history, 0);
    cnn_buf_puts(out, "\nmade by        ");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *p = json_string_value(json_object_get(json_array_get(list, i), "program"));
        cnn_buf_puts(out, i ? ", " : "");
        cnn_buf_show(out, p ? p : "?");
    }
    json_decref(list);
    out->failed |= cnn_tensors_hash(in->tensors, hash) != 0;
    cnn_buf_printf(out, "\nhash           %s", hash);
    cnn_buf_printf(out, "\nself-test      %zu samples\n", m->selftest.samples);
}

/* As a class list has them, a name a line; ours have no controls, a stranger's may. */
static void add_classes(const struct cnn_strings *classes, struct cnn_buf *out)
{
    for (size_t i = 0; i < classes->count; i++) {
        const char *name = classes->item[i];
        if (strpbrk(name, "\n\r"))
            cnn_tsv_field(name, out);
        else
            cnn_buf_puts(out, name);
        cnn_buf_puts(out, "\n");
    }
}

void cnn_inspect_text(const struct cnn_inspect *in, unsigned parts, struct cnn_buf *out)
{
    cnn_json_watch();
    if ((parts & CNN_INSPECT_LAYERS) && in->graph) {
        cnn_inspect_layer_table(in, (parts & CNN_INSPECT_WINDOWS) != 0, out);
        add_totals(in->graph, out);
    }
    if (parts & CNN_INSPECT_SUMMARY)
        add_summary(in, out);
    if ((parts & CNN_INSPECT_LIST) && in->tensors)
        add_tensors(in, out);
    if ((parts & CNN_INSPECT_META) && in->tensors)
        add_meta(in, out);
    if ((parts & CNN_INSPECT_CLASSES) && in->model)
        add_classes(&in->model->classes, out);
    out->failed |= cnn_json_lacked() != 0;
}

void cnn_inspect_zoo_summary(const struct cnn_zoo_entry *e, struct cnn_buf *out)
{
    const char *p = e->text + strspn(e->text, "# ");
    for (; *p && *p != '\n'; p++) {
        if (*p == '.' && (p[1] == '\n' || p[1] == ' '))
            break;
        cnn_buf_add(out, p, 1);
    }
}

void cnn_inspect_zoo_text(struct cnn_buf *out)
{
    const struct cnn_zoo_entry *e;
    int width = 0;
    for (size_t i = 0; (e = cnn_zoo_at(i)); i++)
        if ((int)strlen(e->name) > width)
            width = (int)strlen(e->name);
    for (size_t i = 0; (e = cnn_zoo_at(i)); i++) {
        cnn_buf_printf(out, "%-*s  ", width, e->name);
        cnn_inspect_zoo_summary(e, out);
        cnn_buf_puts(out, "\n");
    }
}
