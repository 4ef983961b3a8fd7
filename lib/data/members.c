/* Tar members to samples; see members.h. */
#include "data/members.h"

#include "base/json_memory.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/random.h"
#include "file/tar.h"

enum { MAX_RECORD = 64 << 20, MAX_CLASS = 4096 };

uint64_t cnn_members_checksum(uint64_t before, const char *name, const void *data, size_t size)
{
    return cnn_hash(data, size, cnn_hash_string(name, before));
}

/* Where the key ends: at the first dot of the last component. */
static size_t key_length(const char *name)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const char *dot = strchr(base, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

static enum cnn_part_kind kind_of(const char *name)
{
    const char *rest = name + key_length(name);
    if (cnn_path_ends(rest, ".seg.png"))
        return CNN_PART_LABELS;
    if (cnn_path_ends(rest, ".target.npy"))
        return CNN_PART_TARGET;
    if (cnn_path_ends(rest, ".npy"))
        return CNN_PART_NUMBERS;
    if (cnn_path_ends(rest, ".cls"))
        return CNN_PART_CLASS;
    if (cnn_path_ends(rest, ".json"))
        return CNN_PART_JSON;
    return cnn_image_has_name(rest) ? CNN_PART_IMAGE : CNN_PART_OTHER;
}

/* A message of the tar reader about a stream of ours tells a cut or a damaged one. */
static int fail_stream(const struct cnn_members *m, int code)
{
    char text[600];
    size_t n = strlen(m->path);
    const char *message = cnn_error_message();
    if (!m->ours || code != CNN_EDATA)
        return code;
    if (!strncmp(message, m->path, n) && !strncmp(message + n, ": ", 2))
        message += n + 2;
    snprintf(text, sizeof text, "%s", message);
    return cnn_fail(CNN_EDATA, "%s: cut before its end record (%s)", m->path, text);
}

/* The pending member's data as a JSON object. */
static int read_record(struct cnn_members *m, json_t **out)
{
    *out = NULL;
    if (m->size > MAX_RECORD)
        return cnn_fail(CNN_EDATA, "%s: %s is too large", m->path, m->name.text);
    char *text = cnn_calloc(1, (size_t)m->size + 1);
    if (!text)
        return CNN_ESYSTEM;
    int code = cnn_tar_reader_data(m->reader, text, (size_t)m->size);
    if (!code) {
        cnn_json_watch();
        *out = cnn_json_load(text, (size_t)m->size, JSON_REJECT_DUPLICATES, NULL);
        if (cnn_json_lacked())
            code = CNN_ESYSTEM;
        else if (!json_is_object(*out))
            code = cnn_fail(CNN_EDATA, "%s: malformed %s", m->path, m->name.text);
    } else {
        code = fail_stream(m, code);
    }
    free(text);
    if (code) {
        json_decref(*out);
        *out = NULL;
    }
    return code;
}

static int check_format(const struct cnn_members *m, const json_t *root)
{
    json_t *format = json_object_get(root, "format");
    if (!json_is_integer(format))
        return cnn_fail(CNN_EDATA, "%s: malformed %s", m->path, m->name.text);
    if (json_integer_value(format) != CNN_STREAM_FORMAT)
        return cnn_fail(CNN_EDATA, "%s: a stream of format %lld (this program knows %d)", m->path,
                        (long long)json_integer_value(format), CNN_STREAM_FORMAT);
    return 0;
}

static int read_classes(const struct cnn_members *m, const json_t *root, struct cnn_strings *out)
{
    json_t *list = json_object_get(root, "classes"), *name;
    struct cnn_found seen = {0};
    int code = json_is_array(list) ? 0 : CNN_EDATA;
    size_t i;
    json_array_foreach(list, i, name)
    {
        int32_t index = -1;
        const char *text = json_string_value(name);
        if (!code)
            code = text && *text ? cnn_class_check(m->path, text) : CNN_EDATA;
        if (!code)
            code = cnn_found_add(&seen, text, strlen(text), "", &index);
        if (!code)
            code = (size_t)index == i ? cnn_strings_add(out, text) : CNN_EDATA;
    }
    cnn_found_free(&seen);
    if (code == CNN_EDATA)
        return cnn_fail(CNN_EDATA, "%s: malformed class list in %s", m->path, m->name.text);
    return code;
}

static int same_list(const struct cnn_strings *a, const struct cnn_strings *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->item[i], b->item[i]))
            return 0;
    return a->count == b->count;
}

