/* Writing the pipe form; see stream.h. */
#include "data/source/stream.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "data/image/png.h"
#include "data/image/pnm.h"
#include "data/source/members.h"
#include "file/npy.h"
#include "file/tar.h"

struct cnn_stream_writer {
    struct cnn_tar_writer *tar;
    size_t samples;
    uint64_t checksum;
};

/* Members, one after another in `bytes`; names in `names`. */
struct cnn_encoded {
    struct cnn_buf names; /* NUL-terminated, one after another */
    struct cnn_buf bytes;
    struct {
        size_t name, begin, end;
    } * member;
    size_t members, capacity;
};

static int put_json(struct cnn_stream_writer *w, const char *name, json_t *root)
{
    char *text = root ? cnn_json_dump(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (cnn_json_lacked()) {
        free(text);
        return CNN_ESYSTEM;
    }
    if (!text)
        return cnn_fail(CNN_EINTERNAL, "%s: text that is not UTF-8", name);
    int rc = cnn_tar_writer_add(w->tar, name, text, strlen(text));
    free(text);
    return rc;
}

static json_t *header(const struct cnn_strings *classes, const char *history)
{
    cnn_json_watch();
    json_t *root = json_object(), *list = json_array();
    int bad = json_object_set_new(root, "format", json_integer(CNN_STREAM_FORMAT));
    for (size_t i = 0; i < classes->count; i++)
        bad |= json_array_append_new(list, json_string(classes->item[i]));
    bad |= json_object_set_new(root, "classes", list);
    bad |= json_object_set_new(root, "history", cnn_json_text(history, 0));
    if (!bad)
        return root;
    json_decref(root);
    return NULL;
}

int cnn_stream_open(int fd, const char *name_for_messages, const struct cnn_strings *classes,
                    const char *history, const volatile int *stop, struct cnn_stream_writer **out)
{
    *out = NULL;
    struct cnn_stream_writer *w = cnn_calloc(1, sizeof *w);
    if (!w)
        return CNN_ESYSTEM;
    int rc = cnn_tar_writer_open(fd, name_for_messages, stop, &w->tar);
    if (!rc)
        rc = put_json(w, CNN_STREAM_HEADER, header(classes, history));
    if (rc)
        cnn_stream_free(w);
    else
        *out = w;
    return rc;
}

struct cnn_encoded *cnn_encoded_new(void)
{
    return cnn_calloc(1, sizeof(struct cnn_encoded));
}

void cnn_encoded_free(struct cnn_encoded *e)
{
    if (!e)
        return;
    cnn_buf_free(&e->names);
    cnn_buf_free(&e->bytes);
    free(e->member);
    free(e);
}

/* What has come to the bytes since the member before, as KEY.NAME.ENDING; name NULL: KEY.ENDING. */
static int end_member(struct cnn_encoded *e, const char *key, const char *name, const char *ending)
{
    size_t i = e->members;
    if (cnn_grow(&e->member, &e->capacity, i + 1, sizeof *e->member))
        return CNN_ESYSTEM;
    e->member[i].name = e->names.size;
    e->member[i].begin = i ? e->member[i - 1].end : 0;
    e->member[i].end = e->bytes.size;
    cnn_buf_puts(&e->names, key);
    if (name)
        cnn_buf_printf(&e->names, ".%s", name);
    cnn_buf_add(&e->names, ending, strlen(ending) + 1);
    e->members++;
    return e->names.failed || e->bytes.failed ? CNN_ESYSTEM : 0;
}

/* The codecs' malloc'd bytes. */
static int take_bytes(struct cnn_encoded *e, int rc, unsigned char *bytes, size_t size)
{
    if (rc)
        return rc;
    cnn_buf_add(&e->bytes, bytes, size);
    free(bytes);
    return 0;
}

static int put_image(struct cnn_encoded *e, const struct cnn_image *im)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    int rc = cnn_pnm_encode(im, &bytes, &size);
    return take_bytes(e, rc, bytes, size);
}

static int put_numbers(struct cnn_encoded *e, const struct cnn_image *im)
{
    const size_t dim[] = {im->c, im->h, im->w};
    unsigned char *bytes = NULL;
    size_t size = 0;
    int rank = (im->h == 1 && im->w == 1) || !im->c ? 1 : 3;
    int rc = cnn_npy_header(CNN_F32, rank, dim, &bytes, &size);
    rc = take_bytes(e, rc, bytes, size);
    if (!rc)
        cnn_buf_add(&e->bytes, im->px, im->c * im->h * im->w * sizeof *im->px);
    return rc;
}

