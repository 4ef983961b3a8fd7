/* The samples that the model's self-test keeps, and what tells one run's data from another's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/tensors.h"
#include "task/train/model.h"

/* How many samples with so many elements are kept. */
static size_t most_samples(size_t each)
{
    size_t bound = 200000;
    return each > bound / 8 ? (each > bound ? 1 : bound / each) : 8;
}

int cnn_train_made_open(struct train_made *m, const struct cnn_graph *g,
                        const struct cnn_strings *classes, const char *origin, size_t best)
{
    m->each = cnn_input_count(g->input);
    m->selftest_room = g->inputs > 1 || g->input->rows > 1 ? 0 : most_samples(m->each);
    m->selftest = cnn_calloc(m->selftest_room * m->each, sizeof *m->selftest);
    m->model.classes = *classes;
    m->model.net_text = cnn_strdup(g->print);
    m->origin = cnn_strdup(origin);
    m->best = best ? cnn_calloc(best, sizeof *m->best) : NULL;
    if (best && !m->best)
        return CNN_ESYSTEM;
    return m->selftest && m->model.net_text && m->origin ? 0 : CNN_ESYSTEM;
}

void cnn_train_made_close(struct train_made *m)
{
    free(m->model.net_text);
    free(m->model.history);
    free(m->origin);
    free(m->best);
    free(m->selftest);
    json_decref(m->identity);
}

/* Several samples that are all one colour, or all alike, are rarely meant. */
static void note_constant(const struct train_made *m, const struct train_report *report)
{
    size_t same = 0, have = m->selftest_count;
    for (size_t i = 1; i < have; i++)
        same += !memcmp(m->selftest, m->selftest + i * m->each, m->each * sizeof *m->selftest);
    if (have > 1 && same == have - 1)
        cnn_train_note(
            report, "the first %zu samples are the same to the net: there may be nothing to learn",
            have);
}

/* The first samples of validation, else of training, as the net sees them without augmentation. */
int cnn_train_take_selftest(struct train_made *m, const struct train_data *d,
                            const struct train_settings *settings, const struct cnn_input *input,
                            const struct train_report *report)
{
    const struct cnn_dataset *ds = d->val ? d->val : d->train;
    size_t have = 0;
    m->selftest_count = 0;
    if (!m->selftest_room || (d->streaming && !d->val)) /* taken from the stream's first batch */
        return 0;
    const struct cnn_fit fit = cnn_input_fit(input);
    struct cnn_sample s = {.fit = &fit};
    struct cnn_preprocess_scratch scratch = {0};
    int rc = 0;
    for (size_t i = 0; !rc && have < m->selftest_room && i < cnn_dataset_count(ds); i++) {
        rc = cnn_dataset_load(ds, i, &s);
        if (!rc && (rc = cnn_preprocess(input, &s.image, &scratch, m->selftest + have * m->each)))
            rc = cnn_dataset_fail_within(ds, i);
        have += !rc;
        if (train_skips(settings, rc))
            rc = 0;
    }
    m->selftest_count = have;
    if (!rc)
        note_constant(m, report);
    if (!rc && !have && d->val)
        rc = cnn_fail(CNN_EDATA, "%s: no sample could be used", settings->options.val);
    cnn_sample_free(&s);
    cnn_preprocess_scratch_free(&scratch);
    return rc;
}

void cnn_train_offer_selftest(struct train_made *m, const struct train_data *d,
                              const struct cnn_batch *b)
{
    if (!d->streaming || d->val || m->selftest_count || !m->selftest_room)
        return;
    m->selftest_count = m->selftest_room < b->n ? m->selftest_room : b->n;
    memcpy(m->selftest, b->x, m->selftest_count * m->each * sizeof *m->selftest);
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
        rc = put_hash(id, "first samples",
                      cnn_hash(m->selftest, m->selftest_count * sizeof(float) * m->each, 0));
    if (!rc && init) {
        char hash[CNN_TENSORS_HASH];
        rc = cnn_tensors_hash(init->tensors, hash);
        if (!rc)
            rc = put_text(id, "init", hash);
    }
    if (!rc && d->class_weight)
        rc = put_hash(id, "class-weights",
                      cnn_hash(d->class_weight, d->classes.count * sizeof(float), 0));
    return rc;
}