/* The first header, or that of a stream which was put behind another. */
static int read_header(struct cnn_members *m)
{
    json_t *root = NULL;
    struct cnn_strings classes = {0};
    int first = !m->ours;
    m->ours = 1;
    int code = read_record(m, &root);
    if (!code)
        code = check_format(m, root);
    if (!code)
        code = read_classes(m, root, &classes);
    json_t *history = json_object_get(root, "history");
    if (!code && !json_is_array(history))
        code = cnn_fail(CNN_EDATA, "%s: malformed history in %s", m->path, m->name.text);
    if (!code && first) {
        m->classes = classes;
        classes = (struct cnn_strings){0};
        m->history = cnn_json_dump(history, JSON_COMPACT);
        code = m->history ? 0 : cnn_fail_memory(0);
    } else if (!code && !same_list(&m->classes, &classes)) {
        code =
            cnn_fail(CNN_EDATA, "%s: streams of different class lists behind one another", m->path);
    }
    m->ended = 0;
    m->checksum = 0;
    m->since_header = 0;
    cnn_strings_free(&classes);
    json_decref(root);
    return code;
}

static int read_end(struct cnn_members *m)
{
    json_t *root;
    int code = read_record(m, &root);
    if (code)
        return code;
    const char *sum = json_string_value(json_object_get(root, "checksum"));
    json_t *samples = json_object_get(root, "samples");
    char ours[17];
    snprintf(ours, sizeof ours, "%016" PRIx64, m->checksum);
    code = check_format(m, root);
    if (!code && (!sum || !json_is_integer(samples)))
        code = cnn_fail(CNN_EDATA, "%s: malformed %s", m->path, m->name.text);
    else if (!code && json_integer_value(samples) != (json_int_t)m->since_header)
        code = cnn_fail(CNN_EDATA, "%s: %zu samples where its end record says %lld", m->path,
                        m->since_header, (long long)json_integer_value(samples));
    else if (!code && strcmp(sum, ours))
        code = cnn_fail(CNN_EDATA, "%s: its contents do not have the checksum of its end record",
                        m->path);
    m->ended = 1;
    json_decref(root);
    return code;
}

/* What systems leave in archives (AppleDouble members, before each that they go with): no data. */
static int is_litter(const char *name)
{
    const char *slash = strrchr(name, '/');
    return !strncmp(name, "__MACOSX/", 9) || cnn_path_is_litter(slash ? slash + 1 : name);
}

/* The next member that has data, and is neither header nor end record, becomes the pending one. */
static int fetch(struct cnn_members *m)
{
    struct cnn_tar_member t;
    for (;;) {
        int rc = cnn_tar_reader_next(m->reader, &t);
        if (rc < 0)
            return fail_stream(m, rc);
        if (rc == 0 && m->ours && !m->ended)
            return cnn_fail(CNN_EDATA, "%s: cut before its end record (after %zu samples)", m->path,
                            m->since_header);
        if (rc == 0)
            return 0;
        if (!t.regular && (!t.hard_link || m->ours))
            continue;
        const char *name = t.name;
        while (!strncmp(name, "./", 2))
            name += 2;
        if (!m->ours && is_litter(name) && strcmp(name, CNN_STREAM_HEADER))
            continue;
        m->name.size = 0;
        cnn_buf_puts(&m->name, name);
        if (m->name.failed)
            return CNN_ESYSTEM;
        m->size = t.size;
        m->offset = t.offset;
        m->link = t.hard_link;
        return 1;
    }
}

/* Header and end records on the way are dealt with. 1, 0 or negative as fetch. */
static int advance(struct cnn_members *m)
{
    for (;;) {
        int rc = fetch(m), code;
        if (rc <= 0)
            return rc;
        if (m->ended && strcmp(m->name.text, CNN_STREAM_HEADER))
            return cnn_fail(CNN_EDATA, "%s: '%.300s' behind the end record", m->path, m->name.text);
        if (m->ours && !m->ended && !strcmp(m->name.text, CNN_STREAM_END))
            code = read_end(m);
        else if (m->ended)
            code = read_header(m);
        else
            return 1;
        if (code)
            return code;
    }
}

int cnn_members_open(struct cnn_members *m, const char *path, int fd, const unsigned char *ahead,
                     size_t ahead_size, const volatile int *stop)
{
    *m = (struct cnn_members){.path = path};
    int code = cnn_tar_reader_open(path, fd, ahead, ahead_size, stop, &m->reader);
    if (code)
        return code;
    int rc = fetch(m);
    m->seekable = rc > 0 && m->offset >= 0;
    if (rc > 0 && !strcmp(m->name.text, CNN_STREAM_HEADER)) {
        code = read_header(m);
        if (code)
            return code;
        rc = advance(m);
    }
    m->pending = rc > 0;
    return rc < 0 ? rc : 0;
}

void cnn_members_close(struct cnn_members *m)
{
    cnn_tar_reader_close(m->reader);
    cnn_strings_free(&m->classes);
    cnn_buf_free(&m->name);
    free(m->history);
    *m = (struct cnn_members){0};
}

static int fail_link(const struct cnn_members *m)
{
    return cnn_fail(CNN_EDATA, "%s: '%.300s' is a hard link: tar --hard-dereference writes a file",
                    m->path, m->name.text);
}

