/* Class lists: classes.txt, the names found in the data, and how the two meet. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lines.h"
#include "base/memory.h"
#include "data/source/source.h"
#include "file/text_file.h"

#define MAX_LIST_BYTES ((size_t)64 << 20)

int cnn_classes_read(const char *path, struct cnn_strings *out)
{
    struct cnn_found seen = {0};
    char *text, *line, where[1200];
    size_t size;
    int rc = cnn_text_read(path, MAX_LIST_BYTES, &text, &size);
    struct cnn_lines lines = cnn_lines_of(text, rc ? 0 : size);
    while (!rc && (line = cnn_lines_next(&lines))) {
        snprintf(where, sizeof where, "%.1000s:%zu", path, lines.number);
        rc = cnn_class_list_add(where, line, &seen, out);
    }
    free(text);
    cnn_found_free(&seen);
    if (rc)
        cnn_strings_free(out);
    return rc;
}

int cnn_source_beside(const char *folder, struct cnn_strings *out)
{
    struct stat st;
    char *path = cnn_path_join(folder, "classes.txt");
    if (!path)
        return CNN_ESYSTEM;
    int rc = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? cnn_classes_read(path, out) : 0;
    free(path);
    return rc;
}

static int all_numbers(const struct cnn_strings *list)
{
    int64_t value;
    for (size_t i = 0; i < list->count; i++)
        if (cnn_parse_int(list->item[i], INT64_MIN, INT64_MAX, &value))
            return 0;
    return 1;
}

/* The name that a class text has in the list that it refers to; NULL with an error set. */
static const char *name_of(const char *text, int numeric, const struct cnn_strings *list,
                           int list_of_numbers)
{
    int64_t value;
    if (!numeric || !list || !list->count || list_of_numbers)
        return text;
    if (cnn_parse_int(text, 0, (int64_t)list->count - 1, &value)) {
        cnn_fail(CNN_EDATA, "class number %s where the list has %zu classes", text, list->count);
        return NULL;
    }
    return list->item[value];
}

/* 0..max, so that a number without samples keeps the others in their places. */
static int list_numbers(const struct cnn_found *found, struct cnn_strings *out)
{
    int64_t value, max = -1;
    for (size_t i = 0; i < found->text.count; i++) {
        if (cnn_parse_int(found->text.item[i], 0, CNN_CLASSES_MAX - 1, &value))
            return cnn_fail(CNN_EDATA, "%s: class number %s is not in 0..%d", found->where.item[i],
                            found->text.item[i], CNN_CLASSES_MAX - 1);
        max = value > max ? value : max;
    }
    for (value = 0; value <= max; value++) {
        char text[32];
        snprintf(text, sizeof text, "%d", (int)value);
        if (cnn_strings_add(out, text))
            return CNN_ESYSTEM;
    }
    return 0;
}

static int choose_list(struct cnn_dataset *ds, const struct cnn_strings *pinned,
                       const struct cnn_found *found, const struct cnn_strings *own)
{
    if (pinned || (own && own->count)) {
        ds->pinned = 1;
        return cnn_strings_copy(&ds->classes, pinned ? pinned : own);
    }
    if (found->numeric)
        return list_numbers(found, &ds->classes);
    return cnn_class_list_of(&found->text, &ds->classes);
}

/* The place of a name that is not in the list as it is spelled. */
static int find_late(const struct cnn_strings *list, const char *name, int32_t *index)
{
    ptrdiff_t at;
    int rc = cnn_class_find(list, name, &at);
    if (!rc && at < 0)
        rc = cnn_fail(CNN_EDATA, "class '%s' is not in the class list", name);
    *index = (int32_t)at;
    return rc;
}

/* For each found text its index in ds->classes. */
static int map_found(const struct cnn_dataset *ds, const struct cnn_found *found,
                     const struct cnn_strings *own, int32_t *map)
{
    struct cnn_found table = {0};
    const struct cnn_strings *refers = own && own->count ? own : &ds->classes;
    int numbers = all_numbers(refers), rc = 0;
    int32_t index;
    for (size_t i = 0; i < ds->classes.count && !rc; i++)
        rc = cnn_found_add(&table, ds->classes.item[i], strlen(ds->classes.item[i]), "", &index);
    for (size_t i = 0; i < found->text.count && !rc; i++) {
        const char *where = found->where.item[i];
        const char *name = name_of(found->text.item[i], found->numeric, refers, numbers);
        rc = name ? cnn_found_add(&table, name, strlen(name), where, &map[i]) : CNN_EDATA;
        if (!rc && (size_t)map[i] >= ds->classes.count)
            rc = find_late(&ds->classes, name, &map[i]);
        if (rc == CNN_EDATA)
            rc = cnn_fail_within("%s", where);
    }
    cnn_found_free(&table);
    return rc;
}

int cnn_source_settle(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                      const struct cnn_found *found, const struct cnn_strings *own)
{
    int rc = 0;
    int any = found->numeric || options->unlabelled;
    for (size_t i = 0; !rc && !any && i < found->text.count; i++)
        rc = cnn_class_check(found->where.item[i], found->text.item[i]);
    if (!rc)
        rc = choose_list(ds, options->classes, found, own);
    if (rc)
        return rc;
    int32_t *map = cnn_calloc(found->text.count, sizeof *map);
    rc = map ? map_found(ds, found, own, map) : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < ds->count; i++)
        if (ds->record[i].label >= 0)
            ds->record[i].label = map[ds->record[i].label];
    free(map);
    return rc;
}

int cnn_source_label(const struct cnn_dataset *ds, const struct cnn_strings *own, const char *text,
                     int numeric, int32_t *label)
{
    int64_t value;
    const struct cnn_strings *refers = own && own->count ? own : &ds->classes;
    if (!ds->classes.count) {
        if (!numeric || cnn_parse_int(text, 0, CNN_CLASSES_MAX - 1, &value))
            return cnn_fail(CNN_EDATA, "class '%s' in a stream without a class list", text);
        *label = (int32_t)value;
        return 0;
    }
    const char *name = name_of(text, numeric, refers, all_numbers(refers));
    if (!name)
        return CNN_EDATA;
    return find_late(&ds->classes, name, label);
}
