/* Which options of training determine the result, and their values as JSON. */
#include <string.h>

#include "base/unicode.h"
#include "task/train/settings/settings.h"

/* Options without influence on the model, and those whose texts are paths: what is behind these
 * counts by its contents. */
static int is_aside(const char *name)
{
    static const char *const aside[] = {
        "val",       "classes",    "class-weights", "on-bad",           "net",     "init",
        "output",    "checkpoint", "log",           "log-every",        "resume",  "plan",
        "curve",     "expect",     "overfit",       "checkpoint-every", "threads", "quiet",
        "recompute", "solver",     "cache",         "append",
    };
    for (size_t i = 0; i < sizeof aside / sizeof *aside; i++)
        if (!strcmp(aside[i], name))
            return 1;
    return 0;
}

/* A run may go on on another device. */
static int is_where(const char *name)
{
    return !strcmp(name, "device") || !strcmp(name, "precision");
}

int cnn_train_option_counts(const char *name)
{
    const struct cnn_option *o = cnn_option_find(cnn_train_option_table, name);
    return o && name[0] && !is_aside(name);
}

/* Texts as an array, so that each is seen where it ends; `joined` as one text. */
static json_t *option_json(const struct cnn_option *p, const struct cnn_train_options *o,
                           int joined)
{
    if (p->type == CNN_OPT_TEXTS && !joined) {
        const struct cnn_strings *list =
            (const struct cnn_strings *)(const void *)((const char *)o + p->offset);
        json_t *array = json_array();
        for (size_t i = 0; i < list->count; i++)
            if (json_array_append_new(array, json_string(list->item[i]))) {
                json_decref(array);
                return NULL;
            }
        return array;
    }
    struct cnn_buf text = {0};
    cnn_option_print(p, o, &text);
    json_t *out = text.failed ? NULL : json_string(text.text ? text.text : "");
    cnn_buf_free(&text);
    return out;
}

int cnn_train_options_json(const struct cnn_train_options *o, int all, json_t *out)
{
    for (const struct cnn_option *p = cnn_train_option_table; p->name; p++) {
        if (!p->name[0] || is_aside(p->name) || (all && is_where(p->name)))
            continue;
        int plain = all ? 0 : cnn_option_is_default(p, o);
        if (plain < 0)
            return cnn_fail_memory(0);
        if (plain)
            continue;
        if (json_object_set_new(out, p->name, option_json(p, o, all)))
            return cnn_fail_memory(0);
    }
    return 0;
}

int cnn_train_check_texts(const struct cnn_train_options *o)
{
    for (const struct cnn_option *p = cnn_train_option_table; p->name; p++) {
        const void *field = (const char *)o + p->offset;
        const struct cnn_strings *list = field;
        if (p->type != CNN_OPT_TEXTS || !cnn_train_option_counts(p->name))
            continue;
        for (size_t i = 0; i < list->count; i++)
            if (!cnn_utf8_valid(list->item[i]))
                return cnn_fail(CNN_EUSAGE, "--%s: '%s' is not UTF-8", p->name, list->item[i]);
    }
    return 0;
}
