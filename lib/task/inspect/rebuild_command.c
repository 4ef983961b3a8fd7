/* The command lines of a step; see rebuild_private.h. */
#include <stdio.h>
#include <string.h>

#include "base/shell.h"
#include "data/augment/augment.h"
#include "task/inspect/rebuild_private.h"
#include "task/train/train.h"

static const char *text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static int unknown(const struct rebuild *r, const char *what)
{
    return cnn_fail(CNN_EDATA, "%s: the history has '%.200s', which this version does not know",
                    r->path, what);
}

/* On a line of its own: --name=value. */
static void put_option(const char *name, const char *value, struct cnn_buf *out)
{
    struct cnn_buf word = {0};
    cnn_buf_printf(&word, "--%s=%s", name, value);
    cnn_buf_puts(out, " \\\n    ");
    if (word.text)
        cnn_shell_word(word.text, out);
    out->failed |= word.failed;
    cnn_buf_free(&word);
}

/* --name="$variable": an input, or a file that the script made. */
static void put_path(const char *name, const char *variable, struct cnn_buf *out)
{
    cnn_buf_printf(out, " \\\n    --%s=\"$%s\"", name, variable);
}

static void put_input(const struct rebuild *r, const char *name, const char *what, size_t step,
                      struct cnn_buf *out)
{
    struct cnn_buf variable = {0};
    cnn_rebuild_name(r, what, step, &variable);
    put_path(name, variable.text ? variable.text : "", out);
    out->failed |= variable.failed;
    cnn_buf_free(&variable);
}

/* ... -- "$train", or what comes through the pipe. */
static void put_samples(const struct rebuild *r, size_t step, int piped, struct cnn_buf *out)
{
    cnn_buf_puts(out, " \\\n    -- ");
    if (!piped)
        cnn_buf_puts(out, "\"$");
    if (!piped)
        cnn_rebuild_name(r, "train", step, out);
    cnn_buf_puts(out, piped ? "-" : "\"");
}

static int is_augmentation(const char *name)
{
    const struct cnn_option *o;
    for (size_t i = 0; (o = cnn_augment_option_at(i, 1)); i++)
        if (!strcmp(o->name, name))
            return 1;
    return 0;
}

static int is_among(const char *name, const char *names)
{
    char spaced[64];
    snprintf(spaced, sizeof spaced, " %.60s ", name);
    return strstr(names, spaced) != NULL;
}

/* An option of a text such as "-n 8 --rotate 15" with its value; `flags` have none; `also`: names
 * beside those of augmentations. */
static int put_words(const struct rebuild *r, const char *words, const char *flags,
                     const char *also, struct cnn_buf *out)
{
    struct cnn_strings list = {0};
    int rc = 0;
    for (const char *p = words; !rc && *(p += strspn(p, " ")); p += strcspn(p, " "))
        rc = cnn_strings_add_n(&list, p, strcspn(p, " "));
    for (size_t i = 0; !rc && i < list.count; i++) {
        const char *word = list.item[i], *name = word + strspn(word, "-");
        int known = is_augmentation(name) || is_among(name, also);
        name = strcmp(word, "-n") ? name : "copies";
        if (!strncmp(word, "--", 2) && is_among(name, flags))
            cnn_buf_printf(out, " \\\n    --%s", name);
        else if (word[0] == '-' && i + 1 < list.count && known)
            put_option(name, list.item[++i], out);
        else
            rc = unknown(r, word);
    }
    cnn_strings_free(&list);
    return rc;
}

/* A class list that was given is given again. */
static void put_classes(const json_t *entry, size_t number, struct cnn_buf *files,
                        struct cnn_buf *out)
{
    const json_t *classes = json_object_get(entry, "classes");
    if (!json_is_array(classes))
        return;
    cnn_buf_puts(files, "printf '%s\\n'");
    for (size_t i = 0; i < json_array_size(classes); i++) {
        const char *name = json_string_value(json_array_get(classes, i));
        cnn_buf_puts(files, " \\\n    ");
        cnn_shell_word(name ? name : "", files);
    }
    cnn_buf_printf(files, " >\"$work/%zu.classes\"\n", number);
    cnn_buf_printf(out, " \\\n    --classes=\"$work/%zu.classes\"", number);
}

