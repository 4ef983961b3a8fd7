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

enum { MAX_MEMBERS = 5 };

struct cnn_stream_writer {
    struct cnn_tar_writer *tar;
    size_t samples;
    uint64_t checksum;
};

/* Members, one after another in `bytes`; names in `names`. */
struct cnn_encoded {
    struct cnn_buf names; /* NUL-terminated, one after another */
    struct cnn_buf bytes;
    size_t name[MAX_MEMBERS], offset[MAX_MEMBERS + 1];
    int members;
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
    free(e);
}

static void end_member(struct cnn_encoded *e, const char *key, const char *extension)
{
    e->name[e->members] = e->names.size;
    cnn_buf_puts(&e->names, key);
    cnn_buf_add(&e->names, extension, strlen(extension) + 1);
    e->offset[++e->members] = e->bytes.size;
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
    int rank = im->h == 1 && im->w == 1 ? 1 : 3;
    int rc = cnn_npy_header(rank, dim, &bytes, &size);
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

static int encode_field(const struct cnn_sample *s, const struct cnn_field *f,
                        struct cnn_encoded *e)
{
    int rc = 0;
    switch (f->kind) {
    case CNN_FIELD_CLASS:
        cnn_buf_printf(&e->bytes, "%d", (int)f->label);
        end_member(e, s->key, ".cls");
        break;
    case CNN_FIELD_NUMBERS:
        rc = put_numbers(e, &f->values);
        end_member(e, s->key, ".target.npy");
        break;
    case CNN_FIELD_LABELS:
        rc = put_labels(e, &f->values);
        end_member(e, s->key, ".seg.png");
        break;
    case CNN_FIELD_BOXES:
    case CNN_FIELD_TEXT:
    case CNN_FIELD_IMAGE:
    case CNN_FIELD_INPUT:
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return rc;
}

int cnn_sample_encode(const struct cnn_sample *s, struct cnn_encoded *out)
{
    int numbers = s->image.maxval == 0;
    out->members = 0;
    out->names.size = out->bytes.size = 0;
    int rc = numbers ? put_numbers(out, &s->image) : put_image(out, &s->image);
    end_member(out, s->key, numbers ? ".npy" : s->image.c == 1 ? ".pgm" : ".ppm");
    for (size_t i = 0; !rc && i < s->fields; i++)
        rc = encode_field(s, &s->field[i], out);
    if (!rc && s->weight != 1) {
        char number[32];
        cnn_format_real((double)s->weight, 1, number);
        cnn_buf_printf(&out->bytes, "{\"weight\": %s}", number);
        end_member(out, s->key, ".json");
    }
    if (!rc && (out->names.failed || out->bytes.failed))
        rc = CNN_ESYSTEM;
    return rc;
}

int cnn_stream_write(struct cnn_stream_writer *w, const struct cnn_encoded *e)
{
    for (int i = 0; i < e->members; i++) {
        const char *name = e->names.text + e->name[i], *data = e->bytes.text + e->offset[i];
        size_t size = e->offset[i + 1] - e->offset[i];
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
