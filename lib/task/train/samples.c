/* The samples that the model's self-test keeps, and what tells one run's data from another's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/tensors.h"
#include "task/feed.h"
#include "task/train/model.h"

/* How many samples with so many elements are kept. */
static size_t most_samples(size_t each)
{
    size_t bound = 200000;
    return each > bound / 8 ? (each > bound ? 1 : bound / each) : 8;
}

static int make_samples(struct train_samples *s, const struct cnn_graph *g)
{
    s->inputs = (size_t)g->inputs;
    s->each = cnn_calloc(s->inputs, sizeof *s->each);
    s->x = cnn_calloc(s->inputs, sizeof *s->x);
    s->rows = cnn_calloc(s->inputs, sizeof *s->rows);
    if (!s->each || !s->x || !s->rows)
        return CNN_ESYSTEM;
    for (size_t k = 0; k < s->inputs; k++)
        s->all += s->each[k] = cnn_input_count(&g->input[k]);
    s->room = most_samples(s->all);
    for (size_t k = 0; k < s->inputs; k++) {
        s->x[k] = cnn_calloc(s->room * s->each[k], sizeof **s->x);
        s->rows[k] = cnn_calloc(s->room, sizeof **s->rows);
        if (!s->x[k] || !s->rows[k])
            return CNN_ESYSTEM;
    }
    return 0;
}

static void free_samples(struct train_samples *s)
{
    for (size_t k = 0; s->x && s->rows && k < s->inputs; k++) {
        free(s->x[k]);
        free(s->rows[k]);
    }
    free(s->each);
    free(s->x);
    free(s->rows);
}

struct cnn_batch_view cnn_train_samples_view(const struct train_samples *s)
{
    return (struct cnn_batch_view){.n = s->count,
                                   .x = s->x[0],
                                   .others = (const float *const *)s->x + 1,
                                   .rows = s->rows[0],
                                   .other_rows = (const int32_t *const *)s->rows + 1};
}

int cnn_train_made_open(struct train_made *m, const struct cnn_graph *g,
                        const struct cnn_strings *classes, const char *origin, size_t best)
{
    int rc = make_samples(&m->selftest, g);
    m->model.classes = *classes;
    m->model.net_text = cnn_strdup(g->print);
    m->origin = cnn_strdup(origin);
    m->best = best ? cnn_calloc(best, sizeof *m->best) : NULL;
    if (best && !m->best)
        return CNN_ESYSTEM;
    return !rc && m->model.net_text && m->origin ? 0 : CNN_ESYSTEM;
}

void cnn_train_made_close(struct train_made *m)
{
    free(m->model.net_text);
    free(m->model.history);
    free(m->origin);
    free(m->best);
    free_samples(&m->selftest);
    json_decref(m->identity);
}

/* Several samples that are all one colour, or all alike, are rarely meant. */
static void note_constant(const struct train_samples *s, const struct train_report *report)
{
    size_t same = 0, have = s->count;
    for (size_t i = 1; i < have; i++) {
        size_t k = 0;
        while (k < s->inputs &&
               !memcmp(s->x[k], s->x[k] + i * s->each[k], s->each[k] * sizeof **s->x))
            k++;
        same += k == s->inputs;
    }
    if (have > 1 && same == have - 1)
        cnn_train_note(
            report, "the first %zu samples are the same to the net: there may be nothing to learn",
            have);
}

/* What there is room for of a batch. */
static void take(struct train_samples *s, const struct cnn_batch_view *b)
{
    size_t n = s->room - s->count < b->n ? s->room - s->count : b->n;
    for (size_t k = 0; k < s->inputs; k++) {
        const float *x = k ? b->others[k - 1] : b->x;
        const int32_t *rows = k ? b->other_rows[k - 1] : b->rows;
        memcpy(s->x[k] + s->count * s->each[k], x, n * s->each[k] * sizeof *x);
        for (size_t i = 0; i < n; i++)
            s->rows[k][s->count + i] = rows ? rows[i] : INT32_MAX;
    }
    s->count += n;
}

static int take_first(struct train_samples *s, struct cnn_feed *feed, struct cnn_dataset *ds,
                      const struct train_settings *settings)
{
    struct cnn_loader_options o = {
        .batch = s->room, .threads = 1, .on_bad = settings->skip_bad ? CNN_BAD_SKIP : CNN_BAD_FAIL};
    struct cnn_loader *l = NULL;
    struct cnn_batch b;
    cnn_feed_ask(feed, &o);
    int rc = cnn_dataset_count(ds) ? cnn_loader_open(ds, &o, 0, 0, &l) : 0;
    while (!rc && l && s->count < s->room && (rc = cnn_loader_next(l, &b)) > 0) {
        struct cnn_batch_view v = cnn_feed_view(feed, &b, NULL);
        take(s, &v);
        rc = 0;
    }
    cnn_loader_close(l);
    return rc;
}

