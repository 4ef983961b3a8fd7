/* What makes features: this run, as a history has it; see private.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/version.h"
#include "task/features/private.h"

/* Options beside those of the layers that decide what comes out, as they would be typed. How many
 * samples are computed together has a part in how a layer is computed. */
static json_t *options_json(const struct cnn_features_options *o)
{
    static const char *const precision[] = {CNN_CHOICE_TEXTS(CNN_PRECISIONS)};
    static const char *const pooling[] = {CNN_CHOICE_TEXTS(CNN_FEATURES_POOLINGS)};
    struct cnn_buf text = {0};
    cnn_buf_printf(&text, "--batch %lld", o->batch);
    if (o->dense)
        cnn_buf_puts(&text, " --dense");
    if (o->pooling)
        cnn_buf_printf(&text, " --pooling %s", pooling[o->pooling]);
    if (o->pooling == CNN_FEATURES_GEM) {
        char power[32];
        cnn_format_real(o->gem_power, 0, power);
        cnn_buf_printf(&text, " --gem-power %s", power);
    }
    if (o->l2)
        cnn_buf_puts(&text, " --l2");
    if (o->half)
        cnn_buf_puts(&text, " --float16");
    if (o->size.h > 0)
        cnn_buf_printf(&text, " --size %dx%d", o->size.h, o->size.w);
    else if (o->size.h == CNN_SIZE_NATIVE)
        cnn_buf_puts(&text, " --size native");
    if (o->compute.exact_conv)
        cnn_buf_puts(&text, " --exact-conv");
    if (o->compute.tune)
        cnn_buf_puts(&text, " --tune");
    if (o->strict)
        cnn_buf_puts(&text, " --strict");
    if (strcmp(o->compute.device, "cpu"))
        cnn_buf_printf(&text, " --device %s", o->compute.device);
    if (o->compute.precision)
        cnn_buf_printf(&text, " --precision %s", precision[o->compute.precision]);
    json_t *out = text.failed ? NULL : json_string(text.text);
    cnn_buf_free(&text);
    return out;
}

static json_t *run_json(const struct features *f, const struct cnn_strings *layer)
{
    json_t *run = json_object(), *layers = json_array();
    int bad = 0;
    for (size_t i = 0; i < layer->count; i++)
        bad |= json_array_append_new(layers, json_string(layer->item[i]));
    bad |= json_object_set_new(run, "program", json_string("cnn-features"));
    bad |= json_object_set_new(run, "version", json_string(CNN_VERSION));
    bad |= json_object_set_new(run, "layers", layers);
    bad |= json_object_set_new(run, "pool", json_boolean(f->o->pool));
    if (f->o->concat)
        bad |= json_object_set_new(run, "concat", json_true());
    bad |= json_object_set_new(run, "options", options_json(f->o));
    if (f->o->labels[0])
        bad |= json_object_set_new(run, "labels", json_true());
    if (f->o->inputs > 1)
        bad |= json_object_set_new(run, "inputs", json_integer((json_int_t)f->o->inputs));
    bad |= json_object_set_new(run, "hash", json_string(f->runner.hash));
    if (!bad)
        return run;
    json_decref(run);
    return NULL;
}

/* What made the samples, then this run with what made the model; and this run alone. */
static int make_history(struct features *f, const struct cnn_strings *layer)
{
    json_t *history = json_array(), *run = run_json(f, layer);
    int bad = 0;
    free(f->made);
    f->made = run ? cnn_json_dump(run, JSON_COMPACT) : NULL;
    for (size_t i = 0; i < f->inputs.count; i++) {
        json_t *theirs = cnn_json_text(cnn_dataset_history(f->inputs.ds[i]), 0);
        bad |= json_array_extend(history, theirs);
        json_decref(theirs);
    }
    bad |= json_object_set_new(run, "model", cnn_json_text(f->runner.model->history, 0));
    bad |= json_array_append_new(history, run);
    free(f->history);
    f->history = bad ? NULL : cnn_json_dump(history, JSON_COMPACT);
    json_decref(history);
    return f->history && f->made ? 0 : cnn_fail_memory(0);
}

int cnn_features_tell(struct features *f, const struct features_target *t,
                      struct cnn_strings *layer)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < t->taps; i++)
        rc =
            cnn_strings_add(layer, f->runner.graph->node[f->tap[t->first_tap + i].node].layer.name);
    return rc ? rc : make_history(f, layer);
}
