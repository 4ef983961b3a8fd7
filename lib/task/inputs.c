/* The inputs of a program, opened together and gone through in order; see runner.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/source/dataset_open.h"
#include "task/runner.h"

/* How many of the paths, from the first on, are images: they are gone through together. */
static size_t images_from(char *const *path, size_t count)
{
    size_t n = 0;
    while (n < count && cnn_dataset_is_image(path[n]))
        n++;
    return n;
}

int cnn_inputs_open(struct cnn_inputs *in, char *const *path, size_t count,
                    const struct cnn_dataset_options *options)
{
    int standard_input = 0, rc = 0;
    for (size_t i = 0; i < count; i++)
        standard_input += !strcmp(path[i], "-");
    if (standard_input > 1)
        return cnn_fail(CNN_EUSAGE, "'-' stands more than once");
    in->ds = cnn_calloc(count, sizeof *in->ds);
    if (!in->ds)
        return CNN_ESYSTEM;
    for (size_t i = 0, taken; !rc && i < count; i += taken) {
        struct cnn_dataset **ds = &in->ds[in->count];
        taken = images_from(path + i, count - i);
        rc = taken > 1 ? cnn_dataset_open_images((const char *const *)path + i, taken, options, ds)
                       : cnn_dataset_open(path[i], options, ds);
        taken += !taken;
        if (rc)
            break;
        in->count++;
        size_t n = cnn_dataset_count(*ds);
        in->largest = n > in->largest ? n : in->largest;
        if (cnn_add_overflows(in->samples, n, &in->samples))
            in->samples = SIZE_MAX;
    }
    return rc ? rc : cnn_dataset_check_labels(in->ds, in->count, options->labels);
}

int cnn_inputs_have_paths(const struct cnn_inputs *in)
{
    int have = 0;
    for (size_t i = 0; i < in->count; i++)
        have |= cnn_dataset_has_paths(in->ds[i]);
    return have;
}

const char *cnn_inputs_path(const struct cnn_inputs *in, size_t input, size_t i)
{
    const struct cnn_dataset *ds = in->ds[input];
    return cnn_dataset_count(ds) == SIZE_MAX ? NULL : cnn_dataset_record(ds, i)->path;
}

void cnn_inputs_close(struct cnn_inputs *in)
{
    for (size_t i = 0; i < in->count; i++)
        cnn_dataset_close(in->ds[i]);
    free(in->ds);
    *in = (struct cnn_inputs){0};
}

/* A sample's place, and the message behind it where there is one. */
static void tell_source(const struct cnn_dataset *ds, size_t i, const char *message,
                        struct cnn_buf *out)
{
    out->size = 0;
    if (cnn_dataset_count(ds) == SIZE_MAX)
        cnn_buf_printf(out, "%s#%zu", cnn_dataset_path(ds), i);
    else
        cnn_buf_puts(out, cnn_dataset_record(ds, i)->source);
    if (message)
        cnn_buf_printf(out, ": %s", message);
}

/* Each is told of. */
static int skip_batch(const struct cnn_dataset *ds, const struct cnn_batch *b,
                      const struct cnn_callbacks *cb)
{
    struct cnn_buf source = {0}, text = {0};
    char *why = cnn_strdup(cnn_error_message());
    int rc = why ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && cb->bad && i < b->n; i++) {
        tell_source(ds, b->index[i], NULL, &source);
        tell_source(ds, b->index[i], why, &text);
        rc = source.failed || text.failed ? CNN_ESYSTEM : 0;
        if (!rc)
            cb->bad(cb->context, source.text, text.text);
    }
    free(why);
    cnn_buf_free(&source);
    cnn_buf_free(&text);
    return rc;
}

int cnn_inputs_unfit(const struct cnn_inputs *in, size_t input, const struct cnn_batch *b, int skip,
                     const struct cnn_callbacks *callbacks)
{
    struct cnn_buf source = {0};
    int rc = cnn_error_code();
    if (rc != CNN_EDATA && rc != CNN_ESYSTEM)
        return rc;
    if (skip && rc == CNN_EDATA)
        return skip_batch(in->ds[input], b, callbacks);
    tell_source(in->ds[input], b->index[0], NULL, &source);
    rc = source.failed ? CNN_ESYSTEM : cnn_fail_within("%s", source.text);
    cnn_buf_free(&source);
    return rc;
}

size_t cnn_inputs_batch(const struct cnn_inputs *in, size_t wanted)
{
    size_t most = in->largest ? in->largest : 1;
    return wanted < most ? wanted : most;
}

struct visit {
    const struct cnn_callbacks *cb;
    cnn_visit_batch *batch;
    void *context;
    size_t done, total; /* total 0: not known */
};

static int visit_batch(struct visit *v, size_t input, const struct cnn_batch *b)
{
    int rc = v->batch(v->context, input, b);
    v->done += b->n;
    if (!rc && v->cb->progress)
        v->cb->progress(v->cb->context, v->done, v->total);
    if (!rc && v->cb->stop && *v->cb->stop)
        rc = cnn_fail(CNN_EINTERRUPTED, "interrupted");
    return rc;
}

int cnn_inputs_visit(const struct cnn_inputs *in, const struct cnn_loader_options *options,
                     const struct cnn_callbacks *callbacks, cnn_visit_batch *batch, void *context)
{
    struct visit v = {callbacks, batch, context, 0, in->samples == SIZE_MAX ? 0 : in->samples};
    int rc = 0;
    for (size_t i = 0; !rc && i < in->count; i++) {
        struct cnn_loader_options mine = *options;
        struct cnn_loader *loader = NULL;
        struct cnn_batch b;
        size_t n = cnn_dataset_count(in->ds[i]);
        mine.bad = callbacks->bad;
        mine.context = callbacks->context;
        if (n == 1)
            mine.threads = 1; /* to start more would take longer than they save */
        if (n)
            rc = cnn_loader_open(in->ds[i], &mine, 0, 0, &loader);
        while (n && !rc && (rc = cnn_loader_next(loader, &b)) > 0)
            rc = visit_batch(&v, i, &b);
        cnn_loader_close(loader);
    }
    return rc;
}