int cnn_parts_check(unsigned kinds)
{
    unsigned image = kinds >> CNN_PART_IMAGE & 1, numbers = kinds >> CNN_PART_NUMBERS & 1;
    if (kinds >> CNN_PART_LINK & 1)
        return cnn_fail(CNN_EDATA, "a hard link: tar --hard-dereference writes a file");
    if (image && numbers)
        return cnn_fail(CNN_EDATA, "two inputs of one key: an image and numbers");
    return image || numbers
               ? 0
               : cnn_fail(CNN_EDATA, "no image (a sample's members follow one another)");
}

/* The pending member's data behind what raw holds already. */
static int read_data(struct cnn_members *m, struct cnn_raw *raw, struct cnn_part *part)
{
    if (m->size > CNN_ENCODED_MAX)
        return cnn_fail(CNN_EDATA, "%s: member '%.300s' of %llu bytes is too large", m->path,
                        m->name.text, (unsigned long long)m->size);
    *part = (struct cnn_part){.kind = kind_of(m->name.text),
                              .offset = raw->size,
                              .size = (size_t)m->size,
                              .in_file = m->offset};
    if (m->link && part->kind == CNN_PART_CLASS)
        return fail_link(m);
    if (m->link && part->kind != CNN_PART_OTHER)
        part->kind = CNN_PART_LINK;
    if (m->link)
        return 0;
    int wanted = part->kind == CNN_PART_CLASS ||
                 (part->kind != CNN_PART_OTHER && part->kind != CNN_PART_JSON &&
                  !(m->index && m->offset >= 0));
    if (!wanted && !m->ours)
        return 0;
    if (cnn_grow(&raw->bytes, &raw->capacity, raw->size + part->size + 1, 1))
        return CNN_ESYSTEM;
    int code = cnn_tar_reader_data(m->reader, raw->bytes + raw->size, part->size);
    if (code)
        return fail_stream(m, code);
    part->read = 1;
    if (m->ours)
        m->checksum =
            cnn_members_checksum(m->checksum, m->name.text, raw->bytes + raw->size, part->size);
    raw->size += part->size;
    return 0;
}

static const struct cnn_part *find_part(const struct cnn_raw *raw, enum cnn_part_kind kind)
{
    for (int i = 0; i < raw->parts; i++)
        if (raw->part[i].kind == kind)
            return &raw->part[i];
    return NULL;
}

static int read_class(const struct cnn_members *m, struct cnn_raw *raw)
{
    const struct cnn_part *p = find_part(raw, CNN_PART_CLASS);
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
    return bad ? cnn_fail(CNN_EDATA, "%s#%zu: malformed class in '%.300s.cls'", m->path,
                          raw->number, raw->key.text)
               : 0;
}

static int read_weight(const struct cnn_members *m, struct cnn_raw *raw)
{
    const struct cnn_part *p = find_part(raw, CNN_PART_JSON);
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
    return bad ? cnn_fail(CNN_EDATA, "%s#%zu: malformed '%.300s.json'", m->path, raw->number,
                          raw->key.text)
               : 0;
}

/* The members of one key. A kind that comes twice begins another sample. */
static int gather(struct cnn_members *m, struct cnn_raw *raw)
{
    raw->parts = 0;
    raw->size = raw->key.size = 0;
    cnn_buf_add(&raw->key, m->name.text, key_length(m->name.text));
    if (raw->key.failed)
        return CNN_ESYSTEM;
    for (;;) {
        struct cnn_part part;
        int rc = read_data(m, raw, &part);
        if (rc)
            return rc;
        if (part.kind == CNN_PART_JSON && !m->ours)
            part.kind = CNN_PART_OTHER; /* what it means is not known */
        if (part.kind != CNN_PART_OTHER && !find_part(raw, part.kind)) {
            m->since_header += !raw->parts;
            raw->part[raw->parts++] = part;
        }
        rc = advance(m);
        m->pending = rc > 0;
        if (rc <= 0)
            return rc;
        size_t n = key_length(m->name.text);
        enum cnn_part_kind kind = kind_of(m->name.text);
        if (n != raw->key.size || memcmp(raw->key.text, m->name.text, n) || find_part(raw, kind))
            return 0;
    }
}

/* Names that begin with a dot have no key; members of other kinds alone (a README) are no sample.
 */
int cnn_members_next(struct cnn_members *m, struct cnn_raw *raw)
{
    while (m->pending) {
        int code = gather(m, raw);
        if (code)
            return code;
        const char *slash = raw->key.size ? strrchr(raw->key.text, '/') : NULL;
        if (!raw->parts || !raw->key.size || (slash && !slash[1]))
            continue;
        raw->number = m->samples++;
        code = read_class(m, raw);
        if (!code)
            code = read_weight(m, raw);
        return code ? code : 1;
    }
    return 0;
}
