/* Manifests and lists of paths; manifest_rows.c reads their texts.
 *
 * A path names an image, or sample i of a file of samples as FILE#i; such a file is opened once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/source/manifest.h"

struct item {
    uint32_t container; /* index + 1; 0: an image file */
    uint32_t index;
};

struct manifest {
    struct cnn_dataset **container;
    size_t containers, container_capacity;
    struct cnn_found names; /* of the containers */
    struct item *item;
    size_t items, item_capacity;
    size_t fields;                    /* of a heading */
    struct cnn_manifest_value *value; /* (items, fields) */
    size_t value_capacity;
};

static int load_item(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct manifest *m = ds->state;
    const struct item *item = &m->item[i];
    const struct cnn_manifest_value *value = m->fields ? m->value + i * m->fields : NULL;
    const struct cnn_dataset *from = item->container ? m->container[item->container - 1] : NULL;
    for (size_t k = 0; k < m->fields; k++)
        if (value[k].of && cnn_source_counts_pixels(value[k].of, out))
            out->fit = NULL;
    int rc = from ? from->type->load(from, item->index, out)
                  : cnn_source_load_file(ds->record[i].source, out);
    return rc ? rc : cnn_manifest_load_fields(value, m->fields, out);
}

static void close_manifest(void *state)
{
    struct manifest *m = state;
    for (size_t i = 0; i < m->containers; i++)
        cnn_dataset_close(m->container[i]);
    cnn_found_free(&m->names);
    free(m->container);
    free(m->item);
    free(m->value);
    free(m);
}

static const struct cnn_source_type manifest_type = {
    .form = "manifest", .load = load_item, .close = close_manifest};

/* "FILE#i": cut into FILE and i. What FILE is called says whether it holds samples; for other names
 * whether there is such a file, and none of the whole name. 1: it was such; 0: a plain path. */
static int split_index(const struct cnn_manifest_reading *r, char *path, int64_t *index)
{
    char *hash = strrchr(path, '#');
    if (!hash || hash == path || cnn_parse_int(hash + 1, 0, UINT32_MAX - 1, index))
        return 0;
    *hash = '\0';
    if (cnn_path_is_container(path))
        return 1;
    int part = cnn_manifest_is_file(r, path);
    *hash = '#';
    if (!part || cnn_manifest_is_file(r, path))
        return 0;
    *hash = '\0';
    return 1;
}

/* The container of that name, opened when it is the first time. */
static int find_container(struct cnn_manifest_reading *r, const char *path, size_t *index)
{
    struct manifest *m = r->ds->state;
    struct cnn_dataset_options options = *r->options;
    int32_t at;
    options.classes = NULL; /* the rows have the classes */
    options.labels = NULL;
    options.stream = 0;
    int rc = cnn_found_add(&m->names, path, strlen(path), r->where, &at);
    if (rc)
        return rc;
    *index = (size_t)at;
    if (*index < m->containers)
        return 0;
    if (cnn_grow(&m->container, &m->container_capacity, m->containers + 1, sizeof *m->container))
        return CNN_ESYSTEM;
    rc = r->ds->open(path, &options, &m->container[m->containers]);
    if (rc == CNN_EUSAGE) /* the list has the mistake, not the command line */
        return cnn_fail(CNN_EDATA, "%s: %.500s", r->where, cnn_error_message());
    if (rc)
        return cnn_fail_within("%s", r->where);
    m->containers++;
    return 0;
}

static int locate(struct cnn_manifest_reading *r, char *path, struct item *item,
                  struct cnn_record *record, struct cnn_buf *key, struct cnn_buf *source)
{
    struct manifest *m = r->ds->state;
    int64_t index = 0;
    size_t at = 0;
    int within = split_index(r, path, &index), digits = !strncmp(path, "digits:", 7);
    char *full = digits && within ? cnn_strdup(path) : cnn_path_join(r->folder, path);
    int rc = full ? 0 : CNN_ESYSTEM;
    *item = (struct item){0};
    if (!rc && !within) {
        cnn_key_from_path(full, key);
        cnn_buf_puts(source, full);
    } else if (!rc) {
        rc = find_container(r, full, &at);
    }
    free(full);
    if (rc || !within)
        return rc;
    const struct cnn_dataset *from = m->container[at];
    if ((size_t)index >= from->count)
        return cnn_fail(CNN_EDATA, "%s: sample %lld of %s, which has %zu", r->where,
                        (long long)index, from->path, from->count);
    *item = (struct item){.container = (uint32_t)at + 1, .index = (uint32_t)index};
    const struct cnn_record *its = &from->record[index];
    record->weight = its->weight;
    cnn_buf_puts(key, its->key);
    cnn_buf_printf(source, "%s#%lld", from->path, (long long)index);
    return 0;
}

