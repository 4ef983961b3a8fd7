/* What a dataset knows of its samples, and how they are loaded; see dataset.h. */
#include "data/source/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/source/source.h"

int cnn_source_add(struct cnn_dataset *ds, const struct cnn_record *record)
{
    if (ds->count >= UINT32_MAX)
        return cnn_fail(CNN_EDATA, "%s: more than %u samples", ds->path, UINT32_MAX);
    if (cnn_grow(&ds->record, &ds->capacity, ds->count + 1, sizeof *ds->record))
        return CNN_ESYSTEM;
    struct cnn_record r = *record;
    r.key = cnn_arena_strdup(ds->arena, record->key);
    r.source = cnn_arena_strdup(ds->arena, record->source);
    if (record->path)
        r.path =
            record->path == record->source ? r.source : cnn_arena_strdup(ds->arena, record->path);
    if (record->group)
        r.group = cnn_arena_strdup(ds->arena, record->group);
    if (!r.key || !r.source || (record->group && !r.group) || (record->path && !r.path))
        return CNN_ESYSTEM;
    ds->record[ds->count++] = r;
    return 0;
}

int cnn_source_add_item(struct cnn_dataset *ds, size_t i, int32_t label, float weight)
{
    struct cnn_buf key = {0}, source = {0};
    cnn_key_from_number(ds->path, i, &key);
    cnn_buf_printf(&source, "%s#%zu", ds->path, i);
    struct cnn_record r = {.key = key.text, .source = source.text, .label = label};
    r.weight = weight;
    int rc = key.failed || source.failed ? CNN_ESYSTEM : cnn_source_add(ds, &r);
    cnn_buf_free(&key);
    cnn_buf_free(&source);
    return rc;
}

static void free_fields(struct cnn_dataset *ds)
{
    for (struct cnn_source_field *f = ds->field, *next; f; f = next) {
        next = f->next;
        cnn_strings_free(&f->classes);
        cnn_palette_free(&f->palette);
        free(f);
    }
}

void cnn_dataset_close(struct cnn_dataset *ds)
{
    if (!ds)
        return;
    if (ds->type && ds->type->close && ds->state)
        ds->type->close(ds->state);
    if (ds->fd >= 0)
        close(ds->fd);
    cnn_arena_free(ds->arena);
    cnn_strings_free(&ds->classes);
    free_fields(ds);
    free(ds->record);
    free(ds->history);
    free(ds->made);
    free(ds->path);
    free(ds);
}

const char *cnn_dataset_form(const struct cnn_dataset *ds)
{
    return ds->form ? ds->form : ds->type->form;
}

int cnn_dataset_check_labels(struct cnn_dataset *const *ds, size_t count, const char *labels)
{
    for (size_t i = 0; labels && i < count; i++)
        if (!strcmp(cnn_dataset_form(ds[i]), "IDX"))
            return 0;
    return labels && count
               ? cnn_fail(CNN_EUSAGE,
                          "--labels has no effect: it needs IDX data, and %s is not (%s)",
                          ds[0]->path, cnn_dataset_form(ds[0]))
               : 0;
}

const char *cnn_dataset_path(const struct cnn_dataset *ds)
{
    return ds->path;
}

size_t cnn_dataset_count(const struct cnn_dataset *ds)
{
    return ds->type->next ? SIZE_MAX : ds->count;
}

const struct cnn_record *cnn_dataset_record(const struct cnn_dataset *ds, size_t i)
{
    return &ds->record[i];
}

const struct cnn_strings *cnn_dataset_classes(const struct cnn_dataset *ds)
{
    return &ds->classes;
}

int cnn_dataset_classes_pinned(const struct cnn_dataset *ds)
{
    return ds->pinned;
}

size_t cnn_dataset_bytes(const struct cnn_dataset *ds)
{
    size_t strings = 0;
    for (size_t i = 0; i < ds->count; i++) {
        const struct cnn_record *r = &ds->record[i];
        strings += strlen(r->key) + strlen(r->source) + (r->group ? strlen(r->group) : 0) + 32;
    }
    return ds->bytes + ds->capacity * sizeof *ds->record + strings;
}

const char *cnn_dataset_history(const struct cnn_dataset *ds)
{
    return ds->history ? ds->history : "[]";
}

const char *cnn_dataset_made(const struct cnn_dataset *ds)
{
    return ds->made;
}

size_t cnn_dataset_columns(const struct cnn_dataset *ds)
{
    return ds->columns;
}

int cnn_dataset_has_paths(const struct cnn_dataset *ds)
{
    return !ds->type->next && (!ds->count || ds->record[0].path);
}

int cnn_dataset_fail_within(const struct cnn_dataset *ds, size_t i)
{
    const struct cnn_record *r = &ds->record[i];
    return r->line ? cnn_fail_within("%s:%lu: %s", ds->path, (unsigned long)r->line, r->source)
                   : cnn_fail_within("%s", r->source);
}

int cnn_dataset_load(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct cnn_record *r = &ds->record[i];
    out->fields = 0;
    out->hash = 0;
    out->strict = ds->strict;
    int rc = ds->type->load(ds, i, out);
    if (!rc)
        rc = cnn_sample_take_input(out);
    if (rc)
        return cnn_dataset_fail_within(ds, i);
    out->weight = r->weight;
    if (r->label >= 0 && cnn_sample_add_class(out, r->label))
        return CNN_ESYSTEM;
    return cnn_sample_set_key(out, r->key);
}

int cnn_dataset_next(struct cnn_dataset *ds, struct cnn_raw *raw)
{
    if (!ds->type->next)
        return cnn_fail(CNN_EINTERNAL, "%s: not a stream that is read once", ds->path);
    return ds->type->next(ds, raw);
}
