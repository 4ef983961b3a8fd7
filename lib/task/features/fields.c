/* Samples' fields beside their classes: written where the form has a place for them, else told of. */
#include <stdint.h>
#include <string.h>

#include "task/features/private.h"

int cnn_features_keeps(const struct cnn_graph *g, const char *name)
{
    int input = 0;
    for (int i = 1; i < g->inputs; i++)
        input |= !strcmp(g->node[i].layer.name, name);
    return !input && strcmp(name, cnn_field_kind_info[CNN_FIELD_CLASS].name) != 0;
}

/* "'a', 'b'" of the samples are left out; names: with quotes and commas. */
static void note(struct features *f, const struct cnn_buf *names, size_t count)
{
    struct cnn_buf text = {0};
    if (!count || !f->cb->note || f->noted)
        return;
    cnn_buf_printf(&text, "%s of the samples %s left out: a tar (--format tar) keeps fields",
                   names->failed ? "fields" : names->text, count > 1 ? "are" : "is");
    if (!text.failed)
        f->cb->note(f->cb->context, text.text);
    cnn_buf_free(&text);
    f->noted = 1;
}

static void add_name(struct cnn_buf *names, size_t *count, const char *name)
{
    cnn_buf_printf(names, (*count)++ ? ", '%s'" : "'%s'", name);
}

/* By the first of some samples that can be loaded. */
static void look_at(struct features *f, const struct cnn_dataset *ds)
{
    enum { LOOKS = 16 };
    size_t n = cnn_dataset_count(ds), i = 0, count = 0;
    struct cnn_buf names = {0};
    struct cnn_loader_options o = {0};
    cnn_feed_ask(&f->feed, &o);
    struct cnn_sample s = {.input = o.input_name};
    while (n != SIZE_MAX && i < n && i < LOOKS && cnn_dataset_load(ds, i, &s))
        i++;
    for (size_t k = 0; n != SIZE_MAX && i < n && i < LOOKS && k < s.fields; k++)
        if (cnn_features_keeps(f->runner.graph, s.field[k].name))
            add_name(&names, &count, s.field[k].name);
    note(f, &names, count);
    cnn_buf_free(&names);
    cnn_error_clear(); /* bad samples are told in their turn */
    cnn_sample_free(&s);
}

void cnn_features_look_at_fields(struct features *f)
{
    for (size_t i = 0; i < f->inputs.count && !f->type->keeps; i++)
        look_at(f, f->inputs.ds[i]);
}

/* By what was found in it. An image with a name may be the input itself: it is not told of. */
static void look_back_at(struct features *f, const struct cnn_dataset *ds)
{
    struct cnn_buf names = {0};
    enum cnn_field_kind kind;
    const char *name;
    size_t count = 0;
    for (size_t i = 0; (name = cnn_dataset_field(ds, i, &kind)); i++)
        if (kind != CNN_FIELD_IMAGE && cnn_features_keeps(f->runner.graph, name))
            add_name(&names, &count, name);
    note(f, &names, count);
    cnn_buf_free(&names);
}

void cnn_features_note_streams(struct features *f)
{
    for (size_t i = 0; i < f->inputs.count; i++)
        if (cnn_dataset_count(f->inputs.ds[i]) == SIZE_MAX)
            look_back_at(f, f->inputs.ds[i]);
}
