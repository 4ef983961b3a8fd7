/* --expect WHAT=VALUE: whether what a run reads, and what it makes, is what it was at another time.
 * A run that cannot become the same ends before its first step, where that can be known. */
#include <string.h>
#include <sys/stat.h>

#include "file/tensors.h"
#include "kern/isa/isa.h"
#include "task/train/trainer.h"

static const char *const names[] = {"data",  "classes",  "val", "init",
                                    "model", "metadata", "isa", "device"};

/* The value behind "WHAT="; NULL: it is not WHAT that is expected. */
static const char *value_of(const char *expected, const char *what)
{
    size_t n = strlen(what);
    return !strncmp(expected, what, n) && expected[n] == '=' ? expected + n + 1 : NULL;
}

/* NULL: nothing is expected of WHAT. */
static const char *expected(const struct cnn_train_options *o, const char *what)
{
    const char *value = NULL;
    for (size_t i = 0; i < o->expect.count; i++)
        if (value_of(o->expect.item[i], what))
            value = value_of(o->expect.item[i], what);
    return value;
}

/* What would be passed over. */
static int check_effect(const struct cnn_train_options *o, const char *item)
{
    struct stat st;
    if (o->plan || o->overfit)
        return cnn_fail(CNN_EUSAGE, "--expect has no effect with --%s",
                        o->plan ? "plan" : "overfit");
    if (value_of(item, "data") && !o->data[0])
        return cnn_fail(CNN_EUSAGE, "--expect %s has no effect: it needs a DATASET", item);
    int of_file = value_of(item, "model") || value_of(item, "metadata");
    if (of_file && !stat(o->output, &st) && !S_ISREG(st.st_mode))
        return cnn_fail(CNN_EUSAGE, "--expect %s has no effect: %s is not a regular file", item,
                        o->output);
    return 0;
}

int cnn_train_check_expect(const struct cnn_train_options *o)
{
    for (size_t i = 0; i < o->expect.count; i++) {
        const char *item = o->expect.item[i];
        size_t k = 0, n = sizeof names / sizeof *names;
        while (k < n && !value_of(item, names[k]))
            k++;
        if (k == n)
            return cnn_fail(CNN_EUSAGE,
                            "--expect: '%s' is not WHAT=VALUE with a WHAT of data, classes, "
                            "val, init, model, metadata, isa or device",
                            item);
        if ((value_of(item, "val") && !o->val[0]) || (value_of(item, "init") && !o->init[0]))
            return cnn_fail(CNN_EUSAGE, "--expect %s has no effect: it needs --%s", item, names[k]);
        if (check_effect(o, item))
            return cnn_error_code();
    }
    return 0;
}

/* Of a processor or a device only the last bits depend. */
static void note_other(const struct train_report *report, const char *had, const char *what,
                       const char *has)
{
    if (had && strcmp(had, has))
        cnn_train_note(report, "the %s is %s, not %s: the last bits may differ", what, has, had);
}

static int compare(const char *path, const char *had, const char *has)
{
    return strcmp(had, has)
               ? cnn_fail(CNN_EDATA, "%s: not what is expected: its hash is %s, not %s", path, has,
                          had)
               : 0;
}

static int compare_data(const char *path, const char *had, const struct cnn_data_hash *h)
{
    char has[33];
    cnn_data_hash_print(h, has);
    return compare(path, had, has);
}

/* A pass over all samples, which are loaded as they will be. */
static int look_through(const struct trainer *t, struct cnn_dataset *ds, const char *path,
                        const char *had)
{
    struct cnn_loader_options l = cnn_train_loader_options(&t->settings, &t->data, &t->engine);
    struct cnn_data_hash h = {0};
    struct cnn_loader *loader;
    struct cnn_batch b;
    l.store = NULL;
    int rc = cnn_loader_open(ds, &l, 0, 0, &loader);
    if (rc)
        return rc;
    while ((rc = cnn_loader_next(loader, &b)) > 0 && !train_stopped(&t->report))
        cnn_data_hash_add(&h, &b);
    cnn_loader_close(loader);
    if (train_stopped(&t->report))
        return cnn_fail(CNN_EINTERRUPTED, "interrupted before the first step");
    return rc < 0 ? rc : compare_data(path, had, &h);
}

