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
#include "task/train/trainer.h"

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

static int take_back(FILE *log, const char *path, const struct train_state *s)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    off_t end = 0;
    cnn_json_watch();
    while ((n = getline(&line, &capacity, log)) > 0 && !is_ahead(s, line, (size_t)n))
        end += n;
    int rc = n < 0 && !feof(log) ? cnn_fail_errno(CNN_EIO, "%s", path) : cnn_json_lacked();
    free(line);
    if (!rc && (ftruncate(fileno(log), end) || fseeko(log, end, SEEK_SET)))
        rc = cnn_fail_errno(CNN_EIO, "%s", path);
    return rc;
}

int cnn_train_log_open(struct train_report *r, const char *path, const struct train_state *s)
{
    if (!path[0])
        return 0;
    int rc = cnn_train_check_log(path), again = s->resumed && !access(path, F_OK);
    if (rc)
        return rc;
    if (!(r->log = fopen(path, again ? "r+" : "w")))
        return cnn_fail_errno(CNN_ECREATE, "%s", path);
    rc = again ? take_back(r->log, path, s) : 0;
    if (rc) { /* it stays as it is */
        fclose(r->log);
        r->log = NULL;
    }
    return rc;
}

int cnn_train_log_flush(struct train_report *r, const char *path)
{
    return r->log && fflush(r->log) ? cnn_fail_errno(CNN_EIO, "%s", path) : 0;
}

