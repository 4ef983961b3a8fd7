/* Samples' fields beside their classes: written where the form has a place for them, else told of. */
#include <stdint.h>
#include <string.h>

#include "task/features/private.h"

int cnn_features_keeps(const struct cnn_graph *g, const struct cnn_field *f)
{
    int input = 0;
    for (int i = 1; i < g->inputs; i++)
        input |= !strcmp(g->node[i].layer.name, f->name);
    return !input && strcmp(f->name, cnn_field_kind_info[CNN_FIELD_CLASS].name) != 0;
}

void cnn_features_note_fields(struct features *f, const struct cnn_sample *s)
{
    struct cnn_buf text = {0};
    size_t count = 0;
    for (size_t i = 0; i < s->fields; i++)
        if (cnn_features_keeps(f->runner.graph, &s->field[i]))
            cnn_buf_printf(&text, count++ ? ", '%s'" : "'%s'", s->field[i].name);
    if (count && f->cb->note && !f->noted) {
        cnn_buf_printf(&text, " of the samples %s left out: a tar (--format tar) keeps fields",
                       count > 1 ? "are" : "is");
        if (!text.failed)
            f->cb->note(f->cb->context, text.text);
        f->noted = 1;
    }
    cnn_buf_free(&text);
}

/* The first of some that can be loaded. */
static void look_at(struct features *f, const struct cnn_dataset *ds)
{
    enum { LOOKS = 16 };
    size_t n = cnn_dataset_count(ds), i = 0;
    struct cnn_loader_options o = {0};
    cnn_feed_ask(&f->feed, &o);
    struct cnn_sample s = {.input = o.input_name};
    while (n != SIZE_MAX && i < n && i < LOOKS && cnn_dataset_load(ds, i, &s))
        i++;
    if (n != SIZE_MAX && i < n && i < LOOKS)
        cnn_features_note_fields(f, &s);
    cnn_error_clear(); /* bad samples are told in their turn */
    cnn_sample_free(&s);
}

void cnn_features_look_at_fields(struct features *f)
{
    for (size_t i = 0; i < f->inputs.count && !f->type->keeps; i++)
        look_at(f, f->inputs.ds[i]);
}
