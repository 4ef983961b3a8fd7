/* What a run that goes on from a checkpoint may have otherwise than before: how far it goes, what
 * becomes of bad samples, and its samples as far as most of the rows are still there. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kern/isa/isa.h"
#include "task/train/trainer.h"

int cnn_train_note_change(struct train_state *s, const struct train_report *report,
                          const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    cnn_train_note(report, "%s", text);
    return json_array_append_new(s->changes, json_string(text)) ? cnn_fail_memory(0) : 0;
}

/* What is behind a path counts by its contents. */
static int is_contents(const char *key)
{
    static const char *const contents[] = {"training data", "val", "net", "init", "class-weights"};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++)
        if (!strcmp(contents[i], key))
            return 1;
    return 0;
}

static int refuse(const char *path, const char *key, const char *had, const char *has)
{
    int option = !strchr(key, ' ') && strcmp(key, "augmentation");
    const char *dashes = option ? "--" : "";
    if (!strcmp(key, "classes"))
        return cnn_fail(CNN_EDATA, "%s: cannot go on: the classes are not those of before", path);
    if (is_contents(key))
        return cnn_fail(CNN_EDATA, "%s: cannot go on: the contents of %s%s are not those of before",
                        path, dashes, key);
    if (!had || !*had)
        return cnn_fail(CNN_EDATA, "%s: cannot go on: the run was begun without %s%s", path, dashes,
                        key);
    return cnn_fail(CNN_EDATA, "%s: cannot go on: the run was begun with %s%s '%s', not '%s'", path,
                    dashes, key, had, has ? has : "");
}

/* At least half of the rows are still there, about. */
static int same_rows(const json_t *now, const json_t *then)
{
    const char *had = json_string_value(json_object_get(then, "rows"));
    const char *has = json_string_value(json_object_get(now, "rows"));
    size_t all = 0, shared = 0;
    for (; had && has && strlen(has) >= 17; has += 17, all++) {
        char one[18] = "";
        memcpy(one, has, 17);
        shared += strstr(had, one) != NULL;
    }
    return all && 2 * shared >= all;
}

static int is_length(const char *key)
{
    return !strcmp(key, "epochs") || !strcmp(key, "steps");
}

/* What differs and may: noted. 1: it may not. */
static int accept(struct trainer *t, const json_t *then, const char *key, const char *had,
                  const char *has)
{
    int bends = cnn_schedule_follows_length(&t->settings.schedule);
    if (!strcmp(key, "rows")) /* their differences are those of the data */
        return 0;
    if (!strcmp(key, "training data"))
        return same_rows(t->made.identity, then)
                   ? cnn_train_note_change(&t->state, &t->report,
                                           "rows of %s are not those of before (now %zu samples)",
                                           t->settings.options.data,
                                           cnn_dataset_count(t->data.train))
                   : 1;
    if (!strcmp(key, "first samples"))
        return cnn_train_note_change(&t->state, &t->report,
                                     "the first samples are not those of before");
    if (strcmp(key, "on-bad") && strcmp(key, "patience") && !is_length(key))
        return 1;
    return cnn_train_note_change(
        &t->state, &t->report, "--%s is %s, and was %s%s", key, has, had,
        is_length(key) && bends ? ": the schedule's rest follows the new length" : "");
}

static int compare(struct trainer *t, const json_t *then, const char *key, const char *had,
                   const char *has)
{
    if (had && has && !strcmp(had, has))
        return 0;
    int rc = had && has ? accept(t, then, key, had, has) : 1;
    return rc > 0 ? refuse(t->start.from->path, key, had, has) : rc;
}

/* Changed options may end early stopping, and fewer samples the epoch. */
static void fit_state(struct train_state *s, const struct train_data *d,
                      const struct cnn_train_options *o)
{
    if (s->stopped)
        s->stopped = o->patience && s->waited >= (uint64_t)o->patience;
    if (!d->streaming && s->position > cnn_dataset_count(d->train))
        s->position = cnn_dataset_count(d->train);
}

/* Another machine may go on; the last bits may then be others. */
static int note_machine(struct trainer *t, const json_t *state, const char *what, const char *has)
{
    const char *had = json_string_value(json_object_get(state, what));
    return had && strcmp(had, has)
               ? cnn_train_note_change(&t->state, &t->report, "the %s is %s, and was %s", what, has,
                                       had)
               : 0;
}

int cnn_train_same_run(struct trainer *t, const json_t *state)
{
    const json_t *then = json_object_get(state, "run");
    const json_t *changes = json_object_get(state, "changes");
    const char *key;
    json_t *value;
    int rc = 0;
    if (!json_is_object(then))
        return cnn_fail(CNN_EDATA, "%s: the run's state is malformed", t->start.from->path);
    if (json_is_array(changes) && json_array_extend(t->state.changes, (json_t *)changes))
        return cnn_fail_memory(0);
    json_object_foreach(t->made.identity, key, value)
    {
        rc = compare(t, then, key, json_string_value(json_object_get(then, key)),
                     json_string_value(value));
        if (rc)
            return rc;
    }
    json_object_foreach((json_t *)then, key, value)
    {
        if (!json_object_get(t->made.identity, key))
            return refuse(t->start.from->path, key, json_string_value(value), NULL);
    }
    fit_state(&t->state, &t->data, &t->settings.options);
    rc = note_machine(t, state, "isa", cnn_isa()->name);
    return rc ? rc : note_machine(t, state, "device", t->engine.backend->name);
}
