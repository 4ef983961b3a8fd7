/* What a history says, as steps with their inputs; see rebuild_private.h. */
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/memory.h"
#include "task/inspect/rebuild_private.h"

static const char *text(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static int malformed(const struct rebuild *r)
{
    return cnn_fail(CNN_EDATA, "%s: the history is malformed", r->path);
}

void cnn_rebuild_name(const struct rebuild *r, const char *what, size_t step, struct cnn_buf *out)
{
    cnn_buf_puts(out, what);
    if (r->steps > 1)
        cnn_buf_printf(out, "%zu", step + 1);
}

/* The second of a pipe is "features_2". */
void cnn_rebuild_features_name(const struct rebuild *r, size_t step, size_t entry,
                               struct cnn_buf *out)
{
    size_t number = 1;
    for (size_t i = r->step[step].pipe; i < entry; i++)
        number += (size_t)cnn_rebuild_is(json_array_get(r->history, i), "cnn-features");
    cnn_rebuild_name(r, "features", step, out);
    if (number > 1)
        cnn_buf_printf(out, "_%zu", number);
}

int cnn_rebuild_is(const json_t *entry, const char *name)
{
    const char *program = text(entry, "program");
    return program && !strcmp(program, name);
}

static int add_input(struct rebuild *r, struct cnn_buf *name, const char *about)
{
    int rc = name->failed ? CNN_ESYSTEM : cnn_strings_add(&r->input, name->text);
    cnn_buf_free(name);
    return rc ? rc : cnn_strings_add(&r->about, about);
}

static int add_data(struct rebuild *r, const char *what, size_t step, const char *is,
                    json_int_t samples, const char *hash)
{
    struct cnn_buf about = {0}, name = {0};
    cnn_rebuild_name(r, what, step, &name);
    cnn_buf_puts(&about, is);
    if (hash)
        cnn_buf_printf(&about, ": %lld samples, hash %s", (long long)samples, hash);
    int rc = add_input(r, &name, about.failed ? "" : about.text);
    rc = about.failed ? CNN_ESYSTEM : rc;
    cnn_buf_free(&about);
    return rc;
}

/* {"hash": ..., "samples": ...} */
static int read_data(const struct rebuild *r, const json_t *o, const char **hash,
                     json_int_t *samples)
{
    const char *h = text(o, "hash");
    *samples = json_integer_value(json_object_get(o, "samples"));
    if (!h || strlen(h) != 32 || strspn(h, "0123456789abcdef") != 32 || *samples < 0)
        return malformed(r);
    *hash = *samples ? h : NULL;
    return 0;
}

/* What a script could not repeat. */
static int check_run(const struct rebuild *r, const json_t *run)
{
    const json_t *changes = json_object_get(run, "changes");
    const char *first = json_string_value(json_array_get(changes, 0));
    if (json_object_get(run, "append"))
        return cnn_fail(CNN_EDATA, "%s: no script makes this model again: cnn-train had --append",
                        r->path);
    if (json_array_size(changes))
        return cnn_fail(CNN_EDATA,
                        "%s: no script makes this model again: where its training was resumed, "
                        "something had changed (%s)",
                        r->path, first ? first : "?");
    if (!text(run, "isa"))
        return cnn_fail(CNN_EDATA,
                        "%s: the history is of a version that did not note all that a script needs",
                        r->path);
    if (!text(run, "version") || !text(run, "device") ||
        !json_is_integer(json_object_get(run, "seed")) ||
        !json_is_object(json_object_get(run, "options")))
        return malformed(r);
    return 0;
}

static int add_inputs(struct rebuild *r, size_t k)
{
    struct rebuild_step *s = &r->step[k];
    int rc = !s->has_data ? 0
                          : add_data(r, "train", k,
                                     s->pipes ? "what goes into the pipe, behind which there are"
                                              : "the training set",
                                     s->samples, s->hash);
    for (size_t i = s->pipe; !rc && i < s->pipe + s->pipes; i++) {
        struct cnn_buf name = {0};
        if (!cnn_rebuild_is(json_array_get(r->history, i), "cnn-features"))
            continue;
        cnn_rebuild_features_name(r, k, i, &name);
        rc = add_input(r, &name, "the model whose features are trained on");
    }
    if (!rc && s->has_val)
        rc = add_data(r, "val", k, "the validation set", s->val_samples, s->val_hash);
    if (rc || !s->foreign_init)
        return rc;
    struct cnn_buf name = {0};
    cnn_rebuild_name(r, "init", k, &name);
    return add_input(r, &name, "the tensors that training begins with");
}

static int read_step(struct rebuild *r, size_t k, size_t begin, size_t at)
{
    struct rebuild_step *s = &r->step[k];
    const json_t *data, *val, *init;
    s->run = json_array_get(r->history, at);
    s->pipe = begin;
    s->pipes = at - begin;
    data = json_object_get(s->run, "data");
    val = json_object_get(s->run, "val");
    init = json_object_get(s->run, "init");
    s->has_data = data || s->pipes;
    s->has_val = val != NULL;
    s->foreign_init = init && !k;
    s->previous_init = init && k;
    int rc = check_run(r, s->run);
    if (!rc && ((init && !json_is_string(init)) || (k && !init)))
        rc = malformed(r);
    if (!rc && s->has_data)
        rc = read_data(r, data, &s->hash, &s->samples);
    return rc || !val ? rc : read_data(r, val, &s->val_hash, &s->val_samples);
}

static int is_run(const json_t *entry)
{
    return cnn_rebuild_is(entry, "cnn-train");
}

int cnn_rebuild_plan(struct rebuild *r, const struct cnn_model *m)
{
    size_t n, begin = 0, k = 0;
    int rc = 0;
    r->path = m->path;
    cnn_json_watch();
    r->history = cnn_json_text(m->history, 0);
    if (cnn_json_lacked())
        return CNN_ESYSTEM;
    n = json_array_size(r->history);
    if (n && json_object_get(json_array_get(r->history, n - 1), "components"))
        return cnn_fail(
            CNN_EDATA, "%s: no script makes this model again: cnn-features had --fit-pca", r->path);
    if (!json_is_array(r->history) || (n && !is_run(json_array_get(r->history, n - 1))))
        return malformed(r);
    if (!n)
        return cnn_fail(CNN_EDATA, "%s: the model does not say how it was made", r->path);
    for (size_t i = 0; i < n; i++)
        r->steps += (size_t)is_run(json_array_get(r->history, i));
    if (!(r->step = cnn_calloc(r->steps, sizeof *r->step)))
        return CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < n; i++) {
        if (!is_run(json_array_get(r->history, i)))
            continue;
        rc = read_step(r, k, begin, i);
        if (!rc)
            rc = add_inputs(r, k++);
        begin = i + 1;
    }
    return rc;
}

void cnn_rebuild_free(struct rebuild *r)
{
    json_decref(r->history);
    free(r->step);
    cnn_strings_free(&r->input);
    cnn_strings_free(&r->about);
}
