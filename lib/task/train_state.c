/* A run's state as JSON, for checkpoints, and the history that the model carries. Whole numbers of
 * 64 bits are hexadecimal texts, reals have 17 digits: both come back exactly. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "file/safetensors.h"
#include "task/train_private.h"

#include "base/json_memory.h"

/* The numbers of the state, for writing and reading alike. */
#define STATE_WHOLE(X)                                                                             \
    X(epoch)                                                                                       \
    X(position)                                                                                    \
    X(step) X(sum[0]) X(sum[1]) X(seen) X(data[0]) X(data[1]) X(samples) X(best_epoch) X(waited)
#define STATE_REAL(X)                                                                              \
    X(loss.sum)                                                                                    \
    X(loss.weight) X(hits.sum) X(hits.weight) X(recent.sum) X(recent.weight) X(best_value)
#define STATE_FLAG(X) X(has_best) X(stopped)

static json_t *hex(uint64_t value)
{
    char text[20];
    snprintf(text, sizeof text, "%" PRIx64, value);
    return json_string(text);
}

json_t *train_state_json(const struct trainer *t)
{
    const struct train_state *s = &t->s;
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
    bad |= json_object_set(o, "curve", s->curve);
    bad |= json_object_set(o, "run", t->identity);
    bad |= json_object_set(o, "changes", s->changes);
    bad |= json_object_set_new(o, "zoo", json_string(t->zoo ? t->zoo : ""));
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

int train_state_read(struct trainer *t, const char *text)
{
    struct train_state *s = &t->s;
    cnn_json_watch();
    json_t *o = json_loads(text, 0, NULL);
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
    json_t *curve = json_object_get(o, "curve");
    const char *zoo = json_string_value(json_object_get(o, "zoo"));
    if (!good || !zoo || !json_is_array(curve))
        rc = cnn_fail(CNN_EDATA, "%s: the run's state is malformed", t->from->path);
    if (!rc)
        rc = train_same_run(t, o);
    if (!rc) {
        json_decref(s->curve);
        s->curve = json_incref(curve);
        free(t->zoo);
        t->zoo = *zoo ? cnn_strdup(zoo) : NULL;
        rc = *zoo && !t->zoo ? CNN_ESYSTEM : 0;
    }
    json_decref(o);
    return rc;
}

/* The history: what made the data and the weights that this run began with, then the run. */

static int append_all(json_t *history, const char *text, const char *of)
{
    json_t *list = json_loads(text, 0, NULL);
    int rc = 0;
    if (!json_is_array(list))
        rc = cnn_fail(CNN_EDATA, "%s: the history is malformed", of);
    else if (json_array_extend(history, list))
        rc = cnn_fail_memory(0);
    json_decref(list);
    return rc;
}

static json_t *data_json(const uint64_t sum[2], uint64_t samples)
{
    char text[40];
    snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, sum[0], sum[1]);
    return json_pack("{s:s, s:I}", "hash", text, "samples", (json_int_t)samples);
}

static json_t *run_json(const struct trainer *t)
{
    json_t *run = json_object(), *options = json_object(), *last = NULL;
    int bad = !run || !options || train_options_json(t->o, 0, options);
    const char *augment = json_string_value(json_object_get(t->identity, "augmentation"));
    json_object_del(options, "seed");
    bad |= json_object_set_new(run, "program", json_string("cnn-train"));
    bad |= json_object_set_new(run, "version", json_string(CNN_VERSION));
    if (t->zoo)
        bad |= json_object_set_new(run, "net", json_string(t->zoo));
    else
        bad |= json_object_set(run, "net", json_object_get(t->identity, "net"));
    bad |= json_object_set_new(run, "seed", json_integer((json_int_t)t->o->seed));
    bad |= json_object_set(run, "options", options);
    if (augment && *augment)
        bad |= json_object_set_new(run, "augmentation", json_string(augment));
    if (json_object_get(t->identity, "init"))
        bad |= json_object_set(run, "init", json_object_get(t->identity, "init"));
    if (json_object_get(t->identity, "class-weights"))
        bad |= json_object_set(run, "class-weights", json_object_get(t->identity, "class-weights"));
    bad |= json_object_set_new(run, "data", data_json(t->s.data, t->s.samples));
    if (json_array_size(t->s.changes))
        bad |= json_object_set(run, "changes", t->s.changes);
    bad |= json_object_set_new(run, "epochs", json_integer((json_int_t)t->s.epoch));
    bad |= json_object_set_new(run, "steps", json_integer((json_int_t)t->s.step));
    uint64_t kept = t->best && t->s.has_best ? t->s.best_epoch : t->s.epoch;
    last = kept ? json_array_get(t->s.curve, (size_t)kept - 1) : NULL;
    if (last)
        bad |= json_object_set(run, "result", last);
    json_decref(options);
    if (!bad)
        return run;
    json_decref(run);
    return NULL;
}

int train_make_history(struct trainer *t)
{
    json_t *history = json_array();
    int rc = history ? 0 : cnn_fail_memory(0);
    if (!rc && t->init_model)
        rc = append_all(history, t->init_model->history, t->o->init);
    if (!rc)
        rc = append_all(history, cnn_dataset_history(t->train), t->o->data);
    if (!rc && json_array_append_new(history, run_json(t)))
        rc = cnn_fail_memory(0);
    if (!rc) {
        free(t->model.history);
        t->model.history = json_dumps(history, JSON_COMPACT);
        rc = t->model.history ? 0 : cnn_fail_memory(0);
    }
    json_decref(history);
    return rc;
}
