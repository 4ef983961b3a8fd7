/* Whether features are those that other features, or a model, go with; see made.h. */
#include "task/made.h"

#include <string.h>

#include "base/json_memory.h"
#include "base/text.h"
#include "data/source/dataset.h"
#include "model/model.h"

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

const char *cnn_made_hash(const json_t *made)
{
    return text_of(made, "hash");
}

static int is_made(const json_t *run)
{
    return !strcmp(text_of(run, "program"), "cnn-features") && *cnn_made_hash(run);
}

static int load(const char *text, json_t **out)
{
    cnn_json_watch();
    *out = cnn_json_text(text, 0);
    return cnn_json_lacked();
}

/* The last entry of a history, `before` so many others. */
static json_t *entry(const json_t *history, size_t before)
{
    size_t n = json_array_size(history);
    return n > before ? json_array_get(history, n - 1 - before) : NULL;
}

int cnn_made_data(const struct cnn_dataset *ds, json_t **out)
{
    const char *made = cnn_dataset_made(ds);
    json_t *text;
    int rc = load(made ? made : cnn_dataset_history(ds), &text);
    json_t *run = made ? text : entry(text, 0);
    *out = !rc && is_made(run) ? json_incref(run) : NULL;
    json_object_del(*out, "model");
    json_decref(text);
    return rc;
}

/* A run says it itself, or had them from a pipe. */
int cnn_made_training(const struct cnn_model *m, json_t **out)
{
    json_t *history;
    int rc = load(m->history, &history);
    json_t *made = json_object_get(entry(history, 0), "made");
    made = made ? made : entry(history, 1);
    *out = !rc && is_made(made) ? json_incref(made) : NULL;
    json_decref(history);
    return rc;
}

/* Of the options those that say what the values are, each with its value. */
static void tell_options(const char *options, int lengths, struct cnn_buf *out)
{
    int value = 0;
    for (const char *p = options; *(p += strspn(p, " "));) {
        size_t n = strcspn(p, " ");
        int valued =
            (n == 9 && !strncmp(p, "--pooling", n)) || (n == 11 && !strncmp(p, "--gem-power", n));
        if (valued || value || (lengths && n == 4 && !strncmp(p, "--l2", n)))
            cnn_buf_printf(out, " %.*s", (int)n, p);
        value = valued;
        p += n;
    }
}

/* "fc1 --pool --pooling max" */
static void tell(const json_t *made, int lengths, struct cnn_buf *out)
{
    const json_t *layers = json_object_get(made, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const char *layer = json_string_value(json_array_get(layers, i));
        cnn_buf_printf(out, i ? ", %s" : "%s", layer ? layer : "");
    }
    if (json_is_true(json_object_get(made, "pool")))
        cnn_buf_puts(out, " --pool");
    tell_options(text_of(made, "options"), lengths, out);
}

static int compare(const char *first, const json_t *a, const char *second, const json_t *b,
                   int lengths)
{
    struct cnn_buf one = {0}, other = {0};
    int rc = 0;
    if (!a || !b)
        return 0;
    tell(a, lengths, &one);
    tell(b, lengths, &other);
    if (one.failed || other.failed)
        rc = CNN_ESYSTEM;
    else if (strcmp(cnn_made_hash(a), cnn_made_hash(b)) != 0)
        rc = cnn_fail(CNN_EDATA, "%s: features of another model than those of %s (%s, not %s)",
                      second, first, cnn_made_hash(b), cnn_made_hash(a));
    else if (strcmp(one.text, other.text) != 0)
        rc = cnn_fail(CNN_EDATA, "%s: features of '%s', those of %s are of '%s'", second,
                      other.text, first, one.text);
    cnn_buf_free(&one);
    cnn_buf_free(&other);
    return rc;
}

static int compare_data(const char *first, const json_t *made, const struct cnn_dataset *ds,
                        int lengths)
{
    json_t *theirs = NULL;
    int rc = made ? cnn_made_data(ds, &theirs) : 0;
    if (!rc)
        rc = compare(first, made, cnn_dataset_path(ds), theirs, lengths);
    json_decref(theirs);
    return rc;
}

int cnn_made_check_data(const struct cnn_dataset *first, const struct cnn_dataset *second,
                        int lengths)
{
    json_t *made;
    int rc = cnn_made_data(first, &made);
    if (!rc)
        rc = compare_data(cnn_dataset_path(first), made, second, lengths);
    json_decref(made);
    return rc;
}

int cnn_made_check_model(const struct cnn_model *m, const struct cnn_dataset *ds)
{
    json_t *made;
    int rc = cnn_made_training(m, &made);
    if (!rc)
        rc = compare_data(m->path, made, ds, 1);
    json_decref(made);
    return rc;
}

int cnn_made_check_again(const char *model, const char *run, const struct cnn_dataset *dump)
{
    json_t *now, *then = NULL;
    const char *path = cnn_dataset_path(dump);
    int rc = load(run, &now);
    if (!rc)
        rc = cnn_made_data(dump, &then);
    if (!rc && !then)
        rc = cnn_fail(CNN_EDATA, "%s: it does not say what made it", path);
    if (!rc)
        rc = compare(model, now, path, then, 1);
    if (!rc && strcmp(text_of(now, "options"), text_of(then, "options")) != 0)
        rc = cnn_fail(CNN_EDATA, "%s: made with '%s', not with '%s'", path,
                      text_of(then, "options"), text_of(now, "options"));
    json_decref(now);
    json_decref(then);
    return rc;
}
