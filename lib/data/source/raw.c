/* One sample of a tar as it was read, and what its members decode to. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/lines.h"
#include "data/source/members.h"

struct cnn_raw *cnn_raw_new(void)
{
    return cnn_calloc(1, sizeof(struct cnn_raw));
}

void cnn_raw_free(struct cnn_raw *raw)
{
    if (!raw)
        return;
    cnn_buf_free(&raw->key);
    cnn_buf_free(&raw->fault);
    free(raw->part);
    free(raw->bytes);
    free(raw);
}

const struct cnn_part *cnn_raw_part(const struct cnn_raw *raw, enum cnn_part_kind kind)
{
    for (size_t i = 0; i < raw->parts; i++)
        if (raw->part[i].kind == kind)
            return &raw->part[i];
    return NULL;
}

static int read_class(const char *path, struct cnn_raw *raw)
{
    const struct cnn_part *p = cnn_raw_part(raw, CNN_PART_CLASS);
    raw->class[0] = '\0';
    if (!p)
        return 0;
    char *copy = cnn_calloc(1, p->size + 1);
    if (!copy)
        return CNN_ESYSTEM;
    memcpy(copy, raw->bytes + p->offset, p->size);
    int bad = memchr(copy, 0, p->size) != NULL;
    struct cnn_lines lines = cnn_lines_of(copy, p->size);
    const char *line = cnn_lines_next(&lines);
    size_t n = line ? cnn_trim(&line, strlen(line)) : 0;
    bad |= n == 0 || n >= sizeof raw->class || cnn_lines_next(&lines);
    for (size_t i = 0; i < n && !bad; i++)
        bad = (unsigned char)line[i] < 32;
    if (!bad) {
        memcpy(raw->class, line, n);
        raw->class[n] = '\0';
    }
    free(copy);
    return bad ? cnn_fail(CNN_EDATA, "%s#%zu: malformed class in '%.300s.cls'", path, raw->number,
                          raw->key.text)
               : 0;
}

static int read_weight(const char *path, struct cnn_raw *raw)
{
    const struct cnn_part *p = cnn_raw_part(raw, CNN_PART_JSON);
    raw->weight = 1;
    if (!p)
        return 0;
    cnn_json_watch();
    json_t *root = cnn_json_load((const char *)raw->bytes + p->offset, p->size, 0, NULL);
    if (cnn_json_lacked())
        return CNN_ESYSTEM;
    json_t *weight = json_object_get(root, "weight");
    double value = json_number_value(weight);
    int bad = !json_is_object(root) || (weight && !json_is_number(weight)) || !(value >= 0) ||
              !(value < 1e30);
    if (weight && !bad)
        raw->weight = (float)value;
    json_decref(root);
    return bad ? cnn_fail(CNN_EDATA, "%s#%zu: malformed '%.300s.json'", path, raw->number,
                          raw->key.text)
               : 0;
}

int cnn_raw_read_texts(const char *path, struct cnn_raw *raw)
{
    int rc = read_class(path, raw);
    return rc ? rc : read_weight(path, raw);
}

int cnn_part_decode(enum cnn_part_kind kind, const struct cnn_source_field *field,
                    const unsigned char *bytes, size_t size, struct cnn_sample *out)
{
    /* An input under a name of its own is a field where another one is the input. */
    int apart = field && out->input && strcmp(field->name, out->input) != 0;
    switch (apart ? CNN_PART_FIELD : kind) {
    case CNN_PART_IMAGE:
        return cnn_sample_decode(out, bytes, size);
    case CNN_PART_NUMBERS:
        return cnn_numbers_decode(bytes, size, &out->image);
    case CNN_PART_FIELD:
        return cnn_sample_wants(out, field->name) ? cnn_source_decode(field, bytes, size, out) : 0;
    case CNN_PART_CLASS:
    case CNN_PART_JSON:
    case CNN_PART_FAULT:
    case CNN_PART_OTHER:
    case CNN_PART_KINDS:
        break;
    }
    return 0;
}

int cnn_raw_find_fields(struct cnn_dataset *ds, struct cnn_raw *raw)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < raw->parts; i++) {
        struct cnn_part *p = &raw->part[i];
        if (p->kind == CNN_PART_FIELD || p->own_name)
            rc = cnn_source_field(ds, p->name, p->field_kind, &p->field);
    }
    return rc;
}

void cnn_part_note_input(struct cnn_part_inputs *in, const struct cnn_source_field *field)
{
    int numbers = field->kind == CNN_FIELD_NUMBERS &&
                  strcmp(field->name, cnn_field_kind_info[CNN_FIELD_NUMBERS].name) != 0;
    if ((field->kind == CNN_FIELD_IMAGE || numbers) && in->count[numbers] < 2)
        in->name[numbers][in->count[numbers]++] = field->name;
}

int cnn_part_fail_inputs(const struct cnn_part_inputs *in, const char *key)
{
    const char *const *name = in->name[in->count[0] < 2];
    return cnn_fail(CNN_EDATA,
                    "the key '%.300s', which ends at the first dot, has inputs '%s' and '%s', and "
                    "none without a name",
                    key, name[0], name[1]);
}

/* None by itself, and nobody says which. */
static int fail_without_input(const struct cnn_raw *raw)
{
    struct cnn_part_inputs inputs = {0};
    for (size_t i = 0; i < raw->parts; i++)
        if (raw->part[i].kind == CNN_PART_FIELD)
            cnn_part_note_input(&inputs, raw->part[i].field);
    return cnn_part_fail_inputs(&inputs, raw->key.text);
}

static int raw_decode(const struct cnn_raw *raw, struct cnn_sample *out)
{
    const struct cnn_part *image = cnn_raw_part(raw, CNN_PART_IMAGE);
    if (!image)
        image = cnn_raw_part(raw, CNN_PART_NUMBERS);
    for (size_t i = 0; i < raw->parts; i++)
        if (raw->part[i].field && cnn_source_counts_pixels(raw->part[i].field, out))
            out->fit = NULL;
    if (raw->fault.size)
        return cnn_fail(CNN_EDATA, "%s", raw->fault.text);
    if (!image && !out->input)
        return fail_without_input(raw);
    out->image.c = 0;
    int rc = image ? cnn_part_decode(image->kind, image->field, raw->bytes + image->offset,
                                     image->size, out)
                   : 0;
    for (size_t i = 0; !rc && i < raw->parts; i++) {
        const struct cnn_part *p = &raw->part[i];
        if (p->kind == CNN_PART_FIELD)
            rc = cnn_part_decode(p->kind, p->field, raw->bytes + p->offset, p->size, out);
    }
    return rc;
}

int cnn_raw_decode(const struct cnn_dataset *ds, const struct cnn_raw *raw, struct cnn_sample *out)
{
    out->fields = 0;
    out->strict = ds->strict;
    int rc = raw_decode(raw, out);
    if (!rc)
        rc = cnn_sample_take_input(out);
    if (rc)
        return cnn_fail_within("%s#%zu", ds->path, raw->number);
    out->weight = raw->weight;
    if (raw->label >= 0 && cnn_sample_add_class(out, raw->label))
        return CNN_ESYSTEM;
    return cnn_sample_set_key(out, raw->key.text);
}
