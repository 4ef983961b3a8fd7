/* A run as its log or its model tells of it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_memory.h"
#include "base/lines.h"
#include "file/infile.h"
#include "file/text_file.h"
#include "model/import/import.h"
#include "model/model.h"
#include "task/inspect/runs_private.h"
#include "task/json.h"

enum { LOG_BYTES_MAX = 1 << 30 };

double cnn_inspect_run_number(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : -1;
}

const char *cnn_inspect_run_text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static void replace(json_t **held, json_t *o)
{
    json_decref(*held);
    *held = json_incref(o);
}

static void take_event(struct run *r, json_t *o)
{
    const char *event = cnn_inspect_run_text(o, "event");
    if (!strcmp(event, "start")) {
        replace(&r->start, o);
        replace(&r->end, NULL);
    } else if (!strcmp(event, "epoch")) {
        if (json_is_true(json_object_get(o, "best")) ||
            cnn_inspect_run_number(r->epoch, "val_loss") < 0)
            replace(&r->epoch, o);
    } else if (!strcmp(event, "end")) {
        replace(&r->end, o);
    }
}

/* The last line of a run that was killed may be cut. */
static int read_lines(struct run *r, char *bytes, size_t size)
{
    struct cnn_lines lines = cnn_lines_of(bytes, size);
    for (char *line = cnn_lines_next(&lines), *next; line; line = next) {
        size_t at = lines.number;
        json_t *o = cnn_json_line(line, strlen(line));
        next = cnn_lines_next(&lines);
        int known = json_is_object(o) && cnn_inspect_run_text(o, "event")[0];
        if (known)
            take_event(r, o);
        json_decref(o);
        if (!known && (next || !r->start))
            return cnn_fail(CNN_EDATA, "%s:%zu: this is no log of cnn-train", r->path, at);
    }
    return r->start ? 0 : cnn_fail(CNN_EDATA, "%s: no run starts in it", r->path);
}

static int read_log(struct run *r)
{
    char *bytes;
    size_t size;
    int rc = cnn_text_read(r->path, LOG_BYTES_MAX, &bytes, &size);
    if (rc)
        return rc;
    cnn_json_watch();
    rc = read_lines(r, bytes, size);
    free(bytes);
    return cnn_json_lacked() ? CNN_ESYSTEM : rc;
}

/* The program's last run, of which the model's numbers are. */
static int take_history(struct run *r, const struct cnn_model *m)
{
    cnn_json_watch();
    json_t *list = cnn_json_text(m->history, 0);
    json_t *run = json_array_get(list, json_array_size(list) ? json_array_size(list) - 1 : 0);
    json_t *options = json_deep_copy(json_object_get(run, "options"));
    json_int_t seed = json_integer_value(json_object_get(run, "seed"));
    const char *net = cnn_inspect_run_text(run, "net");
    char number[32];
    int rc = strcmp(cnn_inspect_run_text(run, "program"), "cnn-train") || !json_is_object(options)
                 ? cnn_fail(CNN_EDATA, "%s: the model does not say how it was made", r->path)
                 : 0;
    snprintf(number, sizeof number, "%lld", (long long)seed);
    int bad = !rc && seed && json_object_set_new(options, "seed", json_string(number));
    if (!rc && !bad) {
        r->start = json_pack("{s:s, s:O}", "net", !*net || cnn_zoo_find(net) ? net : "net",
                             "options", options);
        r->end = json_pack("{s:O*, s:O*}", "epochs", json_object_get(run, "epochs"), "data",
                           json_object_get(run, "data"));
        r->epoch = json_incref(json_object_get(run, "result"));
        bad = !r->start || !r->end;
        if (r->start && json_object_get(run, "augmentation"))
            bad |= json_object_set(r->start, "augmentation", json_object_get(run, "augmentation"));
    }
    json_decref(options);
    json_decref(list);
    return cnn_json_lacked() ? CNN_ESYSTEM : bad ? cnn_fail_memory(0) : rc;
}

static int read_model(struct run *r)
{
    struct cnn_model *m = NULL;
    int rc = cnn_model_open_net(r->path, &m);
    if (rc)
        return rc;
    cnn_json_watch();
    rc = take_history(r, m);
    cnn_model_free(m);
    return cnn_json_lacked() ? CNN_ESYSTEM : rc;
}

/* By its first bytes, whatever it is called; all else is a log. Negative: it cannot be read. */
static int is_model(const char *path)
{
    struct stat st;
    unsigned char begin[CNN_IMPORT_HEAD];
    size_t got;
    if (stat(path, &st) || !S_ISREG(st.st_mode))
        return 0;
    int rc = cnn_bytes_head(path, begin, sizeof begin, &got);
    return rc ? rc : cnn_import_of(begin, got) != NULL;
}

/* "a b" for an array of texts. */
static json_t *joined(const json_t *list)
{
    struct cnn_buf text = {0};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        cnn_buf_puts(&text, i ? " " : "");
        cnn_buf_puts(&text, item ? item : "");
    }
    json_t *out = text.failed ? NULL : json_string(text.text ? text.text : "");
    cnn_buf_free(&text);
    return out;
}

/* Every option a text, the augmentation among them. */
static int level_options(struct run *r)
{
    json_t *all = json_object(), *value;
    const char *name, *augmentation = cnn_inspect_run_text(r->start, "augmentation");
    int bad = !all;
    json_object_foreach(json_object_get(r->start, "options"), name, value)
    {
        bad |= json_is_array(value) ? json_object_set_new(all, name, joined(value))
                                    : json_object_set(all, name, value);
    }
    if (augmentation[0])
        bad |= json_object_set_new(all, "augmentation", json_string(augmentation));
    bad |= json_object_set(r->start, "options", all);
    json_decref(all);
    return bad ? cnn_fail_memory(0) : 0;
}

int cnn_inspect_run_read(struct run *r)
{
    int rc = is_model(r->path);
    if (rc >= 0)
        rc = rc ? read_model(r) : read_log(r);
    return rc ? rc : level_options(r);
}
