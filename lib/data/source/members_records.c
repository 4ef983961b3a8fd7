/* The header and the end record of a stream, as they are read; see members.h. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "data/source/members_private.h"
#include "file/tar.h"

enum { MAX_RECORD = 64 << 20 };

int cnn_members_fail(const struct cnn_members *m, int rc)
{
    char text[600];
    size_t n = strlen(m->path);
    const char *message = cnn_error_message();
    if (!m->ours || rc != CNN_EDATA)
        return rc;
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
    int rc = cnn_tar_reader_data(m->reader, text, (size_t)m->size);
    if (!rc) {
        cnn_json_watch();
        *out = cnn_json_load(text, (size_t)m->size, JSON_REJECT_DUPLICATES, NULL);
        if (cnn_json_lacked())
            rc = CNN_ESYSTEM;
        else if (!json_is_object(*out))
            rc = cnn_fail(CNN_EDATA, "%s: malformed %s", m->path, m->name.text);
    } else {
        rc = cnn_members_fail(m, rc);
    }
    free(text);
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
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
    int rc = json_is_array(list) ? 0 : CNN_EDATA;
    size_t i;
    json_array_foreach(list, i, name)
    {
        int32_t index = -1;
        const char *text = json_string_value(name);
        if (!rc)
            rc = text && *text ? cnn_class_check(m->path, text) : CNN_EDATA;
        if (!rc)
            rc = cnn_found_add(&seen, text, strlen(text), "", &index);
        if (!rc)
            rc = (size_t)index == i ? cnn_strings_add(out, text) : CNN_EDATA;
    }
    cnn_found_free(&seen);
    if (rc == CNN_EDATA)
        return cnn_fail(CNN_EDATA, "%s: malformed class list in %s", m->path, m->name.text);
    return rc;
}

int cnn_members_header(struct cnn_members *m)
{
    json_t *root = NULL;
    struct cnn_strings classes = {0};
    int first = !m->ours;
    m->ours = 1;
    int rc = read_record(m, &root);
    if (!rc)
        rc = check_format(m, root);
    if (!rc)
        rc = read_classes(m, root, &classes);
    json_t *history = json_object_get(root, "history");
    if (!rc && !json_is_array(history))
        rc = cnn_fail(CNN_EDATA, "%s: malformed history in %s", m->path, m->name.text);
    if (!rc && first) {
        m->classes = classes;
        classes = (struct cnn_strings){0};
        m->history = cnn_json_dump(history, JSON_COMPACT);
        rc = m->history ? 0 : cnn_fail_memory(0);
    } else if (!rc && !cnn_strings_equal(&m->classes, &classes)) {
        rc =
            cnn_fail(CNN_EDATA, "%s: streams of different class lists behind one another", m->path);
    }
    m->ended = 0;
    m->checksum = 0;
    m->since_header = 0;
    cnn_strings_free(&classes);
    json_decref(root);
    return rc;
}

int cnn_members_end(struct cnn_members *m)
{
    json_t *root;
    int rc = read_record(m, &root);
    if (rc)
        return rc;
    const char *sum = json_string_value(json_object_get(root, "checksum"));
    json_t *samples = json_object_get(root, "samples");
    char ours[17];
    snprintf(ours, sizeof ours, "%016" PRIx64, m->checksum);
    rc = check_format(m, root);
    if (!rc && (!sum || !json_is_integer(samples)))
        rc = cnn_fail(CNN_EDATA, "%s: malformed %s", m->path, m->name.text);
    else if (!rc && json_integer_value(samples) != (json_int_t)m->since_header)
        rc = cnn_fail(CNN_EDATA, "%s: %zu samples where its end record says %lld", m->path,
                      m->since_header, (long long)json_integer_value(samples));
    else if (!rc && strcmp(sum, ours))
        rc = cnn_fail(CNN_EDATA, "%s: its contents do not have the checksum of its end record",
                      m->path);
    m->ended = 1;
    json_decref(root);
    return rc;
}
