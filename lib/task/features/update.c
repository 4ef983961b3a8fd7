/* Features of those files alone that no earlier run has seen; see update.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "task/features/update.h"
#include "task/made.h"

/* The pass: rows go to the part, of files that are as they were when their contents were hashed. */

struct sink {
    struct update *u;
};

static int part_add(void *sink, const struct features_row *row)
{
    struct update *u = ((struct sink *)sink)->u;
    const struct update_file *file = cnn_names_find(u->now, row->path);
    if (cnn_update_is_as_seen(file))
        return cnn_update_part_add(&u->part, &file->row.hash, row->values);
    cnn_update_note(u, row->path, ": it changed while it was read, and waits for the next run");
    return 0;
}

static void part_close(void *sink)
{
    (void)sink;
}

static const struct features_sink_type part_type = {
    .add = part_add, .close = part_close, .size = sizeof(struct sink)};

/* Of the input whose turn it is. */
static int take_batch(void *context, size_t input, const struct cnn_batch *b)
{
    struct update *u = context;
    (void)input;
    int rc = cnn_features_take_batch(u->f, u->input, b);
    return rc ? rc : cnn_update_part_sync(&u->part);
}

/* Those of the input's samples whose contents have no row, each once. */
static int choose(struct update *u, const struct update_file *file, size_t n, uint32_t *order,
                  size_t *count)
{
    int rc = 0;
    for (size_t i = *count = 0; !rc && i < n; i++) {
        if (file[i].is_there && cnn_update_value(u, &file[i].row.hash))
            continue;
        order[(*count)++] = (uint32_t)i;
        if (file[i].is_there)
            rc = cnn_update_put(u, &file[i].row.hash, (struct update_value){IN_WORK, 0});
    }
    return rc;
}

static int visit(struct update *u, const uint32_t *order, size_t count)
{
    struct features *f = u->f;
    struct cnn_inputs one = {1, &f->inputs.ds[u->input], count, count};
    struct cnn_loader_options lo = cnn_features_loading(f);
    lo.order = order;
    lo.count = count;
    return count ? cnn_inputs_visit(&one, &lo, f->cb, take_batch, u) : 0;
}

static int start(struct update *u, size_t count)
{
    struct cnn_runner_config config = {.compute = &u->f->o->compute,
                                       .callbacks = u->f->cb,
                                       .batch = (size_t)u->f->o->batch,
                                       .keep = u->f->node,
                                       .keeps = u->f->taps};
    return count && !u->f->runner.net ? cnn_runner_start(&u->f->runner, &config) : 0;
}

static int compute(struct update *u)
{
    struct features *f = u->f;
    struct sink sink = {u};
    size_t first = 0, count;
    uint32_t *order = cnn_calloc(u->files + 1, sizeof *order);
    int rc = order ? 0 : CNN_ESYSTEM;
    f->type = &part_type;
    f->target->sink = &sink;
    for (u->input = 0; !rc && u->input < f->inputs.count; u->input++) {
        size_t n = cnn_dataset_count(f->inputs.ds[u->input]);
        rc = choose(u, u->file + first, n, order, &count);
        if (!rc)
            rc = start(u, count);
        if (!rc)
            rc = visit(u, order, count);
        first += n;
    }
    f->target->sink = NULL;
    f->type = &cnn_features_npy;
    free(order);
    return rc ? rc : cnn_update_know_part(u, u->part.done);
}

/* The run without what does not change a number. */
static char *identity_of(const char *made)
{
    cnn_json_watch();
    json_t *run = cnn_json_text(made, 0);
    json_object_del(run, "version");
    json_object_del(run, "inputs");
    char *text = run ? cnn_json_dump(run, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(run);
    return text;
}

static int check_apart(const struct features *f)
{
    char *keys = cnn_update_beside(f->o->output, ".tsv");
    const struct cnn_path_use out[] = {{"--output", f->o->output},
                                       {"--output", keys},
                                       {"--on-bad list", f->o->bad_list},
                                       {NULL, NULL}};
    const struct cnn_apart_run run = {f->o->model, f->o->labels, f->o->input, f->o->inputs,
                                      &f->inputs};
    int rc = keys ? cnn_apart_run(out, &run) : CNN_ESYSTEM;
    free(keys);
    return rc;
}

/* Lock, and look at what is there. */
static int open_all(struct update *u)
{
    struct features *f = u->f;
    struct cnn_strings layer = {0};
    int rc = cnn_features_tell(f, f->target, &layer);
    char *identity = rc ? NULL : identity_of(f->made);
    cnn_strings_free(&layer);
    if (!rc)
        rc = identity ? cnn_update_part_open(&u->part, f->o->output, identity, f->target->count)
                      : CNN_ESYSTEM;
    free(identity);
    if (!rc)
        rc = cnn_update_settle(f->o->output);
    if (!rc)
        rc = cnn_update_store_open(&u->store, f->o->output, f->cb);
    if (!rc && u->store.ds)
        rc = cnn_made_check_again(f->o->model, f->made, u->store.ds);
    u->row = cnn_calloc(f->target->count, sizeof *u->row);
    return rc || u->row ? rc : CNN_ESYSTEM;
}

static int update(struct update *u)
{
    int rc = cnn_update_check_files(u->f);
    if (!rc)
        rc = check_apart(u->f);
    if (!rc)
        rc = open_all(u);
    if (!rc)
        rc = cnn_update_know_part(u, 0);
    if (!rc)
        rc = cnn_update_know_store(u);
    if (!rc)
        rc = cnn_update_know_files(u);
    if (!rc)
        rc = compute(u);
    return rc ? rc : cnn_update_finish(u);
}

int cnn_features_update(struct features *f)
{
    struct update u = {.f = f, .arena = cnn_arena_new()};
    u.old = u.arena ? cnn_names_new(u.arena) : NULL;
    u.now = u.old ? cnn_names_new(u.arena) : NULL;
    u.value = u.now ? cnn_names_new(u.arena) : NULL;
    int rc = u.value ? update(&u) : CNN_ESYSTEM;
    cnn_update_part_close(&u.part, !rc);
    cnn_update_store_close(&u.store);
    cnn_arena_free(u.arena);
    free(u.file);
    free(u.row);
    return rc;
}
