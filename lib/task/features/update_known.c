/* What an update knows: values by the contents that they are of, and files by their paths; see update.h. */
#include <stdlib.h>

#include "task/features/update.h"

struct update_value *cnn_update_value(const struct update *u, const struct cnn_contents *h)
{
    char text[CNN_CONTENTS_TEXT];
    cnn_contents_print(h, text);
    return cnn_names_find(u->value, text);
}

int cnn_update_put(struct update *u, const struct cnn_contents *h, struct update_value v)
{
    char text[CNN_CONTENTS_TEXT];
    cnn_contents_print(h, text);
    const char *name = cnn_arena_strdup(u->arena, text);
    struct update_value *kept = cnn_arena_alloc(u->arena, sizeof *kept);
    if (!name || !kept)
        return CNN_ESYSTEM;
    *kept = v;
    return cnn_names_put(u->value, name, kept);
}

int cnn_update_know_part(struct update *u, size_t first)
{
    struct cnn_contents hash;
    int rc = 0;
    for (size_t i = first; !rc && i < u->part.rows; i++) {
        rc = cnn_update_part_read(&u->part, i, &hash, NULL);
        if (!rc)
            rc = cnn_update_put(u, &hash, (struct update_value){IN_PART, i});
    }
    return rc;
}

int cnn_update_know_store(struct update *u)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < u->store.count; i++) {
        rc = cnn_names_put(u->old, cnn_dataset_record(u->store.ds, i)->path, &u->store.row[i]);
        if (!rc)
            rc = cnn_update_put(u, &u->store.row[i].hash, (struct update_value){IN_STORE, i});
    }
    return rc;
}

int cnn_update_know_files(struct update *u)
{
    const struct features *f = u->f;
    int rc = (u->file = cnn_calloc(f->inputs.samples + 1, sizeof *u->file)) ? 0 : CNN_ESYSTEM;
    for (size_t k = 0; k < f->inputs.count; k++)
        for (size_t i = 0; !rc && i < cnn_dataset_count(f->inputs.ds[k]); i++) {
            const struct cnn_record *r = cnn_dataset_record(f->inputs.ds[k], i);
            struct update_file *file = &u->file[u->files++];
            file->path = r->path;
            file->label = r->label < 0 ? -1 : f->map[k][r->label];
            rc = cnn_update_look(file, cnn_names_find(u->old, r->path));
            if (!rc)
                rc = cnn_names_put(u->now, r->path, file);
            if (!rc && f->cb->stop && *f->cb->stop)
                rc = cnn_fail(CNN_EINTERRUPTED, "interrupted");
        }
    return rc;
}
