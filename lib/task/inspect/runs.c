/* Runs side by side, from their logs or models: a line each, the best first. */
#include "task/inspect/runs.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "task/inspect/runs_private.h"
#include "task/records.h"

struct runs {
    struct run *run; /* (count) */
    size_t count;
    struct cnn_strings option; /* names of options that are not the same in all */
    int data;                  /* nor are the training sets */
};

/* A better class of evidence first, and within it the better value: validated top-1, validated
 * loss, training loss, nothing. */
static int rank(const struct run *r, double *value)
{
    static const char *const by[] = {"val_top1", "val_loss", "loss"};
    for (int i = 0; i < 3; i++)
        if (json_is_number(json_object_get(r->epoch, by[i]))) {
            *value = i ? cnn_inspect_run_number(r->epoch, by[i])
                       : -cnn_inspect_run_number(r->epoch, by[i]);
            return i;
        }
    *value = 0;
    return 3;
}

static int compare(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    double u, v;
    int i = rank(x, &u), k = rank(y, &v);
    if (i != k)
        return i - k;
    return u < v ? -1 : u > v ? 1 : strcmp(x->path, y->path);
}

static const char *option_of(const struct run *r, const char *name)
{
    return cnn_inspect_run_text(json_object_get(r->start, "options"), name);
}

static int differs(const struct runs *s, const char *name)
{
    for (size_t i = 1; i < s->count; i++)
        if (strcmp(option_of(&s->run[0], name), option_of(&s->run[i], name)))
            return 1;
    return 0;
}

static const char *hash_of(const struct run *r)
{
    return cnn_inspect_run_text(json_object_get(r->end, "data"), "hash");
}

/* A model does not know a name. */
static const char *data_of(const struct run *r)
{
    const char *path = cnn_inspect_run_text(json_object_get(r->start, "data"), "path");
    return path[0] ? path : hash_of(r);
}

static int same_data(const struct run *a, const struct run *b)
{
    return hash_of(a)[0] && hash_of(b)[0] ? !strcmp(hash_of(a), hash_of(b))
                                          : !strcmp(data_of(a), data_of(b));
}

static int find_differences(struct runs *s)
{
    int rc = 0;
    for (size_t i = 0; i < s->count; i++) {
        const char *name;
        json_t *value;
        s->data |= !same_data(&s->run[0], &s->run[i]);
        json_object_foreach(json_object_get(s->run[i].start, "options"), name, value)
        {
            if (!rc && cnn_strings_find(&s->option, name) < 0 && differs(s, name))
                rc = cnn_strings_add(&s->option, name);
        }
    }
    return rc;
}

static void put_text(const char *value, struct cnn_buf *out)
{
    cnn_buf_puts(out, "\t");
    cnn_tsv_field(value, out);
}

static void put_number(const json_t *o, const char *name, struct cnn_buf *out)
{
    char value[32] = "";
    if (json_is_number(json_object_get(o, name)))
        cnn_format_real(cnn_inspect_run_number(o, name), 1, value);
    put_text(value, out);
}

/* Options of the name of a column that is always there are told from it by their dashes. */
static void put_option_heading(const char *name, struct cnn_buf *out)
{
    static const char *const taken[] = {"net", "loss", "epochs", "data"};
    struct cnn_buf text = {0};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcmp(name, taken[i]))
            cnn_buf_puts(&text, "--");
    cnn_buf_puts(&text, name);
    out->failed |= text.failed;
    put_text(text.failed ? name : text.text, out);
    cnn_buf_free(&text);
}

static void put_heading(const struct runs *s, struct cnn_buf *out)
{
    cnn_buf_puts(out,
                 "run\tnet\tval_top1\tval_loss\ttrain_top1\tloss\tepoch\tepochs\tseconds\twhy");
    if (s->data)
        put_text("data", out);
    for (size_t i = 0; i < s->option.count; i++)
        put_option_heading(s->option.item[i], out);
    cnn_buf_puts(out, "\n");
}

static void put_run(const struct runs *s, const struct run *r, struct cnn_buf *out)
{
    static const char *const of_epoch[] = {"val_top1", "val_loss", "train_top1", "loss", "epoch"};
    cnn_tsv_field(r->path, out);
    put_text(cnn_inspect_run_text(r->start, "net"), out);
    for (size_t i = 0; i < sizeof of_epoch / sizeof *of_epoch; i++)
        put_number(r->epoch, of_epoch[i], out);
    put_number(r->end, "epochs", out);
    put_number(r->end, "seconds", out);
    put_text(r->end ? cnn_inspect_run_text(r->end, "why") : "unfinished", out);
    if (s->data)
        put_text(data_of(r), out);
    for (size_t i = 0; i < s->option.count; i++)
        put_text(option_of(r, s->option.item[i]), out);
    cnn_buf_puts(out, "\n");
}

int cnn_inspect_runs(char *const *path, size_t count, struct cnn_buf *out)
{
    struct runs s = {cnn_calloc(count, sizeof *s.run), count, {0}, 0};
    int rc = s.run ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; i < count && !rc; i++) {
        s.run[i].path = path[i];
        rc = cnn_inspect_run_read(&s.run[i]);
    }
    if (!rc)
        rc = find_differences(&s);
    if (!rc) {
        qsort(s.run, count, sizeof *s.run, compare);
        put_heading(&s, out);
        for (size_t i = 0; i < count; i++)
            put_run(&s, &s.run[i], out);
    }
    for (size_t i = 0; s.run && i < count; i++) {
        json_decref(s.run[i].start);
        json_decref(s.run[i].end);
        json_decref(s.run[i].epoch);
    }
    free(s.run);
    cnn_strings_free(&s.option);
    return rc;
}
