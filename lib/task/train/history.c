/* The history that a model carries: what made the data and the weights that the run began with,
 * then the run. It has no paths: the model depends on what is read, not on where that lies. */
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/version.h"
#include "kern/isa/isa.h"
#include "task/train/trainer.h"

static int append_all(json_t *history, const char *text, const char *of)
{
    cnn_json_watch();
    json_t *list = cnn_json_text(text, 0);
    int rc = cnn_json_lacked();
    if (!rc && !json_is_array(list))
        rc = cnn_fail(CNN_EDATA, "%s: the history is malformed", of);
    else if (!rc && json_array_extend(history, list))
        rc = cnn_fail_memory(0);
    json_decref(list);
    return rc;
}

json_t *cnn_train_data_json(const struct cnn_data_hash *h)
{
    char text[33];
    cnn_data_hash_print(h, text);
    return json_pack("{s:s, s:I}", "hash", text, "samples", (json_int_t)h->samples);
}

/* As numbers in class order, whatever they were made from. */
static json_t *weights_json(const struct train_data *d)
{
    struct cnn_buf text = {0};
    for (size_t i = 0; i < d->class_weights; i++) {
        char number[32];
        cnn_format_real((double)d->class_weight[i], 1, number);
        cnn_buf_printf(&text, i ? ",%s" : "%s", number);
    }
    json_t *out = text.failed ? NULL : json_string(text.text ? text.text : "");
    cnn_buf_free(&text);
    return out;
}

/* The text of a net of one's own has the input's shape. */
static json_t *options_json(const struct cnn_train_options *options, const char *origin)
{
    json_t *o = json_object();
    if (!o || cnn_train_options_json(options, 0, o)) {
        json_decref(o);
        return NULL;
    }
    json_object_del(o, "seed");
    if (!cnn_zoo_find(origin))
        json_object_del(o, "input");
    return o;
}

/* A list that was given. */
static json_t *classes_json(const struct cnn_strings *listed)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < listed->count; i++)
        if (json_array_append_new(list, json_string(listed->item[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* What the run began with. */
static int put_begin(json_t *run, const struct trainer *t)
{
    const char *augment = json_string_value(json_object_get(t->made.identity, "augmentation"));
    json_t *init = json_object_get(t->made.identity, "init");
    int bad = json_object_set_new(run, "program", json_string("cnn-train"));
    bad |= json_object_set_new(run, "version", json_string(CNN_VERSION));
    bad |= json_object_set_new(run, "isa", json_string(cnn_isa()->name));
    bad |= json_object_set_new(run, "device", json_string(t->engine.backend->name));
    if (t->made.origin[0])
        bad |= json_object_set_new(run, "net", json_string(t->made.origin));
    bad |= json_object_set_new(run, "seed", json_integer((json_int_t)t->settings.options.seed));
    bad |= json_object_set_new(run, "options", options_json(&t->settings.options, t->made.origin));
    if (augment && *augment)
        bad |= json_object_set_new(run, "augmentation", json_string(augment));
    if (init)
        bad |= json_object_set(run, "init", init);
    if (cnn_dataset_made(t->data.train))
        bad |= json_object_set_new(run, "made", cnn_json_text(cnn_dataset_made(t->data.train), 0));
    if (t->data.listed.count)
        bad |= json_object_set_new(run, "classes", classes_json(&t->data.listed));
    if (t->data.class_weight)
        bad |= json_object_set_new(run, "class-weights", weights_json(&t->data));
    return bad;
}

/* What it made of it. */
static int put_end(json_t *run, const struct train_data *d, const struct train_state *s,
                   int keeps_best)
{
    int bad = d->no_data ? 0 : json_object_set_new(run, "data", cnn_train_data_json(&s->data));
    if (d->val)
        bad |= json_object_set_new(run, "val", cnn_train_data_json(&s->val));
    if (json_array_size(s->changes))
        bad |= json_object_set(run, "changes", s->changes);
    bad |= json_object_set_new(run, "epochs", json_integer((json_int_t)s->epoch));
    bad |= json_object_set_new(run, "steps", json_integer((json_int_t)s->step));
    uint64_t kept = keeps_best && s->has_best ? s->best_epoch : s->epoch;
    json_t *result = kept ? json_array_get(s->curve, (size_t)kept - 1) : NULL;
    return result ? bad | json_object_set(run, "result", result) : bad;
}

int cnn_train_make_history(struct trainer *t)
{
    struct cnn_model *made = &t->made.model;
    const struct cnn_model *init = t->start.init;
    const struct cnn_train_options *o = &t->settings.options;
    json_t *history = json_array(), *run = json_object();
    int rc = history && run ? 0 : cnn_fail_memory(0);
    if (!rc && init && init->net_text)
        rc = append_all(history, init->history, o->init);
    if (!rc)
        rc = append_all(history, cnn_dataset_history(t->data.train), o->data);
    if (!rc && (put_begin(run, t) || put_end(run, &t->data, &t->state, t->made.best != NULL) ||
                json_array_append(history, run)))
        rc = cnn_fail_memory(0);
    if (!rc) {
        free(made->history);
        made->history = cnn_json_dump(history, JSON_COMPACT);
        rc = made->history ? 0 : cnn_fail_memory(0);
    }
    json_decref(history);
    json_decref(run);
    return rc;
}