/* Another order of the same names numbers them otherwise. */
static int compare_classes(const struct cnn_train_options *o, const struct cnn_strings *classes)
{
    const char *had = expected(o, "classes");
    char has[CNN_MODEL_HASH];
    struct cnn_buf names_of = {0};
    cnn_model_classes_hash(classes, has);
    if (!had || !strcmp(had, has))
        return 0;
    for (size_t i = 0; i < classes->count && i < 10; i++) {
        cnn_buf_puts(&names_of, i ? ", " : "");
        cnn_buf_puts(&names_of, classes->item[i]);
    }
    int rc = names_of.failed
                 ? CNN_ESYSTEM
                 : cnn_fail(CNN_EDATA,
                            "%s: not what is expected: its classes, or their order, are others "
                            "(%zu: %s%s); the hash of their names is %s, not %s",
                            train_classes_from(o), classes->count,
                            names_of.text ? names_of.text : "none",
                            classes->count > 10 ? ", ..." : "", has, had);
    cnn_buf_free(&names_of);
    return rc;
}

/* Whether an epoch takes all samples, so that its hash is theirs. */
static int takes_all(const struct train_settings *settings, const struct train_data *d)
{
    uint64_t steps = (uint64_t)settings->options.steps;
    return !d->streaming && (!steps || steps >= settings->schedule.steps_per_epoch);
}

int cnn_train_expect_begin(const struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    const struct train_data *d = &t->data;
    const char *data = expected(o, "data"), *val = expected(o, "val"), *init = expected(o, "init");
    int rc = 0;
    note_other(&t->report, expected(o, "isa"), "isa", cnn_isa()->name);
    note_other(&t->report, expected(o, "device"), "device", t->engine.backend->name);
    if (init)
        rc = compare(o->init, init, json_string_value(json_object_get(t->made.identity, "init")));
    if (!rc)
        rc = compare_classes(o, &d->classes);
    if (!rc && data && takes_all(&t->settings, d))
        rc = look_through(t, d->train, o->data, data);
    else if (!rc && data && t->state.epoch) /* the part of them was used before this run */
        rc = compare_data(o->data, data, &t->state.data);
    return rc || !val ? rc : look_through(t, d->val, o->val, val);
}

int cnn_train_expect_epoch(const struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    const char *data = expected(o, "data");
    return data && !takes_all(&t->settings, &t->data) ? compare_data(o->data, data, &t->state.data)
                                                      : 0;
}

static int compare_model(const char *path, const char *had, const char *of, const char *has)
{
    return had && strcmp(had, has)
               ? cnn_fail(CNN_ENEGATIVE,
                          "%s: not the model that is expected: the hash of its %s is %s, not %s",
                          path, of, has, had)
               : 0;
}

int cnn_train_expect_model(const struct cnn_train_options *o)
{
    struct cnn_model *m = NULL;
    char tensors[CNN_TENSORS_HASH], metadata[CNN_MODEL_HASH];
    const char *model = expected(o, "model"), *meta = expected(o, "metadata");
    if (!model && !meta)
        return 0;
    int rc = cnn_model_open(o->output, &m);
    if (!rc)
        rc = cnn_tensors_hash(m->tensors, tensors);
    if (!rc)
        cnn_model_meta_hash(m->tensors, metadata);
    cnn_model_free(m);
    if (!rc)
        rc = compare_model(o->output, model, "tensors", tensors);
    return rc ? rc : compare_model(o->output, meta, "net, classes or self-test", metadata);
}
