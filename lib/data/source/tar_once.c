/* A stream of samples that is read once, in order. */
#include <stdlib.h>
#include <string.h>

#include "data/source/members.h"

struct once {
    struct cnn_members members;
    int unlabelled;
    int32_t *map; /* the header's classes to the dataset's, -1: not there */
    struct cnn_key_set keys;
    void (*note)(void *context, const char *text);
    void *context;
};

static void close_once(void *state)
{
    struct once *o = state;
    cnn_members_close(&o->members);
    cnn_key_set_free(&o->keys);
    free(o->map);
    free(o);
}

/* The label that a record's class text stands for. */
static int label_of(const struct once *o, const char *text, int32_t *label)
{
    int64_t value;
    *label = -1;
    if (!*text)
        return 0;
    if (cnn_parse_int(text, 0, (int64_t)o->members.classes.count - 1, &value))
        return cnn_fail(CNN_EDATA, "class '%s' where the list has %zu classes", text,
                        o->members.classes.count);
    *label = o->map[value];
    if (*label < 0)
        return cnn_fail(CNN_EDATA, "class '%s' is not in the class list",
                        o->members.classes.item[value]);
    return 0;
}

static int next_sample(struct cnn_dataset *ds, struct cnn_raw *raw)
{
    struct once *o = ds->state;
    int rc = cnn_members_next(&o->members, raw);
    int64_t value;
    if (rc == 0) {
        cnn_key_set_note(&o->keys, ds->path, o->members.samples, o->note, o->context);
        o->note = NULL; /* once, however often the end is asked for */
    }
    if (rc <= 0)
        return rc;
    if (cnn_key_set_add(&o->keys, &raw->key) < 0)
        return CNN_ESYSTEM;
    raw->label = -1;
    int code = cnn_raw_find_fields(ds, raw);
    if (code)
        return code;
    if (o->members.classes.count)
        code = label_of(o, raw->class, &raw->label);
    else if (*raw->class && !o->unlabelled)
        code = cnn_source_label(ds, NULL, raw->class,
                                !cnn_parse_int(raw->class, 0, INT32_MAX, &value), &raw->label);
    return code ? cnn_fail_within("%s#%zu", ds->path, raw->number) : 1;
}

static const struct cnn_source_type stream_type = {
    .form = "stream", .close = close_once, .next = next_sample};

/* Where the header's classes are in the list. */
static int map_classes(const struct cnn_dataset *ds, struct once *o)
{
    struct cnn_found table = {0};
    const struct cnn_strings *theirs = &o->members.classes;
    int rc = 0;
    int32_t at;
    for (size_t i = 0; !rc && i < ds->classes.count; i++)
        rc = cnn_found_add(&table, ds->classes.item[i], strlen(ds->classes.item[i]), "", &at);
    for (size_t i = 0; !rc && i < theirs->count; i++) {
        ptrdiff_t late = -1;
        rc = cnn_found_add(&table, theirs->item[i], strlen(theirs->item[i]), "", &at);
        if (!rc && (size_t)at >= ds->classes.count)
            rc = cnn_class_find(&ds->classes, theirs->item[i], &late);
        o->map[i] = (size_t)at < ds->classes.count ? at : (int32_t)late;
    }
    cnn_found_free(&table);
    return rc;
}

/* Only the list is settled. */
int cnn_open_tar_once(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                      const struct cnn_strings *own, struct cnn_members *members)
{
    struct cnn_found none = {0};
    struct once *o = cnn_calloc(1, sizeof *o);
    if (!o)
        return CNN_ESYSTEM;
    ds->type = &stream_type;
    ds->state = o;
    o->members = *members;
    *members = (struct cnn_members){0};
    o->unlabelled = options->unlabelled;
    o->note = options->note;
    o->context = options->context;
    o->map = cnn_calloc(o->members.classes.count, sizeof *o->map);
    int rc = o->map ? cnn_source_settle(ds, options, &none, own) : CNN_ESYSTEM;
    return rc ? rc : map_classes(ds, o);
}
