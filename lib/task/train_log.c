/* The log: one JSON object a line, {"event": "start", ...}, {"event": "step", ...} every so many
 * steps, {"event": "epoch", ...} after each epoch, {"event": "end", ...}.
 *
 * A run that goes on first takes back the lines that were written after its checkpoint: they will
 * be written again. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_memory.h"
#include "base/threads.h"
#include "base/unicode.h"
#include "base/version.h"
#include "kern/isa.h"
#include "task/train_private.h"

/* Whether the line tells of something that the state does not know of: after it, or cut. */
static int is_ahead(const struct train_state *s, const char *line, size_t n)
{
    json_t *o = n && line[n - 1] == '\n' ? cnn_json_load(line, n, 0, NULL) : NULL;
    if (!json_is_object(o)) {
        json_decref(o);
        return 1;
    }
    const char *event = json_string_value(json_object_get(o, "event"));
    uint64_t step = (uint64_t)json_integer_value(json_object_get(o, "step"));
    uint64_t epoch = (uint64_t)json_integer_value(json_object_get(o, "epoch"));
    int ahead = step > s->step || (event && !strcmp(event, "epoch") && epoch > s->epoch);
    json_decref(o);
    return ahead;
}

static int take_back(struct trainer *t)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    off_t end = 0;
    cnn_json_watch();
    while ((n = getline(&line, &capacity, t->log)) > 0 && !is_ahead(&t->s, line, (size_t)n))
        end += n;
    int rc = n < 0 && !feof(t->log) ? cnn_fail_errno(CNN_EIO, "%s", t->o->log) : cnn_json_lacked();
    free(line);
    if (!rc && (ftruncate(fileno(t->log), end) || fseeko(t->log, end, SEEK_SET)))
        rc = cnn_fail_errno(CNN_EIO, "%s", t->o->log);
    return rc;
}

int train_log_open(struct trainer *t)
{
    const char *path = t->o->log;
    if (!path[0])
        return 0;
    int rc = train_check_log(path), again = t->resumed && !access(path, F_OK);
    if (rc)
        return rc;
    if (!(t->log = fopen(path, again ? "r+" : "w")))
        return cnn_fail_errno(CNN_ECREATE, "%s", path);
    rc = again ? take_back(t) : 0;
    if (rc) { /* it stays as it is */
        fclose(t->log);
        t->log = NULL;
    }
    return rc;
}

static int put_line(struct trainer *t, json_t *line)
{
    char *text = line ? cnn_json_dump(line, 0) : NULL;
    int rc = text ? 0 : cnn_fail_memory(0);
    if (text)
        fprintf(t->log, "%s\n", text);
    free(text);
    json_decref(line);
    return rc ? rc : train_log_flush(t);
}

/* Names may be no UTF-8, which JSON has to be: their other bytes are then as \xe9. */
static json_t *text_json(const char *text)
{
    struct cnn_buf shown = {0};
    if (cnn_utf8_valid(text))
        return json_string(text);
    cnn_buf_show(&shown, text);
    json_t *out = shown.failed ? NULL : json_string(shown.text);
    cnn_buf_free(&shown);
    return out;
}

/* What is known of samples before they are loaded. */
static json_t *data_of(const struct trainer *t, const char *path, const struct cnn_dataset *ds,
                       const char *list)
{
    size_t n = cnn_dataset_count(ds);
    json_t *o = json_object();
    int bad = json_object_set_new(o, "path", text_json(path));
    if (n != SIZE_MAX)
        bad |= json_object_set_new(o, "samples", json_integer((json_int_t)n));
    bad |= json_object_set(o, "list", json_object_get(t->identity, list));
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}

/* What is trained, how and on what. */
static int put_what(json_t *o, const struct trainer *t)
{
    const char *augment = json_string_value(json_object_get(t->identity, "augmentation"));
    json_t *options = json_object();
    int bad = !options || train_options_json(t->o, 0, options);
    if (t->o->command)
        bad |= json_object_set_new(o, "command", text_json(t->o->command));
    bad |= json_object_set_new(o, "net", text_json(t->net_name));
    bad |= json_object_set_new(o, "parameters",
                               json_integer((json_int_t)cnn_graph_parameters(t->graph)));
    if (t->recipe.size)
        bad |= json_object_set_new(o, "recipe", text_json(t->recipe.text));
    bad |= json_object_set_new(o, "options", options);
    if (augment && *augment)
        bad |= json_object_set_new(o, "augmentation", json_string(augment));
    if (t->init)
        bad |= json_object_set_new(o, "init",
                                   json_pack("{s:o, s:O}", "path", text_json(t->o->init), "hash",
                                             json_object_get(t->identity, "init")));
    if (!t->no_data)
        bad |= json_object_set_new(o, "data", data_of(t, t->o->data, t->train, "training data"));
    if (t->val)
        bad |= json_object_set_new(o, "val", data_of(t, t->o->val, t->val, "val"));
    return bad;
}

