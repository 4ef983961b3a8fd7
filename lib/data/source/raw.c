/* One sample of a tar as it was read, and what its members decode to. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/lines.h"
#include "data/image/codec.h"
#include "data/image/png.h"
#include "data/source/members.h"
#include "file/npy.h"

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
    free(raw->bytes);
    free(raw);
}

const struct cnn_part *cnn_raw_part(const struct cnn_raw *raw, enum cnn_part_kind kind)
{
    for (int i = 0; i < raw->parts; i++)
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

static int decode_numbers(struct cnn_image *out, const unsigned char *bytes, size_t size)
{
    struct cnn_npy h;
    int rc = cnn_npy_parse(bytes, size, &h);
    if (rc)
        return rc;
    if ((size - h.offset) / h.item_size < h.count)
        return cnn_fail(CNN_EDATA, "npy: truncated");
    rc = cnn_source_numbers(out, h.rank, h.dim);
    if (!rc)
        cnn_npy_read(&h, bytes + h.offset, 0, h.count, out->px);
    return rc;
}

/* A grey image whose samples are class numbers, or one with a palette whose indices are. */
static int decode_labels(struct cnn_image *out, const unsigned char *bytes, size_t size)
{
    int png = cnn_image_codec_find(bytes, size) == &cnn_codec_png;
    int rc = png ? cnn_png_decode_stored(bytes, size, out) : cnn_image_decode(bytes, size, out);
    if (rc)
        return rc;
    if (out->c != 1)
        return cnn_fail(CNN_EDATA, "a label image of %zu channels (grey or a palette is needed)",
                        out->c);
    for (size_t i = 0; i < out->h * out->w; i++)
        out->px[i] = roundf(out->px[i] * (float)out->maxval);
    out->maxval = 0;
    return 0;
}

int cnn_part_decode(enum cnn_part_kind kind, const unsigned char *bytes, size_t size,
                    struct cnn_sample *out)
{
    struct cnn_field *f;
    switch (kind) {
    case CNN_PART_IMAGE:
        return cnn_sample_decode(out, bytes, size);
    case CNN_PART_NUMBERS:
        return decode_numbers(&out->image, bytes, size);
    case CNN_PART_TARGET:
        f = cnn_sample_add_field(out, NULL, CNN_FIELD_NUMBERS);
        return f ? decode_numbers(&f->values, bytes, size) : CNN_ESYSTEM;
    case CNN_PART_LABELS:
        f = cnn_sample_add_field(out, NULL, CNN_FIELD_LABELS);
        return f ? decode_labels(&f->values, bytes, size) : CNN_ESYSTEM;
    default:
        return 0;
    }
}

static int raw_decode(const struct cnn_raw *raw, struct cnn_sample *out)
{
    const struct cnn_part *image = cnn_raw_part(raw, CNN_PART_IMAGE);
    const struct cnn_part *target = cnn_raw_part(raw, CNN_PART_TARGET);
    if (cnn_raw_part(raw, CNN_PART_LABELS))
        out->fit = NULL; /* each pixel has its label */
    if (!image)
        image = cnn_raw_part(raw, CNN_PART_NUMBERS);
    if (!target)
        target = cnn_raw_part(raw, CNN_PART_LABELS);
    if (raw->fault.size)
        return cnn_fail(CNN_EDATA, "%s", raw->fault.text);
    int rc = cnn_part_decode(image->kind, raw->bytes + image->offset, image->size, out);
    if (!rc && target)
        rc = cnn_part_decode(target->kind, raw->bytes + target->offset, target->size, out);
    return rc;
}

int cnn_raw_decode(const struct cnn_dataset *ds, const struct cnn_raw *raw, struct cnn_sample *out)
{
    out->fields = 0;
    out->strict = ds->strict;
    int rc = raw_decode(raw, out);
    if (rc)
        return cnn_fail_within("%s#%zu", ds->path, raw->number);
    out->weight = raw->weight;
    if (raw->label >= 0 && cnn_sample_add_class(out, raw->label))
        return CNN_ESYSTEM;
    return cnn_sample_set_key(out, raw->key.text);
}