/* A label image as PNG, of 8 bits where that holds all numbers. */
static int put_labels(struct cnn_encoded *e, const struct cnn_image *labels)
{
    struct cnn_image im = {0};
    unsigned char *bytes = NULL;
    size_t size = 0, n = labels->h * labels->w;
    float max = 0;
    for (size_t i = 0; i < n; i++)
        max = labels->px[i] > max ? labels->px[i] : max;
    unsigned maxval = max > 255 ? 65535 : 255;
    int rc = cnn_image_reshape(&im, 1, labels->h, labels->w, maxval);
    for (size_t i = 0; !rc && i < n; i++)
        im.px[i] = labels->px[i] / (float)maxval;
    if (!rc)
        rc = cnn_png_encode(&im, &bytes, &size);
    rc = take_bytes(e, rc, bytes, size);
    cnn_image_free(&im);
    return rc;
}

/* A box's class is a number again, as in the streams of these programs. */
static void put_rows(struct cnn_encoded *e, const struct cnn_image *rows)
{
    char number[32];
    for (size_t i = 0; i < rows->c * rows->h; i++) {
        cnn_format_real((double)rows->px[i], 1, number);
        cnn_buf_printf(&e->bytes, "%s%s", number, i % rows->h + 1 < rows->h ? "\t" : "\n");
    }
}

static int put_field(struct cnn_encoded *e, const struct cnn_field *f)
{
    switch (f->kind) {
    case CNN_FIELD_CLASS:
        cnn_buf_printf(&e->bytes, "%d", (int)f->label);
        return 0;
    case CNN_FIELD_NUMBERS:
        return put_numbers(e, &f->values);
    case CNN_FIELD_LABELS:
        return put_labels(e, &f->values);
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
        put_rows(e, &f->values);
        return 0;
    case CNN_FIELD_TEXT:
        cnn_buf_add(&e->bytes, f->text, f->text_size);
        return 0;
    case CNN_FIELD_IMAGE:
        return put_image(e, &f->values);
    case CNN_FIELD_INPUT:
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return 0;
}

static int encode_field(const struct cnn_sample *s, const struct cnn_field *f,
                        struct cnn_encoded *e)
{
    static const char *const ending[CNN_FIELD_KIND_COUNT] = {
        [CNN_FIELD_CLASS] = ".cls",      [CNN_FIELD_NUMBERS] = ".npy",
        [CNN_FIELD_LABELS] = ".seg.png", [CNN_FIELD_BOXES] = ".boxes.tsv",
        [CNN_FIELD_TEXT] = ".txt",       [CNN_FIELD_IMAGE] = ".ppm",
        [CNN_FIELD_INPUT] = "",          [CNN_FIELD_POINTS] = ".points.tsv",
    };
    int plain = f->kind != CNN_FIELD_NUMBERS && !strcmp(f->name, cnn_field_kind_info[f->kind].name);
    int grey = f->kind == CNN_FIELD_IMAGE && f->values.c == 1;
    int rc = put_field(e, f);
    return rc ? rc : end_member(e, s->key, plain ? NULL : f->name, grey ? ".pgm" : ending[f->kind]);
}

int cnn_sample_encode(const struct cnn_sample *s, struct cnn_encoded *out)
{
    int numbers = s->image.maxval == 0;
    out->members = out->names.size = out->bytes.size = 0;
    int rc = numbers ? put_numbers(out, &s->image) : put_image(out, &s->image);
    if (!rc)
        rc = end_member(out, s->key, NULL, numbers ? ".npy" : s->image.c == 1 ? ".pgm" : ".ppm");
    for (size_t i = 0; !rc && i < s->fields; i++)
        rc = encode_field(s, &s->field[i], out);
    if (!rc && s->weight != 1) {
        char number[32];
        cnn_format_real((double)s->weight, 1, number);
        cnn_buf_printf(&out->bytes, "{\"weight\": %s}", number);
        rc = end_member(out, s->key, NULL, ".json");
    }
    return rc;
}

int cnn_stream_write(struct cnn_stream_writer *w, const struct cnn_encoded *e)
{
    for (size_t i = 0; i < e->members; i++) {
        const char *name = e->names.text + e->member[i].name;
        const char *data = e->bytes.text + e->member[i].begin;
        size_t size = e->member[i].end - e->member[i].begin;
        int rc = cnn_tar_writer_add(w->tar, name, data, size);
        if (rc)
            return rc;
        w->checksum = cnn_members_checksum(w->checksum, name, data, size);
    }
    w->samples++;
    return 0;
}

int cnn_stream_finish(struct cnn_stream_writer *w)
{
    char sum[17];
    snprintf(sum, sizeof sum, "%016" PRIx64, w->checksum);
    cnn_json_watch();
    json_t *root = json_object();
    int bad = json_object_set_new(root, "format", json_integer(CNN_STREAM_FORMAT));
    bad |= json_object_set_new(root, "samples", json_integer((json_int_t)w->samples));
    bad |= json_object_set_new(root, "checksum", json_string(sum));
    if (bad) {
        json_decref(root);
        return cnn_fail_memory(0);
    }
    int rc = put_json(w, CNN_STREAM_END, root);
    return rc ? rc : cnn_tar_writer_finish(w->tar);
}

void cnn_stream_free(struct cnn_stream_writer *w)
{
    if (!w)
        return;
    cnn_tar_writer_free(w->tar);
    free(w);
}
