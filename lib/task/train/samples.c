/* The samples that the model's self-test keeps, and what tells one run's data from another's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "file/tensors.h"
#include "task/train/private.h"

/* Several samples that are all one colour, or all alike, are rarely meant. */
static void note_constant(const struct trainer *t, size_t have, size_t in)
{
    size_t same = 0;
    for (size_t i = 1; i < have; i++)
        same += !memcmp(t->selftest, t->selftest + i * in, in * sizeof *t->selftest);
    if (have > 1 && same == have - 1)
        cnn_train_note(
            t, "the first %zu samples are the same to the net: there may be nothing to learn",
            have);
}

/* The first samples of validation, else of training, as the net sees them without augmentation. */
int cnn_train_take_selftest(struct trainer *t)
{
    const struct cnn_dataset *ds = t->val ? t->val : t->train;
    if (t->streaming && !t->val) {
        t->selftest_count = 0; /* taken from the stream's first batch */
        return 0;
    }
    size_t in = cnn_chw_count(t->graph->input->shape), want = t->selftest_count, have = 0;
    const struct cnn_fit fit = cnn_input_fit(t->graph->input);
    struct cnn_sample s = {.fit = &fit};
    struct cnn_preprocess_scratch scratch = {0};
    int rc = 0;
    for (size_t i = 0; !rc && have < want && i < cnn_dataset_count(ds); i++) {
        rc = cnn_dataset_load(ds, i, &s);
        if (!rc &&
            (rc = cnn_preprocess(t->graph->input, &s.image, &scratch, t->selftest + have * in)))
            rc = cnn_dataset_fail_within(ds, i);
        have += !rc;
        if (train_skips(t, rc))
            rc = 0;
    }
    t->selftest_count = have;
    if (!rc)
        note_constant(t, have, in);
    if (!rc && !have && t->val)
        rc = cnn_fail(CNN_EDATA, "%s: no sample could be used", t->o->val);
    cnn_sample_free(&s);
    cnn_preprocess_scratch_free(&scratch);
    return rc;
}

void cnn_train_offer_selftest(struct trainer *t, const struct cnn_batch *b)
{
    size_t in = cnn_chw_count(t->graph->input->shape), bound = 200000;
    if (!t->streaming || t->val || t->selftest_count)
        return;
    size_t n = in > bound / 8 ? (in > bound ? 1 : bound / in) : 8;
    t->selftest_count = n < b->n ? n : b->n;
    memcpy(t->selftest, b->x, t->selftest_count * in * sizeof *t->selftest);
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

int cnn_train_make_identity(struct trainer *t)
{
    json_t *id = t->identity = json_object();
    struct cnn_buf augment = {0};
    if (!id)
        return cnn_fail_memory(0);
    if (t->augmenter)
        cnn_augmenter_print(t->augmenter, &augment);
    int rc = augment.failed ? CNN_ESYSTEM : cnn_train_options_json(t->o, 1, id);
    if (!rc)
        rc = put_text(id, "augmentation", augment.text ? augment.text : "");
    cnn_buf_free(&augment);
    if (!rc)
        rc = put_text(id, "on-bad", t->skip_bad ? "skip" : "fail");
    if (!rc)
        rc = put_hash(id, "net", cnn_hash_string(t->model.net_text, 0));
    if (!rc)
        rc = put_hash(id, "training data", hash_records(t->train));
    if (!rc)
        rc = put_hash(id, "classes", hash_classes(&t->model.classes, 0));
    if (!rc)
        rc = put_rows(id, t->train);
    if (!rc && t->val)
        rc = put_hash(id, "val", hash_records(t->val));
    if (!rc)
        rc = put_hash(
            id, "first samples",
            cnn_hash(t->selftest,
                     t->selftest_count * sizeof(float) * cnn_chw_count(t->graph->input->shape), 0));
    if (!rc && t->init) {
        char hash[CNN_TENSORS_HASH];
        rc = cnn_tensors_hash(t->init->tensors, hash);
        if (!rc)
            rc = put_text(id, "init", hash);
    }
    if (!rc && t->class_weight)
        rc = put_hash(id, "class-weights",
                      cnn_hash(t->class_weight, t->model.classes.count * sizeof(float), 0));
    return rc;
}
