/* What the answers of a net are. */
#include "lang/builder.h"

/* One answer that is the last line's needs no words. */
int cnn_builder_outputs(struct cnn_builder *b, const struct cnn_place *at,
                        const struct cnn_statement *s)
{
    struct cnn_graph *g = b->graph;
    g->outputs = s && s->args ? (int)s->args : 1;
    g->each_output = cnn_arena_alloc(b->arena, (size_t)g->outputs * sizeof *g->each_output);
    if (!g->each_output)
        return CNN_ESYSTEM;
    g->each_output[0] = g->output;
    for (int k = 0; s && k < g->outputs; k++) {
        const char *label = s->args && !s->arg[k].key ? s->arg[k].value : NULL;
        if (!label)
            cnn_fail(CNN_EDATA, "output: labels are wanted: output LABEL ...");
        if (!label || cnn_evaluate_label(label, &at->vars, b->arena, &label))
            return cnn_builder_fail(b, at, s->line);
        if (cnn_builder_refer(b, at, label, s->line, "names", &g->each_output[k]))
            return CNN_EDATA;
        if (b->sought.label)
            return cnn_builder_sought(b);
        if (g->each_output[k] < g->inputs) {
            cnn_fail(CNN_EDATA, "output: '%.60s' is an input", label);
            return cnn_builder_fail(b, at, s->line);
        }
        for (int i = 0; i < k; i++)
            if (g->each_output[i] == g->each_output[k]) {
                cnn_fail(CNN_EDATA, "output: '%.60s' is there twice", label);
                return cnn_builder_fail(b, at, s->line);
            }
    }
    int last = g->output;
    g->output = g->each_output[0];
    if (g->outputs == 1 && last == g->output) {
        cnn_builder_settle(b, at, NULL, last);
        return 0;
    }
    cnn_buf_puts(&b->printer.text, "output");
    for (int k = 0; k < g->outputs; k++)
        cnn_buf_printf(&b->printer.text, " %s", cnn_builder_name_from(b, at, g->each_output[k]));
    cnn_buf_puts(&b->printer.text, "\n");
    return 0;
}
