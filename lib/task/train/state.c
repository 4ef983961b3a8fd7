/* A run's state as JSON, for checkpoints. Whole numbers of 64 bits are hexadecimal texts, reals
 * have 17 digits: both come back exactly. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/isa/isa.h"
#include "task/train/trainer.h"

#include "base/json_memory.h"

/* The numbers of the state, for writing and reading alike. */
#define STATE_WHOLE(X)                                                                             \
    X(epoch)                                                                                       \
    X(position)                                                                                    \
    X(step)                                                                                        \
    X(seen.sum[0])                                                                                 \
    X(seen.sum[1])                                                                                 \
    X(seen.samples)                                                                                \
    X(data.sum[0])                                                                                 \
    X(data.sum[1])                                                                                 \
    X(data.samples) X(val.sum[0]) X(val.sum[1]) X(val.samples) X(best_epoch) X(waited)
#define STATE_REAL(X)                                                                              \
    X(loss.sum)                                                                                    \
    X(loss.weight) X(hits.sum) X(hits.weight) X(recent.sum) X(recent.weight) X(best_value)
#define STATE_FLAG(X) X(has_best) X(stopped)

int cnn_train_state_open(struct train_state *s, size_t targets)
{
    s->targets = targets;
    s->target_loss = cnn_calloc(targets, sizeof *s->target_loss);
    s->part = cnn_calloc(targets, sizeof *s->part);
    if (!s->target_loss || !s->part)
        return CNN_ESYSTEM;
    s->curve = json_array();
    s->changes = json_array();
    return s->curve && s->changes ? 0 : cnn_fail_memory(0);
}

void cnn_train_state_close(struct train_state *s)
{
    json_decref(s->curve);
    json_decref(s->changes);
    free(s->target_loss);
    free(s->part);
}

static json_t *hex(uint64_t value)
{
    char text[20];
    snprintf(text, sizeof text, "%" PRIx64, value);
    return json_string(text);
}

/* Of a single target it is the loss. */
static int put_target_loss(json_t *o, const struct train_state *s)
{
    json_t *list = json_array();
    int bad = json_object_set(o, "target_loss", list);
    for (size_t k = 0; k < s->targets; k++)
        bad |= json_array_append_new(list, json_real(s->target_loss[k]));
    json_decref(list);
    return bad;
}

json_t *cnn_train_state_json(const struct trainer *t)
{
    const struct train_state *s = &t->state;
    json_t *o = json_object();
    int bad = !o;
#define WHOLE(field) bad |= json_object_set_new(o, #field, hex(s->field));
#define REAL(field)  bad |= json_object_set_new(o, #field, json_real(s->field));
#define FLAG(field)  bad |= json_object_set_new(o, #field, json_boolean(s->field));
    STATE_WHOLE(WHOLE)
    STATE_REAL(REAL)
    STATE_FLAG(FLAG)
#undef WHOLE
#undef REAL
#undef FLAG
    if (s->targets > 1)
        bad |= put_target_loss(o, s);
    bad |= json_object_set(o, "curve", s->curve);
    bad |= json_object_set(o, "run", t->made.identity);
    bad |= json_object_set(o, "changes", s->changes);
    bad |= json_object_set_new(o, "isa", json_string(cnn_isa()->name));
    bad |= json_object_set_new(o, "device", json_string(t->engine.backend->name));
    bad |= json_object_set_new(o, "origin", json_string(t->made.origin));
    if (bad) {
        json_decref(o);
        cnn_fail_memory(0);
        return NULL;
    }
    return o;
}

static int read_hex(const json_t *v, uint64_t *out)
{
    const char *text = json_string_value(v);
    char *end;
    if (!text || !*text || strlen(text) > 16)
        return 0;
    *out = strtoull(text, &end, 16);
    return !*end;
}

static int read_real(const json_t *v, double *out)
{
    *out = json_number_value(v);
    return json_is_number(v);
}

static int read_flag(const json_t *v, int *out)
{
    *out = json_is_true(v);
    return json_is_boolean(v);
}

static int read_target_loss(const json_t *list, struct train_state *s)
{
    int good = s->targets == 1 || json_array_size(list) == s->targets;
    for (size_t k = 0; good && s->targets > 1 && k < s->targets; k++)
        good = read_real(json_array_get(list, k), &s->target_loss[k]);
    return good;
}

int cnn_train_state_read(struct trainer *t, const char *text)
{
    struct train_state *s = &t->state;
    cnn_json_watch();
    json_t *o = cnn_json_text(text, 0);
    int good = json_is_object(o), rc = cnn_json_lacked();
    if (rc)
        return rc;
#define WHOLE(field) good = good && read_hex(json_object_get(o, #field), &s->field);
#define REAL(field)  good = good && read_real(json_object_get(o, #field), &s->field);
#define FLAG(field)  good = good && read_flag(json_object_get(o, #field), &s->field);
    STATE_WHOLE(WHOLE)
    STATE_REAL(REAL)
    STATE_FLAG(FLAG)
#undef WHOLE
#undef REAL
#undef FLAG
    good = good && read_target_loss(json_object_get(o, "target_loss"), s);
    json_t *curve = json_object_get(o, "curve");
    const char *origin = json_string_value(json_object_get(o, "origin"));
    if (!good || !origin || !json_is_array(curve))
        rc = cnn_fail(CNN_EDATA, "%s: the run's state is malformed", t->start.from->path);
    if (!rc)
        rc = cnn_train_same_run(t, o);
    if (!rc) {
        json_decref(s->curve);
        s->curve = json_incref(curve);
        free(t->made.origin);
        t->made.origin = cnn_strdup(origin);
        rc = t->made.origin ? 0 : CNN_ESYSTEM;
    }
    json_decref(o);
    return rc;
}