/* What a script could not give again. */
static int check_entry(const struct rebuild *r, const json_t *entry)
{
    const char *what = json_object_get(entry, "labels")       ? "a file of --labels"
                       : json_object_get(entry, "inputs")     ? "several inputs"
                       : json_object_get(entry, "components") ? "--fit-pca"
                                                              : NULL;
    return what ? cnn_fail(CNN_EDATA, "%s: no script makes this model again: %s had %s", r->path,
                           text(entry, "program"), what)
                : 0;
}

static int put_augment(const struct rebuild *r, const json_t *entry, struct cnn_buf *out)
{
    cnn_buf_puts(out, "cnn-augment --on-bad=skip");
    return put_words(r, text(entry, "options"), " keep strict ", " n seed epoch ", out);
}

static int put_features(const struct rebuild *r, size_t step, size_t at, struct cnn_buf *out)
{
    const json_t *entry = json_array_get(r->history, at),
                 *layers = json_object_get(entry, "layers");
    cnn_buf_puts(out, "cnn-features --on-bad=skip --format=tar");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const char *layer = json_string_value(json_array_get(layers, i));
        put_option("layer", layer ? layer : "", out);
    }
    if (json_is_true(json_object_get(entry, "pool")))
        cnn_buf_puts(out, " --pool");
    if (json_is_true(json_object_get(entry, "concat")))
        cnn_buf_puts(out, " --concat");
    int rc = put_words(r, text(entry, "options"), " dense exact-conv l2 tune strict ",
                       " batch device gem-power pooling precision size ", out);
    cnn_buf_puts(out, " \\\n    -- \"$");
    cnn_rebuild_features_name(r, step, at, out);
    cnn_buf_puts(out, "\"");
    return rc;
}

/* What the training set goes through before. */
static int put_pipe(const struct rebuild *r, size_t step, struct cnn_buf *files,
                    struct cnn_buf *out)
{
    const struct rebuild_step *s = &r->step[step];
    for (size_t i = s->pipe; i < s->pipe + s->pipes; i++) {
        const json_t *entry = json_array_get(r->history, i);
        int features = cnn_rebuild_is(entry, "cnn-features"), rc = check_entry(r, entry);
        if (!rc && features)
            rc = put_features(r, step, i, out);
        else if (!rc && cnn_rebuild_is(entry, "cnn-augment"))
            rc = put_augment(r, entry, out);
        else if (!rc)
            rc = unknown(r, text(entry, "program"));
        if (rc)
            return rc;
        if (!features)
            put_classes(entry, i + 1, files, out);
        if (features && i == s->pipe) {
            cnn_buf_puts(out, " \"$");
            cnn_rebuild_name(r, "train", step, out);
            cnn_buf_puts(out, "\"");
        } else if (features) {
            cnn_buf_puts(out, " -");
        } else {
            put_samples(r, step, i > s->pipe, out);
        }
        cnn_buf_puts(out, " |\n");
    }
    return 0;
}

/* One's own net is a file; that of --init is not named. */
static int put_net(const struct rebuild *r, const json_t *run, size_t step, struct cnn_buf *files,
                   struct cnn_buf *out)
{
    const char *net = text(run, "net");
    if (!net[0])
        return 0;
    if (!strncmp(net, "zoo/", 4)) {
        put_option("net", net, out);
        return cnn_zoo_find(net) ? 0 : unknown(r, net);
    }
    cnn_buf_puts(files, "printf '%s' ");
    cnn_shell_word(net, files);
    cnn_buf_printf(files, " >\"$work/%zu.net\"\n", step + 1);
    cnn_buf_printf(out, " \\\n    --net=\"$work/%zu.net\"", step + 1);
    return 0;
}

