/* The log: one JSON object a line, {"event": "start", ...}, {"event": "step", ...} every so many
 * steps, {"event": "epoch", ...} after each epoch, {"event": "end", ...}.
 *
 * A run that goes on first takes back the lines that were written after its checkpoint: they will
 * be written again. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_memory.h"
#include "base/threads.h"
#include "base/version.h"
#include "kern/isa/isa.h"
#include "task/json.h"
#include "task/train/private.h"

/* Whether the line tells of something that the state does not know of: after it, or cut. */
static int is_ahead(const struct train_state *s, char *line, size_t n)
{
    json_t *o = n && line[n - 1] == '\n' ? cnn_json_line(line, n) : NULL;
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

int cnn_train_log_open(struct trainer *t)
{
    const char *path = t->o->log;
    if (!path[0])
        return 0;
    int rc = cnn_train_check_log(path), again = t->resumed && !access(path, F_OK);
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

static int put_line(struct trainer *t, struct cnn_buf *line)
{
    cnn_buf_puts(line, "}\n");
    int rc = line->failed ? CNN_ESYSTEM : 0;
    if (!rc)
        fputs(line->text, t->log);
    cnn_buf_free(line);
    return rc ? rc : cnn_train_log_flush(t);
}

/* Members behind others. */
static void put_text(struct cnn_buf *line, const char *name, const char *text)
{
    cnn_buf_printf(line, ", \"%s\": ", name);
    cnn_json_string(text, line);
}

static void put_value(struct cnn_buf *line, const char *name, const json_t *value)
{
    cnn_buf_printf(line, ", \"%s\": ", name);
    line->failed |= cnn_json_value(value, JSON_ENCODE_ANY, line) != 0;
}

/* What is known of samples before they are loaded. */
static void put_data(struct cnn_buf *line, const struct trainer *t, const char *name,
                     const char *path, const struct cnn_dataset *ds)
{
    const char *list = ds == t->train ? "training data" : "val";
    size_t n = cnn_dataset_count(ds);
    cnn_buf_printf(line, ", \"%s\": {\"path\": ", name);
    cnn_json_string(path, line);
    if (n != SIZE_MAX)
        cnn_buf_printf(line, ", \"samples\": %zu", n);
    put_value(line, "list", json_object_get(t->identity, list));
    cnn_buf_puts(line, "}");
}

/* What is trained, how and on what. */
static void put_what(struct cnn_buf *line, const struct trainer *t)
{
    const char *augment = json_string_value(json_object_get(t->identity, "augmentation"));
    json_t *options = json_object();
    if (t->o->command)
        put_text(line, "command", t->o->command);
    put_text(line, "net", t->net_name);
    cnn_buf_printf(line, ", \"parameters\": %" PRIu64, (uint64_t)cnn_graph_parameters(t->graph));
    if (t->recipe.size)
        put_text(line, "recipe", t->recipe.text);
    line->failed |= !options || cnn_train_options_json(t->o, 0, options);
    put_value(line, "options", options);
    json_decref(options);
    if (augment && *augment)
        put_text(line, "augmentation", augment);
    if (t->init) {
        cnn_buf_puts(line, ", \"init\": {\"path\": ");
        cnn_json_string(t->o->init, line);
        put_value(line, "hash", json_object_get(t->identity, "init"));
        cnn_buf_puts(line, "}");
    }
    if (!t->no_data)
        put_data(line, t, "data", t->o->data, t->train);
    if (t->val)
        put_data(line, t, "val", t->o->val, t->val);
}

int cnn_train_log_start(struct trainer *t)
{
    struct cnn_buf line = {0};
    int threads = (int)t->o->compute.threads;
    if (!t->log)
        return 0;
    cnn_buf_puts(&line, "{\"event\": \"start\"");
    put_text(&line, "version", CNN_VERSION);
    put_what(&line, t);
    cnn_buf_printf(&line, ", \"seed\": %lld, \"threads\": %d", t->o->seed,
                   threads ? threads : cnn_cores());
    put_text(&line, "isa", cnn_isa()->name);
    put_text(&line, "device", t->backend->name);
    cnn_buf_printf(&line, ", \"resumed\": %s", t->resumed ? "true" : "false");
    return put_line(t, &line);
}

static void put_seen(struct cnn_buf *line, const char *name, const struct cnn_data_hash *seen)
{
    json_t *value = seen->samples ? cnn_train_data_json(seen) : NULL;
    if (seen->samples)
        put_value(line, name, value);
    json_decref(value);
}

int cnn_train_log_end(struct trainer *t, int rc)
{
    const char *why = rc == CNN_EINTERRUPTED                 ? "interrupted"
                      : rc                                   ? "error"
                      : t->s.stopped                         ? "patience"
                      : t->s.epoch >= (uint64_t)t->o->epochs ? "epochs"
                                                             : "steps";
    if (!t->log)
        return 0;
    struct cnn_buf line = {0};
    cnn_buf_printf(
        &line, "{\"event\": \"end\", \"why\": \"%s\", \"epochs\": %" PRIu64 ", \"steps\": %" PRIu64,
        why, t->s.epoch, t->s.step);
    if (t->s.has_best)
        cnn_buf_printf(&line, ", \"best\": %" PRIu64, t->s.best_epoch);
    put_seen(&line, "data", &t->s.data);
    put_seen(&line, "val", &t->s.val);
    cnn_buf_printf(&line, ", \"seconds\": %.3f", cnn_seconds() - t->begun);
    return put_line(t, &line);
}

int cnn_train_log_flush(struct trainer *t)
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

int cnn_train_log_step(struct trainer *t)
{
    struct train_state *s = &t->s;
    if (s->step % (uint64_t)t->o->log_every)
        return 0;
    int rc = cnn_train_settle(t);
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
    return cnn_train_log_flush(t);
}

int cnn_train_log_epoch(struct trainer *t)
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
    return cnn_train_log_flush(t);
}