/* The first samples of validation, else of training, as the net sees them without augmentation. */
int cnn_train_take_selftest(struct train_made *m, const struct train_data *d,
                            const struct train_settings *settings, const struct cnn_graph *g,
                            const struct train_report *report)
{
    const struct cnn_feed_config inputs = {0};
    struct train_samples *s = &m->selftest;
    struct cnn_feed feed;
    s->count = 0;
    if (d->streaming && !d->val) /* taken from the stream's first batch */
        return 0;
    int rc = cnn_feed_open(&feed, g, &inputs);
    if (!rc)
        rc = take_first(s, &feed, d->val ? d->val : d->train, settings);
    cnn_feed_close(&feed);
    if (!rc)
        note_constant(s, report);
    return !rc && !s->count && d->val
               ? cnn_fail(CNN_EDATA, "%s: no sample could be used", settings->options.val)
               : rc;
}

void cnn_train_offer_selftest(struct train_made *m, const struct train_data *d,
                              const struct cnn_batch_view *b)
{
    if (d->streaming && !d->val && !m->selftest.count)
        take(&m->selftest, b);
}

static uint64_t hash_classes(const struct cnn_strings *classes, uint64_t h)
{
    for (size_t i = 0; i < classes->count; i++)
        h = cnn_hash_string(classes->item[i], h);
    return h;
}

/* The least of all hashes of rows: two lists share as great a part of them, about, as of rows
 * (Broder 1997). */
enum { LEAST = 32 };

static uint64_t hash_row(const struct cnn_record *r)
{
    return cnn_hash_u64((uint64_t)(uint32_t)r->label, cnn_hash_string(r->key, 0));
}

static int put_rows(json_t *o, const struct cnn_dataset *ds)
{
    uint64_t least[LEAST];
    char text[LEAST * 17 + 1] = "";
    size_t n = cnn_dataset_count(ds), have = 0;
    for (size_t i = 0; n != SIZE_MAX && i < n; i++) {
        uint64_t h = hash_row(cnn_dataset_record(ds, i));
        if (have == LEAST && h >= least[LEAST - 1])
            continue;
        size_t at = have < LEAST ? have++ : LEAST - 1;
        for (; at > 0 && least[at - 1] > h; at--)
            least[at] = least[at - 1];
        least[at] = h;
    }
    for (size_t i = 0; i < have; i++)
        snprintf(text + 17 * i, 18, "%016" PRIx64 " ", least[i]);
    return json_object_set_new(o, "rows", json_string(text)) ? cnn_fail_memory(0) : 0;
}

/* Of what is known without loading; contents show at the end of each epoch. */
static uint64_t hash_records(const struct cnn_dataset *ds)
{
    size_t n = cnn_dataset_count(ds);
    uint64_t h = hash_classes(cnn_dataset_classes(ds), n);
    for (size_t i = 0; n != SIZE_MAX && i < n; i++) {
        const struct cnn_record *r = cnn_dataset_record(ds, i);
        h = cnn_hash_u64((uint64_t)(uint32_t)r->label, cnn_hash_string(r->key, h));
        h = cnn_hash(&r->weight, sizeof r->weight, h);
    }
    return h;
}

static int put_text(json_t *o, const char *key, const char *text)
{
    return json_object_set_new(o, key, json_string(text)) ? cnn_fail_memory(0) : 0;
}

static int put_hash(json_t *o, const char *key, uint64_t h)
{
    char text[24];
    snprintf(text, sizeof text, "%016" PRIx64, h);
    return put_text(o, key, text);
}

static uint64_t hash_samples(const struct train_samples *s)
{
    uint64_t h = 0;
    for (size_t k = 0; k < s->inputs; k++)
        h = cnn_hash(s->x[k], s->count * sizeof(float) * s->each[k], h);
    return h;
}

int cnn_train_make_identity(struct train_made *m, const struct train_data *d,
                            const struct train_settings *settings, const struct cnn_model *init)
{
    json_t *id = m->identity = json_object();
    struct cnn_buf augment = {0};
    if (!id)
        return cnn_fail_memory(0);
    if (settings->augmenter)
        cnn_augmenter_print(settings->augmenter, &augment);
    int rc = augment.failed ? CNN_ESYSTEM : cnn_train_options_json(&settings->options, 1, id);
    if (!rc)
        rc = put_text(id, "augmentation", augment.text ? augment.text : "");
    cnn_buf_free(&augment);
    if (!rc)
        rc = put_text(id, "on-bad", settings->skip_bad ? "skip" : "fail");
    if (!rc)
        rc = put_hash(id, "net", cnn_hash_string(m->model.net_text, 0));
    if (!rc)
        rc = put_hash(id, "training data", hash_records(d->train));
    if (!rc)
        rc = put_hash(id, "classes", hash_classes(&d->classes, 0));
    if (!rc)
        rc = put_rows(id, d->train);
    if (!rc && d->val)
        rc = put_hash(id, "val", hash_records(d->val));
    if (!rc)
        rc = put_hash(id, "first samples", hash_samples(&m->selftest));
    if (!rc && init) {
        char hash[CNN_TENSORS_HASH];
        rc = cnn_tensors_hash(init->tensors, hash);
        if (!rc)
            rc = put_text(id, "init", hash);
    }
    if (!rc && d->class_weight)
        rc = put_hash(id, "class-weights",
                      cnn_hash(d->class_weight, d->class_weights * sizeof(float), 0));
    return rc;
}
