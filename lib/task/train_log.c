/* The log: one JSON object a line, {"event": "step", ...} every so many steps and {"event":
 * "epoch",
 * ...} after each epoch.
 *
 * A run that goes on first takes back the lines that were written after its checkpoint: they will
 * be written again. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "task/train_private.h"

/* Whether the line tells of something that the state does not know of: after it, or cut. */
static int is_ahead(const struct train_state *s, const char *line, size_t n)
{
    json_t *o = n && line[n - 1] == '\n' ? json_loadb(line, n, 0, NULL) : NULL;
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
    while ((n = getline(&line, &capacity, t->log)) > 0 && !is_ahead(&t->s, line, (size_t)n))
        end += n;
    free(line);
    if (ferror(t->log) || ftruncate(fileno(t->log), end) || fseeko(t->log, end, SEEK_SET))
        return cnn_fail_errno(CNN_EIO, "%s", t->o->log);
    return 0;
}

int train_log_open(struct trainer *t)
{
    const char *path = t->o->log;
    if (!path[0])
        return 0;
    int again = t->resumed && !access(path, F_OK);
    if (!(t->log = fopen(path, again ? "r+" : "w")))
        return cnn_fail_errno(CNN_ECREATE, "%s", path);
    return again ? take_back(t) : 0;
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
    fprintf(t->log, ", \"seconds\": %.3f}\n", r->seconds);
    return train_log_flush(t);
}