static int put_chosen(const char *name, const json_t *value, struct cnn_buf *out)
{
    const struct cnn_option *o = cnn_option_find(cnn_train_option_table, name);
    if (!cnn_train_option_counts(name))
        return 0;
    if (json_is_string(value) && o->type == CNN_OPT_FLAG)
        cnn_buf_printf(out, " \\\n    --%s", name);
    else if (json_is_string(value))
        put_option(name, json_string_value(value), out);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *item = json_string_value(json_array_get(value, i));
        put_option(name, item ? item : "", out);
    }
    return 1;
}

/* The options that determine the model, all that there are. */
static int put_options(const struct rebuild *r, const json_t *run, struct cnn_buf *out)
{
    char seed[32];
    const char *name, *weights = text(run, "class-weights");
    json_t *value;
    json_object_foreach(json_object_get(run, "options"), name, value)
    {
        if (!put_chosen(name, value, out))
            return unknown(r, name);
    }
    snprintf(seed, sizeof seed, "%lld",
             (long long)json_integer_value(json_object_get(run, "seed")));
    put_option("seed", seed, out);
    if (weights[0])
        put_option("class-weights", weights, out);
    return put_words(r, text(run, "augmentation"), "", "", out);
}

static void put_expected(const char *what, const char *value, struct cnn_buf *out)
{
    struct cnn_buf pair = {0};
    if (!value)
        return;
    cnn_buf_printf(&pair, "%s=%s", what, value);
    put_option("expect", pair.text ? pair.text : "", out);
    out->failed |= pair.failed;
    cnn_buf_free(&pair);
}

static void put_expectations(const struct rebuild_step *s, const struct rebuild_model *model,
                             struct cnn_buf *out)
{
    put_expected("isa", text(s->run, "isa"), out);
    put_expected("device", text(s->run, "device"), out);
    put_expected("data", s->hash, out);
    put_expected("val", s->val_hash, out);
    put_expected("init", s->foreign_init || s->previous_init ? text(s->run, "init") : NULL, out);
    if (!model)
        return;
    put_expected("classes", model->classes, out);
    put_expected("model", model->tensors, out);
    put_expected("metadata", model->metadata, out);
}

int cnn_rebuild_command(const struct rebuild *r, size_t step, const struct rebuild_model *model,
                        struct cnn_buf *out)
{
    const struct rebuild_step *s = &r->step[step];
    struct cnn_buf files = {0}, command = {0};
    int rc = put_pipe(r, step, &files, &command);
    cnn_buf_puts(&command, s->has_data ? "cnn-train --on-bad=skip" : "cnn-train");
    put_classes(s->run, s->pipe + s->pipes + 1, &files, &command);
    if (!rc)
        rc = put_net(r, s->run, step, &files, &command);
    if (s->foreign_init)
        put_input(r, "init", "init", step, &command);
    if (s->previous_init)
        cnn_buf_printf(&command, " \\\n    --init=\"$work/%zu.safetensors\"", step);
    if (!rc)
        rc = put_options(r, s->run, &command);
    if (s->has_val)
        put_input(r, "val", "val", step, &command);
    put_expectations(s, model, &command);
    if (step + 1 < r->steps)
        cnn_buf_printf(&command, " \\\n    --output=\"$work/%zu.safetensors\"", step + 1);
    else
        put_path("output", "model", &command);
    if (s->has_data)
        put_samples(r, step, s->pipes > 0, &command);
    cnn_buf_puts(&command, "\n");
    cnn_buf_puts(out, files.text ? files.text : "");
    cnn_buf_puts(out, command.text ? command.text : "");
    out->failed |= files.failed || command.failed;
    cnn_buf_free(&files);
    cnn_buf_free(&command);
    return rc;
}
