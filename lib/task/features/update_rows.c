/* The rows of the next store, and how they take the place of the last one's; see update.h. */
#include <stdlib.h>
#include <string.h>

#include "task/features/update.h"

void cnn_update_note(const struct update *u, const char *path, const char *what)
{
    struct cnn_buf text = {0};
    cnn_buf_printf(&text, "%s%s", path, what);
    if (!text.failed && u->f->cb->note)
        u->f->cb->note(u->f->cb->context, text.text);
    cnn_buf_free(&text);
}

/* The rows of the next store: of files that are there in their order, then of those that are gone in theirs. */

static int is_gone(const struct update *u, size_t row)
{
    return !cnn_names_find(u->now, cnn_dataset_record(u->store.ds, row)->path);
}

/* The class of a row that is kept, which the list may lack. */
static int find_class(struct update *u, size_t row, int32_t *label)
{
    struct cnn_strings *all = &u->f->classes;
    int32_t own = cnn_dataset_record(u->store.ds, row)->label;
    *label = -1;
    if (own < 0)
        return 0;
    const char *name = cnn_dataset_classes(u->store.ds)->item[own];
    ptrdiff_t at = cnn_strings_find(all, name);
    *label = (int32_t)(at < 0 ? (ptrdiff_t)all->count : at);
    return at < 0 ? cnn_strings_add(all, name) : 0;
}

struct next {
    const char *path;
    int32_t label;
    const struct update_row *row;
    struct update_value value;
};

/* (*count) rows, free(). */
static int list_rows(struct update *u, struct next **out, size_t *count)
{
    struct next *next = *out = cnn_calloc(u->files + u->store.count + 1, sizeof *next);
    int rc = next ? 0 : CNN_ESYSTEM, keep = u->f->o->vanished == CNN_FEATURES_KEEP;
    *count = u->gone = 0;
    for (size_t i = 0; !rc && i < u->files; i++) {
        const struct update_file *file = &u->file[i];
        const struct update_value *v = file->is_there ? cnn_update_value(u, &file->row.hash) : NULL;
        if (v && v->where != IN_WORK)
            next[(*count)++] = (struct next){file->path, file->label, &file->row, *v};
    }
    for (size_t i = 0; !rc && i < u->store.count; i++) {
        int32_t label = -1;
        if (!is_gone(u, i))
            continue;
        u->gone++;
        rc = keep ? find_class(u, i, &label) : 0;
        const char *path = cnn_dataset_record(u->store.ds, i)->path;
        cnn_update_note(u, path, keep ? ": gone, its row is kept" : ": gone, and its row with it");
        if (keep)
            next[(*count)++] = (struct next){path, label, &u->store.row[i], {IN_STORE, i}};
    }
    return rc;
}

static int is_row(const struct next *n, const struct cnn_record *r, const struct update_row *row)
{
    return n->label == r->label && !strcmp(n->path, r->path) &&
           !memcmp(&n->row->hash, &row->hash, sizeof row->hash) &&
           n->row->stat.size == row->stat.size && n->row->stat.time == row->stat.time;
}

/* Whether the store that is there has these rows and no others, in this order. */
static int is_as_before(const struct update *u, const struct next *next, size_t count)
{
    const struct update_store *s = &u->store;
    int same = s->ds && s->count == count && !u->part.rows &&
               cnn_strings_equal(&u->f->classes, cnn_dataset_classes(s->ds));
    for (size_t i = 0; same && i < count; i++)
        same = is_row(&next[i], cnn_dataset_record(s->ds, i), &s->row[i]);
    return same;
}

static int fetch(struct update *u, const struct update_value *v, struct cnn_sample *sample)
{
    struct cnn_contents hash;
    if (v->where == IN_PART)
        return cnn_update_part_read(&u->part, v->row, &hash, u->row);
    const struct cnn_image *im = &sample->image;
    int rc = cnn_dataset_load(u->store.ds, v->row, sample);
    if (!rc && cnn_chw_count((struct cnn_chw){im->c, im->h, im->w}) != u->part.count)
        rc = cnn_fail(CNN_EDATA, "%s: rows of other lengths than the model's",
                      cnn_dataset_path(u->store.ds));
    if (!rc)
        memcpy(u->row, sample->image.px, u->part.count * sizeof *u->row);
    return rc;
}

static int add_rows(struct update *u, const struct next *next, size_t count)
{
    struct features_target *t = u->f->target;
    struct cnn_sample sample = {0};
    struct cnn_buf more = {0};
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        more.size = 0;
        cnn_update_columns(next[i].row, &more);
        struct features_row row = {.path = next[i].path,
                                   .label = next[i].label,
                                   .more = more.text,
                                   .weight = 1,
                                   .rows = 1,
                                   .shape = t->shape,
                                   .values = u->row};
        rc = more.failed ? CNN_ESYSTEM : fetch(u, &next[i].value, &sample);
        if (!rc)
            rc = u->f->type->add(t->sink, &row);
    }
    cnn_buf_free(&more);
    cnn_sample_free(&sample);
    return rc;
}

static int write_rows(struct update *u, const struct next *next, size_t count)
{
    struct features *f = u->f;
    char *path = cnn_update_beside(f->o->output, ".next.npy");
    int rc = path ? cnn_features_open_target(f, f->target, path, UPDATE_COLUMNS, NULL, NULL)
                  : CNN_ESYSTEM;
    if (!rc)
        rc = add_rows(u, next, count);
    if (!rc)
        rc = f->type->finish(f->target->sink);
    if (!rc)
        rc = cnn_callbacks_ready(f->cb);
    if (!rc)
        rc = f->type->commit(f->target->sink);
    free(path);
    return rc ? rc : cnn_update_settle(f->o->output);
}

static void note_rows(const struct update *u, size_t rows)
{
    struct cnn_buf text = {0};
    cnn_buf_printf(&text, ": %zu rows, %zu of them computed now", rows,
                   u->part.rows - u->part.done);
    if (u->gone)
        cnn_buf_printf(&text, "; %zu files are gone", u->gone);
    if (!text.failed)
        cnn_update_note(u, u->f->o->output, text.text);
    cnn_buf_free(&text);
}

int cnn_update_finish(struct update *u)
{
    struct next *next;
    size_t count;
    int rc = list_rows(u, &next, &count);
    if (!rc && !is_as_before(u, next, count))
        rc = write_rows(u, next, count);
    else if (!rc)
        rc = cnn_callbacks_ready(u->f->cb);
    if (!rc)
        note_rows(u, count);
    free(next);
    return rc;
}