static int read_weight(const struct cnn_manifest_reading *r, const char *text, float *weight)
{
    double value;
    if (cnn_parse_real(text, 0, 1e30, &value))
        return cnn_fail(CNN_EDATA, "%s: bad weight '%s' (a number of at least 0 is needed)",
                        r->where, text);
    *weight = (float)value;
    return 0;
}

static int add_row(struct cnn_manifest_reading *r, const struct cnn_manifest_row *row)
{
    struct manifest *m = r->ds->state;
    struct cnn_record record = {.label = -1, .weight = 1, .line = (uint32_t)r->line};
    struct cnn_buf key = {0}, source = {0};
    struct item item = {0};
    int rc = locate(r, row->path, &item, &record, &key, &source);
    record.key = key.text;
    record.source = source.text;
    record.group = row->group && *row->group ? row->group : NULL;
    if (!rc && (key.failed || source.failed))
        rc = CNN_ESYSTEM;
    record.path = item.container ? NULL : record.source;
    if (!rc && row->class && *row->class)
        rc = cnn_class_add(&r->found, row->class, r->where, &record.label);
    if (!rc && row->weight)
        rc = read_weight(r, row->weight, &record.weight);
    m->fields = r->columns.fields;
    size_t values = (m->items + 1) * m->fields;
    if (!rc && cnn_grow(&m->value, &m->value_capacity, values, sizeof *m->value))
        rc = CNN_ESYSTEM;
    if (!rc && m->fields)
        rc = cnn_manifest_take_fields(r, row->field, m->value + m->items * m->fields);
    if (!rc && cnn_grow(&m->item, &m->item_capacity, m->items + 1, sizeof *m->item))
        rc = CNN_ESYSTEM;
    if (!rc) {
        m->item[m->items++] = item;
        rc = cnn_source_add(r->ds, &record);
    }
    cnn_buf_free(&key);
    cnn_buf_free(&source);
    return rc;
}

static int open_manifest(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                         const char *folder, char *text, size_t size)
{
    struct cnn_manifest_reading r = {
        .ds = ds, .options = options, .folder = folder, .add = add_row, .caffe = -1};
    struct cnn_strings own = {0};
    struct manifest *m = cnn_calloc(1, sizeof *m);
    ds->type = &manifest_type;
    ds->state = m;
    if (!m)
        return CNN_ESYSTEM;
    if (!ds->open)
        return cnn_fail(CNN_EDATA, "%s: a manifest within a manifest", ds->path);
    int rc = cnn_manifest_read(&r, text, size);
    r.found.numeric = r.caffe == 1;
    ds->columns = r.columns.fields;
    if (!rc && strcmp(ds->path, "-") && ds->fd < 0)
        rc = cnn_source_beside(folder, &own);
    if (!rc)
        rc = cnn_source_settle(ds, options, &r.found, &own);
    ds->bytes += m->value_capacity * sizeof *m->value;
    for (size_t i = 0; !rc && i < m->containers; i++)
        ds->bytes += cnn_dataset_bytes(m->container[i]);
    cnn_found_free(&r.found);
    cnn_strings_free(&own);
    return rc;
}

/* Any text that is nothing else. */
static int is_manifest(const struct cnn_form_head *h)
{
    return h->text != NULL;
}

const struct cnn_form cnn_form_manifest = {
    .name = "manifest", .is = is_manifest, .parse = open_manifest};

/* Names that NUL bytes end, as find -print0 writes them. */
static int is_names(const struct cnn_form_head *h)
{
    return h->names;
}

const struct cnn_form cnn_form_names = {
    .name = "names", .is = is_names, .parse = open_manifest, .nuls = 1};
