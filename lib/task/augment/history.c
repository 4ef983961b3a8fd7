/* What a stream says of how it was made; see private.h. */
#include <jansson.h>
#include <stdlib.h>

#include "base/json_memory.h"
#include "base/memory.h"
#include "task/augment/private.h"

char *cnn_augment_command(const struct cnn_augment_options *o,
                          const struct cnn_augmenter *augmenter)
{
    struct cnn_buf text = {0}, augmentations = {0};
    const char *gap = "";
    if (o->copies > 1) {
        cnn_buf_printf(&text, "-n %lld", o->copies);
        gap = " ";
    }
    if (o->keep) {
        cnn_buf_printf(&text, "%s--keep", gap);
        gap = " ";
    }
    if (cnn_augmenter_active(augmenter)) {
        cnn_augmenter_print(augmenter, &augmentations);
        text.failed |= augmentations.failed;
        cnn_buf_printf(&text, "%s%s --seed %lld", gap, augmentations.text, o->seed);
        if (o->epoch)
            cnn_buf_printf(&text, " --epoch %lld", o->epoch);
    }
    cnn_buf_free(&augmentations);
    return cnn_buf_take(&text);
}

/* With a class list that was given, since it numbers the classes. */
static json_t *entry(const struct cnn_augment_options *o, const char *command,
                     const struct cnn_strings *classes)
{
    const char *strict = !o->strict ? "" : *command ? "--strict " : "--strict";
    json_t *e = json_pack("{s:s, s:s+}", "program", "cnn-augment", "options", strict, command);
    json_t *list = o->classes[0] ? json_array() : NULL;
    int bad = !e || (o->classes[0] && !list);
    for (size_t i = 0; list && i < classes->count; i++)
        bad |= json_array_append_new(list, json_string(classes->item[i]));
    if (list)
        bad |= json_object_set_new(e, "classes", list);
    if (o->labels[0])
        bad |= json_object_set_new(e, "labels", json_true());
    if (!bad)
        return e;
    json_decref(e);
    return NULL;
}

char *cnn_augment_history(const struct cnn_augment_options *o,
                          const struct cnn_augmenter *augmenter, const struct cnn_strings *classes,
                          const char *before)
{
    int changes = cnn_augmenter_active(augmenter) || o->copies > 1 || o->keep;
    int chooses = o->strict || o->classes[0] || o->labels[0];
    if (!changes && !chooses)
        return cnn_strdup(before);
    char *text = cnn_augment_command(o, augmenter), *out = NULL;
    json_t *list = cnn_json_text(before, 0);
    if (text && json_is_array(list) && !json_array_append_new(list, entry(o, text, classes)))
        out = cnn_json_dump(list, JSON_COMPACT);
    if (!out)
        cnn_fail(CNN_ESYSTEM, "out of memory for the history");
    json_decref(list);
    free(text);
    return out;
}