static int put_line(struct train_report *r, const char *path, struct cnn_buf *line)
{
    cnn_buf_puts(line, "}\n");
    int rc = line->failed ? CNN_ESYSTEM : 0;
    if (!rc)
        fputs(line->text, r->log);
    cnn_buf_free(line);
    return rc ? rc : cnn_train_log_flush(r, path);
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
static void put_data(struct cnn_buf *line, const char *name, const char *path,
                     const struct cnn_dataset *ds, const json_t *list)
{
    size_t n = cnn_dataset_count(ds);
    cnn_buf_printf(line, ", \"%s\": {\"path\": ", name);
    cnn_json_string(path, line);
    if (n != SIZE_MAX)
        cnn_buf_printf(line, ", \"samples\": %zu", n);
    put_value(line, "list", list);
    cnn_buf_puts(line, "}");
}

/* What is trained, how and on what. */
static void put_what(struct cnn_buf *line, const struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    const json_t *identity = t->made.identity;
    const char *augment = json_string_value(json_object_get(identity, "augmentation"));
    json_t *options = json_object();
    if (o->command)
        put_text(line, "command", o->command);
    put_text(line, "net", t->start.net_name);
    cnn_buf_printf(line, ", \"parameters\": %" PRIu64,
                   (uint64_t)cnn_graph_parameters(t->engine.graph));
    if (t->settings.recipe.size)
        put_text(line, "recipe", t->settings.recipe.text);
    line->failed |= !options || cnn_train_options_json(o, 0, options);
    put_value(line, "options", options);
    json_decref(options);
    if (augment && *augment)
        put_text(line, "augmentation", augment);
    if (t->start.init) {
        cnn_buf_puts(line, ", \"init\": {\"path\": ");
        cnn_json_string(o->init, line);
        put_value(line, "hash", json_object_get(identity, "init"));
        cnn_buf_puts(line, "}");
    }
    if (!t->data.no_data)
        put_data(line, "data", o->data, t->data.train, json_object_get(identity, "training data"));
    if (t->data.val)
        put_data(line, "val", o->val, t->data.val, json_object_get(identity, "val"));
}

int cnn_train_log_start(struct trainer *t)
{
    struct cnn_buf line = {0};
    int threads = (int)t->settings.options.compute.threads;
    if (!t->report.log)
        return 0;
    cnn_buf_puts(&line, "{\"event\": \"start\"");
    put_text(&line, "version", CNN_VERSION);
    put_what(&line, t);
    cnn_buf_printf(&line, ", \"seed\": %lld, \"threads\": %d", t->settings.options.seed,
                   threads ? threads : cnn_cores());
    put_text(&line, "isa", cnn_isa()->name);
    put_text(&line, "device", t->engine.backend->name);
    cnn_buf_printf(&line, ", \"resumed\": %s", t->state.resumed ? "true" : "false");
    return put_line(&t->report, t->settings.options.log, &line);
}

static void put_seen(struct cnn_buf *line, const char *name, const struct cnn_data_hash *seen)
{
    json_t *value = seen->samples ? cnn_train_data_json(seen) : NULL;
    if (seen->samples)
        put_value(line, name, value);
    json_decref(value);
}

int cnn_train_log_end(struct train_report *r, const struct train_state *s,
                      const struct cnn_train_options *o, int rc)
{
    const char *why = rc == CNN_EINTERRUPTED            ? "interrupted"
                      : rc                              ? "error"
                      : s->stopped                      ? "patience"
                      : s->epoch >= (uint64_t)o->epochs ? "epochs"
                                                        : "steps";
    if (!r->log)
        return 0;
    struct cnn_buf line = {0};
    cnn_buf_printf(
        &line, "{\"event\": \"end\", \"why\": \"%s\", \"epochs\": %" PRIu64 ", \"steps\": %" PRIu64,
        why, s->epoch, s->step);
    if (s->has_best)
        cnn_buf_printf(&line, ", \"best\": %" PRIu64, s->best_epoch);
    put_seen(&line, "data", &s->data);
    put_seen(&line, "val", &s->val);
    cnn_buf_printf(&line, ", \"seconds\": %.3f", cnn_seconds() - r->begun);
    return put_line(r, o->log, &line);
}

static void put_real(FILE *log, const char *name, double value)
{
    char text[32];
    cnn_format_real(value, 1, text);
    fprintf(log, ", \"%s\": %s", name, text);
}

int cnn_train_log_step(struct trainer *t)
{
    const struct train_settings *settings = &t->settings;
    struct train_state *s = &t->state;
    FILE *log = t->report.log;
    if (s->step % (uint64_t)settings->options.log_every)
        return 0;
    int rc = cnn_train_settle(&t->engine, s, &settings->schedule);
    if (rc)
        return rc;
    double loss = s->recent.weight > 0 ? s->recent.sum / s->recent.weight : 0;
    s->recent = (struct mean){0, 0};
    if (!log)
        return 0;
    fprintf(log, "{\"event\": \"step\", \"epoch\": %llu, \"step\": %llu",
            (unsigned long long)s->epoch + 1, (unsigned long long)s->step);
    put_real(log, "loss", loss);
    put_real(log, "rate", cnn_schedule_rate(&settings->schedule, s->step - 1));
    fputs("}\n", log);
    return cnn_train_log_flush(&t->report, settings->options.log);
}

/* {"NAME": value, ...}, where there are several targets */
static void put_parts(FILE *log, const struct cnn_train_epoch *e, int val)
{
    char text[32];
    for (size_t k = 0; k < e->parts; k++) {
        cnn_format_real(val ? e->part[k].val_loss : e->part[k].loss, 1, text);
        fprintf(log, "%s\"%s\": %s",
                k     ? ", "
                : val ? ", \"val_losses\": {"
                      : ", \"losses\": {",
                e->part[k].target, text);
    }
    if (e->parts)
        fputs("}", log);
}

int cnn_train_log_epoch(struct train_report *r, uint64_t samples, const char *path)
{
    const struct cnn_train_epoch *e = &r->epoch;
    FILE *log = r->log;
    if (!log)
        return 0;
    fprintf(log, "{\"event\": \"epoch\", \"epoch\": %llu, \"step\": %llu",
            (unsigned long long)e->epoch, (unsigned long long)e->step);
    put_real(log, "loss", e->loss);
    put_parts(log, e, 0);
    if (!isnan(e->train_top1))
        put_real(log, "train_top1", e->train_top1);
    put_real(log, "rate", e->rate);
    if (e->validated)
        put_real(log, "val_loss", e->val_loss);
    if (e->validated)
        put_parts(log, e, 1);
    if (e->validated && e->classes)
        put_real(log, "val_top1", e->val_top1);
    if (e->validated && e->classes > 5)
        put_real(log, "val_top5", e->val_top5);
    if (e->validated && !isnan(e->val_miou))
        put_real(log, "val_miou", e->val_miou);
    if (e->best)
        fputs(", \"best\": true", log);
    if (e->seconds > 0)
        put_real(log, "images_per_second", (double)samples / e->seconds);
    fprintf(log, ", \"seconds\": %.3f}\n", e->seconds);
    return cnn_train_log_flush(r, path);
}