int train_log_start(struct trainer *t)
{
    if (!t->log)
        return 0;
    json_t *o = json_object();
    int threads = (int)t->o->compute.threads;
    int bad = json_object_set_new(o, "event", json_string("start"));
    bad |= json_object_set_new(o, "version", json_string(CNN_VERSION));
    bad |= put_what(o, t);
    bad |= json_object_set_new(o, "seed", json_integer((json_int_t)t->o->seed));
    bad |= json_object_set_new(o, "threads", json_integer(threads ? threads : cnn_cores()));
    bad |= json_object_set_new(o, "isa", json_string(cnn_isa()->name));
    bad |= json_object_set_new(o, "device", json_string(t->backend->name));
    bad |= json_object_set_new(o, "resumed", json_boolean(t->resumed));
    if (!bad)
        return put_line(t, o);
    json_decref(o);
    return cnn_fail_memory(0);
}

int train_log_end(struct trainer *t, int rc)
{
    const char *why = rc == CNN_EINTERRUPTED                 ? "interrupted"
                      : rc                                   ? "error"
                      : t->s.stopped                         ? "patience"
                      : t->s.epoch >= (uint64_t)t->o->epochs ? "epochs"
                                                             : "steps";
    if (!t->log)
        return 0;
    json_t *o = json_pack("{s:s, s:s, s:I, s:I}", "event", "end", "why", why, "epochs",
                          (json_int_t)t->s.epoch, "steps", (json_int_t)t->s.step);
    int bad = !o;
    if (t->s.has_best)
        bad |= json_object_set_new(o, "best", json_integer((json_int_t)t->s.best_epoch));
    if (t->s.data.samples)
        bad |= json_object_set_new(o, "data", train_data_json(&t->s.data));
    if (t->s.val.samples)
        bad |= json_object_set_new(o, "val", train_data_json(&t->s.val));
    bad |= json_object_set_new(o, "seconds", json_real(cnn_seconds() - t->begun));
    if (!bad)
        return put_line(t, o);
    json_decref(o);
    return cnn_fail_memory(0);
}

int train_log_flush(struct trainer *t)
{
    if (t->log && fflush(t->log))
        return cnn_fail_errno(CNN_EIO, "%s", t->o->log);
    return 0;
}

static void put_real(struct trainer *t, const char *name, double value)
{
    char text[32];
    cnn_format_real(value, 1, text);
    fprintf(t->log, ", \"%s\": %s", name, text);
}

int train_log_step(struct trainer *t)
{
    struct train_state *s = &t->s;
    if (s->step % (uint64_t)t->o->log_every)
        return 0;
    int rc = train_settle(t);
    if (rc)
        return rc;
    double loss = s->recent.weight > 0 ? s->recent.sum / s->recent.weight : 0;
    s->recent = (struct mean){0, 0};
    if (!t->log)
        return 0;
    fprintf(t->log, "{\"event\": \"step\", \"epoch\": %llu, \"step\": %llu",
            (unsigned long long)s->epoch + 1, (unsigned long long)s->step);
    put_real(t, "loss", loss);
    put_real(t, "rate", cnn_schedule_rate(&t->schedule, s->step - 1));
    fputs("}\n", t->log);
    return train_log_flush(t);
}

int train_log_epoch(struct trainer *t)
{
    const struct cnn_train_epoch *r = &t->report;
    if (!t->log)
        return 0;
    fprintf(t->log, "{\"event\": \"epoch\", \"epoch\": %llu, \"step\": %llu",
            (unsigned long long)r->epoch, (unsigned long long)r->step);
    put_real(t, "loss", r->loss);
    if (!isnan(r->train_top1))
        put_real(t, "train_top1", r->train_top1);
    put_real(t, "rate", r->rate);
    if (r->validated)
        put_real(t, "val_loss", r->val_loss);
    if (r->validated && r->classes)
        put_real(t, "val_top1", r->val_top1);
    if (r->validated && r->classes > 5)
        put_real(t, "val_top5", r->val_top5);
    if (r->best)
        fputs(", \"best\": true", t->log);
    if (r->seconds > 0)
        put_real(t, "images_per_second", (double)t->s.seen.samples / r->seconds);
    fprintf(t->log, ", \"seconds\": %.3f}\n", r->seconds);
    return train_log_flush(t);
}
